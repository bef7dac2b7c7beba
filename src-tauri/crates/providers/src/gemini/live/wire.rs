//! The JSON of the Live API's server messages. Several kinds may stand in one message.
//!
//! Lenient on purpose, as everywhere here: a field of an unexpected type reads as absent.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::lenient::{Maybe, Text};

/// A message of the server.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Message<'a> {
    pub(crate) setup_complete: Option<Value>,
    #[serde(borrow)]
    pub(crate) server_content: Maybe<Content<'a>>,
    #[serde(borrow)]
    pub(crate) tool_call: Maybe<ToolCall<'a>>,
    #[serde(borrow)]
    pub(crate) tool_call_cancellation: Maybe<Cancellation<'a>>,
    #[serde(borrow)]
    pub(crate) usage_metadata: Maybe<Usage<'a>>,
    #[serde(borrow)]
    pub(crate) go_away: Maybe<GoAway<'a>>,
    #[serde(borrow)]
    pub(crate) session_resumption_update: Maybe<Resumption<'a>>,
    #[serde(borrow)]
    pub(crate) voice_activity: Maybe<VoiceActivity<'a>>,
    pub(crate) error: Option<Value>,
}

/// More of the conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Content<'a> {
    #[serde(borrow)]
    pub(crate) model_turn: Maybe<ModelTurn<'a>>,
    pub(crate) turn_complete: Maybe<bool>,
    pub(crate) interrupted: Maybe<bool>,
    #[serde(borrow)]
    pub(crate) turn_complete_reason: Text<'a>,
    #[serde(borrow)]
    pub(crate) input_transcription: Maybe<Transcription<'a>>,
    #[serde(borrow)]
    pub(crate) output_transcription: Maybe<Transcription<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ModelTurn<'a> {
    #[serde(borrow)]
    pub(crate) parts: Maybe<Vec<Part<'a>>>,
}

/// Sound or words.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Part<'a> {
    #[serde(borrow)]
    pub(crate) inline_data: Maybe<Blob<'a>>,
    #[serde(borrow)]
    pub(crate) text: Text<'a>,
    /// Whether the words are only thought.
    pub(crate) thought: Maybe<bool>,
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

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ToolCall<'a> {
    #[serde(borrow)]
    pub(crate) function_calls: Maybe<Vec<FunctionCall<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FunctionCall<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    pub(crate) args: Maybe<Map<String, Value>>,
}

/// Calls whose results are no longer wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Cancellation<'a> {
    #[serde(borrow)]
    pub(crate) ids: Maybe<Vec<Text<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct GoAway<'a> {
    #[serde(borrow)]
    pub(crate) time_left: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Resumption<'a> {
    #[serde(borrow)]
    pub(crate) new_handle: Text<'a>,
    pub(crate) resumable: Maybe<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct VoiceActivity<'a> {
    #[serde(borrow)]
    pub(crate) voice_activity_type: Text<'a>,
}

/// Tokens of the turn so far. Older servers count candidates.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Usage<'a> {
    pub(crate) prompt_token_count: Maybe<u64>,
    pub(crate) response_token_count: Maybe<u64>,
    pub(crate) candidates_token_count: Maybe<u64>,
    pub(crate) thoughts_token_count: Maybe<u64>,
    pub(crate) cached_content_token_count: Maybe<u64>,
    #[serde(borrow)]
    pub(crate) prompt_tokens_details: Maybe<Vec<Modality<'a>>>,
    #[serde(borrow)]
    pub(crate) response_tokens_details: Maybe<Vec<Modality<'a>>>,
    #[serde(borrow)]
    pub(crate) candidates_tokens_details: Maybe<Vec<Modality<'a>>>,
}

/// Tokens of one kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Modality<'a> {
    #[serde(borrow)]
    pub(crate) modality: Text<'a>,
    pub(crate) token_count: Maybe<u64>,
}
