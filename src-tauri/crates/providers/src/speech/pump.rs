//! One task owns the socket of a speech. It reads text always, sends it when the server takes it, and opens the socket again
//! where it breaks, for what was not spoken yet.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use parlance_core::redact::Redactor;
use parlance_core::synthesis::{SpeechEvent, SpeechManner, SpeechOver, SpeechSession, SpeechText};
use parlance_core::{Category, ProviderError};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::pieces::heard_by;
use super::script::Script;
use super::socket::{Frame, Heard, SpeechCodec, SpeechSocketApi, SpeechSocketClient};
use super::spoken::Spoken;
use crate::decoder::Events;
use crate::errors;
use crate::realtime::Reading;
use crate::realtime::pump::{DEAD_IN_TURN, FRAMES, GONE, MAX_MALFORMED, PING_EVERY, READY_LIMIT, UNSAID, write};
use crate::realtime::socket::{self, Socket};
use crate::retry::{Advice, Attempt};

/// Pieces of text that wait to be read; then the writer waits.
const PIECES: usize = 256;
/// Events that wait to be played; then the socket is read no further.
const EVENTS: usize = 64;
/// After all of the text was sent the server says something within this time.
const STALL_LIMIT: Duration = Duration::from_secs(30);
/// So much sound may be heard twice after a connection broke; where more would be, the speech ends in an error.
const MOST_REPEATED: Duration = Duration::from_secs(10);

/// An open socket in its two halves.
pub(super) struct Line {
    frames: mpsc::Sender<Message>,
    stream: SplitStream<WebSocketStream<reqwest::Upgraded>>,
    redactor: Redactor,
    /// Ends the half that writes.
    _over: DropGuard,
}

impl Line {
    pub(super) fn over(socket: Socket) -> Self {
        let (sink, stream) = socket.stream.split();
        let (frames, queue) = mpsc::channel(FRAMES);
        let over = CancellationToken::new();
        tokio::spawn(write(sink, queue, over.clone()));
        Self { frames, stream, redactor: socket.redactor, _over: over.drop_guard() }
    }
}

/// Begins to speak.
pub(super) fn start<A: SpeechSocketApi>(
    client: SpeechSocketClient<A>,
    manner: SpeechManner,
    line: Line,
) -> SpeechSession {
    let (pushed, texts) = mpsc::channel(PIECES);
    let (events, sound) = mpsc::channel(EVENTS);
    let provider: Arc<str> = Arc::from(client.transport.name());
    let pump = Pump {
        script: Script::new(manner.cold_start),
        spoken: Spoken::new(Arc::clone(&provider), 0),
        provider,
        client,
        manner,
        ready: Events::new(),
        unmarked: 0,
        here_samples: 0,
        before: Cost::default(),
        here: Cost::default(),
        tries: 0,
    };
    tokio::spawn(pump.run(line, Texts { queue: texts, is_open: true }, events));
    SpeechSession { text: Box::new(Writer(Some(pushed))), sound: heard_by(sound) }
}

/// The half that takes the text; `None` once it is finished.
struct Writer(Option<mpsc::Sender<String>>);

#[async_trait]
impl SpeechText for Writer {
    async fn push(&mut self, more: &str) -> Result<(), SpeechOver> {
        self.0.as_ref().ok_or(SpeechOver)?.send(more.to_owned()).await.map_err(|_| SpeechOver)
    }

    async fn finish(&mut self) -> Result<(), SpeechOver> {
        let pushed = self.0.take().ok_or(SpeechOver)?;
        if pushed.is_closed() { Err(SpeechOver) } else { Ok(()) }
    }
}

/// Text as it comes. Its end is the end of all senders.
struct Texts {
    queue: mpsc::Receiver<String>,
    is_open: bool,
}

type Sound = mpsc::Sender<Result<SpeechEvent, ProviderError>>;

#[derive(Debug, Default, Clone, Copy)]
struct Cost {
    characters: Option<u64>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

impl Cost {
    fn and(self, more: Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0) + other.unwrap_or(0)),
        };
        Self {
            characters: sum(self.characters, more.characters),
            input_tokens: sum(self.input_tokens, more.input_tokens),
            output_tokens: sum(self.output_tokens, more.output_tokens),
        }
    }
}

/// How a connection ended.
enum End {
    /// All of the text is spoken.
    Whole,
    /// Nobody listens any more.
    Unwanted,
    Broken(ProviderError),
}

struct Pump<A> {
    client: SpeechSocketClient<A>,
    manner: SpeechManner,
    provider: Arc<str>,
    script: Script,
    spoken: Spoken,
    /// Events that wait for room.
    ready: Events<SpeechEvent>,
    /// Samples that came since the service last said how far it is.
    unmarked: u64,
    /// Samples that came over this connection.
    here_samples: u64,
    /// What earlier connections cost, and this one.
    before: Cost,
    here: Cost,
    /// Connections that broke since anything was known to be spoken.
    tries: u32,
}

