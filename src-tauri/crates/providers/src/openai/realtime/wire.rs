//! The JSON of the realtime events, borrowed from the frame. One type reads them all: they share their fields, and both
//! generations of names are spoken by servers of today.
//!
//! Lenient on purpose, as everywhere here: a field of an unexpected type reads as absent.

use serde::Deserialize;
use serde_json::Value;

use crate::lenient::Text;

/// An event of the server.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) response_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) item_id: Text<'a>,
    /// More words or sound.
    #[serde(borrow)]
    pub(crate) delta: Text<'a>,
    /// What was said, whole.
    #[serde(borrow)]
    pub(crate) transcript: Text<'a>,
    /// DashScope's transcript so far, the part that stays …
    #[serde(borrow)]
    pub(crate) text: Text<'a>,
    /// … and the part that may still change.
    #[serde(borrow)]
    pub(crate) stash: Text<'a>,
    #[serde(borrow)]
    pub(crate) response: Option<Response<'a>>,
    #[serde(borrow)]
    pub(crate) item: Option<Item<'a>>,
    pub(crate) error: Option<Value>,
}

/// An answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Response<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) status: Text<'a>,
    #[serde(borrow)]
    pub(crate) status_details: Option<StatusDetails<'a>>,
    pub(crate) usage: Option<Usage>,
}

/// Why an answer ended as it did.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StatusDetails<'a> {
    #[serde(borrow)]
    pub(crate) reason: Text<'a>,
    pub(crate) error: Option<Value>,
}

/// A piece of the conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Item<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
}

/// Tokens; OpenAI writes the details in the singular, DashScope in the plural.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Usage {
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    #[serde(alias = "input_tokens_details")]
    pub(crate) input_token_details: Option<InputDetails>,
}

/// Of the prompt.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct InputDetails {
    pub(crate) cached_tokens: Option<u64>,
}
