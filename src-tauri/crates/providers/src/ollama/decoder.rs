//! The streams and whole answers of Ollama. What surrounds them is the shared [`crate::decoder`].

use parlance_core::chat::Delivery;
use parlance_core::{Category, ModelEvent, ProviderError};

use super::mapper::Mapper;
use crate::decoder::{self, AnswerDecoder, Events, Protocol, Step};
use crate::lenient;

/// Decodes one answer.
pub type OllamaDecoder = AnswerDecoder<Chat>;

/// The protocol's own reading of an answer.
#[derive(Debug)]
pub struct Chat {
    mapper: Mapper,
}

impl OllamaDecoder {
    /// A decoder for an answer that comes as `delivery` says.
    #[must_use]
    pub fn new(delivery: Delivery, mapper: Mapper) -> Self {
        Self::of_lines(delivery, Chat { mapper })
    }
}

impl Protocol for Chat {
    type Event = ModelEvent;

    fn provider(&self) -> &str {
        self.mapper.provider()
    }

    fn event(&mut self, data: &str, out: &mut Events) -> Result<Step, ProviderError> {
        let line = lenient::object(data).map_err(|error| decoder::unreadable_event(self.provider(), &error))?;
        self.mapper.map(&line, out)
    }

    fn end(&mut self, rest: Option<&str>, out: &mut Events) -> Result<Step, ProviderError> {
        match rest.map(lenient::object) {
            Some(Ok(line)) => self.mapper.map(&line, out),
            // Half a line: then the answer was cut, which is no fault of the line.
            Some(Err(_)) | None => Ok(Step::More),
        }
    }

    fn whole(&mut self, body: &str, out: &mut Events) -> Result<(), ProviderError> {
        let line = lenient::object(body).map_err(|error| decoder::unreadable_answer(self.provider(), &error))?;
        match self.mapper.map(&line, out)? {
            Step::Finished => Ok(()),
            Step::More => {
                let message = "the server ended its answer without one";
                Err(ProviderError::new(self.provider(), Category::Protocol, message))
            }
        }
    }
}

/// For fuzzing: see [`decoder::check`].
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    for delivery in [Delivery::Streaming, Delivery::Whole] {
        decoder::check(data, || OllamaDecoder::new(delivery, Mapper::new("p".into(), "seed".into())));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::promises;

    /// An answer with everything in it.
    const SEED: &str = concat!(
        "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"hm 语\"},\"done\":false}\n\n",
        "{\"message\":{\"content\":\"Grüße\"},\"done\":false}\r\n{\"new\":[1]}\n",
        "{\"message\":{\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}}}]},\"done\":false}\n",
        "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":1,\"eval_count\":2}\n",
    );

    fn decoder() -> OllamaDecoder {
        OllamaDecoder::new(Delivery::Streaming, Mapper::new("p".into(), "seed".into()))
    }

    #[test]
    fn any_split_gives_the_same_events_and_any_cut_an_error() {
        // Without its line end the last line is still there.
        promises::hold_for(SEED, 1, decoder);
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
