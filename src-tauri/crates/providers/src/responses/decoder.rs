//! The streams and whole answers of Responses. What surrounds them is the shared [`crate::decoder`].

use parlance_core::chat::Delivery;
use parlance_core::{ModelEvent, ProviderError};

use super::mapper::Mapper;
use crate::decoder::{self, AnswerDecoder, Events, Protocol, Step};
use crate::lenient;

/// Decodes one answer.
pub type ResponsesDecoder = AnswerDecoder<Responses>;

/// The protocol's own reading of an answer.
#[derive(Debug)]
pub struct Responses {
    mapper: Mapper,
}

impl ResponsesDecoder {
    /// A decoder for an answer that comes as `delivery` says.
    #[must_use]
    pub fn new(delivery: Delivery, mapper: Mapper) -> Self {
        Self::of(delivery, Responses { mapper })
    }
}

impl Protocol for Responses {
    type Event = ModelEvent;

    fn provider(&self) -> &str {
        self.mapper.provider()
    }

    fn event(&mut self, data: &str, out: &mut Events) -> Result<Step, ProviderError> {
        // Some servers end as Chat Completions does; the answer's own end comes before.
        if data == "[DONE]" {
            return Ok(Step::More);
        }
        let event = lenient::object(data).map_err(|error| decoder::unreadable_event(self.provider(), &error))?;
        self.mapper.map(&event, out)
    }

    fn end(&mut self, rest: Option<&str>, out: &mut Events) -> Result<Step, ProviderError> {
        match rest.map(lenient::object) {
            Some(Ok(event)) => self.mapper.map(&event, out),
            // Half an event: then the answer was cut, which is no fault of the event.
            Some(Err(_)) | None => Ok(Step::More),
        }
    }

    fn whole(&mut self, body: &str, out: &mut Events) -> Result<(), ProviderError> {
        let response = lenient::object(body).map_err(|error| decoder::unreadable_answer(self.provider(), &error))?;
        self.mapper.map_whole(&response, out)
    }
}

/// For fuzzing: see [`decoder::check`].
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    for delivery in [Delivery::Streaming, Delivery::Whole] {
        decoder::check(data, || ResponsesDecoder::new(delivery, Mapper::new("p".into(), "seed".into())));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::promises;

    /// An answer with everything in it.
    const SEED: &str = concat!(
        "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"model\":\"m\",\"output\":[]}}\n\n",
        "data: {\"type\":\"response.reasoning_summary_text.delta\",\"output_index\":0,\"summary_index\":0,\"delta\":\"hm 语\"}\n\n",
        "data: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"encrypted_content\":\"x\"}}\n\n",
        "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Grüße\"}\r\n\r\ndata: {\"type\":\"new\",\"delta\":{}}\n\n",
        "data: {\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\"}}\n\n",
        "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\"{}\"}\n\n",
        "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}}\n\n",
    );

    fn decoder() -> ResponsesDecoder {
        ResponsesDecoder::new(Delivery::Streaming, Mapper::new("p".into(), "seed".into()))
    }

    #[test]
    fn any_split_gives_the_same_events_and_any_cut_an_error() {
        // Without its two line ends the last event is still there.
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
