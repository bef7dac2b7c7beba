//! HTTP/1.1 by hand: a request is read whole, a response is written byte by byte. Called by the server's connections.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::Request;

/// Larger requests are refused: over the 50 MB that providers take.
const MAX_REQUEST_BYTES: usize = 64 * 1024 * 1024;

/// A connection and what was read from it but not used.
pub(crate) struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// The next request, `None` when the client is done.
    pub(crate) async fn read_request(&mut self) -> io::Result<Option<Request>> {
        let head = loop {
            if let Some(head) = Head::parse(&self.unread)? {
                break head;
            }
            if self.fill().await? == 0 {
                return Ok(None);
            }
        };
        self.unread.drain(..head.bytes);
        let mut request = head.request;
        request.body = match request.header("content-length") {
            Some(length) => {
                let length = length.parse().map_err(|_| bad("a content-length that is no number"))?;
                self.take(length).await?
            }
            None if request.header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) => {
                self.read_chunks().await?
            }
            None => Vec::new(),
        };
        Ok(Some(request))
    }

    /// Writes and flushes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Waits until the client hangs up.
    pub(crate) async fn gone(&mut self) {
        // The client has nothing to say before it has its answer, so anything but its end is dropped.
        while !matches!(self.fill().await, Ok(0) | Err(_)) {}
    }

    /// Makes the coming end a reset instead of an orderly close.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        self.stream.set_zero_linger()
    }

    async fn fill(&mut self) -> io::Result<usize> {
        if self.unread.len() > MAX_REQUEST_BYTES {
            return Err(bad("a request over 64 MiB"));
        }
        self.stream.read_buf(&mut self.unread).await
    }

    async fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < length {
            if self.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.unread.drain(..length).collect())
    }

    async fn read_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.take_line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| bad("a chunk size that is no number"))?;
            if size == 0 {
                while !self.take_line().await?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.take(size).await?);
            self.take_line().await?;
        }
    }

    async fn take_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.unread.drain(..end + 2).take(end).collect();
                return String::from_utf8(line).map_err(|_| bad("a chunk size that is no text"));
            }
            if self.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

struct Head {
    request: Request,
    bytes: usize,
}

impl Head {
    /// `None` while it is not whole.
    fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut head = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(length) = head.parse(bytes).map_err(|error| bad(&error.to_string()))? else {
            return Ok(None);
        };
        let request = Request {
            method: head.method.unwrap_or_default().to_owned(),
            path: head.path.unwrap_or_default().to_owned(),
            headers: head
                .headers
                .iter()
                .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
                .collect(),
            body: Vec::new(),
        };
        Ok(Some(Self { request, bytes: length }))
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
