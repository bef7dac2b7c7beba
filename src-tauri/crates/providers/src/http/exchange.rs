//! One request and its response, within time limits. Knows no provider; failures are facts that `errors` translates.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode};
use tokio::time::{Instant, Sleep, sleep, timeout_at};
use url::Url;

use super::{Http, Kind, TimeLimits};

/// Why there is no response, or no more of it. Holds no address but the host, and never a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpFailure {
    /// No connection: no network, no such host, refused, TLS. Nothing was sent.
    Unreachable {
        /// The host.
        host: String,
        /// The system's reason.
        why: String,
        /// The same, as far as it is told apart.
        cause: Cause,
    },
    /// Connecting took too long. Nothing was sent.
    ConnectTimeout {
        /// The host.
        host: String,
    },
    /// The request went out, and nothing came in this time.
    NoFirstByte(Duration),
    /// The answer stopped moving for this time.
    Stalled(Duration),
    /// The whole took longer than this.
    TookTooLong(Duration),
    /// The connection ended after the request went out and before an answer began.
    CutBeforeAnswer,
    /// The connection ended in the middle of the answer.
    Cut,
    /// The server points elsewhere.
    Redirected {
        /// The host it points to.
        host: String,
    },
    /// The body is compressed although that was declined.
    Compressed {
        /// As the server calls it.
        encoding: String,
    },
    /// The body is larger than this limit.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

/// Why there is no connection, as far as it is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The name stands for no computer.
    NoSuchHost,
    /// The computer is there, but nobody listens.
    Refused,
    /// It cannot prove who it is, or speaks no TLS.
    NotSecure,
    /// Something else.
    Other,
}

/// The head of a response and a reader for its body.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: BodyReader,
}

