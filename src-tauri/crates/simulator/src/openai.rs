//! The bodies of OpenAI's protocol. The wire format is described at <https://platform.openai.com/docs/api-reference/chat>
//! (read November 2026).

pub mod chat;
pub mod responses;

use serde_json::{Value, json};

use crate::scenario::Answer;

/// The list of models.
pub(crate) fn models(names: &[String]) -> Value {
    let data: Vec<Value> = names
        .iter()
        .map(|name| json!({"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "simulator"}))
        .collect();
    json!({"object": "list", "data": data})
}

/// What a request without the right key gets.
pub(crate) fn wrong_key() -> Answer {
    let message = "Incorrect API key provided.";
    Answer::refuses(
        401,
        &json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": "invalid_api_key"}}),
    )
}

/// The words of the last of these messages; empty where there are none.
pub(crate) fn last_words(messages: &Value) -> String {
    match messages.as_array().and_then(|messages| messages.last()).map(|last| &last["content"]) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
