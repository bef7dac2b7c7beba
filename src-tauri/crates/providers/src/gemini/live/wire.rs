//! The JSON of the Live API's server messages. Several kinds may stand in one message.

use serde::Deserialize;
use serde_json::Value;

use crate::lenient::Text;

/// A message of the server.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Message<'a> {
    pub(crate) setup_complete: Option<Value>,
    #[serde(borrow)]
    pub(crate) server_content: Option<Content<'a>>,
    pub(crate) usage_metadata: Option<Usage>,
    pub(crate) error: Option<Value>,
}

/// More of the conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Content<'a> {
    #[serde(borrow)]
    pub(crate) model_turn: Option<ModelTurn<'a>>,
    pub(crate) turn_complete: Option<bool>,
    pub(crate) interrupted: Option<bool>,
    #[serde(borrow)]
    pub(crate) input_transcription: Option<Transcription<'a>>,
    #[serde(borrow)]
    pub(crate) output_transcription: Option<Transcription<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ModelTurn<'a> {
    #[serde(borrow)]
    pub(crate) parts: Option<Vec<Part<'a>>>,
}

/// Sound, or words that are not heard.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Part<'a> {
    #[serde(borrow)]
    pub(crate) inline_data: Option<Blob<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Blob<'a> {
    #[serde(borrow)]
    pub(crate) mime_type: Text<'a>,
    #[serde(borrow)]
    pub(crate) data: Text<'a>,
}

/// Words of one side, to append.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Transcription<'a> {
    #[serde(borrow)]
    pub(crate) text: Text<'a>,
}

/// Tokens of the turn so far.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Usage {
    pub(crate) prompt_token_count: Option<u64>,
    pub(crate) response_token_count: Option<u64>,
    pub(crate) thoughts_token_count: Option<u64>,
    pub(crate) cached_content_token_count: Option<u64>,
}
