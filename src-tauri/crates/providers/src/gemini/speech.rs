//! Gemini's models that speak, as <https://ai.google.dev/gemini-api/docs/speech-generation> describes them (read November 2026):
//! `generateContent` with sound instead of words.

use std::sync::Arc;

use parlance_core::chat::Delivery;
use parlance_core::synthesis::{SpeechEvent, SpeechManner};
use parlance_core::{Category, ProviderError, SampleRate};
use serde_json::{Map, Value, json};
use url::Url;

use super::request;
use super::wire::{Candidate, Chunk, InlineData};
use crate::base_url;
use crate::decoder::{self, Events, Protocol, Step};
use crate::errors;
use crate::lenient;
use crate::provider::Provider;
use crate::speech::SpeechApi;
use crate::speech::answer::{self, SpeechDecoder};
use crate::speech::spoken::Spoken;
use crate::transport::{KeyHeader, Manner, Question};

/// Who speaks where nobody is asked for: the first voice of the provider's examples.
const USUAL_VOICE: &str = "Kore";
/// The context of these models has 32,000 tokens, and a token is at least one character of most scripts. Far longer texts than
/// this begin to drift in tone, says the provider's guide.
const MOST_CHARACTERS: usize = 8_000;

/// A model of Gemini's that speaks.
#[derive(Debug, Clone)]
pub struct GeminiSpeech {
    /// As the provider names it.
    pub model: String,
    /// How the sound is asked for.
    pub delivery: Delivery,
}

