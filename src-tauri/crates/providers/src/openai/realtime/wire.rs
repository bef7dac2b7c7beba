//! The JSON of the realtime events, borrowed from the frame. One type reads them all: they share their fields, and both
//! generations of names are spoken by servers of today.
//!
//! Lenient on purpose, as everywhere here: a field of an unexpected type reads as absent.

use serde::Deserialize;
use serde_json::Value;

use crate::lenient::{Maybe, Text};

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
    #[serde(borrow)]
    pub(crate) call_id: Text<'a>,
    /// The name of a tool.
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    /// What it is called with, whole.
    #[serde(borrow)]
    pub(crate) arguments: Text<'a>,
    /// More words, sound or arguments.
    #[serde(borrow)]
    pub(crate) delta: Text<'a>,
    /// What was said, whole.
    #[serde(borrow)]
    pub(crate) transcript: Text<'a>,
    /// xAI's transcripts are completed more than once; all but the last are `in_progress`.
    #[serde(borrow)]
    pub(crate) status: Text<'a>,
    /// DashScope's transcript so far, the part that stays …
    #[serde(borrow)]
    pub(crate) text: Text<'a>,
    /// … and the part that may still change.
    #[serde(borrow)]
    pub(crate) stash: Text<'a>,
    #[serde(borrow)]
    pub(crate) response: Maybe<Response<'a>>,
    #[serde(borrow)]
    pub(crate) item: Maybe<Item<'a>>,
    #[serde(borrow)]
    pub(crate) rate_limits: Maybe<Vec<RateLimit<'a>>>,
    /// xAI writes it beside the answer.
    pub(crate) usage: Maybe<Usage>,
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
    pub(crate) status_details: Maybe<StatusDetails<'a>>,
    #[serde(borrow)]
    pub(crate) output: Maybe<Vec<Item<'a>>>,
    pub(crate) usage: Maybe<Usage>,
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
    #[serde(borrow)]
    pub(crate) status: Text<'a>,
    #[serde(borrow)]
    pub(crate) call_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) arguments: Text<'a>,
}

/// How much is left of something.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RateLimit<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    pub(crate) remaining: Maybe<f64>,
    pub(crate) reset_seconds: Maybe<f64>,
}

/// Tokens; OpenAI writes the details in the singular, DashScope in the plural.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Usage {
    pub(crate) input_tokens: Maybe<u64>,
    pub(crate) output_tokens: Maybe<u64>,
    #[serde(alias = "input_tokens_details")]
    pub(crate) input_token_details: Maybe<Details>,
    #[serde(alias = "output_tokens_details")]
    pub(crate) output_token_details: Maybe<Details>,
}

/// Of one side's tokens.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Details {
    pub(crate) cached_tokens: Maybe<u64>,
    pub(crate) audio_tokens: Maybe<u64>,
}
