//! The JSON of Responses: one type for all events of a stream, since they share their fields, and the response object.

use serde::Deserialize;
use serde_json::Value;

use crate::lenient::Text;

/// An event of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) delta: Text<'a>,
    /// The item's place in the answer. Its id is no name: some servers change it from event to event.
    pub(crate) output_index: Option<u64>,
    /// Which part of an item's summary.
    pub(crate) summary_index: Option<u64>,
    /// Whole only in `…item.done`.
    pub(crate) item: Option<Value>,
    #[serde(borrow)]
    pub(crate) arguments: Text<'a>,
    #[serde(borrow)]
    pub(crate) response: Option<Response<'a>>,
    /// Of the event `error`: an object where servers nest it.
    pub(crate) error: Option<Value>,
    /// Of the event `error`, as the documents have it.
    #[serde(borrow)]
    pub(crate) code: Text<'a>,
    #[serde(borrow)]
    pub(crate) message: Text<'a>,
}

/// The response object: a whole answer, or what an event says about it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Response<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) model: Text<'a>,
    #[serde(borrow)]
    pub(crate) status: Text<'a>,
    pub(crate) error: Option<Value>,
    #[serde(borrow)]
    pub(crate) incomplete_details: Option<Incomplete<'a>>,
    pub(crate) output: Option<Vec<Value>>,
    pub(crate) usage: Option<Usage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Incomplete<'a> {
    #[serde(borrow)]
    pub(crate) reason: Text<'a>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct Usage {
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) input_tokens_details: Option<InputDetails>,
    pub(crate) output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct InputDetails {
    pub(crate) cached_tokens: Option<u64>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct OutputDetails {
    pub(crate) reasoning_tokens: Option<u64>,
}
