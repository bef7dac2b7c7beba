//! Gemini hears sound in messages and is asked to write it down: the provider has no endpoint of its own for it
//! (<https://ai.google.dev/gemini-api/docs/audio>, read November 2026).

use std::sync::Arc;

use parlance_core::chat::Delivery;
use parlance_core::transcription::{TranscriptEvent, TranscriptionManner, TranscriptionUsage};
use parlance_core::{Category, ProviderError};
use serde_json::{Map, Value, json};
use url::Url;

use super::request;
use super::wire::{Candidate, Chunk};
use crate::base_url;
use crate::decoder::{self, AnswerDecoder, Events, Protocol, Step};
use crate::errors;
use crate::lenient;
use crate::provider::Provider;
use crate::transcription::client::Sound;
use crate::transcription::heard::Heard;
use crate::transcription::{self, Sent, TranscriptionApi};
use crate::transport::{KeyHeader, Manner, Question};

/// A request may have 20 MB in all, and base64 makes four bytes of three.
const MOST_BYTES: usize = 14 * 1000 * 1000;

/// A model of Gemini's that hears.
#[derive(Debug, Clone)]
pub struct GeminiTranscription {
    /// As the provider names it.
    pub model: String,
}

impl TranscriptionApi for GeminiTranscription {
    type Protocol = HeardContent;

    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Named("x-goog-api-key"), ..Manner::USUAL }
    }

    fn root(&self, base: Url) -> Url {
        base_url::with_version(base, &["v1/", "v1beta/", "v1alpha/"], "v1beta/")
    }

    fn most_bytes(&self) -> Option<usize> {
        Some(MOST_BYTES)
    }

    fn question(
        &self,
        provider: &Provider,
        sound: Sound<'_>,
        manner: &TranscriptionManner,
    ) -> Result<Sent, ProviderError> {
        let model = request::model_name(&provider.name, &self.model)?;
        let mut wish =
            "Write down exactly what is said in this recording, in the language it is said in, with punctuation. \
                        Answer with these words alone; where nobody speaks, answer with nothing at all."
                .to_owned();
        if let Some(language) = &manner.language {
            wish.push_str(&format!(" The language is {language}."));
        }
        if let Some(context) = &manner.context {
            wish.push_str(&format!(" These words may occur: {context}"));
        }
        let parts = json!([
            {"inlineData": {"mimeType": sound.media_type, "data": sound.base64}},
            {"text": wish},
        ]);
        // The likeliest words are wanted, not others each time.
        let mut settings = Map::from_iter([("temperature".to_owned(), json!(0))]);
        settings.extend(manner.extra.clone());
        let body = Map::from_iter([
            ("contents".to_owned(), json!([{"role": "user", "parts": parts}])),
            ("generationConfig".to_owned(), Value::Object(settings)),
        ]);
        let url = provider.endpoint(&format!("models/{model}:streamGenerateContent?alt=sse"))?;
        Ok(Sent::Json(Question { url, headers: Vec::new(), body, delivery: Delivery::Streaming }))
    }

    fn protocol(&self, provider: Arc<str>) -> HeardContent {
        HeardContent { heard: Heard::new(provider), finish_reason: None }
    }
}

/// Chunks with words in them.
#[derive(Debug)]
pub struct HeardContent {
    heard: Heard,
    finish_reason: Option<String>,
}

impl HeardContent {
    fn take(&mut self, chunk: Chunk, out: &mut Events<TranscriptEvent>) -> Result<(), ProviderError> {
        let Chunk { candidates, prompt_feedback, usage_metadata, error, .. } = chunk;
        if let Some(error) = error.filter(|error| !error.is_null()) {
            return Err(errors::from_object(self.provider(), &error));
        }
        if let Some(reason) = prompt_feedback.and_then(|feedback| feedback.block_reason) {
            return Err(self.withheld(&reason));
        }
        if let Some(usage) = usage_metadata {
            self.heard.count(TranscriptionUsage {
                input_tokens: usage.prompt_token_count,
                output_tokens: usage.candidates_token_count,
                seconds: None,
            });
        }
        for candidate in candidates.into_iter().flatten().filter(|candidate| candidate.index.unwrap_or(0) == 0) {
            let Candidate { content, finish_reason, .. } = candidate;
            let parts = content.and_then(|content| content.parts).into_iter().flatten();
            for part in parts.filter(|part| part.thought != Some(true)) {
                let words = part.text.unwrap_or_default();
                // Models like to begin with an empty line.
                let words = if self.heard.has_words() { words.as_str() } else { words.trim_start() };
                self.heard.settle(words, out)?;
            }
            self.finish_reason = finish_reason.or(self.finish_reason.take());
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Events<TranscriptEvent>) -> Result<(), ProviderError> {
        match self.finish_reason.as_deref() {
            None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => self.heard.finish(out),
            Some("MAX_TOKENS") => {
                return Err(self
                    .heard
                    .fail(Category::Cut, "the model's limit was reached before the end of the speech"));
            }
            Some("OTHER") => {
                return Err(self.heard.fail(Category::Server, "the model stopped without saying why (OTHER)"));
            }
            Some(reason) => return Err(self.withheld(reason)),
        }
        Ok(())
    }

    fn withheld(&self, reason: &str) -> ProviderError {
        let message = format!("the provider did not write down the speech ({reason})");
        ProviderError { code: Some(reason.to_owned()), ..self.heard.fail(Category::ContentFilter, message) }
    }
}

impl Protocol for HeardContent {
    type Event = TranscriptEvent;

