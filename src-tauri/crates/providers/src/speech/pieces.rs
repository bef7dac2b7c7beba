//! A text that is still being written, spoken by a model that takes only whole ones: a request a piece, in their order, the
//! next one asked for while the last one sounds.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use parlance_core::ProviderError;
use parlance_core::synthesis::{
    SpeechEvent, SpeechManner, SpeechOver, SpeechSession, SpeechStream, SpeechText, SpeechUsage,
};
use tokio::sync::mpsc;

use super::client::SpeaksPieces;
use super::text;

/// Pieces of text that wait to be asked for; then the writer waits.
const PIECES: usize = 256;
/// Events that wait to be played; then the answer is read no further.
const EVENTS: usize = 64;

/// Begins to speak what will be pushed.
pub(super) fn begin(model: impl SpeaksPieces, manner: SpeechManner) -> SpeechSession {
    let (pushed, queue) = mpsc::channel(PIECES);
    let sound = start(model, manner.clone(), None, VecDeque::new(), Some(queue));
    SpeechSession { text: Box::new(Pieces { pushed: Some(pushed), held: String::new(), begun: false, manner }), sound }
}

/// Goes on with the rest of a text whose first piece is being spoken.
pub(super) fn speak_all(
    model: impl SpeaksPieces,
    manner: SpeechManner,
    begun: SpeechStream,
    rest: VecDeque<String>,
) -> SpeechStream {
    start(model, manner, Some(begun), rest, None)
}

fn start(
    model: impl SpeaksPieces,
    manner: SpeechManner,
    sounding: Option<SpeechStream>,
    waiting: VecDeque<String>,
    queue: Option<mpsc::Receiver<String>>,
) -> SpeechStream {
    let (events, sound) = mpsc::channel(EVENTS);
    let speaker = Speaker {
        model: Arc::new(model),
        manner: Arc::new(manner),
        queue,
        waiting,
        asking: None,
        next: None,
        sounding,
        spent: SpeechUsage::default(),
        spending: SpeechUsage::default(),
    };
    tokio::spawn(speaker.run(events));
    heard_by(sound)
}

/// The half that takes the text.
struct Pieces {
    /// `None` once it is finished.
    pushed: Option<mpsc::Sender<String>>,
    /// What waits for more, until there is enough to begin with.
    held: String,
    begun: bool,
    manner: SpeechManner,
}

#[async_trait]
impl SpeechText for Pieces {
    async fn push(&mut self, more: &str) -> Result<(), SpeechOver> {
        self.held.push_str(more);
        self.begun = self.begun || text::is_enough(&self.held, self.manner.cold_start);
        if !self.begun || !text::has_something_to_say(&self.held) {
            return if self.pushed.as_ref().is_some_and(|pushed| !pushed.is_closed()) {
                Ok(())
            } else {
                Err(SpeechOver)
            };
        }
        let piece = std::mem::take(&mut self.held);
        self.pushed.as_ref().ok_or(SpeechOver)?.send(piece).await.map_err(|_| SpeechOver)
    }

    async fn finish(&mut self) -> Result<(), SpeechOver> {
        let pushed = self.pushed.take().ok_or(SpeechOver)?;
        let rest = std::mem::take(&mut self.held);
        if text::has_something_to_say(&rest) {
            return pushed.send(rest).await.map_err(|_| SpeechOver);
        }
        if pushed.is_closed() { Err(SpeechOver) } else { Ok(()) }
    }
}

type Asking = BoxFuture<'static, Result<SpeechStream, ProviderError>>;

struct Speaker<M> {
    model: Arc<M>,
    manner: Arc<SpeechManner>,
    /// Text that is still being written; `None` when all of it is here.
    queue: Option<mpsc::Receiver<String>>,
    /// Text that was not asked for yet, short enough each.
    waiting: VecDeque<String>,
    /// The next piece, being asked for …
    asking: Option<Asking>,
    /// … and the answer to it, which waits for its turn.
    next: Option<SpeechStream>,
    sounding: Option<SpeechStream>,
    /// By the pieces that are over, and by the one that sounds.
    spent: SpeechUsage,
    spending: SpeechUsage,
}

