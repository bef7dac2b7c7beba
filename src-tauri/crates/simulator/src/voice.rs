//! A local server that speaks the providers' realtime voice protocols, for tests: it keeps what it was sent and answers each
//! turn with the words and the sound that it was given.
//!
//! * [`script`] – what it answers, and what goes wrong.
//! * `conversation` – OpenAI's words, both generations, and DashScope's; `events` – their JSON.
//! * `live` – Gemini's.
//! * Paths of text to speech are answered by [`crate::speech::socket`].
//! * `ear` – whether somebody speaks, where the session says that the server ends the turns.
//!
//! Deliberately absent: any understanding of what was said.

mod conversation;
mod ear;
mod events;
mod live;
pub mod script;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use crate::speech;
use ear::{Ear, Hears};
pub use script::{FaultyConnections, VoiceCall, VoiceFault, VoiceScript};

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
    /// The rate at which people are heard.
    fn rate(&self) -> u32;
    /// After how much silence it ends a turn by itself; `None` where it is told.
    fn patience(&self) -> Option<Duration>;
    /// Somebody begins to speak.
    fn speech_began(&mut self, out: &mut Out);
    /// … and was silent long enough: the turn is answered.
    fn speech_ended(&mut self, script: &VoiceScript, out: &mut Out);
    /// The answer has been spoken.
    fn answer_is_over(&mut self) {}
    /// The server cannot answer: what it says, or the code and the reason it hangs up with.
    fn fails(&mut self) -> Result<Value, (u16, &'static str)>;
    /// The session has lasted as long as it may: what is said before the server hangs up.
    fn expires(&self) -> Vec<Value>;
    /// The session will soon have lasted as long as it may.
    fn goes_away(&self, left: Duration) -> Option<Value>;
    /// Whether frames are bytes.
    fn speaks_bytes(&self) -> bool;
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
    /// When its first piece may come.
    not_before: Option<Instant>,
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
    let script = script.on_connection(notes.at);
    let (mut path, mut is_older) = (String::new(), false);
    let handshake = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        path = request.uri().to_string();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        is_older = headers.iter().any(|(name, _)| name == "openai-beta");
        notes.note(|heard| {
            heard.path.clone_from(&path);
            heard.headers = headers;
        });
        match script.fault {
            Some(VoiceFault::Refused(status)) => Err(refusal(status)),
            _ => Ok(response),
        }
    };
    let Ok(mut socket) = accept_hdr_async(socket, handshake).await else { return };
    match script.fault {
        Some(VoiceFault::Closed(code, reason)) => return hang_up(&mut socket, code, reason).await,
        Some(VoiceFault::CutBeforeSession) => return,
        _ => {}
    }
    if speech::socket::is_asked(&path) {
        let note = |frame| notes.note(|heard| heard.frames.push(frame));
        return speech::socket::speak(socket, &path, script, note).await;
    }
    let speaker: Box<dyn Speaker> = match path.split('?').next().unwrap_or_default() {
        path if path.contains("BidiGenerateContent") => Box::new(live::Live::new(notes.at)),
        path if path.contains("api-ws") => Box::new(conversation::Conversation::dashscope()),
        _ if is_older => Box::new(conversation::Conversation::older()),
        _ => Box::new(conversation::Conversation::openai()),
    };
    Talk { socket, speaker, script, out: Out::default(), notes, turn: Vec::new(), ear: None, spoken: 0 }.run().await;
}

fn refusal(status: u16) -> ErrorResponse {
    let body = r#"{"error":{"message":"refused by the script","type":"x","code":null}}"#;
    let mut refusal = ErrorResponse::new(Some(body.to_owned()));
    *refusal.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    if status == 429 {
        refusal.headers_mut().insert("retry-after", HeaderValue::from_static("1"));
    }
    refusal
}

async fn hang_up(socket: &mut WebSocketStream<TcpStream>, code: u16, reason: &'static str) {
    let _ = socket.close(Some(CloseFrame { code: code.into(), reason: reason.into() })).await;
    // Whoever hangs up waits for the other's goodbye, or the last words may be lost.
    while let Some(Ok(_)) = socket.next().await {}
}

/// One connection in conversation.
struct Talk {
    socket: WebSocketStream<TcpStream>,
    speaker: Box<dyn Speaker>,
    script: VoiceScript,
    out: Out,
    notes: Notes,
    /// Sound since the last turn.
    turn: Vec<i16>,
    ear: Option<Ear>,
    /// Pieces of sound that were spoken.
    spoken: usize,
}

/// The connection is over.
struct Over;

