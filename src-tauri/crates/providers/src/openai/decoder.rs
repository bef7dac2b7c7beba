//! The streams and whole answers of Chat Completions. What surrounds them is the shared [`crate::decoder`].

use parlance_core::chat::Delivery;
use parlance_core::{Category, ModelEvent, ProviderError};

use super::dialect::{StreamEnd, ThinkTags};
use super::mapper::{Expectations, Mapper};
use super::wire::Chunk;
use crate::decoder::{self, AnswerDecoder, Events, Protocol, Step};
use crate::lenient;

/// Decodes one answer.
pub type ChatDecoder = AnswerDecoder<ChatCompletions>;

/// The protocol's own reading of an answer.
#[derive(Debug)]
pub struct ChatCompletions {
    mapper: Mapper,
    stream_end: StreamEnd,
}

impl ChatDecoder {
    /// A decoder for an answer that comes as `delivery` says.
    #[must_use]
    pub fn new(delivery: Delivery, stream_end: StreamEnd, expected: Expectations) -> Self {
        Self::of(delivery, ChatCompletions { mapper: Mapper::new(expected), stream_end })
    }
}

impl Protocol for ChatCompletions {
    type Event = ModelEvent;

    fn provider(&self) -> &str {
        self.mapper.provider()
    }

    fn event(&mut self, data: &str, out: &mut Events) -> Result<Step, ProviderError> {
        if data == "[DONE]" {
            return self.finish(out);
        }
        let chunk = lenient::object(data).map_err(|error| decoder::unreadable_event(self.provider(), &error))?;
        self.mapper.map(chunk, out)?;
        Ok(Step::More)
    }

    fn end(&mut self, rest: Option<&str>, out: &mut Events) -> Result<Step, ProviderError> {
        match rest.map(str::trim) {
            Some("[DONE]") => return self.finish(out),
            Some(rest) if self.stream_end == StreamEnd::DoneOrReason => match lenient::object(rest) {
                Ok(chunk) => self.mapper.map(chunk, out)?,
                // Half an event: then the answer was cut, which is no fault of the event.
                Err(_) => return Ok(Step::More),
            },
            Some(_) => return Ok(Step::More),
            None => {}
        }
        if self.mapper.has_finish_reason() && self.stream_end == StreamEnd::DoneOrReason {
            return self.finish(out);
        }
        Ok(Step::More)
    }

    fn whole(&mut self, body: &str, out: &mut Events) -> Result<(), ProviderError> {
        let chunk: Chunk<'_> =
            lenient::object(body).map_err(|error| decoder::unreadable_answer(self.provider(), &error))?;
        let has_choices = chunk.choices.as_ref().is_some_and(|choices| choices.0.is_some());
        self.mapper.map(chunk, out)?;
        if !has_choices {
            return Err(self.fail("the answer holds no choice"));
        }
        self.mapper.finish(out);
        Ok(())
    }
}

impl ChatCompletions {
    fn finish(&mut self, out: &mut Events) -> Result<Step, ProviderError> {
        if !self.mapper.has_started() {
            return Err(self.fail("the server ended its answer without one"));
        }
        self.mapper.finish(out);
        Ok(Step::Finished)
    }

    fn fail(&self, message: &str) -> ProviderError {
        ProviderError::new(self.provider(), Category::Protocol, message)
    }
}

/// For fuzzing: see [`decoder::check`].
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    for delivery in [Delivery::Streaming, Delivery::Whole] {
        for stream_end in [StreamEnd::Done, StreamEnd::DoneOrReason] {
            decoder::check(data, || decoder_of(delivery, stream_end));
        }
    }
}

fn decoder_of(delivery: Delivery, stream_end: StreamEnd) -> ChatDecoder {
    let expected = Expectations {
        provider: "p".into(),
        think_tags: ThinkTags::Split,
        audio_media_type: "audio/wav".into(),
        id_seed: "seed".into(),
    };
    ChatDecoder::new(delivery, stream_end, expected)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::promises;

    /// An answer with everything in it, for mutations.
    const SEED: &str = concat!(
        ": hi\n\ndata: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"<think>a</think>b\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"t\",\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":\"}}]}}]}\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"1}\"}}],\"refusal\":null}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
    );

    #[test]
    fn a_split_changes_nothing_and_a_cut_is_an_error() {
        // Without its two line ends `[DONE]` is still there.
        promises::hold_for(SEED, 2, || decoder_of(Delivery::Streaming, StreamEnd::Done));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_hold_the_promises(data in prop::collection::vec(any::<u8>(), 0..300)) {
            check(&data);
        }

        #[test]
        fn mutated_answers_hold_the_promises(data in promises::mutations(SEED)) {
            check(&data);
        }
    }
}
