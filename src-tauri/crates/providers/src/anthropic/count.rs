//! How many tokens a request has, as the provider counts it: what is asked, and the reading of the answer. Pure.
//! <https://docs.claude.com/en/api/messages-count-tokens> (read November 2026). It costs nothing and has a rate limit of its
//! own.

use parlance_core::{ChatRequest, ProviderError};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::request;

/// The fields of a request that are a part of the prompt. The endpoint refuses the others.
const COUNTED: [&str; 7] = ["model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"];

/// The body of the question. Media from files must stand in the messages already.
///
/// # Errors
/// As [`request::body`].
pub fn body(provider: &str, request: &ChatRequest) -> Result<Map<String, Value>, ProviderError> {
    let mut body = request::body(provider, request)?;
    body.retain(|field, _| COUNTED.contains(&field.as_str()));
    Ok(body)
}

#[derive(Deserialize)]
struct Counted {
    input_tokens: u64,
}

/// The count in an answer; `None` when there is none.
#[must_use]
pub fn read(answer: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Counted>(answer).ok().map(|counted| counted.input_tokens)
}