impl<A: SpeechSocketApi> Pump<A> {
    async fn run(mut self, mut line: Line, mut texts: Texts, events: Sound) {
        loop {
            let end = self.speak(&mut line, &mut texts, &events).await;
            let error = match end {
                End::Unwanted => return,
                End::Whole => None,
                End::Broken(_) if self.script.is_over() && self.unmarked == 0 => None,
                End::Broken(error) => Some(ProviderError { message: line.redactor.clean(&error.message), ..error }),
            };
            let last = match error {
                None => self.finished(),
                Some(error) => match self.reconnect(error, &mut texts, &events).await {
                    Ok(Some(again)) => {
                        line = again;
                        continue;
                    }
                    Ok(None) => return,
                    Err(error) => Err(error),
                },
            };
            for event in std::mem::take(&mut self.ready) {
                if events.send(Ok(event)).await.is_err() {
                    return;
                }
            }
            if let Err(error) = last {
                let _ = events.send(Err(error)).await;
            }
            return;
        }
    }

    /// What is told at the end.
    fn finished(&mut self) -> Result<(), ProviderError> {
        if !self.script.was_ever_said() {
            self.ready.push_back(SpeechEvent::Finished);
            return Ok(());
        }
        let Cost { characters, input_tokens, output_tokens } = self.before.and(self.here);
        self.spoken.count(Some(characters.unwrap_or(self.script.characters())), input_tokens, output_tokens);
        self.spoken.finish(&mut self.ready)
    }

    /// Another socket for the rest, once there is a rest; `None` when nobody listens any more.
    async fn reconnect(
        &mut self,
        mut error: ProviderError,
        texts: &mut Texts,
        events: &Sound,
    ) -> Result<Option<Line>, ProviderError> {
        let rate = self.client.api.rate();
        loop {
            let is_passing = match error.category {
                Category::Cut | Category::Timeout => true,
                other => other.is_retryable(),
            };
            if !is_passing || rate.duration_of(self.unmarked) > MOST_REPEATED {
                return Err(error);
            }
            // A service hangs up on whoever is silent for long; that matters once there is more to say.
            while !self.script.has_more_to_say() && texts.is_open {
                tokio::select! {
                    biased;
                    () = events.closed() => return Ok(None),
                    text = texts.queue.recv() => self.take_text(text, texts),
                }
            }
            let failed = Attempt { error, advice: Some(Advice::Repeat) };
            let Some(pause) = self.client.retry.wait(self.tries, &failed) else { return Err(failed.error) };
            tracing::debug!(
                provider = &*self.provider,
                tries = self.tries,
                ?pause,
                "speaking on over another connection"
            );
            self.tries += 1;
            (self.client.retry.told)(&failed.error, pause);
            let opened = async {
                (self.client.retry.sleep)(pause).await;
                self.client.open_again().await
            };
            let opened = tokio::select! {
                biased;
                () = events.closed() => return Ok(None),
                opened = opened => opened,
            };
            match opened {
                Ok(line) => {
                    self.script.begin_again();
                    self.spoken.reconnected();
                    self.before = self.before.and(std::mem::take(&mut self.here));
                    (self.unmarked, self.here_samples) = (0, 0);
                    return Ok(Some(line));
                }
                Err(other) => error = other,
            }
        }
    }

    fn take_text(&mut self, text: Option<String>, texts: &mut Texts) {
        match text {
            Some(text) => self.script.push(&text),
            None => {
                texts.is_open = false;
                self.script.finish();
            }
        }
    }

