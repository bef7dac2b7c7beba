//! Which protocol an endpoint speaks, and where its words are.

use serde_json::{Value, json};

use crate::scenario::{Answer, Script};
use crate::server::Request;
use crate::{ollama, openai};

/// What an endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// OpenAI's Chat Completions.
    ChatCompletions,
    /// Ollama's `/api/chat`.
    Ollama,
}

impl Protocol {
    /// The protocol of a path to which a conversation is posted; `None` where none is.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/chat/completions" | "/chat/completions" => Some(Self::ChatCompletions),
            "/api/chat" => Some(Self::Ollama),
            _ => None,
        }
    }

    /// A script as the answer to a request: its media type and its pieces, streamed or whole as the request wants.
    pub(crate) fn body(self, script: &Script, request: &Request) -> (String, Vec<Vec<u8>>) {
        match self {
            Self::ChatCompletions => openai::chat::body(script, &request.json()),
            Self::Ollama => ollama::body(script, &request.json()),
        }
    }

    /// The words of the last message of a request; empty where there are none.
    pub(crate) fn last_words(self, request: &Request) -> String {
        let asked = request.json();
        match self {
            Self::ChatCompletions | Self::Ollama => openai::last_words(&asked["messages"]),
        }
    }

    /// Says again what was said last.
    pub(crate) fn repeat(self, request: &Request) -> Script {
        Script::says(&format!("You said: {}", self.last_words(request)))
    }
}

/// The list of models under a path; `None` where there is none.
pub(crate) fn models(path: &str, names: &[String]) -> Option<Value> {
    match path {
        "/v1/models" | "/models" => Some(openai::models(names)),
        "/api/tags" => Some(ollama::models(names)),
        _ => None,
    }
}

/// Whether a request carries this key in the header of its protocol.
pub(crate) fn has_key(request: &Request, key: &str) -> bool {
    request.header("authorization") == Some(&format!("Bearer {key}"))
}

/// What a request without the right key gets.
pub(crate) fn wrong_key(path: &str) -> Answer {
    match Protocol::of(path) {
        Some(Protocol::Ollama) => Answer::refuses(401, &json!({"error": "unauthorized"})),
        Some(Protocol::ChatCompletions) | None => openai::wrong_key(),
    }
}
