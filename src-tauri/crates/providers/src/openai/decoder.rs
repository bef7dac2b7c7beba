//! Bytes of an answer to the domain's events, without IO: framing, wire and mapper in a row. The client feeds it from the
//! socket, tests and the fuzzer from memory.

use std::collections::VecDeque;

use parlance_core::chat::Delivery;
use parlance_core::{Category, ModelEvent, ProviderError};

use super::dialect::{StreamEnd, ThinkTags};
use super::mapper::{Expectations, Mapper};
use super::wire::Chunk;
use crate::errors;
use crate::framing::sse::SseDecoder;

/// A whole answer may be so long: sound and pictures come in base64.
pub const MAX_WHOLE_BYTES: usize = 64 * 1024 * 1024;

/// Decodes one answer. Feed it bytes as they come, [`ChatDecoder::end`] it, and take events out at any time: exactly one
/// [`ModelEvent::Finished`] comes, last, or an error does.
#[derive(Debug)]
pub struct ChatDecoder {
    body: Body,
    mapper: Mapper,
    stream_end: StreamEnd,
    ready: VecDeque<ModelEvent>,
    outcome: Outcome,
}

#[derive(Debug)]
enum Body {
    Events(SseDecoder),
    Whole(Vec<u8>),
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

impl ChatDecoder {
    /// A decoder for an answer that comes as `delivery` says.
    #[must_use]
    pub fn new(delivery: Delivery, stream_end: StreamEnd, expected: Expectations) -> Self {
        let body = match delivery {
            Delivery::Streaming => Body::Events(SseDecoder::new()),
            Delivery::Whole => Body::Whole(Vec::new()),
        };
        Self { body, mapper: Mapper::new(expected), stream_end, ready: VecDeque::new(), outcome: Outcome::Open }
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
            Body::Events(events) => events.feed(bytes),
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
            self.outcome = Outcome::Failed(Some(errors::from_framing(self.mapper.provider(), error)));
        }
    }

    /// The body is over.
    pub fn end(&mut self) {
        if self.is_over() {
            return;
        }
        match std::mem::replace(&mut self.body, Body::Whole(Vec::new())) {
            Body::Events(events) => self.end_events(events),
            Body::Whole(body) => self.map_whole(&body),
        }
    }

    /// The transport failed.
    pub fn interrupt(&mut self, error: ProviderError) {
        if !self.is_over() {
            self.outcome = Outcome::Failed(Some(error));
        }
    }

    /// The next event; `None` when more must be fed, or when all is said.
    pub fn next_event(&mut self) -> Option<Result<ModelEvent, ProviderError>> {
        if let Some(event) = self.ready.pop_front() {
            return Some(Ok(event));
        }
        match &mut self.outcome {
            Outcome::Failed(error) => error.take().map(Err),
            Outcome::Open | Outcome::Finished => None,
        }
    }

    fn map_events(&mut self) {
        let Self { body: Body::Events(events), mapper, ready, outcome, .. } = self else { return };
        while *outcome == Outcome::Open
            && let Some(event) = events.next_event()
        {
            *outcome = map_event(event, mapper, ready);
        }
    }

    /// A last event without its empty line may be half an event: then the answer was cut, which is no fault of the event.
    fn end_events(&mut self, events: SseDecoder) {
        match events.finish() {
            Ok(None) if self.mapper.has_finish_reason() && self.stream_end == StreamEnd::DoneOrReason => self.finish(),
            Ok(Some(last)) if last.trim() == "[DONE]" => self.finish(),
            Ok(Some(last)) if self.stream_end == StreamEnd::DoneOrReason => {
                if let Ok(chunk) = Chunk::read(&last) {
                    self.map(chunk);
                    if self.mapper.has_finish_reason() && !self.is_over() {
                        return self.finish();
                    }
                }
                self.fail_cut();
            }
            Ok(None | Some(_)) | Err(_) => self.fail_cut(),
        }
    }

    fn map_whole(&mut self, body: &[u8]) {
        let text = match std::str::from_utf8(body) {
            Ok(text) => text,
            // Half a character at the end is a cut.
            Err(error) if error.error_len().is_none() => return self.fail_cut(),
            Err(_) => return self.fail(Category::Protocol, "the answer holds bytes that are no text"),
        };
        match Chunk::read(text) {
            Ok(chunk) => {
                let has_choices = chunk.choices.as_ref().is_some_and(|choices| !choices.is_empty());
                self.map(chunk);
                if self.is_over() {
                    return;
                }
                if has_choices {
                    self.finish();
                } else {
                    self.fail(Category::Protocol, "the answer holds no choice");
                }
            }
            Err(error) if error.is_eof() => self.fail_cut(),
            Err(error) => self.fail(Category::Protocol, &format!("the answer cannot be read: {error}")),
        }
    }

    fn map(&mut self, chunk: Chunk<'_>) {
        self.outcome = map(chunk, &mut self.mapper, &mut self.ready);
    }

    fn finish(&mut self) {
        self.outcome = finish(&mut self.mapper, &mut self.ready);
    }

    fn fail_cut(&mut self) {
        self.fail(Category::Cut, "the answer stopped before its end");
    }

    fn fail(&mut self, category: Category, message: &str) {
        if !self.is_over() {
            self.outcome = failed(&self.mapper, category, message);
        }
    }
}