    /// Speaks over one connection.
    async fn speak(&mut self, line: &mut Line, texts: &mut Texts, events: &Sound) -> End {
        let mut codec = self.client.api.codec(Arc::clone(&self.provider), &self.manner);
        let mut unsent: VecDeque<Message> = codec.hello().into_iter().map(text_frame).collect();
        let (mut begun, mut finished) = (None, None);
        let mut malformed = 0;
        let mut heard = VecDeque::new();
        let (mut alive, mut told) = (Instant::now(), Instant::now());
        let mut pings = interval_at(alive + PING_EVERY, PING_EVERY);
        loop {
            if begun.is_none() && self.script.is_waiting() {
                begun = Some(Instant::now());
                unsent.extend(codec.begin().into_iter().map(text_frame));
            }
            if begun.is_some() && codec.is_ready() {
                while unsent.len() < FRAMES
                    && let Some(piece) = self.script.next(self.client.api.most_characters())
                {
                    unsent.extend(codec.say(piece).into_iter().map(text_frame));
                }
            }
            if self.script.is_sent() && finished.is_none() {
                if !self.script.was_said_here() {
                    // There was nothing to say, or nothing more.
                    return End::Whole;
                }
                (finished, told) = (Some(()), Instant::now());
                unsent.extend(codec.finish().into_iter().map(text_frame));
            }
            tokio::select! {
                biased;
                () = events.closed() => {
                    for frame in codec.cancel() {
                        let _ = line.frames.try_send(text_frame(frame));
                    }
                    return End::Unwanted;
                }
                room = events.reserve(), if !self.ready.is_empty() => match (room, self.ready.pop_front()) {
                    (Ok(room), Some(event)) => room.send(Ok(event)),
                    _ => return End::Unwanted,
                },
                // The writer is gone only when the socket is broken, which the reader sees.
                Ok(room) = line.frames.reserve(), if !unsent.is_empty() => {
                    if let Some(frame) = unsent.pop_front() {
                        room.send(frame);
                    }
                }
                text = texts.queue.recv(), if texts.is_open => self.take_text(text, texts),
                frame = line.stream.next(), if self.ready.is_empty() => {
                    alive = Instant::now();
                    if !matches!(frame, Some(Ok(Message::Pong(_) | Message::Ping(_)))) {
                        told = alive;
                    }
                    match self.read(frame, &mut codec, &mut heard) {
                        Ok(Reading::Understood) => malformed = 0,
                        Ok(Reading::Malformed) => malformed += 1,
                        Err(error) => return End::Broken(error),
                    }
                    if malformed == MAX_MALFORMED {
                        let message = "the server sent three frames in a row that cannot be read";
                        return End::Broken(self.spoken.fail(Category::Protocol, message));
                    }
                    match self.hear(&mut heard) {
                        Ok(false) => {}
                        Ok(true) if finished.is_some() => return End::Whole,
                        Ok(true) => {
                            let message = "the server ended the speech before its text";
                            return End::Broken(self.spoken.fail(Category::Cut, message));
                        }
                        Err(error) => return End::Broken(error),
                    }
                }
                () = sleep_until(begun.unwrap_or(alive) + READY_LIMIT), if begun.is_some() && !codec.is_ready() => {
                    let message = "the server did not begin to speak in time";
                    return End::Broken(self.waited(READY_LIMIT, message));
                }
                () = sleep_until(told + STALL_LIMIT), if finished.is_some() && self.ready.is_empty() => {
                    let message = format!("the sound stood still for {} s", STALL_LIMIT.as_secs());
                    let error = self.waited(STALL_LIMIT, &message);
                    return End::Broken(ProviderError { code: Some(errors::STALLED.to_owned()), ..error });
                }
                () = sleep_until(alive + DEAD_IN_TURN), if self.ready.is_empty() => {
                    let message = format!("the connection gave no sign of life for {} s", DEAD_IN_TURN.as_secs());
                    return End::Broken(self.waited(DEAD_IN_TURN, &message));
                }
                _ = pings.tick() => unsent.push_back(Message::Ping(Bytes::new())),
            }
        }
    }

    fn waited(&self, waited: Duration, message: &str) -> ProviderError {
        ProviderError { waited: Some(waited), ..self.spoken.fail(Category::Timeout, message) }
    }

    fn read(
        &self,
        frame: Option<Result<Message, Error>>,
        codec: &mut impl SpeechCodec,
        heard: &mut VecDeque<Heard>,
    ) -> Result<Reading, ProviderError> {
        let gone = |codec: &dyn SpeechCodec| codec.closed(&self.provider, GONE, "");
        match frame {
            None => Err(gone(codec)),
            Some(Err(error)) => Err(socket::broken(&self.provider, &error).unwrap_or_else(|| gone(codec))),
            Some(Ok(Message::Text(text))) => codec.decode(Frame::Text(text.as_str()), heard),
            Some(Ok(Message::Binary(bytes))) => codec.decode(Frame::Bytes(&bytes), heard),
            Some(Ok(Message::Close(Some(close)))) => {
                Err(codec.closed(&self.provider, close.code.into(), &close.reason))
            }
            Some(Ok(Message::Close(None))) => Err(codec.closed(&self.provider, UNSAID, "")),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Reading::Understood),
        }
    }

    /// Takes what frames said; gives whether it was all.
    fn hear(&mut self, heard: &mut VecDeque<Heard>) -> Result<bool, ProviderError> {
        while let Some(heard) = heard.pop_front() {
            match heard {
                Heard::Sound(bytes) => {
                    let samples = bytes.len() as u64 / 2;
                    self.unmarked += samples;
                    self.here_samples += samples;
                    self.spoken.hear(&bytes, self.client.api.rate(), &mut self.ready)?;
                }
                Heard::Cost { characters, input_tokens, output_tokens } => {
                    self.here = Cost { characters, input_tokens, output_tokens };
                    if self.script.is_spoken(characters.unwrap_or(0)) {
                        (self.unmarked, self.tries) = (0, 0);
                    }
                }
                Heard::Finished if self.here_samples == 0 && self.script.has_more_to_say() => {
                    return Err(self.spoken.fail(Category::Server, "the server made no sound of the text"));
                }
                Heard::Finished => return Ok(true),
            }
        }
        Ok(false)
    }
}

fn text_frame(frame: String) -> Message {
    Message::Text(frame.into())
}
