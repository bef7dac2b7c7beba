//! DashScope's Qwen models that write down recordings, as <https://help.aliyun.com/zh/model-studio/qwen-speech-recognition>
//! describes them (read November 2026).

use std::sync::Arc;

use parlance_core::chat::Delivery;
use parlance_core::transcription::{TranscriptEvent, TranscriptionManner, TranscriptionUsage};
use parlance_core::{Category, ProviderError};
use serde_json::{Map, Value, json};
use url::Url;

use crate::base_url;
use crate::decoder::{self, AnswerDecoder, Events, Protocol, Step};
use crate::errors;
use crate::history;
use crate::lenient;
use crate::provider::Provider;
use crate::transcription::client::Sound;
use crate::transcription::heard::Heard;
use crate::transcription::{self, Sent, TranscriptionApi};
use crate::transport::Question;

/// The service takes recordings of so many bytes.
const MOST_BYTES: usize = 10 * 1000 * 1000;

/// A model of Qwen's that writes down recordings.
#[derive(Debug, Clone)]
pub struct QwenTranscription {
    /// As the provider names it.
    pub model: String,
}

impl TranscriptionApi for QwenTranscription {
    type Protocol = HeardOutput;

    fn root(&self, base: Url) -> Url {
        base_url::with_version(base_url::without(base, &["api-ws/v1/"]), &["api/v1/"], "api/v1/")
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
        let audio = format!("data:{};base64,{}", sound.media_type, sound.base64);
        // What may occur is told in a message of the system's, or it is taken for something that was said.
        let context = manner.context.as_deref().unwrap_or_default();
        let messages = json!([
            {"role": "system", "content": [{"text": context}]},
            {"role": "user", "content": [{"audio": audio}]},
        ]);
        let mut options = Map::from_iter([("enable_itn".to_owned(), json!(false))]);
        match &manner.language {
            Some(language) => {
                let language = language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
                options.insert("language".into(), json!(language));
            }
            None => {
                options.insert("enable_lid".into(), json!(true));
            }
        }
        let mut parameters = Map::from_iter([("asr_options".to_owned(), Value::Object(options))]);
        history::write_extra(&manner.extra, &mut parameters);
        let body = Map::from_iter([
            ("model".to_owned(), json!(self.model)),
            ("input".to_owned(), json!({"messages": messages})),
            ("parameters".to_owned(), Value::Object(parameters)),
        ]);
        Ok(Sent::Json(Question {
            url: provider.endpoint("services/aigc/multimodal-generation/generation")?,
            headers: Vec::new(),
            body,
            delivery: Delivery::Whole,
        }))
    }

    fn protocol(&self, provider: Arc<str>) -> HeardOutput {
        HeardOutput { heard: Heard::new(provider) }
    }
}

/// The object of a transcription.
#[derive(Debug)]
pub struct HeardOutput {
    heard: Heard,
}

/// The words of an answer, whichever of the provider's models wrote it.
fn words(output: &Value) -> Option<String> {
    let content = &output["choices"][0]["message"]["content"];
    if let Some(parts) = content.as_array() {
        return Some(parts.iter().filter_map(|part| part["text"].as_str()).collect());
    }
    let plain = content.as_str().or_else(|| output["text"].as_str()).or_else(|| output["sentence"]["text"].as_str());
    plain.map(str::to_owned)
}

impl Protocol for HeardOutput {
    type Event = TranscriptEvent;

    fn provider(&self) -> &str {
        self.heard.provider()
    }

    /// A server that answers in events although none were asked for: each has the words so far, so the last one counts.
    fn event(&mut self, data: &str, out: &mut Events<TranscriptEvent>) -> Result<Step, ProviderError> {
        let frame: Value = lenient::object(data).map_err(|error| decoder::unreadable_event(self.provider(), &error))?;
        if frame["output"]["choices"][0]["finish_reason"] != "stop" && frame["code"].as_str().is_none_or(str::is_empty)
        {
            return Ok(Step::More);
        }
        self.whole(data, out)?;
        Ok(Step::Finished)
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
        let answer: Value =
            lenient::object(body).map_err(|error| decoder::unreadable_answer(self.provider(), &error))?;
        if answer["code"].as_str().is_some_and(|code| !code.is_empty()) {
            return Err(errors::from_object(self.provider(), &answer));
        }
        let output = &answer["output"];
        let Some(words) = words(output) else {
            return Err(self.heard.fail(Category::Protocol, "the answer holds no transcript"));
        };
        let notes = output["choices"][0]["message"]["annotations"].as_array();
        let language = notes.into_iter().flatten().find_map(|note| note["language"].as_str());
        self.heard.end.language = language.map(str::to_owned);
        let usage = &answer["usage"];
        self.heard.count(TranscriptionUsage {
            input_tokens: usage["input_tokens"].as_u64(),
            output_tokens: usage["output_tokens"].as_u64(),
            seconds: usage["seconds"].as_u64().or_else(|| usage["duration"].as_u64()),
        });
        self.heard.settle(&words, out)?;
        self.heard.finish(out);
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

fn reader(delivery: Delivery) -> AnswerDecoder<HeardOutput> {
    AnswerDecoder::of(delivery, HeardOutput { heard: Heard::new("p".into()) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decoder::promises;

    const WHOLE: &str = r#"{"output":{"choices":[{"finish_reason":"stop","message":{"annotations":[{"type":"audio_info","language":"en","emotion":"neutral"}],"content":[{"text":"Hello."}],"role":"assistant"}}]},"usage":{"seconds":2,"input_tokens":9},"request_id":"r"}"#;

    #[test]
    fn every_shape_of_an_answer_is_read() {
        for body in [
            WHOLE,
            r#"{"output":{"choices":[{"message":{"content":"Hello."}}]}}"#,
            r#"{"output":{"text":"Hello."}}"#,
            r#"{"output":{"sentence":{"text":"Hello."}}}"#,
        ] {
            let events = decoder::decode(reader(Delivery::Whole), [body.as_bytes()]);
            assert_eq!(events[0], Ok(TranscriptEvent::Settled("Hello.".into())), "{body}");
            assert!(matches!(events[1..], [Ok(TranscriptEvent::Finished(_))]), "{body}");
        }
        let events = decoder::decode(reader(Delivery::Whole), [WHOLE.as_bytes()]);
        let Ok(TranscriptEvent::Finished(end)) = &events[1] else { panic!("{events:?}") };
        assert_eq!((end.language.as_deref(), end.usage.unwrap().seconds), (Some("en"), Some(2)));
    }

    #[test]
    fn what_goes_wrong_in_the_answer_is_said() {
        for (body, category) in [
            (r#"{"code":"Throttling","message":"m"}"#, Category::RateLimit),
            (r#"{"output":{}}"#, Category::Protocol),
            ("{\"output\":", Category::Cut),
        ] {
            let events = decoder::decode(reader(Delivery::Whole), [body.as_bytes()]);
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
        fn mutated_answers_hold_the_promises(data in promises::mutations(WHOLE)) {
            check(&data);
        }
    }
}
