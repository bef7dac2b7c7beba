//! What a server says when it will not or cannot answer; every protocol has its own status and words for it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scenario::Answer;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The key is wrong.
    WrongKey,
    /// No such model.
    UnknownModel,
    /// Too many requests.
    RateLimited {
        /// Seconds until the next one is welcome; `None` says nothing about it.
        retry_after_s: Option<u64>,
    },
    /// Nothing is left of what was paid for.
    QuotaSpent,
    /// Too many askers.
    Overloaded,
    /// The conversation does not fit the model.
    ContextTooLong,
    /// A filter keeps the question from the model.
    Filtered,
    /// Something in the request is wrong, in these words.
    Invalid(String),
    /// The server is broken.
    Broken,
}

impl Failure {
    /// A sentence for people.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::WrongKey => "Incorrect API key provided.",
            Self::UnknownModel => "The model does not exist or you do not have access to it.",
            Self::RateLimited { .. } => "Rate limit reached. Please try again later.",
            Self::QuotaSpent => "You exceeded your current quota, please check your plan and billing details.",
            Self::Overloaded => "The server is overloaded. Please try again later.",
            Self::ContextTooLong => "The prompt is too long: it exceeds the maximum context length of this model.",
            Self::Filtered => "The request was rejected as a result of our safety system.",
            Self::Invalid(message) => message,
            Self::Broken => "The server had an error while processing your request.",
        }
    }

    /// A refusal with this status and body, and with the header that says when to come back.
    pub(crate) fn refusal(&self, status: u16, body: &Value) -> Answer {
        let refusal = Answer::refuses(status, body);
        match self {
            Self::RateLimited { retry_after_s: Some(seconds) } => {
                refusal.with_header("retry-after", &seconds.to_string())
            }
            _ => refusal,
        }
    }
}
