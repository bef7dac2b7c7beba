//! What a model's answer consists of while it arrives: facts, and deltas to append.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::msg::{ToolEnd, ToolOutput, ToolUse};

/// One step of a model's answer. Exactly one [`ModelEvent::Finished`] comes, last; otherwise the stream ends in `Err`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ModelEvent {
    /// The provider has begun to answer. It comes once more where the answer was asked for anew, since it had not the shape
    /// that was wanted: what came before is void then.
    Started {
        /// The provider's id of this response, `None` where it gives none.
        id: Option<String>,
        /// The model that answers, as the provider names it.
        model: Option<String>,
    },
    /// More of the answer's words.
    TextDelta {
        /// To append.
        text: String,
    },
    /// More of the reasoning.
    ThinkingDelta {
        /// To append.
        thinking: String,
    },
    /// The provider's own form of the reasoning so far, wanted back unchanged: replaces the previous one.
    ThinkingOpaque {
        /// As it came.
        opaque: Value,
    },
    /// A proof of the provider's own that belongs to the words or the reasoning so far, wanted back unchanged. It closes the
    /// block: what comes next begins a new one.
    Sealed {
        /// The proof.
        seal: Seal,
    },
    /// More of the sound of the answer.
    AudioDelta {
        /// For example `audio/wav` or `audio/pcm;rate=24000`.
        media_type: String,
        /// Raw bytes in base64, a whole piece of its own.
        data: String,
    },
    /// More of a tool call's arguments. `index` names the call within this answer, counting from 0.
    ToolCallDelta {
        /// Which call of this answer.
        index: usize,
        /// The call's id. Shared, since a call of thousands of pieces has one.
        id: Arc<str>,
        /// The tool's name.
        name: Arc<str>,
        /// Argument text to append.
        arguments: String,
    },
    /// A tool call is whole. Comes once per call, in the order of `index`.
    ToolCall {
        /// Which call of this answer.
        index: usize,
        /// The call. In a box, since all events are as large as the largest, and thousands are handed on in an answer.
        call: Box<ToolUse>,
    },
    /// A tool was run and gave this. It comes from whoever runs tools, never from a provider.
    ToolResult {
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// What it gave.
        output: ToolOutput,
        /// How it ended.
        #[serde(default, skip_serializing_if = "ToolEnd::is_done")]
        end: ToolEnd,
    },
    /// Tokens used: replaces the previous one.
    Usage {
        /// The counts.
        usage: TokenUsage,
    },
    /// The answer is over.
    Finished {
        /// Why.
        reason: StopReason,
    },
}

/// What a provider wants back with a block, unchanged and in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Seal {
    /// With the words; they may be empty.
    Text {
        /// Base64.
        thought_signature: String,
    },
    /// With the reasoning; it may be empty, when the provider does not show it.
    Thinking {
        /// The proof that the reasoning is the provider's own, `None` where the whole block is sealed.
        signature: Option<String>,
        /// The block in the provider's own form, `None` where a signature is enough.
        opaque: Option<Value>,
    },
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model was done.
    Stop,
    /// The token limit was reached.
    Length,
    /// The model waits for tool results.
    ToolCalls,
    /// The provider withheld the rest.
    ContentFilter,
    /// The model declined; its words are the answer's text.
    Refusal,
    /// A word of the provider's that has no counterpart here.
    #[serde(untagged)]
    Other(String),
}

/// Tokens of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenUsage {
    /// Tokens of the prompt, cached ones included.
    pub input_tokens: u64,
    /// Tokens of the answer, reasoning included.
    pub output_tokens: u64,
    /// Of the output: reasoning. `None` where the provider does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// Of the input: read from the provider's cache. `None` where the provider does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
}
