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
    /// What it costs; `None` where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
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
            price: None,
            capabilities: Capabilities::default(),
        }
    }
}

/// What tokens cost, in millionths of a US dollar for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer, its reasoning included.
    pub output: u64,
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
    /// Does something else that Parlance has no use for: draws, judges, ranks.
    pub other: bool,
}

impl Capabilities {
    /// Whether it may be asked to answer messages: it is known to, or nothing else is known of it.
    #[must_use]
    pub fn may_chat(self) -> bool {
        self.chat || !(self.realtime || self.speech || self.transcription || self.embedding || self.other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_of_which_nothing_is_known_may_be_asked_and_one_that_does_something_else_may_not() {
        assert!(Capabilities::default().may_chat());
        assert!(Capabilities { chat: true, speech: true, ..Capabilities::default() }.may_chat());
        assert!(!Capabilities { embedding: true, ..Capabilities::default() }.may_chat());
        assert!(!Capabilities { other: true, images: true, ..Capabilities::default() }.may_chat());
    }
}
