//! OpenAI's `audio/transcriptions`, and every server that speaks it (whisper.cpp's, speaches …), as
//! <https://platform.openai.com/docs/api-reference/audio/createTranscription> describes it (read November 2026).

use std::sync::Arc;
use std::time::Duration;

use parlance_core::chat::Delivery;
use parlance_core::transcription::{TranscriptEvent, TranscriptionManner, TranscriptionUsage};
use parlance_core::{Category, ProviderError};
use serde::Deserialize;
use serde_json::Value;

use crate::decoder::{self, AnswerDecoder, Events, Protocol, Step};
use crate::errors;
use crate::lenient::{self, Maybe, Text};
use crate::provider::Provider;
use crate::transcription::client::Sound;
use crate::transcription::heard::Heard;
use crate::transcription::{self, Form, Sent, TranscriptionApi};

/// The service takes files of so many bytes.
const MOST_BYTES: usize = 25 * 1000 * 1000;

/// A model behind `audio/transcriptions`.
#[derive(Debug, Clone)]
pub struct OpenAiTranscription {
    /// As the provider names it.
    pub model: String,
}

impl TranscriptionApi for OpenAiTranscription {
    type Protocol = TranscriptEvents;

    fn most_bytes(&self) -> Option<usize> {
        Some(MOST_BYTES)
    }

    fn question(
        &self,
        provider: &Provider,
        sound: Sound<'_>,
        manner: &TranscriptionManner,
    ) -> Result<Sent, ProviderError> {
        // The service ignores the wish for this one; servers of others that know no streaming refuse it.
        let delivery = if self.model.starts_with("whisper") { Delivery::Whole } else { Delivery::Streaming };
        let mut fields = vec![("model".to_owned(), self.model.clone()), ("response_format".into(), "json".into())];
        if let Some(language) = &manner.language {
            // Languages alone, without their countries.
            let language = language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
            fields.push(("language".into(), language));
        }
        if let Some(context) = &manner.context {
            fields.push(("prompt".into(), context.clone()));
        }
        if delivery == Delivery::Streaming {
            fields.push(("stream".into(), "true".into()));
        }
        for (name, value) in &manner.extra {
            fields.retain(|(known, _)| known != name);
            match value {
                // A list has its name once for each of its values.
                Value::Array(values) => fields.extend(values.iter().map(|value| (format!("{name}[]"), word(value)))),
                Value::Null => {}
                value => fields.push((name.clone(), word(value))),
            }
        }
        Ok(Sent::Form(Form {
            url: provider.endpoint("audio/transcriptions")?,
            fields,
            file_name: format!("speech.{}", ending(sound.media_type)),
            media_type: sound.media_type.to_owned(),
            delivery,
        }))
    }

    fn protocol(&self, provider: Arc<str>) -> TranscriptEvents {
        TranscriptEvents { heard: Heard::new(provider) }
    }
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// By the ending of a file's name the service knows what is in it.
fn ending(media_type: &str) -> &'static str {
    match media_type {
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/mp4" | "audio/m4a" | "audio/x-m4a" | "audio/aac" => "m4a",
        "audio/ogg" | "audio/opus" => "ogg",
        "audio/flac" => "flac",
        "audio/webm" | "video/webm" => "webm",
        "video/mp4" => "mp4",
        _ => "wav",
    }
}

/// The events of a transcription, or the one object of it.
#[derive(Debug)]
pub struct TranscriptEvents {
    heard: Heard,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    #[serde(borrow)]
    delta: Text<'a>,
    text: Option<String>,
    #[serde(borrow)]
    language: Text<'a>,
    duration: Option<Value>,
    usage: Maybe<Usage>,
    error: Option<Value>,
}

/// Of tokens or of time, as the model is paid.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    seconds: Option<f64>,
}

impl TranscriptEvents {
    fn end_of(&mut self, event: Event<'_>, out: &mut Events<TranscriptEvent>) {
        let Event { text, language, duration, usage, .. } = event;
        self.heard.end.text = text;
        self.heard.end.language = language.into_words().map(std::borrow::Cow::into_owned);
        self.heard.end.duration = duration.as_ref().and_then(seconds);
        if let Some(Usage { input_tokens, output_tokens, seconds }) = usage.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "below zero and above become limits"
            )]
            let seconds = seconds.map(|seconds| seconds.ceil() as u64);
            self.heard.count(TranscriptionUsage { input_tokens, output_tokens, seconds });
        }
        self.heard.finish(out);
    }
}

/// A number of seconds, as a number or as the words for one.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    Duration::try_from_secs_f64(seconds).ok()
}

impl Protocol for TranscriptEvents {
    type Event = TranscriptEvent;

    fn provider(&self) -> &str {
        self.heard.provider()
    }

