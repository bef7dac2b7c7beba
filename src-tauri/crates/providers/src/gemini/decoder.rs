//! The streams and whole answers of `generateContent`. What surrounds them is the shared [`crate::decoder`].

use parlance_core::chat::Delivery;
use parlance_core::{Category, ModelEvent, ProviderError};

pub use super::mapper::Expectations;
use super::mapper::Mapper;
use super::wire::Chunk;
use crate::decoder::{self, AnswerDecoder, Events, Protocol, Step};

/// Decodes one answer.
pub type ContentDecoder = AnswerDecoder<GenerateContent>;

/// The protocol's own reading of an answer.
#[derive(Debug)]
pub struct GenerateContent {
    mapper: Mapper,
}

impl ContentDecoder {
    /// A decoder for an answer that comes as `delivery` says.
    #[must_use]
    pub fn new(delivery: Delivery, expected: Expectations) -> Self {
        Self::of(delivery, GenerateContent { mapper: Mapper::new(expected) })
    }
}

impl Protocol for GenerateContent {
    type Event = ModelEvent;

    fn provider(&self) -> &str {
        self.mapper.provider()
    }

    fn event(&mut self, data: &str, out: &mut Events) -> Result<Step, ProviderError> {
        let chunk = read(data).map_err(|error| decoder::unreadable_event(self.provider(), &error))?;
        self.mapper.map(chunk, out)?;
        Ok(Step::More)
    }

    /// The protocol has no last event: a reason for the end, and then the end, must do.
    fn end(&mut self, rest: Option<&str>, out: &mut Events) -> Result<Step, ProviderError> {
        match rest.map(read) {
            Some(Ok(last)) => self.mapper.map(last, out)?,
            // Half an event: the answer was cut.
            Some(Err(_)) => return Ok(Step::More),
            None => {}
        }
        if !self.mapper.has_finish_reason() {
            return Ok(Step::More);
        }
        self.mapper.finish(out);
        Ok(Step::Finished)
    }

    /// One object, or a list of chunks, as servers write that know no events.
    fn whole(&mut self, body: &str, out: &mut Events) -> Result<(), ProviderError> {
        let unreadable = |error| decoder::unreadable_answer(self.mapper.provider(), &error);
        let chunks: Vec<Chunk> = if body.trim_start().starts_with('[') {
            serde_json::from_str(body).map_err(unreadable)?
        } else {
            vec![read(body).map_err(unreadable)?]
        };
        for chunk in chunks {
            self.mapper.map(chunk, out)?;
        }
        if !self.mapper.has_started() {
            let message = "the answer holds no candidate";
            return Err(ProviderError::new(self.provider(), Category::Protocol, message));
        }
        self.mapper.finish(out);
        Ok(())
    }
}

/// Reads one JSON object. A list would otherwise read as the fields in their order.
fn read(json: &str) -> Result<Chunk, serde_json::Error> {
    if json.trim_start().starts_with('[') {
        return Err(serde::de::Error::custom("a list where an object should be"));
    }
    serde_json::from_str(json)
}

/// For fuzzing: see [`decoder::check`].
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    for delivery in [Delivery::Streaming, Delivery::Whole] {
        decoder::check(data, || decoder_of(delivery));
    }
}

fn decoder_of(delivery: Delivery) -> ContentDecoder {
    ContentDecoder::new(delivery, Expectations { provider: "p".into(), id_seed: "seed".into() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::promises;

    /// An answer with everything in it, for mutations.
    const SEED: &str = concat!(
        "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"hm\",\"thought\":true}]},\"index\":0}],\"modelVersion\":\"m\",\"responseId\":\"r\"}\r\n\r\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Grüße\"}]}}],\"usageMetadata\":{\"promptTokenCount\":5,\"totalTokenCount\":6}}\r\n\r\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}},\"thoughtSignature\":\"c2ln\"}]}}]}\n\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\",\"thoughtSignature\":\"c2ln\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":7}}\r\n\r\n",
    );

    #[test]
    fn a_split_changes_nothing_and_a_cut_is_an_error() {
        // Without its two line ends the last chunk is still there.
        promises::hold_for(SEED, 4, || decoder_of(Delivery::Streaming));
    }

    #[test]
    fn a_list_of_chunks_reads_as_a_stream_does() {
        let chunks: Vec<&str> = SEED.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let list = format!("[{}]", chunks.join(",\r\n"));
        let streamed = decoder::decode(decoder_of(Delivery::Streaming), [SEED.as_bytes()]);
        assert_eq!(decoder::decode(decoder_of(Delivery::Whole), [list.as_bytes()]), streamed);
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
