//! How many tokens a request has, as the provider counts it: what is asked, and the reading of the answer. Pure.
//! <https://ai.google.dev/api/tokens> (read November 2026).

use parlance_core::{ChatRequest, ProviderError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::request;

/// Parts of a request that are no part of the prompt.
const NOT_COUNTED: [&str; 4] = ["generationConfig", "safetySettings", "safety_settings", "labels"];

/// The body of the question: the conversation alone, or the whole request where there are instructions or tools, which the
/// endpoint takes in no other way. Media from files must stand in the messages already.
///
/// # Errors
/// As [`request::body`].
pub fn body(provider: &str, request: &ChatRequest) -> Result<Map<String, Value>, ProviderError> {
    let model = request::model_name(provider, &request.model)?;
    let mut prompt = request::body(provider, request)?;
    prompt.retain(|field, _| !NOT_COUNTED.contains(&field.as_str()));
    if prompt.keys().all(|field| field == "contents") {
        return Ok(prompt);
    }
    prompt.insert("model".into(), json!(format!("models/{model}")));
    Ok(Map::from_iter([("generateContentRequest".to_owned(), Value::Object(prompt))]))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted {
    total_tokens: u64,
}

/// The count in an answer; `None` when there is none.
#[must_use]
pub fn read(answer: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Counted>(answer).ok().map(|counted| counted.total_tokens)
}
