//! Qwen's realtime models that speak, as <https://help.aliyun.com/zh/model-studio/qwen-tts-realtime> describes them (read
//! November 2026): a buffer of text at the server, which decides by itself when there is enough to speak.

use std::collections::VecDeque;
use std::sync::Arc;

use parlance_core::ProviderError;
use parlance_core::id::random;
use parlance_core::synthesis::SpeechManner;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::{USUAL_VOICE, Usage, language};
use crate::base_url;
use crate::errors;
use crate::lenient::{self, Maybe, Text};
use crate::provider::Provider;
use crate::realtime::{Reading, pcm};
use crate::speech::socket::{Frame, Heard, SpeechCodec, SpeechSocketApi};
use crate::speech::text::decimal;

/// The service names no limit; this is the one of its neighbour.
const MOST_CHARACTERS: usize = 2_000;

/// A realtime model of Qwen's that speaks.
#[derive(Debug, Clone)]
pub struct QwenRealtimeSpeech {
    /// As the provider names it.
    pub model: String,
}

impl SpeechSocketApi for QwenRealtimeSpeech {
    type Codec = QwenSpeechCodec;

    fn most_characters(&self) -> usize {
        MOST_CHARACTERS
    }

    fn door(&self, provider: &Provider) -> Result<Url, ProviderError> {
        let root = base_url::without(provider.base_url.clone(), &["api/v1/", "api-ws/v1/"]);
        let mut url = Provider { base_url: root, ..provider.clone() }.endpoint("api-ws/v1/realtime")?;
        url.query_pairs_mut().append_pair("model", &self.model);
        Ok(url)
    }

    fn codec(&self, provider: Arc<str>, manner: &SpeechManner) -> QwenSpeechCodec {
        let mut session = Map::from_iter([
            ("voice".to_owned(), json!(manner.voice.as_deref().unwrap_or(USUAL_VOICE))),
            ("mode".to_owned(), json!("server_commit")),
            ("response_format".to_owned(), json!("pcm")),
            ("sample_rate".to_owned(), json!(24_000)),
        ]);
        if let Some(speed) = manner.speed {
            session.insert("speech_rate".into(), decimal(speed));
        }
        if let Some(language) = manner.language.as_deref().and_then(language) {
            session.insert("language_type".into(), json!(language));
        }
        if let Some(instructions) = &manner.instructions {
            session.insert("instructions".into(), json!(instructions));
        }
        session.extend(manner.extra.clone());
        QwenSpeechCodec { provider, session, commit: None, spent: Spent::default() }
    }
}

/// One connection.
#[derive(Debug)]
pub struct QwenSpeechCodec {
    provider: Arc<str>,
    session: Map<String, Value>,
    /// The name of our last commit, once it was sent.
    commit: Option<String>,
    spent: Spent,
}

/// What the answers so far cost; each tells its own.
#[derive(Debug, Default)]
struct Spent {
    characters: Option<u64>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    #[serde(borrow)]
    delta: Text<'a>,
    response: Maybe<Response>,
    error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response {
    usage: Maybe<Usage>,
}

fn frame(kind: &str, more: Value) -> String {
    let mut frame = json!({"event_id": format!("event_{}", random()), "type": kind});
    if let (Some(frame), Value::Object(more)) = (frame.as_object_mut(), more) {
        frame.extend(more);
    }
    frame.to_string()
}

impl QwenSpeechCodec {
    fn count(&mut self, usage: Usage) -> Heard {
        let add = |sum: &mut Option<u64>, more: Option<u64>| {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or(0).saturating_add(more));
            }
        };
        add(&mut self.spent.characters, usage.characters);
        add(&mut self.spent.input_tokens, usage.input_tokens);
        add(&mut self.spent.output_tokens, usage.output_tokens);
        let Spent { characters, input_tokens, output_tokens } = self.spent;
        Heard::Cost { characters, input_tokens, output_tokens }
    }

    /// Whether an error is only about our asking for what remains in the buffer when nothing did: the server had spoken all of
    /// it by itself.
    fn is_about_an_empty_buffer(&self, error: &Value) -> bool {
        let Some(commit) = &self.commit else { return false };
        let word = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let said = format!("{} {}", word("code"), word("message")).to_lowercase();
        word("event_id") == commit || (said.contains("buffer") && said.contains("empty"))
    }
}