fn map_event(data: &str, mapper: &mut Mapper, ready: &mut VecDeque<ModelEvent>) -> Outcome {
    let data = data.trim();
    if data == "[DONE]" {
        return finish(mapper, ready);
    }
    // Some servers keep a connection awake with empty events.
    if data.is_empty() {
        return Outcome::Open;
    }
    match Chunk::read(data) {
        Ok(chunk) => map(chunk, mapper, ready),
        Err(error) => failed(mapper, Category::Protocol, &format!("an event of the answer cannot be read: {error}")),
    }
}

fn map(chunk: Chunk<'_>, mapper: &mut Mapper, ready: &mut VecDeque<ModelEvent>) -> Outcome {
    match mapper.map(chunk, ready) {
        Ok(()) => Outcome::Open,
        Err(error) => Outcome::Failed(Some(error)),
    }
}

fn finish(mapper: &mut Mapper, ready: &mut VecDeque<ModelEvent>) -> Outcome {
    if !mapper.has_started() {
        return failed(mapper, Category::Protocol, "the server ended its answer without one");
    }
    mapper.finish(ready);
    Outcome::Finished
}

fn failed(mapper: &Mapper, category: Category, message: &str) -> Outcome {
    Outcome::Failed(Some(ProviderError::new(mapper.provider(), category, message)))
}

/// For fuzzing: any bytes, in any split, give the same events; exactly one end comes, last; what came before a cut is the
/// beginning of what comes without it.
///
/// # Panics
/// When they do not.
pub fn check(data: &[u8]) {
    for delivery in [Delivery::Streaming, Delivery::Whole] {
        for stream_end in [StreamEnd::Done, StreamEnd::DoneOrReason] {
            let decode = |pieces: &mut dyn Iterator<Item = &[u8]>| decode(delivery, stream_end, pieces);
            let whole = decode(&mut std::iter::once(data));
            let split = data.first().map_or(1, |&seed| usize::from(seed % 7) + 1);
            assert_eq!(whole, decode(&mut data.chunks(split)), "BUG: a split of {split} bytes changes the events");
            check_end(&whole);
            let cut = data.len() - data.len() / 3;
            check_end(&decode(&mut std::iter::once(&data[..cut])));
        }
    }
}

fn decode(
    delivery: Delivery,
    stream_end: StreamEnd,
    pieces: &mut dyn Iterator<Item = &[u8]>,
) -> Vec<Result<ModelEvent, ProviderError>> {
    let expected = Expectations {
        provider: "p".into(),
        think_tags: ThinkTags::Split,
        audio_media_type: "audio/wav".into(),
        id_seed: "seed".into(),
    };
    let mut decoder = ChatDecoder::new(delivery, stream_end, expected);
    for piece in pieces {
        decoder.feed(piece);
    }
    decoder.end();
    std::iter::from_fn(|| decoder.next_event()).collect()
}

fn check_end(events: &[Result<ModelEvent, ProviderError>]) {
    let is_end = |event: &Result<ModelEvent, ProviderError>| matches!(event, Ok(ModelEvent::Finished { .. }) | Err(_));
    let ends = events.iter().filter(|event| is_end(event)).count();
    assert!(ends == 1 && events.last().is_some_and(is_end), "BUG: {ends} ends in {events:?}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer with everything in it, for mutations.
    const SEED: &str = concat!(
        ": hi\n\ndata: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"<think>a</think>b\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"t\",\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":\"}}]}}]}\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"1}\"}}],\"refusal\":null}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
    );

    fn events(pieces: &mut dyn Iterator<Item = &[u8]>) -> Vec<Result<ModelEvent, ProviderError>> {
        decode(Delivery::Streaming, StreamEnd::Done, pieces)
    }

    #[test]
    fn any_two_cuts_give_the_same_events() {
        let bytes = SEED.as_bytes();
        let whole = events(&mut std::iter::once(bytes));
        assert!(matches!(whole.last(), Some(Ok(ModelEvent::Finished { .. }))), "{whole:?}");
        for cut in 0..bytes.len() {
            let pieces = [&bytes[..cut], &bytes[cut..(cut + 3).min(bytes.len())], &bytes[(cut + 3).min(bytes.len())..]];
            assert_eq!(events(&mut pieces.into_iter()), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_body_cut_anywhere_is_an_error_after_the_same_events() {
        let bytes = SEED.as_bytes();
        let whole = events(&mut std::iter::once(bytes));
        // Without its two line ends `[DONE]` is still there.
        for cut in 0..bytes.len() - 2 {
            let mut part = events(&mut std::iter::once(&bytes[..cut]));
            assert_eq!(part.pop().unwrap().unwrap_err().category, Category::Cut, "cut at {cut}");
            assert_eq!(part, whole[..part.len()], "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_hold_the_promises(data in prop::collection::vec(any::<u8>(), 0..300)) {
            check(&data);
        }

        #[test]
        fn mutated_answers_hold_the_promises(
            changes in prop::collection::vec((0..SEED.len(), any::<u8>(), 0u8..3), 1..6),
        ) {
            let mut data = SEED.as_bytes().to_vec();
            for (at, byte, kind) in changes {
                let at = at.min(data.len() - 1);
                match kind {
                    0 => data[at] = byte,
                    1 => data.insert(at, byte),
                    _ => drop(data.drain(at..(at + usize::from(byte % 9)).min(data.len() - 1))),
                }
            }
            check(&data);
        }
    }
}