impl Response {
    /// The media type without parameters, in lower case; empty when there is none.
    #[must_use]
    pub fn media_type(&self) -> String {
        let value = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// Reads a body within time limits.
#[derive(Debug)]
pub struct BodyReader {
    response: reqwest::Response,
    limits: TimeLimits,
    deadline: Option<Instant>,
    begun: bool,
    /// Since when the next bytes are waited for.
    waiting_since: Option<Instant>,
    /// Rings when the wait may be too long. It is not wound up anew for each piece: one that rings too early costs less.
    alarm: Pin<Box<Sleep>>,
}

impl BodyReader {
    fn new(response: reqwest::Response, limits: TimeLimits, deadline: Option<Instant>) -> Self {
        let alarm = Box::pin(sleep(limits.first_byte));
        Self { response, limits, deadline, begun: false, waiting_since: None, alarm }
    }

    /// The next bytes, `None` at the end.
    ///
    /// # Errors
    /// [`HttpFailure`]; nothing comes after it.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpFailure> {
        poll_fn(|context| self.poll_chunk(context)).await
    }

    /// [`BodyReader::chunk`], for streams.
    pub(crate) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, HttpFailure>> {
        // Whatever has come stays with the connection, so this may be dropped and asked for again.
        if let Poll::Ready(chunk) = pin!(self.response.chunk()).poll(context) {
            self.begun = true;
            self.waiting_since = None;
            return Poll::Ready(chunk.map_err(|_| HttpFailure::Cut));
        }
        let (patience, failure) = if self.begun {
            (self.limits.stall, HttpFailure::Stalled(self.limits.stall))
        } else {
            (self.limits.first_byte, HttpFailure::NoFirstByte(self.limits.first_byte))
        };
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let (end, failure) = end_of(since + patience, failure, self.deadline, self.limits);
        if self.alarm.deadline() > end {
            self.alarm.as_mut().reset(end);
        }
        while self.alarm.as_mut().poll(context).is_ready() {
            if Instant::now() >= end {
                return Poll::Ready(Err(failure));
            }
            self.alarm.as_mut().reset(end);
        }
        Poll::Pending
    }

    /// The whole body, if it is not larger than `limit` bytes.
    ///
    /// # Errors
    /// [`HttpFailure`]
    pub async fn read_all(mut self, limit: usize) -> Result<Vec<u8>, HttpFailure> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > limit {
                return Err(HttpFailure::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The connection itself, when the server agreed to speak something else on it.
    ///
    /// # Errors
    /// [`HttpFailure`]
    pub async fn into_connection(self) -> Result<reqwest::Upgraded, HttpFailure> {
        self.response.upgrade().await.map_err(|_| HttpFailure::CutBeforeAnswer)
    }

    /// The beginning of the body, as far as it comes: for error pages, where half a sentence is better than none.
    pub async fn read_some(mut self, limit: usize) -> Vec<u8> {
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = self.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= limit {
                body.truncate(limit);
                break;
            }
        }
        body
    }
}

impl Http {
    /// Sends a request and waits for the head of the response. A status is no failure here, but a redirect is.
    ///
    /// # Errors
    /// [`HttpFailure`]
    pub async fn send(
        &self,
        kind: Kind,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Option<Bytes>,
        limits: TimeLimits,
    ) -> Result<Response, HttpFailure> {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let mut request = self.client_for(url, kind).request(method, url.clone()).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        let deadline = limits.total.map(|total| Instant::now() + total);
        let sent =
            within(limits.first_byte, HttpFailure::NoFirstByte(limits.first_byte), deadline, limits, request.send());
        let response = sent.await?.map_err(|error| not_sent(error, url))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_redirection() {
            return Err(HttpFailure::Redirected { host: location(&headers, url) });
        }
        if let Some(encoding) = headers.get(CONTENT_ENCODING)
            && encoding.as_bytes() != b"identity"
        {
            let encoding = String::from_utf8_lossy(encoding.as_bytes()).into_owned();
            return Err(HttpFailure::Compressed { encoding });
        }
        Ok(Response { status, headers, body: BodyReader::new(response, limits, deadline) })
    }
}

/// Waits for `work`: at most `patience`, and never past `deadline`.
async fn within<T>(
    patience: Duration,
    failure: HttpFailure,
    deadline: Option<Instant>,
    limits: TimeLimits,
    work: impl Future<Output = T>,
) -> Result<T, HttpFailure> {
    let (end, failure) = end_of(Instant::now() + patience, failure, deadline, limits);
    timeout_at(end, work).await.map_err(|_| failure)
}

/// When a wait ends, and as what: at `end`, or at the end of everything if that is earlier.
fn end_of(end: Instant, failure: HttpFailure, deadline: Option<Instant>, limits: TimeLimits) -> (Instant, HttpFailure) {
    match (deadline, limits.total) {
        (Some(deadline), Some(total)) if deadline < end => (deadline, HttpFailure::TookTooLong(total)),
        _ => (end, failure),
    }
}

/// `reqwest`'s error names the whole address, query and all: only the host and the innermost reason are kept.
fn not_sent(error: reqwest::Error, url: &Url) -> HttpFailure {
    let error = error.without_url();
    let host = url.host_str().unwrap_or_default().to_owned();
    if error.is_connect() {
        if error.is_timeout() {
            return HttpFailure::ConnectTimeout { host };
        }
        let mut reason: &(dyn std::error::Error + 'static) = &error;
        let mut cause = cause(reason);
        while let Some(inner) = reason.source() {
            reason = inner;
            cause = cause.or_else(|| self::cause(reason));
        }
        return HttpFailure::Unreachable { host, why: reason.to_string(), cause: cause.unwrap_or(Cause::Other) };
    }
    HttpFailure::CutBeforeAnswer
}

fn cause(error: &(dyn std::error::Error + 'static)) -> Option<Cause> {
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        let inner = error.get_ref();
        return match error.kind() {
            std::io::ErrorKind::ConnectionRefused => Some(Cause::Refused),
            _ if inner.is_some_and(|inner| inner.is::<rustls::Error>()) => Some(Cause::NotSecure),
            _ => None,
        };
    }
    if error.is::<rustls::Error>() {
        return Some(Cause::NotSecure);
    }
    // The resolver's error has no public type; its words are fixed.
    (error.to_string() == "dns error").then_some(Cause::NoSuchHost)
}

fn location(headers: &HeaderMap, asked: &Url) -> String {
    let target = headers.get(LOCATION).and_then(|value| value.to_str().ok()).and_then(|value| asked.join(value).ok());
    match target.as_ref().and_then(Url::host_str) {
        Some(host) => host.to_owned(),
        None => "nowhere".to_owned(),
    }
}
