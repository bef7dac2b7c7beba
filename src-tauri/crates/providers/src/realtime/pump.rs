//! One task owns the socket. Frames go out through a task of their own, so that a server which does not read while it
//! speaks cannot make both sides wait for each other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{SinkExt as _, StreamExt as _};
use parlance_core::realtime::{RealtimeCommand, RealtimeCommands, RealtimeEvent, RealtimeSession, SessionOver};
use parlance_core::redact::Redactor;
use parlance_core::{Category, ProviderError};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, sleep, sleep_until};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Codec, Made, Reading};
use crate::realtime::socket::{self, Socket};

/// Commands that wait for the codec; then the sender waits.
const COMMANDS: usize = 64;
/// Events that wait for the conversation; then the socket is read no further.
const EVENTS: usize = 64;
/// Frames that wait for the socket, about 10 s of sound; then commands wait.
pub(crate) const FRAMES: usize = 512;
/// So often the server is asked for a sign of life.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(15);
/// A connection without a sign of life for this long is dead while the server owes an answer. Some answer pings only after
/// 30 s while they speak.
pub(crate) const DEAD_IN_TURN: Duration = Duration::from_secs(45);
/// … and while it owes nothing.
const DEAD_IDLE: Duration = Duration::from_secs(90);
/// From an open socket to the server's word that the session is ready.
pub(crate) const READY_LIMIT: Duration = Duration::from_secs(10);
/// After so long without a frame of ours the codec may say something that keeps the session alive; the shortest idle cut
/// that is known comes after 300 s.
const QUIET_LIMIT: Duration = Duration::from_secs(240);
/// So many frames in a row that are no messages end the session.
pub(crate) const MAX_MALFORMED: usize = 3;
/// A socket that is no longer wanted may take so long to send what was written and to say goodbye.
const GOODBYE_LIMIT: Duration = Duration::from_secs(2);

/// The standard's number for a connection that ended without a goodbye.
pub(crate) const GONE: u16 = 1006;
/// … and for a goodbye without a reason.
pub(crate) const UNSAID: u16 = 1005;

/// Begins to speak. Dropping both halves of the session closes the socket.
pub(super) fn start<C: Codec>(provider: Arc<str>, socket: Socket, codec: C) -> RealtimeSession {
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (event_queue, events) = mpsc::channel(EVENTS);
    let ending = CancellationToken::new();
    let (sink, stream) = socket.stream.split();
    let (frames, frame_queue) = mpsc::channel(FRAMES);
    let over = CancellationToken::new();
    tokio::spawn(write(sink, frame_queue, over.clone()));
    let redactor = socket.redactor;
    let pump = Pump {
        provider,
        codec,
        redactor,
        heard: VecDeque::new(),
        unsent: VecDeque::new(),
        ping: None,
        malformed: 0,
        lapse: None,
    };
    let guard = ending.clone().drop_guard();
    tokio::spawn(async move {
        let _over = over.drop_guard();
        tokio::select! {
            biased;
            () = ending.cancelled() => {}
            () = pump.run(stream, command_queue, frames, event_queue) => {}
        }
    });
    let events = futures_util::stream::unfold((events, guard), |(mut events, guard): (_, DropGuard)| async move {
        let next: Option<Result<RealtimeEvent, ProviderError>> = mpsc::Receiver::recv(&mut events).await;
        next.map(|event| (event, (events, guard)))
    });
    RealtimeSession { commands: Box::new(Commands(commands)), events: Box::pin(events) }
}

struct Commands(mpsc::Sender<RealtimeCommand>);

#[async_trait]
impl RealtimeCommands for Commands {
    async fn send(&mut self, command: RealtimeCommand) -> Result<(), SessionOver> {
        self.0.send(command).await.map_err(|_| SessionOver)
    }
}

/// Hands frames to the socket until nobody has any more, then says goodbye. A socket that takes nothing is left when the
/// session is over.
pub(crate) async fn write(
    mut sink: impl futures_util::Sink<Message, Error = Error> + Unpin,
    mut frames: mpsc::Receiver<Message>,
    over: CancellationToken,
) {
    let written = async {
        while let Some(frame) = frames.recv().await {
            // Why it is broken is seen by the reader.
            if sink.send(frame).await.is_err() {
                return;
            }
        }
        let _ = sink.close().await;
    };
    tokio::select! {
        () = written => {}
        () = async { over.cancelled().await; sleep(GOODBYE_LIMIT).await } => {}
    }
}

struct Pump<C> {
    /// Its name, for errors.
    provider: Arc<str>,
    codec: C,
    redactor: Redactor,
    /// Events that the conversation has no room for yet.
    heard: VecDeque<RealtimeEvent>,
    /// Frames that the writer has no room for yet.
    unsent: VecDeque<Message>,
    /// The question that waits for its answer.
    ping: Option<Ping>,
    /// Frames in a row that could not be read.
    malformed: usize,
    /// When the codec wants to be told.
    lapse: Option<Instant>,
}

/// A question for a sign of life.
struct Ping {
    number: u64,
    sent: Instant,
    /// Whether the answer tells how long the way is: a server that is speaking takes its time.
    is_measure: bool,
}

