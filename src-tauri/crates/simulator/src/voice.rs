//! A local server that speaks the providers' realtime voice protocols, push-to-talk, for tests: it keeps what it was sent
//! and answers each turn with the words and the sound that it was given.
//!
//! * `conversation` – OpenAI's words, and DashScope's older ones.
//! * `live` – Gemini's.
//!
//! Deliberately absent: turns that the server ends by itself, tools, and any understanding of what was said.

mod conversation;
mod live;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// What every turn is answered with.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceScript {
    /// What the person is said to have said.
    pub question: String,
    /// The words of the answer.
    pub answer: String,
    /// Its sound, 24 kHz.
    pub sound: Vec<i16>,
    /// Between two pieces of 100 ms of sound; zero is as fast as they are taken.
    pub pace: Duration,
    /// What goes wrong.
    pub fault: Option<VoiceFault>,
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoiceFault {
    /// The handshake is refused with this status.
    Refused(u16),
    /// The connection ends without a goodbye after so many pieces of sound.
    CutAfter(usize),
    /// It closes with this code and a reason right after the handshake.
    Closed(u16, &'static str),
    /// Nothing is ever said.
    Mute,
}

/// What one connection was sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// Path and query of the handshake.
    pub path: String,
    /// Headers of the handshake, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Every frame but those with sound.
    pub frames: Vec<Value>,
    /// The sound of each turn that was given, as it came.
    pub turns: Vec<Vec<i16>>,
}

/// A running server on a free port of 127.0.0.1. It ends when dropped.
#[derive(Debug)]
pub struct VoiceServer {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// Dropping it ends the listener and every connection.
    _end: watch::Sender<()>,
}

impl VoiceServer {
    /// Starts it.
    ///
    /// # Errors
    /// When the system gives no port.
    pub async fn start(script: VoiceScript) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (end, ended) = watch::channel(());
        tokio::spawn(accept(listener, script, Arc::clone(&heard), ended));
        Ok(Self { address, heard, _end: end })
    }

    /// Its address without a path.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the connections were sent, in the order in which they came.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn accept(
    listener: TcpListener,
    script: VoiceScript,
    heard: Arc<Mutex<Vec<Heard>>>,
    mut ended: watch::Receiver<()>,
) {
    loop {
        let socket = tokio::select! {
            _ = ended.changed() => return,
            socket = listener.accept() => socket,
        };
        let Ok((socket, _)) = socket else { continue };
        let (script, heard, mut ended) = (script.clone(), Arc::clone(&heard), ended.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = ended.changed() => {}
                () = serve(socket, script, heard) => {}
            }
        });
    }
}

/// One protocol's side of a connection: frames in, frames out.
trait Speaker: Send {
    /// What is said right after the handshake.
    fn hello(&mut self) -> Vec<Value>;
    /// Takes a frame; `out` are answers, `script` what a turn is answered with.
    fn take(&mut self, frame: &Value, script: &VoiceScript, out: &mut Out) -> Taken;
}

/// What a frame was.
enum Taken {
    /// Sound.
    Sound(Vec<i16>),
    /// The end of a turn.
    TurnGiven,
    /// The sound so far is forgotten.
    Cleared,
    /// Anything else.
    Other,
}

/// What waits to be said.
#[derive(Default)]
struct Out {
    now: VecDeque<Value>,
    /// The answer that is being spoken, at the script's pace.
    answer: VecDeque<Value>,
}

/// What one connection was sent, among those of all.
struct Notes {
    all: Arc<Mutex<Vec<Heard>>>,
    at: usize,
}

impl Notes {
    fn begin(all: Arc<Mutex<Vec<Heard>>>) -> Self {
        let at = {
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(Heard::default());
            all.len() - 1
        };
        Self { all, at }
    }

    fn note(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner)[self.at]);
    }
}

async fn serve(socket: TcpStream, script: VoiceScript, all: Arc<Mutex<Vec<Heard>>>) {
    let notes = Notes::begin(all);
    let mut path = String::new();
    let handshake = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        path = request.uri().to_string();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        notes.note(|heard| {
            heard.path.clone_from(&path);
            heard.headers = headers;
        });
        match script.fault {
            Some(VoiceFault::Refused(status)) => {
                let body = r#"{"error":{"message":"refused by the script","type":"x","code":null}}"#;
                let mut refusal = ErrorResponse::new(Some(body.to_owned()));
                *refusal.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
                Err(refusal)
            }
            _ => Ok(response),
        }
    };
    let Ok(mut socket) = accept_hdr_async(socket, handshake).await else { return };
    if let Some(VoiceFault::Closed(code, reason)) = script.fault {
        let _ = socket.close(Some(CloseFrame { code: code.into(), reason: reason.into() })).await;
        return;
    }
    let mut speaker: Box<dyn Speaker> = match path.split('?').next().unwrap_or_default() {
        path if path.contains("BidiGenerateContent") => Box::new(live::Live::default()),
        path if path.contains("api-ws") => Box::new(conversation::Conversation::dashscope()),
        _ => Box::new(conversation::Conversation::openai()),
    };
    let mut out = Out::default();
    if script.fault != Some(VoiceFault::Mute) {
        out.now.extend(speaker.hello());
    }
    talk(&mut socket, &mut *speaker, &script, out, &notes).await;
}

async fn talk(
    socket: &mut WebSocketStream<TcpStream>,
    speaker: &mut dyn Speaker,
    script: &VoiceScript,
    mut out: Out,
    notes: &Notes,
) {
    let mut turn: Vec<i16> = Vec::new();
    let mut spoken = 0;
    let mut next_piece = Instant::now();
    loop {
        while let Some(frame) = out.now.pop_front() {
            if socket.send(Message::text(frame.to_string())).await.is_err() {
                return;
            }
        }
        let frame = tokio::select! {
            biased;
            frame = socket.next() => frame,
            () = sleep_until(next_piece), if !out.answer.is_empty() => {
                if script.fault == Some(VoiceFault::CutAfter(spoken)) {
                    return;
                }
                let Some(frame) = out.answer.pop_front() else { continue };
                if is_sound(&frame) {
                    spoken += 1;
                    next_piece = Instant::now() + script.pace;
                }
                out.now.push_back(frame);
                continue;
            }
        };
        let Some(Ok(frame)) = frame else { return };
        let Message::Text(text) = frame else { continue };
        if script.fault == Some(VoiceFault::Mute) {
            continue;
        }
        let Ok(frame) = serde_json::from_str::<Value>(&text) else { return };
        match speaker.take(&frame, script, &mut out) {
            Taken::Sound(samples) => turn.extend(samples),
            Taken::TurnGiven => {
                let samples = std::mem::take(&mut turn);
                notes.note(|heard| {
                    heard.turns.push(samples);
                    heard.frames.push(frame);
                });
            }
            Taken::Cleared => {
                turn.clear();
                notes.note(|heard| heard.frames.push(frame));
            }
            Taken::Other => notes.note(|heard| heard.frames.push(frame)),
        }
    }
}

fn is_sound(frame: &Value) -> bool {
    let kind = frame["type"].as_str().unwrap_or_default();
    kind.ends_with("audio.delta") || !frame["serverContent"]["modelTurn"].is_null()
}

/// Pieces of 100 ms.
fn pieces(sound: &[i16]) -> impl Iterator<Item = String> + '_ {
    sound.chunks(2_400).map(|piece| {
        let bytes: Vec<u8> = piece.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        BASE64.encode(bytes)
    })
}

/// Samples of base64; none for what is no base64.
fn samples(base64: &str) -> Vec<i16> {
    let bytes = BASE64.decode(base64).unwrap_or_default();
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}