    fn provider(&self) -> &str {
        self.heard.provider()
    }

    fn event(&mut self, data: &str, out: &mut Events<TranscriptEvent>) -> Result<Step, ProviderError> {
        let chunk = lenient::object(data).map_err(|error| decoder::unreadable_event(self.provider(), &error))?;
        self.take(chunk, out)?;
        Ok(Step::More)
    }

    /// The protocol has no last event: a reason for the end, and then the end, must do.
    fn end(&mut self, rest: Option<&str>, out: &mut Events<TranscriptEvent>) -> Result<Step, ProviderError> {
        match rest.map(lenient::object) {
            Some(Ok(last)) => self.take(last, out)?,
            // Half an event: the answer was cut.
            Some(Err(_)) => return Ok(Step::More),
            None => {}
        }
        if self.finish_reason.is_none() {
            return Ok(Step::More);
        }
        self.finish(out)?;
        Ok(Step::Finished)
    }

    fn whole(&mut self, body: &str, out: &mut Events<TranscriptEvent>) -> Result<(), ProviderError> {
        let unreadable = |error| decoder::unreadable_answer(self.heard.provider(), &error);
        let chunk = lenient::object(body).map_err(unreadable)?;
        self.take(chunk, out)?;
        self.finish(out)
    }
}

/// For fuzzing: see `transcription::check`.
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    for delivery in [Delivery::Streaming, Delivery::Whole] {
        transcription::check(data, || reader(delivery));
    }
}

fn reader(delivery: Delivery) -> AnswerDecoder<HeardContent> {
    AnswerDecoder::of(delivery, HeardContent { heard: Heard::new("p".into()), finish_reason: None })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::promises;

    const SEED: &str = concat!(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hm\",\"thought\":true},{\"text\":\"\\nHel\"}],\"role\":\"model\"}}]}\r\n\r\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}]}}],\"new\":1}\n\n",
        "data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":2}}\n\n",
    );

    #[test]
    fn words_are_the_answers_without_its_reasoning() {
        let events = decoder::decode(reader(Delivery::Streaming), [SEED.as_bytes()]);
        let words: Vec<_> = events[..2].iter().cloned().map(Result::unwrap).collect();
        assert_eq!(words, [TranscriptEvent::Settled("Hel".into()), TranscriptEvent::Settled("lo".into())]);
        let Ok(TranscriptEvent::Finished(end)) = &events[2] else { panic!("{events:?}") };
        let usage = end.usage.unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(5), Some(2)));
    }

    #[test]
    fn what_goes_wrong_in_the_answer_is_said() {
        for (body, category) in [
            ("{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}", Category::ContentFilter),
            ("{\"candidates\":[{\"finishReason\":\"MAX_TOKENS\"}]}", Category::Cut),
            ("{\"candidates\":[{\"finishReason\":\"OTHER\"}]}", Category::Server),
            ("{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\"}}", Category::RateLimit),
        ] {
            let events = decoder::decode(reader(Delivery::Whole), [body.as_bytes()]);
            let [Err(error)] = events.as_slice() else { panic!("{body}: {events:?}") };
            assert_eq!(error.category, category, "{body}: {error}");
        }
    }

    #[test]
    fn a_split_changes_nothing_and_a_cut_is_an_error() {
        promises::hold_for(SEED, 2, || reader(Delivery::Streaming));
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