impl<C: Codec> Pump<C> {
    async fn run(
        mut self,
        mut socket: impl futures_util::Stream<Item = Result<Message, Error>> + Unpin,
        mut commands: mpsc::Receiver<RealtimeCommand>,
        frames: mpsc::Sender<Message>,
        events: mpsc::Sender<Result<RealtimeEvent, ProviderError>>,
    ) {
        let hello = self.codec.hello();
        self.unsent.extend(hello.into_iter().map(|frame| Message::Text(frame.into())));
        let opened = Instant::now();
        let (mut alive, mut said) = (opened, opened);
        let mut pings = interval_at(opened, PING_EVERY);
        let error = loop {
            let dead = alive + if self.codec.is_in_turn() { DEAD_IN_TURN } else { DEAD_IDLE };
            let reads = self.heard.is_empty() && self.codec.can_read();
            tokio::select! {
                // What was read is handed on before more is read; commands before sound that may no longer be wanted.
                biased;
                room = events.reserve(), if !self.heard.is_empty() => match (room, self.heard.pop_front()) {
                    (Ok(room), Some(event)) => room.send(Ok(event)),
                    _ => return,
                },
                // The writer is gone only when the socket is broken, which the reader sees.
                Ok(room) = frames.reserve(), if !self.unsent.is_empty() => {
                    if let Some(frame) = self.unsent.pop_front() {
                        room.send(frame);
                    }
                }
                command = commands.recv(), if self.codec.is_ready() && self.unsent.is_empty() => match command {
                    Some(command) => {
                        let mut made = Made::default();
                        self.codec.encode(command, &mut made);
                        said = Instant::now();
                        self.take(made);
                    }
                    None => return,
                },
                frame = socket.next(), if reads => {
                    alive = Instant::now();
                    if let Err(error) = self.read(frame) {
                        break error;
                    }
                }
                () = sleep_until(opened + READY_LIMIT), if !self.codec.is_ready() => {
                    break self.fail(Category::Timeout, "the server did not open the voice session in time");
                }
                () = sleep_until(dead), if self.heard.is_empty() => {
                    let message = format!("the voice connection gave no sign of life for {} s", (dead - alive).as_secs());
                    break self.fail(Category::Timeout, message);
                }
                () = sleep_until(self.lapse.unwrap_or(opened)), if self.lapse.is_some() => {
                    self.lapse = None;
                    let mut made = Made::default();
                    self.codec.lapsed(&mut made);
                    self.take(made);
                }
                _ = pings.tick() => self.ask(),
                () = sleep_until(said + QUIET_LIMIT), if self.codec.is_ready() => {
                    said = Instant::now();
                    let frames = self.codec.keep_alive();
                    self.take(Made { frames, ..Made::default() });
                }
            }
        };
        for event in std::mem::take(&mut self.heard) {
            if events.send(Ok(event)).await.is_err() {
                return;
            }
        }
        let message = self.redactor.clean(&error.message);
        let _ = events.send(Err(ProviderError { message, ..error })).await;
    }

    fn fail(&self, category: Category, message: impl Into<String>) -> ProviderError {
        ProviderError::new(&*self.provider, category, message)
    }

    /// Asks the server for a sign of life.
    fn ask(&mut self) {
        let number = self.ping.as_ref().map_or(0, |ping| ping.number) + 1;
        let is_measure = !self.codec.is_in_turn();
        self.ping = Some(Ping { number, sent: Instant::now(), is_measure });
        self.unsent.push_back(Message::Ping(Bytes::copy_from_slice(&number.to_be_bytes())));
    }

    fn answered(&mut self, payload: &[u8]) {
        let asked = self.ping.as_ref().filter(|ping| ping.is_measure && payload == ping.number.to_be_bytes());
        if let Some(ping) = asked {
            self.heard.push_back(RealtimeEvent::RoundTrip(ping.sent.elapsed()));
        }
    }

    fn read(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), ProviderError> {
        let frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                let gone = || self.codec.closed(GONE, "");
                return Err(socket::broken(&self.provider, &error).unwrap_or_else(gone));
            }
            None => return Err(self.codec.closed(GONE, "")),
        };
        match &frame {
            Message::Text(text) => self.understand(Some(text.as_str())),
            // Some servers send their JSON as bytes.
            Message::Binary(bytes) => self.understand(std::str::from_utf8(bytes).ok()),
            Message::Close(Some(close)) => Err(self.codec.closed(close.code.into(), &close.reason)),
            Message::Close(None) => Err(self.codec.closed(UNSAID, "")),
            Message::Pong(payload) => {
                self.answered(payload);
                Ok(())
            }
            Message::Ping(_) | Message::Frame(_) => Ok(()),
        }
    }

    /// Reads a frame; `None` is one that is no text.
    fn understand(&mut self, frame: Option<&str>) -> Result<(), ProviderError> {
        let mut made = Made::default();
        let reading = frame.map_or(Ok(Reading::Malformed), |frame| self.codec.decode(frame, &mut made));
        self.take(made);
        match reading? {
            Reading::Understood => self.malformed = 0,
            Reading::Malformed => {
                tracing::warn!(provider = &*self.provider, "a frame that cannot be read is skipped");
                self.malformed += 1;
            }
        }
        if self.malformed == MAX_MALFORMED {
            return Err(self.fail(Category::Protocol, "the server sent three frames in a row that cannot be read"));
        }
        Ok(())
    }

    fn take(&mut self, made: Made) {
        self.heard.extend(made.events);
        self.unsent.extend(made.frames.into_iter().map(|frame| Message::Text(frame.into())));
        if let Some(after) = made.lapse {
            self.lapse = Some(Instant::now() + after);
        }
    }
}
