//! Carries one answer out: picks it, writes head and body at its pace, and does what its fault says.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::http1::Connection;
use crate::model::Model;
use crate::protocol::Written;
use crate::route::{Protocol, Route, Vendor};
use crate::scenario::{Answer, Body, Fault, Framing, HangUp, Pace};
use crate::script::Script;
use crate::server::{Request, Shared};

/// What becomes of the connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// The next request may come.
    KeepOpen,
    /// It ends.
    Close,
}

pub(crate) async fn answer(connection: &mut Connection, shared: &Shared, request: &Request) -> io::Result<After> {
    let scenario = shared.scenario();
    let Some(route) = Route::of(request) else {
        let body = json!({"error": {"message": format!("no such endpoint: {} {}", request.method, request.place()), "type": "invalid_request_error", "param": null, "code": "unknown_url"}});
        return send(connection, &Answer::refuses(404, &body), None).await;
    };
    let vendor = route.vendor();
    if scenario.key.as_ref().is_some_and(|key| !vendor.has_key(request, key)) {
        return send(connection, &vendor.refusal(&Failure::WrongKey), None).await;
    }
    let models = if scenario.models.is_empty() { vec![Model::named("simulated")] } else { scenario.models };
    let told = |body: &Value| Answer::refuses(200, body).with_framing(Framing::Length);
    let answer = match route {
        Route::Chat(protocol) => {
            if let Some(failure) = protocol.complaint(request) {
                return send(connection, &vendor.refusal(&failure), None).await;
            }
            let answer = shared.choose(&protocol.last_words(request));
            let answer = refused(&answer, protocol, request).unwrap_or(answer);
            return send(connection, &answer, Some((protocol, request))).await;
        }
        Route::Count(vendor) => vendor.count(&scenario.counting, request),
        Route::Models(vendor) => told(&vendor.models(&models, request)),
        Route::Model(vendor, name) => {
            let found = vendor.model(&models, &name, request);
            found.map_or_else(|| vendor.refusal(&Failure::UnknownModel), |model| told(&model))
        }
        Route::Version => told(&json!({"version": "0.0.0"})),
    };
    send(connection, &answer, None).await
}

/// The refusal that takes the place of an answer which fails before its first word: as a whole, or because nothing was
/// to be streamed.
fn refused(answer: &Answer, protocol: Protocol, request: &Request) -> Option<Answer> {
    let failure = match &answer.body {
        Body::Fails { failure } => failure,
        Body::Script(script) if !protocol.is_streamed(request) => script.failure()?,
        _ => return None,
    };
    let Answer { status, headers, body, .. } = protocol.vendor().refusal(failure);
    let headers = [headers, answer.headers.clone()].concat();
    Some(Answer { status, headers, body, ..answer.clone() })
}

/// A conversation as it was posted, and the protocol in which the answer is expected.
type Asked<'a> = Option<(Protocol, &'a Request)>;

/// A body in the pieces in which it is written.
pub(crate) struct Payload {
    content_type: String,
    writes: Writes,
}

enum Writes {
    Pieces(Vec<Vec<u8>>),
    Flood { prefix: String, text: String, bytes: u64 },
}

impl Payload {
    fn of(answer: &Answer, asked: Asked<'_>) -> io::Result<Self> {
        let one = |content_type: &str, bytes: Vec<u8>| (content_type.to_owned(), vec![bytes]);
        let (content_type, pieces) = match &answer.body {
            Body::Script(script) => said(asked, |_, _| script.clone()),
            Body::Repeat => said(asked, Protocol::repeat),
            // A refusal took its place where one was asked in a protocol.
            Body::Fails { failure } => one("text/plain", failure.message().as_bytes().to_vec()),
            Body::Text { content_type, text } => one(content_type, text.clone().into_bytes()),
            Body::Bytes { content_type, bytes } => one(content_type, bytes.clone()),
            Body::Recording { content_type, path } => {
                let named =
                    |error| io::Error::new(io::ErrorKind::NotFound, format!("reading the recording {path}: {error}"));
                one(content_type, std::fs::read(path).map_err(named)?)
            }
            Body::Flood { content_type, prefix, text, bytes } => {
                return Ok(Self {
                    content_type: content_type.clone(),
                    writes: Writes::Flood { prefix: prefix.clone(), text: text.clone(), bytes: *bytes },
                });
            }
        };
        Ok(Self { content_type, writes: Writes::Pieces(paced(pieces, answer.pace)) })
    }

    fn length(&self) -> u64 {
        match &self.writes {
            Writes::Pieces(pieces) => pieces.iter().map(|piece| piece.len() as u64).sum(),
            Writes::Flood { bytes, .. } => *bytes,
        }
    }
}

/// A script in the protocol that was asked in; nothing where no conversation was posted.
fn said(asked: Asked<'_>, script: impl FnOnce(Protocol, &Request) -> Script) -> Written {
    match asked {
        Some((protocol, request)) => protocol.body(&script(protocol, request), request),
        None => ("text/plain".to_owned(), Vec::new()),
    }
}

/// Events, or pieces of the size that is asked for.
fn paced(events: Vec<Vec<u8>>, pace: Pace) -> Vec<Vec<u8>> {
    match pace.bytes_per_write {
        Some(size) => events.concat().chunks(size.max(1)).map(<[u8]>::to_vec).collect(),
        None => events,
    }
}