    fn event(&mut self, data: &str, out: &mut Events<TranscriptEvent>) -> Result<Step, ProviderError> {
        if data == "[DONE]" {
            return Ok(Step::More);
        }
        let event: Event = lenient::object(data).map_err(|error| decoder::unreadable_event(self.provider(), &error))?;
        if let Some(error) = event.error.as_ref().filter(|error| !error.is_null()) {
            return Err(errors::from_object(self.provider(), error));
        }
        match event.r#type.words() {
            Some("transcript.text.delta") => {
                self.heard.settle(event.delta.words().unwrap_or_default(), out)?;
                Ok(Step::More)
            }
            Some("transcript.text.done") => {
                self.end_of(event, out);
                Ok(Step::Finished)
            }
            Some("error") => Err(errors::from_object(self.provider(), &serde_json::from_str(data).unwrap_or_default())),
            _ => Ok(Step::More),
        }
    }

    fn end(&mut self, rest: Option<&str>, out: &mut Events<TranscriptEvent>) -> Result<Step, ProviderError> {
        // Half an event cannot be read: the answer was cut.
        match rest.map(|rest| self.event(rest, out)) {
            Some(Err(error)) if error.category == Category::Protocol => Ok(Step::More),
            Some(done) => done,
            None => Ok(Step::More),
        }
    }

    fn whole(&mut self, body: &str, out: &mut Events<TranscriptEvent>) -> Result<(), ProviderError> {
        let event: Event =
            lenient::object(body).map_err(|error| decoder::unreadable_answer(self.provider(), &error))?;
        if let Some(error) = event.error.as_ref().filter(|error| !error.is_null()) {
            return Err(errors::from_object(self.provider(), error));
        }
        let Some(text) = &event.text else {
            return Err(self.heard.fail(Category::Protocol, "the answer holds no transcript"));
        };
        self.heard.settle(text, out)?;
        self.end_of(event, out);
        Ok(())
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

fn reader(delivery: Delivery) -> AnswerDecoder<TranscriptEvents> {
    AnswerDecoder::of(delivery, TranscriptEvents { heard: Heard::new("p".into()) })
}

#[cfg(test)]
mod tests {
    use parlance_core::transcription::TranscriptEnd;
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::promises;

    const SEED: &str = concat!(
        "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hel\",\"logprobs\":[]}\n\n",
        "data: {\"type\":\"transcript.text.segment\",\"id\":\"s\",\"text\":\"Hello\"}\n\n",
        "data: {\"type\":\"transcript.text.delta\",\"delta\":\"lo 你好\"}\n\n",
        "data: {\"type\":\"transcript.text.done\",\"text\":\"Hello 你好\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":7,\"output_tokens\":3}}\n\n",
        "data: [DONE]\n\n",
    );

    fn read(delivery: Delivery, body: &str) -> Vec<Result<TranscriptEvent, ProviderError>> {
        decoder::decode(reader(delivery), [body.as_bytes()])
    }

    #[test]
    fn words_come_as_they_are_found_and_the_end_has_the_whole() {
        let usage = TranscriptionUsage { input_tokens: Some(7), output_tokens: Some(3), seconds: None };
        let end = TranscriptEnd { text: Some("Hello 你好".into()), usage: Some(usage), ..TranscriptEnd::default() };
        let expected = [
            TranscriptEvent::Settled("Hel".into()),
            TranscriptEvent::Settled("lo 你好".into()),
            TranscriptEvent::Finished(end),
        ];
        assert_eq!(read(Delivery::Streaming, SEED), expected.map(Ok));
    }

    #[test]
    fn an_answer_in_one_object_says_language_and_length_where_it_does() {
        let body = r#"{"task":"transcribe","language":"english","duration":"2.5","text":"Hi","usage":{"type":"duration","seconds":3}}"#;
        let usage = TranscriptionUsage { seconds: Some(3), ..TranscriptionUsage::default() };
        let end = TranscriptEnd {
            text: Some("Hi".into()),
            language: Some("english".into()),
            duration: Some(Duration::from_millis(2_500)),
            usage: Some(usage),
        };
        let expected = [TranscriptEvent::Settled("Hi".into()), TranscriptEvent::Finished(end)];
        assert_eq!(read(Delivery::Whole, body), expected.map(Ok));
        let silent = read(Delivery::Whole, r#"{"text":""}"#);
        assert!(matches!(silent.as_slice(), [Ok(TranscriptEvent::Finished(_))]), "{silent:?}");
    }

    #[test]
    fn what_goes_wrong_in_the_answer_is_said() {
        for (delivery, body, category) in [
            (Delivery::Whole, "{}", Category::Protocol),
            (Delivery::Whole, "{\"text\":", Category::Cut),
            (Delivery::Whole, "{\"error\":{\"message\":\"m\",\"code\":\"rate_limit_exceeded\"}}", Category::RateLimit),
            (
                Delivery::Streaming,
                "data: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\"}\n\n",
                Category::RateLimit,
            ),
            (Delivery::Streaming, "data: nonsense\n\n", Category::Protocol),
            (Delivery::Streaming, "data: [DONE]\n\n", Category::Cut),
        ] {
            let events = read(delivery, body);
            let Some(Err(error)) = events.last() else { panic!("{body}: {events:?}") };
            assert_eq!(error.category, category, "{body}: {error}");
        }
    }

    #[test]
    fn a_split_changes_nothing_and_a_cut_is_an_error() {
        promises::hold_for(SEED, 16, || reader(Delivery::Streaming));
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
