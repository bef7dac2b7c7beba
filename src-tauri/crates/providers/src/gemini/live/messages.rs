//! What is sent, message by message. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_core::AudioChunk;
use parlance_core::realtime::{CallResult, Picture, Remembered, Side};
use serde_json::{Map, Value, json};

use super::setup::Words;
use super::turn::MADE_UP;
use crate::history;
use crate::realtime::pcm;

/// The person begins to speak.
pub(super) fn activity_start() -> String {
    json!({"realtimeInput": {"activityStart": {}}}).to_string()
}

/// … and is done.
pub(super) fn activity_end() -> String {
    json!({"realtimeInput": {"activityEnd": {}}}).to_string()
}

/// The microphone is closed: where the server ends the turns, it need not wait for silence.
pub(super) fn stream_end() -> String {
    json!({"realtimeInput": {"audioStreamEnd": true}}).to_string()
}

/// Written by hand: it is sent fifty times a second, and base64 needs no escapes.
pub(super) fn sound(chunk: &AudioChunk) -> String {
    format!(
        r#"{{"realtimeInput":{{"audio":{{"mimeType":"audio/pcm;rate={}","data":"{}"}}}}}}"#,
        chunk.rate.hz(),
        pcm::encode(chunk)
    )
}

/// A picture, beside what is said.
pub(super) fn picture(picture: &Picture) -> String {
    let data = BASE64.encode(&picture.bytes);
    json!({"realtimeInput": {"video": {"mimeType": picture.media_type, "data": data}}}).to_string()
}

/// Words, beside what is said.
pub(super) fn input(text: &str) -> String {
    json!({"realtimeInput": {"text": text}}).to_string()
}

/// Words as a message of the person's. The model answers a turn that is complete.
pub(super) fn content(texts: &[&str], turn: TurnIs) -> String {
    let parts: Vec<Value> = texts.iter().map(|text| json!({ "text": text })).collect();
    json!({"clientContent": {"turns": [{"role": "user", "parts": parts}], "turnComplete": turn == TurnIs::Complete}})
        .to_string()
}

/// Whether a message is all of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TurnIs {
    Complete,
    Open,
}

/// What was said before the session. The newer models are told so in the setup and wait for the end of it; to the older ones
/// a complete turn would be a question.
pub(super) fn remembered(words: Words, history: &[Remembered]) -> String {
    let turns: Vec<Value> = history
        .iter()
        .map(|said| {
            let role = if said.by == Side::Person { "user" } else { "model" };
            json!({"role": role, "parts": [{"text": said.text}]})
        })
        .collect();
    json!({"clientContent": {"turns": turns, "turnComplete": words == Words::Input}}).to_string()
}

/// What came of tools.
pub(super) fn results(results: &[CallResult]) -> String {
    let responses: Vec<Value> = results
        .iter()
        .map(|result| {
            let mut response = Map::from_iter([("name".to_owned(), json!(result.name))]);
            if !result.id.starts_with(MADE_UP) {
                response.insert("id".into(), json!(result.id));
            }
            let text = history::result_text(&result.output);
            // An object is what a function is expected to give; anything else is put into one.
            let given = serde_json::from_str::<Map<String, Value>>(&text);
            response.insert("response".into(), given.map_or_else(|_| json!({"output": text}), Value::Object));
            Value::Object(response)
        })
        .collect();
    json!({"toolResponse": {"functionResponses": responses}}).to_string()
}
