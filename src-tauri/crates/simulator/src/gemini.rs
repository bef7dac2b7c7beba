//! The bodies of Gemini's protocol. The wire format is described at
//! <https://ai.google.dev/api/generate-content> (read November 2026).

pub mod content;

use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::model::{Ability, Model, page};
use crate::protocol::words;
use crate::scenario::Answer;
use crate::server::Request;

/// The versions under which the same things are.
pub(crate) const VERSIONS: [&str; 3] = ["/v1beta/", "/v1alpha/", "/v1/"];

/// Models on a page when a request does not say.
const USUAL_PAGE: usize = 50;

/// The model and the verb of a path such as `/v1beta/models/MODEL:generateContent`.
pub(crate) fn asked(place: &str) -> Option<(&str, &str)> {
    let rest = VERSIONS.iter().find_map(|version| place.strip_prefix(version))?;
    rest.strip_prefix("models/")?.rsplit_once(':')
}

/// A refusal with its status.
pub(crate) fn refusal(failure: &Failure) -> Answer {
    let body = error(failure);
    let status = body["error"]["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(500);
    // When to come back stands in the body, not in a header.
    Answer::refuses(status, &body)
}

/// What went wrong, as refusals and streams say it.
pub(crate) fn error(failure: &Failure) -> Value {
    let (code, status) = match failure {
        Failure::WrongKey | Failure::ContextTooLong | Failure::Filtered | Failure::Invalid(_) => {
            (400, "INVALID_ARGUMENT")
        }
        Failure::UnknownModel => (404, "NOT_FOUND"),
        Failure::RateLimited { .. } | Failure::QuotaSpent => (429, "RESOURCE_EXHAUSTED"),
        Failure::Overloaded => (503, "UNAVAILABLE"),
        Failure::Broken => (500, "INTERNAL"),
    };
    let message = match failure {
        Failure::WrongKey => "API key not valid. Please pass a valid API key.",
        Failure::ContextTooLong => {
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
        }
        Failure::Overloaded => "The model is overloaded. Please try again later.",
        other => other.message(),
    };
    let about = |kind: &str, field: &str, value: Value| json!([{"@type": format!("type.googleapis.com/google.rpc.{kind}"), field: value}]);
    let details = match failure {
        Failure::WrongKey => about("ErrorInfo", "reason", json!("API_KEY_INVALID")),
        Failure::RateLimited { retry_after_s: Some(seconds) } => {
            about("RetryInfo", "retryDelay", json!(format!("{seconds}s")))
        }
        Failure::QuotaSpent => {
            about("QuotaFailure", "violations", json!([{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]))
        }
        _ => json!([]),
    };
    json!({"error": {"code": code, "message": message, "status": status, "details": details}})
}

/// The page of models that a request asks for; the token of a page is how many models come before it.
pub(crate) fn models(models: &[Model], request: &Request) -> Value {
    let number = |field: &str| request.query(field).and_then(|value| value.parse::<usize>().ok());
    let size = number("pageSize").unwrap_or(USUAL_PAGE);
    let page = page(models, number("pageToken").unwrap_or(0), size);
    let mut list = json!({"models": page.models.iter().map(model).collect::<Vec<_>>()});
    if page.has_more {
        list["nextPageToken"] = json!((page.start + page.models.len()).to_string());
    }
    list
}

/// One of them.
pub(crate) fn model(model: &Model) -> Value {
    json!({
        "name": format!("models/{}", model.name), "displayName": model.name, "version": "001",
        "inputTokenLimit": model.context_tokens, "outputTokenLimit": model.output_tokens,
        "supportedGenerationMethods": ["generateContent", "countTokens"], "thinking": model.has(Ability::Thinking),
    })
}

/// The words of the last of these contents, those of results of tools among them; empty where there are none.
pub(crate) fn last_words(contents: &Value) -> String {
    let parts = contents.as_array().and_then(|contents| contents.last()).and_then(|last| last["parts"].as_array());
    let words = |part: &Value| {
        let part = camel(part);
        match &part["functionResponse"]["response"] {
            Value::Null => part["text"].as_str().map(str::to_owned),
            response => Some(response.to_string()),
        }
    };
    parts.map(|parts| parts.iter().filter_map(words).collect::<Vec<_>>().join("\n")).unwrap_or_default()
}

/// How many words a conversation has, wherever in the request it stands.
pub(crate) fn words_of(request: &Value) -> u64 {
    let request = camel(request);
    let whole = match &request["generateContentRequest"] {
        Value::Null => &request,
        inner => inner,
    };
    let texts: Vec<&Value> = whole["contents"]
        .as_array()
        .into_iter()
        .flatten()
        .chain([&whole["systemInstruction"]])
        .map(|content| &content["parts"])
        .chain([&whole["tools"]])
        .collect();
    words(&texts)
}

/// The fields whose content belongs to the user: names in there are nobody's to change.
const OPAQUE: [&str; 6] =
    ["args", "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "responseSchema"];

/// A request with its names in the one of its two ways of writing, `likeThis`; clients mix it with `like_this`.
pub(crate) fn camel(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(camel).collect(),
        Value::Object(fields) => {
            let renamed = fields.iter().map(|(name, value)| {
                let name = camel_name(name);
                let value = if OPAQUE.contains(&name.as_str()) { value.clone() } else { camel(value) };
                (name, value)
            });
            Value::Object(renamed.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn camel_name(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name + letters.as_str()
    })
}