impl SpeechApi for GeminiSpeech {
    type Protocol = SpokenContent;

    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Named("x-goog-api-key"), ..Manner::USUAL }
    }

    fn root(&self, base: Url) -> Url {
        base_url::with_version(base, &["v1/", "v1beta/", "v1alpha/"], "v1beta/")
    }

    fn most_characters(&self) -> Option<usize> {
        Some(MOST_CHARACTERS)
    }

    fn question(&self, provider: &Provider, text: &str, manner: &SpeechManner) -> Result<Question, ProviderError> {
        let model = request::model_name(&provider.name, &self.model)?;
        let verb = match self.delivery {
            Delivery::Streaming => "streamGenerateContent?alt=sse",
            Delivery::Whole => "generateContent",
        };
        // These models take no system instruction: how to say it stands before what to say.
        let text = match &manner.instructions {
            Some(instructions) => format!("{}: {text}", instructions.trim_end().trim_end_matches(':')),
            None => text.to_owned(),
        };
        let voice = manner.voice.as_deref().unwrap_or(USUAL_VOICE);
        let mut speech = json!({"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}}});
        if let Some(language) = &manner.language {
            speech["languageCode"] = json!(language);
        }
        let mut settings =
            Map::from_iter([("responseModalities".to_owned(), json!(["AUDIO"])), ("speechConfig".to_owned(), speech)]);
        settings.extend(manner.extra.clone());
        let body = Map::from_iter([
            ("contents".to_owned(), json!([{"role": "user", "parts": [{"text": text}]}])),
            ("generationConfig".to_owned(), Value::Object(settings)),
        ]);
        let url = provider.endpoint(&format!("models/{model}:{verb}"))?;
        Ok(Question { url, headers: Vec::new(), body, delivery: self.delivery })
    }

    fn protocol(&self, provider: Arc<str>, characters: u64) -> SpokenContent {
        SpokenContent { spoken: Spoken::new(provider, characters), finish_reason: None }
    }
}

/// Chunks with sound in them.
#[derive(Debug)]
pub struct SpokenContent {
    spoken: Spoken,
    finish_reason: Option<String>,
}

impl SpokenContent {
    fn take(&mut self, chunk: Chunk, out: &mut Events<SpeechEvent>) -> Result<(), ProviderError> {
        let Chunk { candidates, prompt_feedback, usage_metadata, error, .. } = chunk;
        if let Some(error) = error.filter(|error| !error.is_null()) {
            return Err(errors::from_object(self.provider(), &error));
        }
        if let Some(reason) = prompt_feedback.and_then(|feedback| feedback.block_reason) {
            return Err(self.withheld(&reason));
        }
        if let Some(usage) = usage_metadata {
            self.spoken.count(None, usage.prompt_token_count, usage.candidates_token_count);
        }
        for candidate in candidates.into_iter().flatten().filter(|candidate| candidate.index.unwrap_or(0) == 0) {
            let Candidate { content, finish_reason, .. } = candidate;
            // Chunks without sound are common: a last one with the reason alone, an empty text.
            for part in content.and_then(|content| content.parts).into_iter().flatten() {
                if let Some(InlineData { mime_type, data }) = part.inline_data {
                    let rate = rate(&mime_type).ok_or_else(|| {
                        self.spoken.fail(
                            Category::Protocol,
                            format!("the server sent sound as {mime_type}, which is not read here"),
                        )
                    })?;
                    self.spoken.hear_base64(&data, rate, out)?;
                }
            }
            self.finish_reason = finish_reason.or(self.finish_reason.take());
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Events<SpeechEvent>) -> Result<(), ProviderError> {
        match self.finish_reason.as_deref() {
            None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => self.spoken.finish(out),
            Some("MAX_TOKENS") => {
                Err(self.spoken.fail(Category::Cut, "the model's limit was reached before the end of the text"))
            }
            // The provider's own word for a fault of the model, after which asking again often helps.
            Some("OTHER") => Err(self.spoken.fail(Category::Server, "the model stopped without saying why (OTHER)")),
            Some(reason) => Err(self.withheld(reason)),
        }
    }

    fn withheld(&self, reason: &str) -> ProviderError {
        let message = format!("the provider did not speak the text ({reason})");
        ProviderError { code: Some(reason.to_owned()), ..self.spoken.fail(Category::ContentFilter, message) }
    }
}

/// The rate of sound of this media type; `None` when it is not samples of 16 bits.
fn rate(media_type: &str) -> Option<SampleRate> {
    let mut parts = media_type.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    if !matches!(kind.as_str(), "audio/l16" | "audio/pcm" | "") {
        return None;
    }
    match parts.find_map(|part| part.strip_prefix("rate=")) {
        Some(hz) => hz.parse().ok().and_then(SampleRate::new),
        None => Some(SampleRate::HZ_24000),
    }
}

impl Protocol for SpokenContent {
    type Event = SpeechEvent;

    fn provider(&self) -> &str {
        self.spoken.provider()
    }

    fn event(&mut self, data: &str, out: &mut Events<SpeechEvent>) -> Result<Step, ProviderError> {
        let chunk = lenient::object(data).map_err(|error| decoder::unreadable_event(self.provider(), &error))?;
        self.take(chunk, out)?;
        Ok(Step::More)
    }

    /// The protocol has no last event: a reason for the end, and then the end, must do.
    fn end(&mut self, rest: Option<&str>, out: &mut Events<SpeechEvent>) -> Result<Step, ProviderError> {
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

    fn whole(&mut self, body: &str, out: &mut Events<SpeechEvent>) -> Result<(), ProviderError> {
        let unreadable = |error| decoder::unreadable_answer(self.spoken.provider(), &error);
        let chunk = lenient::object(body).map_err(unreadable)?;
        self.take(chunk, out)?;
        self.finish(out)
    }
}

/// For fuzzing: see `speech::answer::check`.
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    for delivery in [Delivery::Streaming, Delivery::Whole] {
        answer::check(data, || told(delivery));
    }
}

fn told(delivery: Delivery) -> SpeechDecoder<SpokenContent> {
    SpeechDecoder::told(delivery, SpokenContent { spoken: Spoken::new("p".into(), 1), finish_reason: None })
}

#[cfg(test)]
mod tests {
    use parlance_core::AudioChunk;
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::promises;
    use crate::speech::join;

    const SEED: &str = concat!(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"audio/L16;codec=pcm;rate=16000\",\"data\":\"AQID\"}}],\"role\":\"model\"},\"index\":0}]}\r\n\r\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]}}],\"usageMetadata\":{\"promptTokenCount\":5}}\n\n",
        "data: {\"candidates\":[{}],\"new\":1}\n\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"audio/L16;codec=pcm;rate=16000\",\"data\":\"BA==\"}}]}}]}\n\n",
        "data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":25}}\n\n",
    );

    #[test]
    fn chunks_without_sound_are_fine_and_the_rate_is_the_servers() {
        let events = join(decoder::decode(told(Delivery::Streaming), [SEED.as_bytes()]));
        let rate = SampleRate::HZ_16000;
        assert_eq!(events[0], Ok(SpeechEvent::Audio(AudioChunk { samples: vec![0x0201, 0x0403], rate })));
        let Ok(SpeechEvent::Usage(usage)) = &events[1] else { panic!("{events:?}") };
        assert_eq!((usage.characters, usage.input_tokens, usage.output_tokens), (1, Some(5), Some(25)));
        assert_eq!(events[2..], [Ok(SpeechEvent::Finished)]);
    }

    #[test]
    fn a_split_changes_nothing_and_a_cut_is_an_error() {
        promises::hold_for(SEED, 2, || told(Delivery::Streaming));
    }

    #[test]
    fn what_goes_wrong_in_the_answer_is_said() {
        let sound = |mime: &str| {
            format!(
                "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"inlineData\":{{\"mimeType\":\"{mime}\",\"data\":\"AQI=\"}}}}]}}}}]}}"
            )
        };
        for (body, category) in [
            ("{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}".to_owned(), Category::ContentFilter),
            ("{\"candidates\":[{\"finishReason\":\"PROHIBITED_CONTENT\"}]}".to_owned(), Category::ContentFilter),
            ("{\"candidates\":[{\"finishReason\":\"OTHER\"}]}".to_owned(), Category::Server),
            ("{\"candidates\":[{\"finishReason\":\"STOP\"}]}".to_owned(), Category::Protocol),
            (
                "{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\"}}".to_owned(),
                Category::RateLimit,
            ),
            (sound("audio/mpeg"), Category::Protocol),
            (sound("audio/L16;rate=1"), Category::Protocol),
            ("{\"candidates\":".to_owned(), Category::Cut),
        ] {
            let events = decoder::decode(told(Delivery::Whole), [body.as_bytes()]);
            let [Err(error)] = events.as_slice() else { panic!("{body}: {events:?}") };
            assert_eq!(error.category, category, "{body}: {error}");
        }
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
