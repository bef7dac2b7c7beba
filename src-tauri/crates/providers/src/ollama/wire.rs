//! The JSON of `/api/chat`: a line of a stream and a whole answer are the same.

use serde::Deserialize;
use serde_json::Value;

use crate::lenient::{Arguments, Text};

/// A line, or a whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Line<'a> {
    #[serde(borrow)]
    pub(crate) model: Text<'a>,
    #[serde(borrow)]
    pub(crate) message: Option<Message<'a>>,
    /// The answer is over.
    pub(crate) done: Option<bool>,
    #[serde(borrow)]
    pub(crate) done_reason: Text<'a>,
    /// Tokens of the prompt; absent when all of them were cached.
    pub(crate) prompt_eval_count: Option<u64>,
    pub(crate) eval_count: Option<u64>,
    /// Present when the server gives up: a sentence.
    pub(crate) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Message<'a> {
    #[serde(borrow)]
    pub(crate) content: Text<'a>,
    #[serde(borrow)]
    pub(crate) thinking: Text<'a>,
    /// Each one whole.
    #[serde(borrow)]
    pub(crate) tool_calls: Option<Vec<ToolCall<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ToolCall<'a> {
    /// Older servers give none.
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) function: Option<Function<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Function<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    /// An object, made text.
    #[serde(borrow)]
    pub(crate) arguments: Arguments<'a>,
}