/// Sends `answer` to what was `asked`.
async fn send(connection: &mut Connection, answer: &Answer, asked: Asked<'_>) -> io::Result<After> {
    let payload = match Payload::of(answer, asked) {
        Ok(payload) => payload,
        // A scenario that names a missing file should say so to whoever asks.
        Err(error) => {
            let told = Answer::refuses(500, &json!({"error": {"message": error.to_string(), "type": "simulator"}}));
            return Box::pin(send(connection, &told, None)).await;
        }
    };
    pause(connection, answer.pace.before_head_ms).await?;
    match answer.fault {
        Some(Fault::CutBeforeHead { how }) => return hang_up(connection, how),
        Some(Fault::StallBeforeHead) => {
            connection.gone().await;
            return Ok(After::Close);
        }
        Some(Fault::Cut { .. } | Fault::Stall { .. }) | None => {}
    }
    connection.write(head(answer, &payload, asked).as_bytes()).await?;
    let mut body = BodyWriter { connection, answer, written: 0, held: Vec::new(), n_held: 0 };
    match payload.writes {
        Writes::Pieces(pieces) => {
            for piece in &pieces {
                if let Some(after) = body.write(piece).await? {
                    return Ok(after);
                }
            }
        }
        Writes::Flood { prefix, text, bytes } => {
            body.write(prefix.as_bytes()).await?;
            let block = text.repeat((64 * 1024 / text.len().max(1)).max(1));
            while body.written < bytes {
                if let Some(after) = body.write(block.as_bytes()).await? {
                    return Ok(after);
                }
            }
        }
    }
    body.end().await
}

struct BodyWriter<'a> {
    connection: &'a mut Connection,
    answer: &'a Answer,
    /// Bytes of the body, those that are held included.
    written: u64,
    /// What goes out in the next write, each piece framed by itself, as servers do that are read late.
    held: Vec<u8>,
    n_held: usize,
}

impl BodyWriter<'_> {
    /// Writes a piece, or as much of it as the fault allows; then `Some` says how the connection goes on.
    async fn write(&mut self, piece: &[u8]) -> io::Result<Option<After>> {
        if self.n_held == 0 {
            pause(self.connection, self.answer.pace.between_ms).await?;
        }
        let (limit, fault) = match self.answer.fault {
            Some(fault @ (Fault::Cut { after_bytes, .. } | Fault::Stall { after_bytes })) => (after_bytes, Some(fault)),
            _ => (u64::MAX, None),
        };
        let allowed = usize::try_from(limit.saturating_sub(self.written)).unwrap_or(usize::MAX).min(piece.len());
        if allowed > 0 {
            let is_chunked = self.answer.framing == Framing::Chunked;
            if is_chunked {
                self.held.extend_from_slice(format!("{allowed:x}\r\n").as_bytes());
            }
            self.held.extend_from_slice(&piece[..allowed]);
            if is_chunked {
                self.held.extend_from_slice(b"\r\n");
            }
            self.written += allowed as u64;
        }
        self.n_held += 1;
        if allowed < piece.len() {
            self.flush().await?;
            return self.fail(fault).await.map(Some);
        }
        if self.n_held >= self.answer.pace.events_per_write {
            self.flush().await?;
        }
        Ok(None)
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.connection.write(&self.held).await?;
        self.held.clear();
        self.n_held = 0;
        Ok(())
    }

    async fn end(mut self) -> io::Result<After> {
        self.flush().await?;
        // A fault at the very end of the body comes instead of the end.
        if let Some(fault @ (Fault::Cut { after_bytes, .. } | Fault::Stall { after_bytes })) = self.answer.fault
            && after_bytes >= self.written
        {
            return self.fail(Some(fault)).await;
        }
        match self.answer.framing {
            Framing::Chunked => self.connection.write(b"0\r\n\r\n").await?,
            Framing::Length => {}
            Framing::UntilClose => return Ok(After::Close),
        }
        Ok(After::KeepOpen)
    }

    async fn fail(&mut self, fault: Option<Fault>) -> io::Result<After> {
        match fault {
            Some(Fault::Cut { how, .. }) => hang_up(self.connection, how),
            Some(Fault::Stall { .. }) => {
                self.connection.gone().await;
                Ok(After::Close)
            }
            Some(Fault::CutBeforeHead { .. } | Fault::StallBeforeHead) | None => Ok(After::Close),
        }
    }
}

fn hang_up(connection: &Connection, how: HangUp) -> io::Result<After> {
    if how == HangUp::Reset {
        connection.reset_on_close()?;
    }
    Ok(After::Close)
}

fn head(answer: &Answer, payload: &Payload, asked: Asked<'_>) -> String {
    let mut head = format!("HTTP/1.1 {} Simulated\r\n", answer.status);
    let mut line = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
    if !answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        line("content-type", &payload.content_type);
    }
    answer.headers.iter().for_each(|(name, value)| line(name, value));
    match asked.map(|(protocol, _)| protocol.vendor()) {
        Some(Vendor::OpenAi) => line("x-request-id", "req_simulated"),
        Some(Vendor::Anthropic) => line("request-id", "req_simulated"),
        Some(Vendor::Gemini | Vendor::DashScope | Vendor::Ollama) | None => {}
    }
    match answer.framing {
        Framing::Chunked => line("transfer-encoding", "chunked"),
        Framing::Length => line("content-length", &payload.length().to_string()),
        Framing::UntilClose => line("connection", "close"),
    }
    head.push_str("\r\n");
    head
}

/// Waits, unless the client hangs up first.
async fn pause(connection: &mut Connection, ms: u64) -> io::Result<()> {
    if ms == 0 {
        return Ok(());
    }
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(ms)) => Ok(()),
        () = connection.gone() => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}
