//! Bytes of an answer to the domain's events, without IO: framing, and a protocol's own reading of it. Each provider's
//! `decoder` brings a [`Protocol`]; the client feeds it from the socket, tests and the fuzzer from memory.

use std::collections::VecDeque;
use std::fmt;

use parlance_core::chat::Delivery;
use parlance_core::synthesis::SpeechEvent;
use parlance_core::transcription::TranscriptEvent;
use parlance_core::{Category, ModelEvent, ProviderError};

use crate::errors;
use crate::framing::FramingError;
use crate::framing::ndjson::NdjsonDecoder;
use crate::framing::sse::SseDecoder;
use crate::transport::Decode;

/// A whole answer may be so long: sound and pictures come in base64.
pub const MAX_WHOLE_BYTES: usize = 64 * 1024 * 1024;

/// Where events are put.
pub type Events<E = ModelEvent> = VecDeque<E>;

/// What answers are made of.
pub trait AnswerEvent: fmt::Debug + PartialEq + Send + Unpin + 'static {
    /// Whether it says that the answer is whole: nothing comes after it.
    fn is_last(&self) -> bool;
}

impl AnswerEvent for ModelEvent {
    fn is_last(&self) -> bool {
        matches!(self, Self::Finished { .. })
    }
}

impl AnswerEvent for SpeechEvent {
    fn is_last(&self) -> bool {
        matches!(self, Self::Finished)
    }
}

impl AnswerEvent for TranscriptEvent {
    fn is_last(&self) -> bool {
        matches!(self, Self::Finished(_))
    }
}

/// What an answer means in one protocol. Pure: no network, no clock.
pub trait Protocol: Send + Unpin + 'static {
    /// What its answers are made of.
    type Event: AnswerEvent;

    /// The provider's name, for errors.
    fn provider(&self) -> &str;

    /// Takes the data of one event of a stream.
    ///
    /// # Errors
    /// When it cannot be read or says that the answer failed; nothing is taken after it.
    fn event(&mut self, data: &str, out: &mut Events<Self::Event>) -> Result<Step, ProviderError>;

    /// The body of a stream is over without [`Step::Finished`]. `rest` is a last event without its closing line end, which
    /// may be half an event. [`Step::More`] means that the answer was cut.
    ///
    /// # Errors
    /// When the rest says that the answer failed.
    fn end(&mut self, rest: Option<&str>, out: &mut Events<Self::Event>) -> Result<Step, ProviderError>;

    /// Takes an answer that came in one piece, to its end.
    ///
    /// # Errors
    /// When it cannot be read or says that the answer failed.
    fn whole(&mut self, body: &str, out: &mut Events<Self::Event>) -> Result<(), ProviderError>;
}

/// Whether an answer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// More may come.
    More,
    /// The last event was put out.
    Finished,
}

/// Decodes one answer. Feed it bytes as they come, [`AnswerDecoder::end`] it, and take events out at any time: exactly one
/// last event comes ([`AnswerEvent::is_last`]), or an error does.
#[derive(Debug)]
pub struct AnswerDecoder<P: Protocol> {
    body: Body,
    protocol: P,
    ready: Events<P::Event>,
    outcome: Outcome,
}

#[derive(Debug)]
enum Body {
    Stream(Stream),
    Whole(Vec<u8>),
}

#[derive(Debug)]
enum Stream {
    Events(SseDecoder),
    Lines(NdjsonDecoder),
}

impl Stream {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), FramingError> {
        match self {
            Self::Events(events) => events.feed(bytes),
            Self::Lines(lines) => lines.feed(bytes),
        }
    }

    /// Hands the next event to `take`; `None` when more must be fed.
    fn next_event<T>(&mut self, take: impl FnOnce(&str) -> T) -> Option<T> {
        match self {
            Self::Events(events) => events.next_event().map(take),
            Self::Lines(lines) => lines.next_event().as_deref().map(take),
        }
    }

    fn finish(self) -> Result<Option<String>, FramingError> {
        match self {
            Self::Events(events) => events.finish(),
            Self::Lines(lines) => lines.finish(),
        }
    }
}

#[derive(Debug, PartialEq)]
enum Outcome {
    /// More may come.
    Open,
    /// `Finished` is among the events.
    Finished,
    /// Comes after the events, once.
    Failed(Option<ProviderError>),
}

