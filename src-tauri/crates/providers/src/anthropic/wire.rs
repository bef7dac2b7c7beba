//! The JSON of Messages: events of a stream, and whole answers. Unknown events, blocks and deltas are read as such and
//! skipped, since the provider adds new ones.

use serde::Deserialize;
use serde_json::{Map, Value};

/// One event of a stream.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Event {
    MessageStart {
        message: Message,
    },
    ContentBlockStart {
        index: u64,
        content_block: Block,
    },
    ContentBlockDelta {
        index: u64,
        delta: Delta,
    },
    ContentBlockStop {
        index: u64,
    },
    MessageDelta {
        delta: Ending,
        usage: Option<Usage>,
    },
    MessageStop,
    /// The server gives up.
    Error {
        error: Value,
    },
    #[serde(other)]
    Unknown,
}

impl Event {
    /// Reads one JSON object. One that does not say what it is counts as unknown, or as an error if it holds one: servers
    /// of other makers write both.
    pub(crate) fn read(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).or_else(|error| {
            let untyped = if json.starts_with('{') { serde_json::from_str::<Untyped>(json).ok() } else { None };
            match untyped {
                Some(Untyped { kind: None, error: Some(error) }) => Ok(Self::Error { error }),
                Some(Untyped { kind: None, error: None }) => Ok(Self::Unknown),
                Some(Untyped { kind: Some(_), .. }) | None => Err(error),
            }
        })
    }
}

#[derive(Deserialize)]
struct Untyped {
    #[serde(rename = "type")]
    kind: Option<Value>,
    error: Option<Value>,
}

/// A whole answer, or the head of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Message {
    pub(crate) id: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) content: Option<Vec<Block>>,
    pub(crate) usage: Option<Usage>,
    #[serde(flatten)]
    pub(crate) ending: Ending,
    /// Present when the server gives up.
    pub(crate) error: Option<Value>,
}

/// Why an answer ended.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Ending {
    pub(crate) stop_reason: Option<String>,
    pub(crate) stop_details: Option<StopDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StopDetails {
    /// Why the model declined, in the provider's words.
    pub(crate) explanation: Option<String>,
}

/// A block, whole or as it begins.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Block {
    Text {
        #[serde(default)]
        text: Option<String>,
    },
    Thinking {
        #[serde(default)]
        thinking: Option<String>,
        #[serde(default)]
        signature: Option<String>,
    },
    RedactedThinking {
        data: String,
    },
    ToolUse {
        id: String,
        name: String,
        /// Empty where the arguments follow as deltas.
        #[serde(default)]
        input: Map<String, Value>,
    },
    #[serde(other)]
    Unknown,
}

/// More of a block.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: String },
    #[serde(rename = "signature_delta")]
    Signature { signature: String },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: String },
    #[serde(other)]
    Unknown,
}

/// Counts, of which a later event may bring some again; the later ones hold.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct Usage {
    /// What was neither read from nor written to the cache.
    pub(crate) input_tokens: Option<u64>,
    pub(crate) cache_creation_input_tokens: Option<u64>,
    pub(crate) cache_read_input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct OutputDetails {
    pub(crate) thinking_tokens: Option<u64>,
}

impl Usage {
    /// These counts, and the older ones where these say nothing.
    pub(crate) fn over(self, older: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.or(older.input_tokens),
            cache_creation_input_tokens: self.cache_creation_input_tokens.or(older.cache_creation_input_tokens),
            cache_read_input_tokens: self.cache_read_input_tokens.or(older.cache_read_input_tokens),
            output_tokens: self.output_tokens.or(older.output_tokens),
            output_tokens_details: self.output_tokens_details.or(older.output_tokens_details),
        }
    }
}
