//! Which protocol an endpoint speaks, and where its words are.

use serde_json::{Value, json};

use crate::scenario::{Answer, Script};
use crate::server::Request;
use crate::{anthropic, dashscope, gemini, ollama, openai};

/// What an endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// OpenAI's Chat Completions.
    ChatCompletions,
    /// OpenAI's Responses.
    Responses,
    /// DashScope's generation endpoints.
    Generation,
    /// Ollama's `/api/chat`.
    Ollama,
    /// Anthropic's Messages.
    Messages,
    /// Gemini's `generateContent`.
    GenerateContent,
}

impl Protocol {
    /// The protocol of a path to which a conversation is posted; `None` where none is.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/chat/completions" | "/chat/completions" => Some(Self::ChatCompletions),
            "/v1/responses" | "/responses" => Some(Self::Responses),
            "/api/chat" => Some(Self::Ollama),
            "/v1/messages" => Some(Self::Messages),
            _ if dashscope::is_asked(path) => Some(Self::Generation),
            _ if gemini::content::is_asked(path) => Some(Self::GenerateContent),
            _ => None,
        }
    }

    /// A script as the answer to a request: its media type and its pieces, streamed or whole as the request wants.
    pub(crate) fn body(self, script: &Script, request: &Request) -> (String, Vec<Vec<u8>>) {
        match self {
            Self::ChatCompletions => openai::chat::body(script, &request.json()),
            Self::Responses => openai::responses::body(script, &request.json()),
            Self::Generation => dashscope::body(script, request),
            Self::Ollama => ollama::body(script, &request.json()),
            Self::Messages => anthropic::messages::body(script, &request.json()),
            Self::GenerateContent => gemini::content::body(script, &request.path),
        }
    }

    /// The words of the last message of a request; empty where there are none.
    pub(crate) fn last_words(self, request: &Request) -> String {
        let asked = request.json();
        match self {
            Self::ChatCompletions | Self::Ollama | Self::Messages => openai::last_words(&asked["messages"]),
            Self::Responses => openai::last_words(&asked["input"]),
            Self::Generation => openai::last_words(&asked["input"]["messages"]),
            Self::GenerateContent => gemini::last_words(&asked["contents"]),
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
        gemini::MODELS => Some(gemini::models(names)),
        "/v1/models" | "/models" => Some(openai::models(names)),
        "/api/tags" => Some(ollama::models(names)),
        dashscope::MODELS => Some(dashscope::models(names)),
        _ => None,
    }
}

/// Whether a request carries this key in the header of its protocol.
pub(crate) fn has_key(request: &Request, key: &str) -> bool {
    let sent = match Protocol::of(request.place()) {
        _ if request.place() == gemini::MODELS => request.header("x-goog-api-key"),
        Some(Protocol::GenerateContent) => request.header("x-goog-api-key"),
        Some(Protocol::Messages) => request.header("x-api-key"),
        // The list of models has OpenAI's address; only Anthropic names its version.
        None if request.header("anthropic-version").is_some() => request.header("x-api-key"),
        Some(Protocol::ChatCompletions | Protocol::Responses | Protocol::Generation | Protocol::Ollama) | None => {
            request.header("authorization").and_then(|value| value.strip_prefix("Bearer "))
        }
    };
    sent == Some(key)
}

/// What a request without the right key gets.
pub(crate) fn wrong_key(path: &str) -> Answer {
    match Protocol::of(path) {
        Some(Protocol::Ollama) => Answer::refuses(401, &json!({"error": "unauthorized"})),
        Some(Protocol::Messages) => anthropic::wrong_key(),
        Some(Protocol::GenerateContent) => gemini::wrong_key(),
        Some(Protocol::Generation) => dashscope::wrong_key(),
        Some(Protocol::ChatCompletions | Protocol::Responses) | None => openai::wrong_key(),
    }
}