impl Talk {
    async fn run(mut self) {
        if self.script.fault != Some(VoiceFault::Mute) {
            self.out.now.extend(self.speaker.hello());
        }
        let began = Instant::now();
        let (warn_at, end_at) = match self.script.fault {
            Some(VoiceFault::Capped(after)) => (None, Some(began + after)),
            Some(VoiceFault::GoesAway { after, left }) => (Some(began + after), Some(began + after + left)),
            _ => (None, None),
        };
        let (mut warn_at, mut next_piece) = (warn_at, began);
        loop {
            if self.say().await.is_err() {
                return;
            }
            let piece_at = self.out.not_before.unwrap_or(next_piece).max(next_piece);
            tokio::select! {
                biased;
                frame = self.socket.next() => {
                    let Some(Ok(frame)) = frame else { return };
                    let Message::Text(text) = frame else { continue };
                    if self.script.fault == Some(VoiceFault::Mute) {
                        continue;
                    }
                    if let Some(VoiceFault::Slow(pause)) = self.script.fault {
                        sleep(pause).await;
                    }
                    let Ok(frame) = serde_json::from_str::<Value>(&text) else { return };
                    if self.take(frame).is_err() {
                        return;
                    }
                }
                () = sleep_until(warn_at.unwrap_or(began)), if warn_at.is_some() => {
                    let left = end_at.zip(warn_at.take()).map(|(end, warn)| end - warn).unwrap_or_default();
                    self.out.now.extend(self.speaker.goes_away(left));
                }
                () = sleep_until(end_at.unwrap_or(began)), if end_at.is_some() => {
                    self.out.now.extend(self.speaker.expires());
                    let _ = self.say().await;
                    return hang_up(&mut self.socket, 1001, "Your session hit the maximum duration.").await;
                }
                () = sleep_until(piece_at), if !self.out.answer.is_empty() => {
                    if self.piece().await.is_err() {
                        return;
                    }
                    next_piece = Instant::now() + self.script.pace;
                }
            }
        }
    }

    /// Says what is to be said now.
    async fn say(&mut self) -> Result<(), Over> {
        while let Some(frame) = self.out.now.pop_front() {
            self.send(frame.to_string()).await?;
        }
        Ok(())
    }

    async fn send(&mut self, text: String) -> Result<(), Over> {
        let frame = if self.speaker.speaks_bytes() { Message::binary(text.into_bytes()) } else { Message::text(text) };
        self.socket.send(frame).await.map_err(|_| Over)
    }

    /// The next piece of the answer, with what comes along with it.
    async fn piece(&mut self) -> Result<(), Over> {
        self.out.not_before = None;
        match self.script.fault {
            Some(VoiceFault::CutAfter(pieces)) if self.spoken == pieces => return Err(Over),
            // The server is there and says nothing more.
            Some(VoiceFault::StallAfter(pieces)) if self.spoken == pieces => {
                self.out.answer.clear();
                return Ok(());
            }
            // Nobody is there any more, and nobody was told.
            Some(VoiceFault::HalfOpenAfter(pieces)) if self.spoken == pieces => std::future::pending().await,
            Some(VoiceFault::Malformed(frames)) if self.spoken == 1 => {
                for _ in 0..frames {
                    self.send("{\"type\":".to_owned()).await?;
                }
            }
            Some(VoiceFault::Unknown) if self.spoken == 1 => {
                self.out.now.push_back(json!({"type": "never.heard.of", "neverHeardOf": {"at": 1}}));
            }
            Some(VoiceFault::Fails) => {
                self.out.answer.clear();
                return match self.speaker.fails() {
                    Ok(error) => self.send(error.to_string()).await,
                    Err((code, reason)) => {
                        hang_up(&mut self.socket, code, reason).await;
                        Err(Over)
                    }
                };
            }
            _ => {}
        }
        while let Some(frame) = self.out.answer.pop_front() {
            let is_sound = is_sound(&frame);
            self.out.now.push_back(frame);
            if is_sound {
                self.spoken += 1;
                break;
            }
        }
        if self.out.answer.is_empty() {
            self.speaker.answer_is_over();
        }
        Ok(())
    }

    fn take(&mut self, frame: Value) -> Result<(), Over> {
        let had_answer = !self.out.answer.is_empty();
        let taken = self.speaker.take(&frame, &self.script, &mut self.out);
        match taken {
            Taken::Sound(samples) => {
                self.turn.extend(&samples);
                self.listen(&samples);
                let rate = self.speaker.rate() as usize;
                let heard_ms = self.turn.len() * 1_000 / rate;
                return match self.script.fault {
                    Some(VoiceFault::CutInUtterance(after)) if heard_ms as u128 >= after.as_millis() => Err(Over),
                    _ => Ok(()),
                };
            }
            Taken::TurnGiven => self.turn_given(),
            Taken::Cleared => {
                self.turn.clear();
                self.ear = None;
            }
            Taken::Other => {}
        }
        self.notes.note(|heard| heard.frames.push(frame));
        self.wait_to_answer(had_answer);
        Ok(())
    }

    fn turn_given(&mut self) {
        let samples = std::mem::take(&mut self.turn);
        self.ear = None;
        self.notes.note(|heard| heard.turns.push(samples));
    }

    /// Listens to more sound, where the server ends the turns.
    fn listen(&mut self, samples: &[i16]) {
        let (Some(patience), rate) = (self.speaker.patience(), self.speaker.rate()) else { return };
        let ear = self.ear.get_or_insert_with(|| Ear::new(rate, patience));
        match ear.hear(samples) {
            Hears::Nothing => {}
            Hears::SpeechBegan { silence_before } => {
                self.turn.drain(..silence_before.min(self.turn.len()));
                self.speaker.speech_began(&mut self.out);
            }
            Hears::SpeechEnded => {
                let had_answer = !self.out.answer.is_empty();
                self.turn_given();
                self.speaker.speech_ended(&self.script, &mut self.out);
                self.wait_to_answer(had_answer);
            }
        }
    }

    fn wait_to_answer(&mut self, had_answer: bool) {
        if !had_answer && !self.out.answer.is_empty() {
            self.out.not_before = Some(Instant::now() + self.script.think);
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

/// Samples of base64 in either alphabet, since Google's own client writes the one for addresses; none for what is no base64.
fn samples(base64: &str) -> Vec<i16> {
    let bytes = BASE64.decode(base64.replace('-', "+").replace('_', "/")).unwrap_or_default();
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}
