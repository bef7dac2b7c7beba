//! CosyVoice, as <https://help.aliyun.com/zh/model-studio/cosyvoice-websocket-api> describes it (read November 2026): a task that
//! is run over a socket, its sound in frames of bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use parlance_core::id::random;
use parlance_core::synthesis::SpeechManner;
use parlance_core::{Category, ProviderError};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::Usage;
use crate::base_url;
use crate::errors;
use crate::lenient::{self, Maybe, Text};
use crate::provider::Provider;
use crate::realtime::Reading;
use crate::speech::socket::{Frame, Heard, SpeechCodec, SpeechSocketApi};
use crate::speech::text::decimal;

/// The service takes so much text in one frame.
const MOST_CHARACTERS: usize = 2_000;
/// Who speaks where nobody is asked for; each generation of models has voices of its own.
const USUAL_VOICE: &str = "longanyang";
const USUAL_VOICE_OF_V2: &str = "longxiaochun_v2";

/// A model of CosyVoice.
#[derive(Debug, Clone)]
pub struct CosyVoice {
    /// As the provider names it.
    pub model: String,
}

impl SpeechSocketApi for CosyVoice {
    type Codec = CosyVoiceCodec;

    fn most_characters(&self) -> usize {
        MOST_CHARACTERS
    }

    fn door(&self, provider: &Provider) -> Result<Url, ProviderError> {
        let root = base_url::without(provider.base_url.clone(), &["api/v1/", "api-ws/v1/"]);
        Provider { base_url: root, ..provider.clone() }.endpoint("api-ws/v1/inference")
    }

    fn codec(&self, provider: Arc<str>, manner: &SpeechManner) -> CosyVoiceCodec {
        let usual = if self.model.contains("-v2") { USUAL_VOICE_OF_V2 } else { USUAL_VOICE };
        let mut parameters = Map::from_iter([
            ("voice".to_owned(), json!(manner.voice.as_deref().unwrap_or(usual))),
            ("volume".to_owned(), json!(50)),
            ("text_type".to_owned(), json!("PlainText")),
            ("sample_rate".to_owned(), json!(24_000)),
            ("rate".to_owned(), decimal(manner.speed.unwrap_or(1.0))),
            ("format".to_owned(), json!("pcm")),
            ("pitch".to_owned(), json!(1.0)),
            ("seed".to_owned(), json!(0)),
            ("type".to_owned(), json!(0)),
        ]);
        if let Some(language) = &manner.language {
            let first = language.split(['-', '_']).next().unwrap_or_default();
            parameters.insert("language_hints".into(), json!([first]));
        }
        if let Some(instructions) = &manner.instructions {
            parameters.insert("instruction".into(), json!(instructions));
        }
        parameters.extend(manner.extra.clone());
        CosyVoiceCodec { provider, model: self.model.clone(), parameters, task: random(), has_started: false }
    }
}

/// One connection, which runs one task.
#[derive(Debug)]
pub struct CosyVoiceCodec {
    provider: Arc<str>,
    model: String,
    parameters: Map<String, Value>,
    task: String,
    has_started: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow)]
    header: Maybe<Header<'a>>,
    payload: Maybe<Payload>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Header<'a> {
    #[serde(borrow)]
    event: Text<'a>,
    #[serde(borrow)]
    error_code: Text<'a>,
    #[serde(borrow)]
    error_message: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    usage: Maybe<Usage>,
}

impl CosyVoiceCodec {
    fn frame(&self, action: &str, payload: &Value) -> String {
        let header = json!({"action": action, "task_id": self.task, "streaming": "duplex"});
        json!({"header": header, "payload": payload}).to_string()
    }

    fn with_input(&self, action: &str, input: &Value) -> String {
        let payload = json!({
            "model": self.model, "task_group": "audio", "task": "tts", "function": "SpeechSynthesizer", "input": input,
        });
        self.frame(action, &payload)
    }