impl<P: Protocol> AnswerDecoder<P> {
    /// A decoder for an answer that comes as `delivery` says: as server-sent events, or as one JSON value.
    #[must_use]
    pub fn of(delivery: Delivery, protocol: P) -> Self {
        Self::over(delivery, Stream::Events(SseDecoder::new()), protocol)
    }

    /// A decoder for an answer that comes as `delivery` says: as one JSON value a line, or as one in all.
    #[must_use]
    pub fn of_lines(delivery: Delivery, protocol: P) -> Self {
        Self::over(delivery, Stream::Lines(NdjsonDecoder::new()), protocol)
    }

    fn over(delivery: Delivery, stream: Stream, protocol: P) -> Self {
        let body = match delivery {
            Delivery::Streaming => Body::Stream(stream),
            Delivery::Whole => Body::Whole(Vec::new()),
        };
        Self { body, protocol, ready: Events::new(), outcome: Outcome::Open }
    }

    /// Whether nothing that is fed can change the outcome any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.outcome != Outcome::Open
    }

    /// Takes bytes in; those behind the end are ignored.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.is_over() {
            return;
        }
        let fed = match &mut self.body {
            Body::Stream(stream) => stream.feed(bytes),
            Body::Whole(body) => {
                body.extend_from_slice(bytes);
                if body.len() > MAX_WHOLE_BYTES {
                    self.fail(Category::TooLarge, "the answer is larger than 64 MiB");
                }
                return;
            }
        };
        self.map_events();
        if let Err(error) = fed
            && !self.is_over()
        {
            self.outcome = Outcome::Failed(Some(errors::from_framing(self.protocol.provider(), error)));
        }
    }

    /// The body is over.
    pub fn end(&mut self) {
        if self.is_over() {
            return;
        }
        let ended = match std::mem::replace(&mut self.body, Body::Whole(Vec::new())) {
            Body::Stream(stream) => match stream.finish() {
                Ok(rest) => self.protocol.end(rest.as_deref(), &mut self.ready),
                Err(_) => Ok(Step::More),
            },
            Body::Whole(body) => match std::str::from_utf8(&body) {
                Ok(text) => self.protocol.whole(text, &mut self.ready).map(|()| Step::Finished),
                // Half a character at the end is a cut.
                Err(error) if error.error_len().is_none() => Ok(Step::More),
                Err(_) => return self.fail(Category::Protocol, "the answer holds bytes that are no text"),
            },
        };
        self.outcome = match ended {
            Ok(Step::Finished) => Outcome::Finished,
            Ok(Step::More) => Outcome::Failed(Some(cut(self.protocol.provider()))),
            Err(error) => Outcome::Failed(Some(error)),
        };
    }

    /// The transport failed.
    pub fn interrupt(&mut self, error: ProviderError) {
        if !self.is_over() {
            self.outcome = Outcome::Failed(Some(error));
        }
    }

    /// The next event; `None` when more must be fed, or when all is said.
    pub fn next_event(&mut self) -> Option<Result<P::Event, ProviderError>> {
        if let Some(event) = self.ready.pop_front() {
            return Some(Ok(event));
        }
        match &mut self.outcome {
            Outcome::Failed(error) => error.take().map(Err),
            Outcome::Open | Outcome::Finished => None,
        }
    }

    fn map_events(&mut self) {
        let Self { body: Body::Stream(stream), protocol, ready, outcome } = self else { return };
        while *outcome == Outcome::Open
            && let Some(step) = stream.next_event(|event| match event.trim() {
                // Some servers keep a connection awake with empty events.
                "" => Ok(Step::More),
                data => protocol.event(data, ready),
            })
        {
            match step {
                Ok(Step::More) => {}
                Ok(Step::Finished) => *outcome = Outcome::Finished,
                Err(error) => *outcome = Outcome::Failed(Some(error)),
            }
        }
    }

    fn fail(&mut self, category: Category, message: &str) {
        self.interrupt(ProviderError::new(self.protocol.provider(), category, message));
    }
}

impl<P: Protocol> Decode for AnswerDecoder<P> {
    type Event = P::Event;

    fn feed(&mut self, bytes: &[u8]) {
        self.feed(bytes);
    }

    fn end(&mut self) {
        self.end();
    }

