//! What a model is and can do, as a value: windows are drawn from it, nobody asks for a model's name to know what it can.

use serde::{Deserialize, Serialize};

/// A model as its provider lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// As the provider names it in requests.
    pub id: String,
    /// For people; `None` where the provider gives only the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many tokens it reads, prompt and answer together; `None` where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
    /// The longest answer in tokens; `None` where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Capabilities,
}

impl ModelInfo {
    /// A model of which nothing but its id is known.
    pub fn named(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            context_tokens: None,
            output_tokens: None,
            capabilities: Capabilities::default(),
        }
    }
}

/// What a model can do, as far as is known: `false` also stands for "nobody says".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Answers messages.
    pub chat: bool,
    /// Reads pictures.
    pub images: bool,
    /// Hears sound in messages.
    pub audio: bool,
    /// Sees moving pictures.
    pub video: bool,
    /// Asks for tools.
    pub tools: bool,
    /// Reasons before it answers.
    pub reasoning: bool,
    /// Keeps to a JSON schema.
    pub structured: bool,
    /// Listens and speaks over an open connection.
    pub realtime: bool,
    /// Turns text into speech.
    pub speech: bool,
    /// Turns speech into text.
    pub transcription: bool,
    /// Turns text into vectors.
    pub embedding: bool,
}