    fn failed(&self, header: &Header<'_>) -> ProviderError {
        let code = header.error_code.words().unwrap_or_default();
        let message = header.error_message.words().unwrap_or("the task failed");
        // The service gives up a task that gets no text for a while; the rest can be spoken in another one.
        if message.contains("timeout") {
            return ProviderError {
                code: Some(code.to_owned()),
                ..ProviderError::new(&*self.provider, Category::Timeout, message)
            };
        }
        errors::from_object(&self.provider, &json!({"code": code, "message": message}))
    }
}

impl SpeechCodec for CosyVoiceCodec {
    /// Nothing: a task without text is given up by the service, so it begins when there is some.
    fn hello(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn begin(&mut self) -> Vec<String> {
        let payload = json!({
            "model": self.model, "task_group": "audio", "task": "tts", "function": "SpeechSynthesizer",
            "input": {}, "parameters": self.parameters,
        });
        vec![self.frame("run-task", &payload)]
    }

    fn is_ready(&self) -> bool {
        self.has_started
    }

    fn say(&mut self, text: &str) -> Vec<String> {
        vec![self.with_input("continue-task", &json!({ "text": text }))]
    }

    fn finish(&mut self) -> Vec<String> {
        vec![self.frame("finish-task", &json!({"input": {}}))]
    }

    fn cancel(&mut self) -> Vec<String> {
        vec![self.frame("finish-task", &json!({"input": {"directive": "cancel"}}))]
    }

    fn decode(&mut self, frame: Frame<'_>, heard: &mut VecDeque<Heard>) -> Result<Reading, ProviderError> {
        let text = match frame {
            Frame::Bytes(bytes) => {
                heard.push_back(Heard::Sound(bytes.to_vec()));
                return Ok(Reading::Understood);
            }
            Frame::Text(text) => text,
        };
        let Ok(event) = lenient::object::<Event<'_>>(text) else { return Ok(Reading::Malformed) };
        let Some(header) = event.header.0 else { return Ok(Reading::Malformed) };
        // Counts are of all of the task so far.
        if let Some(Usage { characters, input_tokens, output_tokens }) =
            event.payload.0.and_then(|payload| payload.usage.0)
        {
            heard.push_back(Heard::Cost { characters, input_tokens, output_tokens });
        }
        match header.event.words() {
            Some("task-started") => self.has_started = true,
            Some("task-finished") => heard.push_back(Heard::Finished),
            Some("task-failed") => return Err(self.failed(&header)),
            Some(_) => {}
            None => return Ok(Reading::Malformed),
        }
        Ok(Reading::Understood)
    }
}

/// For fuzzing: frames, one a line.
///
/// # Panics
/// When a promise is broken.
pub(super) fn check(data: &[u8]) {
    let api = CosyVoice { model: "m".into() };
    super::check_frames(api.codec("p".into(), &SpeechManner::default()), data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_waits_for_the_task_and_a_failed_task_says_why() {
        let mut codec = CosyVoice { model: "cosyvoice-v2".into() }.codec("p".into(), &SpeechManner::default());
        assert!(codec.hello().is_empty() && !codec.is_ready());
        assert!(codec.begin()[0].contains("longxiaochun_v2"), "the older models have other voices");
        let mut heard = VecDeque::new();
        let mut read =
            |codec: &mut CosyVoiceCodec, event: Value| codec.decode(Frame::Text(&event.to_string()), &mut heard);
        assert_eq!(read(&mut codec, json!({"header": {"event": "task-started"}})), Ok(Reading::Understood));
        assert!(codec.is_ready());
        for (message, code, category) in [
            ("Engine return error code: 418", "InvalidParameter", Category::InvalidRequest),
            ("request timeout after 23 seconds.", "ClientError", Category::Timeout),
            ("m", "Throttling.RateQuota", Category::RateLimit),
        ] {
            let event = json!({"header": {"event": "task-failed", "error_code": code, "error_message": message}});
            assert_eq!(read(&mut codec, event).unwrap_err().category, category, "{message}");
        }
        assert_eq!(read(&mut codec, json!([1])), Ok(Reading::Malformed));
    }
}