impl<M: SpeaksPieces> Speaker<M> {
    async fn run(mut self, events: mpsc::Sender<Result<SpeechEvent, ProviderError>>) {
        loop {
            self.go_on();
            if self.is_over() {
                let _ = events.send(Ok(SpeechEvent::Finished)).await;
                return;
            }
            tokio::select! {
                biased;
                // Nobody listens any more.
                () = events.closed() => return,
                piece = receive(self.queue.as_mut()), if self.waiting.is_empty() => match piece {
                    Some(piece) => self.waiting.extend(self.model.cut_up(&piece)),
                    None => self.queue = None,
                },
                asked = answered(self.asking.as_mut()) => {
                    self.asking = None;
                    match asked {
                        Ok(stream) => self.next = Some(stream),
                        // What sounds is heard to its end first.
                        Err(error) => self.next = Some(Box::pin(futures_util::stream::iter([Err(error)]))),
                    }
                }
                // The answer is read only when there is room for what it says.
                (room, event) = async {
                    let room = events.reserve().await;
                    (room, next_of(self.sounding.as_mut()).await)
                } => {
                    let Ok(room) = room else { return };
                    match event {
                        Some(Ok(SpeechEvent::Finished)) | None => {
                            self.sounding = None;
                            self.spent = add(self.spent, std::mem::take(&mut self.spending));
                        }
                        Some(Ok(SpeechEvent::Usage(usage))) => {
                            self.spending = usage;
                            room.send(Ok(SpeechEvent::Usage(add(self.spent, usage))));
                        }
                        Some(Ok(event)) => room.send(Ok(event)),
                        Some(Err(error)) => {
                            room.send(Err(error));
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Lets the next piece sound, and asks for the one behind it.
    fn go_on(&mut self) {
        if self.sounding.is_none() {
            self.sounding = self.next.take();
        }
        if self.asking.is_none()
            && self.next.is_none()
            && let Some(piece) = self.waiting.pop_front()
        {
            let (model, manner) = (Arc::clone(&self.model), Arc::clone(&self.manner));
            self.asking = Some(Box::pin(async move { model.speak_piece(&piece, &manner).await }));
        }
    }

    fn is_over(&self) -> bool {
        self.queue.is_none()
            && self.waiting.is_empty()
            && self.asking.is_none()
            && self.next.is_none()
            && self.sounding.is_none()
    }
}

/// What comes out of the queue, as a stream.
pub(super) fn heard_by(queue: mpsc::Receiver<Result<SpeechEvent, ProviderError>>) -> SpeechStream {
    Box::pin(futures_util::stream::unfold(queue, |mut queue| async { Some((queue.recv().await?, queue)) }))
}

async fn receive(queue: Option<&mut mpsc::Receiver<String>>) -> Option<String> {
    match queue {
        Some(queue) => queue.recv().await,
        None => std::future::pending().await,
    }
}

async fn answered(asking: Option<&mut Asking>) -> Result<SpeechStream, ProviderError> {
    match asking {
        Some(asking) => asking.await,
        None => std::future::pending().await,
    }
}

async fn next_of(sounding: Option<&mut SpeechStream>) -> Option<Result<SpeechEvent, ProviderError>> {
    match sounding {
        Some(sounding) => sounding.next().await,
        None => std::future::pending().await,
    }
}

fn add(one: SpeechUsage, other: SpeechUsage) -> SpeechUsage {
    let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
        (None, None) => None,
        (one, other) => Some(one.unwrap_or(0) + other.unwrap_or(0)),
    };
    SpeechUsage {
        characters: one.characters + other.characters,
        input_tokens: sum(one.input_tokens, other.input_tokens),
        output_tokens: sum(one.output_tokens, other.output_tokens),
    }
}
