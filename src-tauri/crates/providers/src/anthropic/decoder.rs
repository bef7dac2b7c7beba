//! The streams and whole answers of Messages. What surrounds them is the shared [`crate::decoder`].

use std::sync::Arc;

use parlance_core::chat::Delivery;
use parlance_core::{ModelEvent, ProviderError};

use super::mapper::Mapper;
use super::wire::{Event, Message};
use crate::decoder::{self, AnswerDecoder, Events, Protocol, Step};

/// Decodes one answer.
pub type MessagesDecoder = AnswerDecoder<Messages>;

/// The protocol's own reading of an answer.
#[derive(Debug)]
pub struct Messages {
    mapper: Mapper,
}

impl MessagesDecoder {
    /// A decoder for an answer of `provider`, as it is called in errors, that comes as `delivery` says.
    #[must_use]
    pub fn new(delivery: Delivery, provider: Arc<str>) -> Self {
        Self::of(delivery, Messages { mapper: Mapper::new(provider) })
    }
}

impl Protocol for Messages {
    type Event = ModelEvent;

    fn provider(&self) -> &str {
        self.mapper.provider()
    }

    fn event(&mut self, data: &str, out: &mut Events) -> Result<Step, ProviderError> {
        let event = Event::read(data).map_err(|error| decoder::unreadable_event(self.provider(), &error))?;
        self.mapper.map(event, out)
    }

    fn end(&mut self, rest: Option<&str>, out: &mut Events) -> Result<Step, ProviderError> {
        match rest.map(Event::read) {
            Some(Ok(last)) => self.mapper.map(last, out),
            // Half an event, or none: the answer was cut.
            Some(Err(_)) | None => Ok(Step::More),
        }
    }

    fn whole(&mut self, body: &str, out: &mut Events) -> Result<(), ProviderError> {
        let message: Message =
            serde_json::from_str(body).map_err(|error| decoder::unreadable_answer(self.provider(), &error))?;
        self.mapper.map_whole(message, out)
    }
}

/// For fuzzing: see [`decoder::check`].
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    for delivery in [Delivery::Streaming, Delivery::Whole] {
        decoder::check(data, || MessagesDecoder::new(delivery, "p".into()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::promises;

    /// An answer with everything in it, for mutations.
    const SEED: &str = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"1\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n",
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n",
        ": hi\n\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"tü\"}}\r\n\r\n",
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"s\"}}\n\n",
        "data: {\"type\":\"content_block_stop\",\"index\":0}\n\ndata: {\"type\":\"ping\"}\n\n",
        "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"f\",\"input\":{}}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":1}\"}}\n\n",
        "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":9}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );

    #[test]
    fn a_split_changes_nothing_and_a_cut_is_an_error() {
        // Without its two line ends the last event is still there.
        promises::hold_for(SEED, 2, || MessagesDecoder::new(Delivery::Streaming, "p".into()));
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
