//! A prompt in the JSON of Chat Completions, as the rules of this crate read it.

use serde_json::Value;

/// The parts of a request's body that are read by a model.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    /// The model's name.
    pub model: &'a str,
    /// What was said.
    pub messages: &'a [Value],
    /// What is offered; may be empty.
    pub tools: &'a [Value],
    /// The schema that the answer must keep to, with its name; `None` for words.
    pub shape: Option<&'a Value>,
}

impl<'a> Prompt<'a> {
    /// The prompt of a body. What is missing or of another type counts as empty.
    #[must_use]
    pub fn of(body: &'a Value) -> Self {
        let list = |field: &str| body[field].as_array().map_or(&[][..], Vec::as_slice);
        Self {
            model: body["model"].as_str().unwrap_or_default(),
            messages: list("messages"),
            tools: list("tools"),
            shape: body["response_format"].get("json_schema"),
        }
    }
}
