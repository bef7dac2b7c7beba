//! The bodies of OpenAI's protocols. The wire format is described at <https://platform.openai.com/docs/api-reference/chat>
//! (read November 2026).

pub mod chat;
pub mod responses;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::model::Model;
use crate::scenario::Answer;

/// When everything simulated was made, in seconds since 1970.
pub(crate) const CREATED: u64 = 1_700_000_000;

/// The list of models.
pub(crate) fn models(models: &[Model]) -> Value {
    json!({"object": "list", "data": models.iter().map(model).collect::<Vec<_>>()})
}

/// One of them.
pub(crate) fn model(model: &Model) -> Value {
    json!({"id": model.name, "object": "model", "created": CREATED, "owned_by": "simulator"})
}

/// A refusal with its status.
pub(crate) fn refusal(failure: &Failure) -> Answer {
    let status = match failure {
        Failure::WrongKey => 401,
        Failure::UnknownModel => 404,
        Failure::RateLimited { .. } | Failure::QuotaSpent => 429,
        Failure::Overloaded => 503,
        Failure::ContextTooLong | Failure::Filtered | Failure::Invalid(_) => 400,
        Failure::Broken => 500,
    };
    failure.refusal(status, &json!({"error": error(failure)}))
}

/// What went wrong, as refusals and streams say it.
pub(crate) fn error(failure: &Failure) -> Value {
    let (kind, code) = match failure {
        Failure::WrongKey => ("invalid_request_error", Some("invalid_api_key")),
        Failure::UnknownModel => ("invalid_request_error", Some("model_not_found")),
        Failure::RateLimited { .. } => ("requests", Some("rate_limit_exceeded")),
        Failure::QuotaSpent => ("insufficient_quota", Some("insufficient_quota")),
        Failure::Overloaded => ("server_error", Some("server_is_overloaded")),
        Failure::ContextTooLong => ("invalid_request_error", Some("context_length_exceeded")),
        Failure::Filtered => ("invalid_request_error", Some("content_policy_violation")),
        Failure::Invalid(_) => ("invalid_request_error", None),
        Failure::Broken => ("server_error", Some("server_error")),
    };
    json!({"message": failure.message(), "type": kind, "param": null, "code": code})
}

/// The words of the last of these messages, or of the results behind the last answer; empty where there are none.
pub(crate) fn last_words(messages: &Value) -> String {
    let messages = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    let results = messages.iter().rev().take_while(|message| message["role"] == "tool").count();
    let last = &messages[messages.len() - results.max(1).min(messages.len())..];
    last.iter().map(|message| text(&message["content"])).collect::<Vec<_>>().join("\n")
}

/// The words of a content: a string, or the parts that have a text.
pub(crate) fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}