impl SpeechCodec for QwenSpeechCodec {
    fn hello(&mut self) -> Vec<String> {
        vec![frame("session.update", json!({ "session": self.session }))]
    }

    fn is_ready(&self) -> bool {
        true
    }

    fn say(&mut self, text: &str) -> Vec<String> {
        vec![frame("input_text_buffer.append", json!({ "text": text }))]
    }

    fn finish(&mut self) -> Vec<String> {
        let name = format!("event_{}", random());
        let commit = json!({"event_id": name, "type": "input_text_buffer.commit"}).to_string();
        self.commit = Some(name);
        vec![commit, frame("session.finish", json!({}))]
    }

    fn cancel(&mut self) -> Vec<String> {
        vec![frame("input_text_buffer.clear", json!({})), frame("response.cancel", json!({}))]
    }

    fn decode(&mut self, frame: Frame<'_>, heard: &mut VecDeque<Heard>) -> Result<Reading, ProviderError> {
        let Frame::Text(text) = frame else { return Ok(Reading::Malformed) };
        let Ok(event) = lenient::object::<Event<'_>>(text) else { return Ok(Reading::Malformed) };
        match event.r#type.words() {
            Some("response.audio.delta") => match pcm::bytes(event.delta.words().unwrap_or_default()) {
                Some(bytes) => heard.push_back(Heard::Sound(bytes)),
                None => return Ok(Reading::Malformed),
            },
            Some("response.done") => {
                if let Some(usage) = event.response.0.and_then(|response| response.usage.0) {
                    let cost = self.count(usage);
                    heard.push_back(cost);
                }
            }
            Some("session.finished") => heard.push_back(Heard::Finished),
            Some("error") => {
                let error = event.error.unwrap_or_default();
                if !self.is_about_an_empty_buffer(&error) {
                    return Err(errors::from_object(&self.provider, &error));
                }
            }
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
    let api = QwenRealtimeSpeech { model: "m".into() };
    super::check_frames(api.codec("p".into(), &SpeechManner::default()), data);
}

#[cfg(test)]
mod tests {
    use parlance_core::Category;

    use super::*;

    fn codec() -> QwenSpeechCodec {
        QwenRealtimeSpeech { model: "m".into() }.codec("p".into(), &SpeechManner::default())
    }

    fn read(codec: &mut QwenSpeechCodec, event: Value) -> Result<Vec<Heard>, ProviderError> {
        let mut heard = VecDeque::new();
        codec.decode(Frame::Text(&event.to_string()), &mut heard)?;
        Ok(heard.into())
    }

    #[test]
    fn the_costs_of_answers_add_up_and_only_the_sessions_end_is_the_end() {
        let mut codec = codec();
        let done = |n| json!({"type": "response.done", "response": {"usage": {"characters": n}}});
        let cost = |n| vec![Heard::Cost { characters: Some(n), input_tokens: None, output_tokens: None }];
        assert_eq!(read(&mut codec, done(4)), Ok(cost(4)));
        assert_eq!(read(&mut codec, done(3)), Ok(cost(7)));
        assert_eq!(read(&mut codec, json!({"type": "response.done"})), Ok(vec![]));
        assert_eq!(read(&mut codec, json!({"type": "something.new", "delta": 7})), Ok(vec![]));
        assert_eq!(read(&mut codec, json!({"type": "session.finished"})), Ok(vec![Heard::Finished]));
    }

    #[test]
    fn an_error_is_read_unless_it_is_about_a_buffer_that_was_spoken_already() {
        let mut codec = codec();
        let empty = json!({"type": "error", "error": {"code": "invalid_value", "message": "Error committing: buffer is empty"}});
        let error = read(&mut codec, empty.clone()).unwrap_err();
        assert_eq!(error.category, Category::InvalidRequest);
        codec.finish();
        assert_eq!(read(&mut codec, empty), Ok(vec![]));
        let named = json!({"type": "error", "error": {"event_id": codec.commit, "message": "m"}});
        assert_eq!(read(&mut codec, named), Ok(vec![]));
        let voice = json!({"type": "error", "error": {"type": "invalid_request_error", "code": "invalid_value", "message": "no such voice"}});
        assert_eq!(read(&mut codec, voice).unwrap_err().message, "no such voice");
    }
}