    fn interrupt(&mut self, error: ProviderError) {
        self.interrupt(error);
    }

    fn next_event(&mut self) -> Option<Result<P::Event, ProviderError>> {
        self.next_event()
    }

    fn is_over(&self) -> bool {
        self.is_over()
    }
}

/// An answer that stopped in the middle.
pub(crate) fn cut(provider: &str) -> ProviderError {
    ProviderError::new(provider, Category::Cut, "the answer stopped before its end")
}

/// An event that is not what the protocol says.
pub(crate) fn unreadable_event(provider: &str, error: &serde_json::Error) -> ProviderError {
    ProviderError::new(provider, Category::Protocol, format!("an event of the answer cannot be read: {error}"))
}

/// An answer in one piece that is not what the protocol says, or not whole.
pub(crate) fn unreadable_answer(provider: &str, error: &serde_json::Error) -> ProviderError {
    if error.is_eof() {
        return cut(provider);
    }
    ProviderError::new(provider, Category::Protocol, format!("the answer cannot be read: {error}"))
}

/// What a decoder makes of a body that comes in `pieces`.
pub fn decode<'a, D: Decode>(
    mut decoder: D,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Result<D::Event, ProviderError>> {
    for piece in pieces {
        decoder.feed(piece);
    }
    decoder.end();
    std::iter::from_fn(|| decoder.next_event()).collect()
}

/// For fuzzing: any bytes, in any split, give the same events; exactly one end comes, last; what came before a cut ends in
/// one as well.
///
/// # Panics
/// When they do not.
pub fn check<D: Decode>(data: &[u8], decoder: impl Fn() -> D) {
    let whole = decode(decoder(), [data]);
    let split = data.first().map_or(1, |&seed| usize::from(seed % 7) + 1);
    assert_eq!(whole, decode(decoder(), data.chunks(split)), "BUG: a split of {split} bytes changes the events");
    check_end(&whole);
    check_end(&decode(decoder(), [&data[..data.len() - data.len() / 3]]));
}

/// One end, last.
pub(crate) fn check_end<E: AnswerEvent>(events: &[Result<E, ProviderError>]) {
    let is_end = |event: &Result<E, ProviderError>| event.as_ref().map_or(true, AnswerEvent::is_last);
    let ends = events.iter().filter(|event| is_end(event)).count();
    assert!(ends == 1 && events.last().is_some_and(is_end), "BUG: {ends} ends in {events:?}");
}

/// What the tests of every provider's decoder ask.
#[cfg(test)]
pub(crate) mod promises {
    use proptest::prelude::*;

    use super::*;

    /// Two cuts anywhere change nothing, and without its last `tail` bytes the answer is an error after the same events.
    #[track_caller]
    pub(crate) fn hold_for<D: Decode>(answer: &str, tail: usize, decoder: impl Fn() -> D) {
        let bytes = answer.as_bytes();
        let whole = decode(decoder(), [bytes]);
        assert!(matches!(whole.last(), Some(Ok(last)) if last.is_last()), "{whole:?}");
        for cut in 0..bytes.len() {
            let next = (cut + 3).min(bytes.len());
            assert_eq!(decode(decoder(), [&bytes[..cut], &bytes[cut..next], &bytes[next..]]), whole, "split at {cut}");
        }
        for cut in 0..bytes.len() - tail {
            let mut part = decode(decoder(), [&bytes[..cut]]);
            let end = part.pop().expect("an end").expect_err("a cut");
            assert_eq!(end.category, Category::Cut, "cut at {cut}: {end}");
            assert_eq!(part, whole[..part.len()], "cut at {cut}");
        }
    }

    /// Answers with some of their bytes changed, added or taken out.
    pub(crate) fn mutations(answer: &'static str) -> impl Strategy<Value = Vec<u8>> {
        let changes = prop::collection::vec((0..answer.len(), any::<u8>(), 0u8..3), 1..6);
        changes.prop_map(move |changes| {
            let mut data = answer.as_bytes().to_vec();
            for (at, byte, kind) in changes {
                let at = at.min(data.len() - 1);
                match kind {
                    0 => data[at] = byte,
                    1 => data.insert(at, byte),
                    _ => drop(data.drain(at..(at + usize::from(byte % 9)).min(data.len() - 1))),
                }
            }
            data
        })
    }
}
