//! The bodies of Anthropic's protocol. The wire format is described at <https://docs.claude.com/en/api/messages> (read
//! November 2026).

pub mod messages;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::model::{Ability, Model, page};
use crate::openai;
use crate::scenario::Answer;
use crate::server::Request;

/// The version whose clients may set how words are sampled.
const CLASSIC: &str = "2023-06-01";
/// The version that knows no sampling.
const NEWEST: &str = "2026-10-21";

/// Models on a page when a request does not say.
const USUAL_PAGE: usize = 20;

/// What the service would not take: every request names a version it knows, and every conversation a limit.
pub(crate) fn complaint(request: &Request) -> Option<Failure> {
    let asked = request.json();
    let invalid = |message: String| Some(Failure::Invalid(message));
    match request.header("anthropic-version") {
        None => return invalid("anthropic-version: header is required".into()),
        Some(NEWEST) => {
            if let Some(field) = ["temperature", "top_p", "top_k"].iter().find(|field| !asked[**field].is_null()) {
                return invalid(format!("{field}: Extra inputs are not permitted"));
            }
        }
        Some(CLASSIC) => {}
        Some(other) => return invalid(format!("anthropic-version: \"{other}\" is not a valid version")),
    }
    if asked["max_tokens"].is_null() {
        return invalid("max_tokens: Field required".into());
    }
    None
}

/// A refusal with its status.
pub(crate) fn refusal(failure: &Failure) -> Answer {
    let status = match failure {
        Failure::WrongKey => 401,
        Failure::QuotaSpent => 402,
        Failure::UnknownModel => 404,
        Failure::RateLimited { .. } => 429,
        Failure::Overloaded => 529,
        Failure::ContextTooLong | Failure::Filtered | Failure::Invalid(_) => 400,
        Failure::Broken => 500,
    };
    failure.refusal(status, &error(failure))
}

/// What went wrong, as refusals and streams say it.
pub(crate) fn error(failure: &Failure) -> Value {
    let kind = match failure {
        Failure::WrongKey => "authentication_error",
        Failure::QuotaSpent => "billing_error",
        Failure::UnknownModel => "not_found_error",
        Failure::RateLimited { .. } => "rate_limit_error",
        Failure::Overloaded => "overloaded_error",
        Failure::ContextTooLong | Failure::Filtered | Failure::Invalid(_) => "invalid_request_error",
        Failure::Broken => "api_error",
    };
    let message = match failure {
        Failure::WrongKey => "invalid x-api-key",
        Failure::ContextTooLong => "prompt is too long: 250000 tokens > 200000 maximum",
        Failure::Overloaded => "Overloaded",
        other => other.message(),
    };
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_simulated"})
}

/// The part of the list of models behind the one that the request names.
pub(crate) fn models(models: &[Model], request: &Request) -> Value {
    let after = request.query("after_id").and_then(|id| models.iter().position(|model| model.name == id));
    let size = request.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(USUAL_PAGE);
    let page = page(models, after.map_or(0, |at| at + 1), size);
    json!({
        "data": page.models.iter().map(model).collect::<Vec<_>>(), "has_more": page.has_more,
        "first_id": page.models.first().map(|model| &model.name), "last_id": page.models.last().map(|model| &model.name),
    })
}

/// One of them.
pub(crate) fn model(model: &Model) -> Value {
    let supported = |ability| json!({"supported": model.has(ability)});
    json!({
        "type": "model", "id": model.name, "display_name": model.name, "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active", "line": null, "deprecated_at": null, "retires_at": null,
        "max_input_tokens": model.context_tokens, "max_tokens": model.output_tokens,
        "capabilities": {
            "image_input": supported(Ability::Images), "pdf_input": supported(Ability::Images),
            "structured_outputs": supported(Ability::Structured),
            "thinking": {"supported": model.has(Ability::Thinking)},
        },
    })
}

/// The words of the last of these messages, those of results of tools among them; empty where there are none.
pub(crate) fn last_words(messages: &Value) -> String {
    let content = messages.as_array().and_then(|messages| messages.last()).map(|last| &last["content"]);
    let Some(Value::Array(blocks)) = content else { return content.map(openai::text).unwrap_or_default() };
    let words = |block: &Value| match block["type"].as_str() {
        Some("tool_result") => Some(openai::text(&block["content"])),
        _ => block["text"].as_str().map(str::to_owned),
    };
    blocks.iter().filter_map(words).collect::<Vec<_>>().join("\n")
}
