//! What the makers of protocols have each in their own way: keys, refusals, lists of models, counts of tokens.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::model::Model;
use crate::protocol::words;
use crate::route::Vendor;
use crate::scenario::{Answer, Counting};
use crate::server::Request;
use crate::{anthropic, dashscope, gemini, ollama, openai};

impl Vendor {
    /// Whether a request carries this key where the maker looks for it.
    pub(crate) fn has_key(self, request: &Request, key: &str) -> bool {
        let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let (first, second) = match self {
            // Azure's is a header of its own.
            Self::OpenAi => (bearer, request.header("api-key")),
            Self::Anthropic => (bearer, request.header("x-api-key")),
            Self::Gemini => (request.header("x-goog-api-key"), request.query("key")),
            Self::DashScope | Self::Ollama => (bearer, None),
        };
        first == Some(key) || second == Some(key)
    }

    /// A refusal in the maker's words.
    pub(crate) fn refusal(self, failure: &Failure) -> Answer {
        match self {
            Self::OpenAi => openai::refusal(failure),
            Self::Anthropic => anthropic::refusal(failure),
            Self::Gemini => gemini::refusal(failure),
            Self::DashScope => dashscope::refusal(failure),
            Self::Ollama => ollama::refusal(failure),
        }
    }

    /// The part of the list of models that a request asks for.
    pub(crate) fn models(self, models: &[Model], request: &Request) -> Value {
        match self {
            Self::OpenAi => openai::models(models),
            Self::Anthropic => anthropic::models(models, request),
            Self::Gemini => gemini::models(models, request),
            Self::DashScope => dashscope::models(models, request),
            Self::Ollama => ollama::models(models),
        }
    }

    /// One model by its name; `None` where there is none.
    pub(crate) fn model(self, models: &[Model], name: &str, request: &Request) -> Option<Value> {
        let asked = request.json();
        let name = match self {
            Self::Ollama => asked["model"].as_str().or_else(|| asked["name"].as_str())?,
            _ => name,
        };
        let model = models.iter().find(|model| model.name == name)?;
        Some(match self {
            Self::OpenAi | Self::DashScope => openai::model(model),
            Self::Anthropic => anthropic::model(model),
            Self::Gemini => gemini::model(model),
            Self::Ollama => ollama::show(model),
        })
    }

    /// How many tokens the conversation in a request has.
    pub(crate) fn count(self, counting: &Counting, request: &Request) -> Answer {
        let asked = request.json();
        let tokens = match counting {
            Counting::Fails(failure) => return self.refusal(failure),
            Counting::Exactly(tokens) => *tokens,
            Counting::Words => match self {
                Self::OpenAi => words(&[&asked["input"], &asked["instructions"], &asked["tools"]]),
                Self::Anthropic => words(&[&asked["messages"], &asked["system"], &asked["tools"]]),
                Self::Gemini => gemini::words_of(&asked),
                Self::DashScope | Self::Ollama => words(&[&asked["input"]]),
            },
        };
        let body = match self {
            Self::OpenAi => json!({"object": "response.input_tokens", "input_tokens": tokens}),
            Self::Anthropic => json!({"input_tokens": tokens}),
            Self::Gemini => {
                json!({"totalTokens": tokens, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}]})
            }
            Self::DashScope | Self::Ollama => dashscope::tokens(tokens),
        };
        Answer::refuses(200, &body)
    }
}
