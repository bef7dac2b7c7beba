//! The streams and whole answers of DashScope. What surrounds them is the shared [`crate::decoder`].

use parlance_core::chat::Delivery;
use parlance_core::{Category, ModelEvent, ProviderError};

use super::mapper::Mapper;
use super::wire::Frame;
use crate::decoder::{self, AnswerDecoder, Events, Protocol, Step};
use crate::lenient;

/// Decodes one answer.
pub type DashScopeDecoder = AnswerDecoder<Generation>;

/// The protocol's own reading of an answer.
#[derive(Debug)]
pub struct Generation {
    mapper: Mapper,
}

impl DashScopeDecoder {
    /// A decoder for an answer that comes as `delivery` says.
    #[must_use]
    pub fn new(delivery: Delivery, mapper: Mapper) -> Self {
        Self::of(delivery, Generation { mapper })
    }
}

impl Protocol for Generation {
    type Event = ModelEvent;

    fn provider(&self) -> &str {
        self.mapper.provider()
    }

    fn event(&mut self, data: &str, out: &mut Events) -> Result<Step, ProviderError> {
        let frame = lenient::object(data).map_err(|error| decoder::unreadable_event(self.provider(), &error))?;
        self.mapper.map(&frame, out)?;
        // Nothing marks the end but that nothing more comes.
        Ok(Step::More)
    }

    fn end(&mut self, rest: Option<&str>, out: &mut Events) -> Result<Step, ProviderError> {
        match rest.map(lenient::object) {
            Some(Ok(frame)) => self.mapper.map(&frame, out)?,
            // Half a frame: then the answer was cut, which is no fault of the frame.
            Some(Err(_)) => return Ok(Step::More),
            None => {}
        }
        if !self.mapper.has_finish_reason() {
            return Ok(Step::More);
        }
        self.mapper.finish(out);
        Ok(Step::Finished)
    }

    fn whole(&mut self, body: &str, out: &mut Events) -> Result<(), ProviderError> {
        let frame: Frame<'_> =
            lenient::object(body).map_err(|error| decoder::unreadable_answer(self.provider(), &error))?;
        let has_output = frame.output.is_some();
        self.mapper.map(&frame, out)?;
        if !has_output {
            let message = "the server ended its answer without one";
            return Err(ProviderError::new(self.provider(), Category::Protocol, message));
        }
        self.mapper.finish(out);
        Ok(())
    }
}

/// For fuzzing: see [`decoder::check`].
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    use super::mapper::Frames;
    for delivery in [Delivery::Streaming, Delivery::Whole] {
        for frames in [Frames::Deltas, Frames::Cumulative] {
            decoder::check(data, || DashScopeDecoder::new(delivery, Mapper::new("p".into(), "seed".into(), frames)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::mapper::Frames;
    use super::*;
    use crate::decoder::promises;

    /// An answer with everything in it.
    const SEED: &str = concat!(
        "id:1\nevent:result\n:HTTP_STATUS/200\ndata:{\"output\":{\"choices\":[{\"message\":{\"content\":\"\",\"reasoning_content\":\"hm 语\"},\"finish_reason\":\"null\"}]},\"request_id\":\"r\"}\n\n",
        "id:2\ndata:{\"output\":{\"choices\":[{\"message\":{\"content\":[{\"text\":\"Grüße\"}]},\"finish_reason\":\"null\"}]}}\r\n\r\ndata:{\"new\":[1]}\n\n",
        "data:{\"output\":{\"choices\":[{\"message\":{\"content\":\"\",\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"null\"}]}}\n\n",
        "data:{\"output\":{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"tool_calls\"}]},\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}\n\n",
    );

    fn decoder() -> DashScopeDecoder {
        DashScopeDecoder::new(Delivery::Streaming, Mapper::new("p".into(), "seed".into(), Frames::Deltas))
    }

    #[test]
    fn any_split_gives_the_same_events_and_any_cut_an_error() {
        // Without its two line ends the last frame is still there.
        promises::hold_for(SEED, 2, decoder);
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
