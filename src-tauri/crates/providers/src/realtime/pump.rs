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
use tokio::time::{Instant, interval_at, sleep_until};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Codec, Made};
use crate::realtime::socket::Socket;

/// Commands that wait for the codec; then the sender waits.
const COMMANDS: usize = 64;
/// Events that wait for the conversation; then the socket is read no further.
const EVENTS: usize = 64;
/// So often the server is asked for a sign of life.
const PING_EVERY: Duration = Duration::from_secs(20);
/// A connection without a sign of life for this long is dead. Some servers answer pings only after 30 s while they speak.
const DEAD_AFTER: Duration = Duration::from_secs(70);
/// From an open socket to the server's word that the session is ready.
const READY_LIMIT: Duration = Duration::from_secs(15);

/// The standard's number for a connection that ended without a goodbye.
const GONE: u16 = 1006;
/// … and for a goodbye without a reason.
const UNSAID: u16 = 1005;

/// Begins to speak. Dropping both halves of the session closes the socket.
pub(super) fn start<C: Codec>(provider: Arc<str>, socket: Socket, codec: C) -> RealtimeSession {
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (event_queue, events) = mpsc::channel(EVENTS);
    let ending = CancellationToken::new();
    let (sink, stream) = socket.stream.split();
    // Unbounded, yet bounded by what fills it: one utterance of at most ten minutes.
    let (frames, frame_queue) = mpsc::unbounded_channel();
    tokio::spawn(write(sink, frame_queue));
    let redactor = socket.redactor;
    let pump = Pump { provider, codec, frames, events: event_queue, redactor, waiting: VecDeque::new() };
    let guard = ending.clone().drop_guard();
    tokio::spawn(async move {
        tokio::select! {
            biased;
            () = ending.cancelled() => {}
            () = pump.run(stream, command_queue) => {}
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

/// Hands frames to the socket until nobody has any more, then says goodbye.
async fn write(
    mut sink: impl futures_util::Sink<Message, Error = Error> + Unpin,
    mut frames: mpsc::UnboundedReceiver<Message>,
) {
    while let Some(frame) = frames.recv().await {
        // Why it is broken is seen by the reader.
        if sink.send(frame).await.is_err() {
            return;
        }
    }
    let _ = sink.close().await;
}

struct Pump<C> {
    /// Its name, for errors.
    provider: Arc<str>,
    codec: C,
    frames: mpsc::UnboundedSender<Message>,
    events: mpsc::Sender<Result<RealtimeEvent, ProviderError>>,
    redactor: Redactor,
    /// Events that the conversation has no room for yet.
    waiting: VecDeque<RealtimeEvent>,
}

impl<C: Codec> Pump<C> {
    async fn run(
        mut self,
        mut socket: impl futures_util::Stream<Item = Result<Message, Error>> + Unpin,
        mut commands: mpsc::Receiver<RealtimeCommand>,
    ) {
        let events = self.events.clone();
        let hello = self.codec.hello();
        self.send(hello);
        let opened = Instant::now();
        let mut alive = opened;
        let mut pings = interval_at(opened + PING_EVERY, PING_EVERY);
        let error = loop {
            tokio::select! {
                // What was read is handed on before more is read; commands before sound that may no longer be wanted.
                biased;
                room = events.reserve(), if !self.waiting.is_empty() => match (room, self.waiting.pop_front()) {
                    (Ok(room), Some(event)) => room.send(Ok(event)),
                    _ => return,
                },
                command = commands.recv(), if self.codec.is_ready() => match command {
                    Some(command) => {
                        let frames = self.codec.encode(command);
                        self.send(frames);
                    }
                    None => return,
                },
                frame = socket.next(), if self.waiting.is_empty() => {
                    alive = Instant::now();
                    if let Err(error) = self.read(frame) {
                        break error;
                    }
                }
                () = sleep_until(opened + READY_LIMIT), if !self.codec.is_ready() => {
                    break self.fail(Category::Timeout, "the server did not open the voice session in time");
                }
                () = sleep_until(alive + DEAD_AFTER), if self.waiting.is_empty() => {
                    break self.fail(Category::Timeout, "the voice connection gave no sign of life for 70 s");
                }
                _ = pings.tick() => {
                    let _ = self.frames.send(Message::Ping(Bytes::new()));
                }
            }
        };
        for event in std::mem::take(&mut self.waiting) {
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

    fn read(&mut self, frame: Option<Result<Message, Error>>) -> Result<(), ProviderError> {
        let frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Err(self.broken(&error)),
            None => return Err(self.codec.closed(GONE, "")),
        };
        let mut made = Made::default();
        let read = match &frame {
            Message::Text(text) => self.codec.decode(text, &mut made),
            // Some servers send their JSON as bytes.
            Message::Binary(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => self.codec.decode(text, &mut made),
                Err(_) => Ok(()),
            },
            Message::Close(Some(close)) => Err(self.codec.closed(close.code.into(), &close.reason)),
            Message::Close(None) => Err(self.codec.closed(UNSAID, "")),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(()),
        };
        self.waiting.extend(made.events);
        self.send(made.frames);
        read
    }

    fn send(&self, frames: Vec<String>) {
        for frame in frames {
            // The writer is gone only when the socket is broken, which the reader sees.
            let _ = self.frames.send(Message::Text(frame.into()));
        }
    }

    fn broken(&self, error: &Error) -> ProviderError {
        match error {
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Io(_)
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => self.codec.closed(GONE, ""),
            Error::Capacity(_) => self.fail(Category::TooLarge, "a frame of the server is over 16 MiB"),
            other => self.fail(Category::Protocol, format!("the server broke the protocol: {other}")),
        }
    }
}
