//! The bodies of Gemini's protocol. The wire format is described at
//! <https://ai.google.dev/api/generate-content> (read November 2026).

pub mod content;

use serde_json::{Value, json};

use crate::openai;
use crate::scenario::Answer;

/// Where the list of models is, and below it every model.
pub(crate) const MODELS: &str = "/v1beta/models";

/// What a request without the right key gets.
pub(crate) fn wrong_key() -> Answer {
    let message = "API key not valid. Please pass a valid API key.";
    Answer::refuses(400, &json!({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}))
}

/// The list of models.
pub(crate) fn models(names: &[String]) -> Value {
    let models: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": format!("models/{name}"), "supportedGenerationMethods": ["generateContent"]}))
        .collect();
    json!({ "models": models })
}

/// The words of the last of these contents; empty where there are none.
pub(crate) fn last_words(contents: &Value) -> String {
    let last = contents.as_array().and_then(|contents| contents.last());
    openai::last_words(&json!([{"content": last.map(|last| &last["parts"])}]))
}
