//! The bodies of Ollama's own protocol: a script as JSON lines, or as one object. The wire format is described at
//! <https://github.com/ollama/ollama/blob/main/docs/api.md> (read November 2026).

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::model::{Ability, Model};
use crate::protocol::Written;
use crate::scenario::Answer;
use crate::script::{Call, Piece, Script};
use crate::shape::{self, Choice, Shape};

/// Where the list of models is.
pub(crate) const TAGS: &str = "/api/tags";

/// Where one model is described.
pub(crate) const SHOW: &str = "/api/show";

/// Where the server says how old it is.
pub(crate) const VERSION: &str = "/api/version";

/// When every simulated answer and model was made.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// The list of models.
pub(crate) fn models(models: &[Model]) -> Value {
    let listed = models.iter().map(|model| {
        json!({
            "name": model.name, "model": model.name, "modified_at": CREATED, "size": 1, "digest": "simulated",
            "details": details(), "capabilities": capabilities(model),
        })
    });
    json!({"models": listed.collect::<Vec<_>>()})
}

/// One of them, at length.
pub(crate) fn show(model: &Model) -> Value {
    json!({
        "modified_at": CREATED, "details": details(), "capabilities": capabilities(model), "license": "",
        "modelfile": "", "parameters": "", "template": "",
        "model_info": {"general.architecture": "simulated", "simulated.context_length": model.context_tokens},
    })
}

fn details() -> Value {
    json!({"parent_model": "", "format": "gguf", "family": "simulated", "families": ["simulated"],
        "parameter_size": "1B", "quantization_level": "Q4_K_M"})
}

fn capabilities(model: &Model) -> Vec<&'static str> {
    let known = [
        ("tools", Ability::Tools),
        ("thinking", Ability::Thinking),
        ("vision", Ability::Images),
        ("audio", Ability::Audio),
    ];
    let can = known.iter().filter(|(_, ability)| model.has(*ability)).map(|(name, _)| *name);
    ["completion"].into_iter().chain(can).collect()
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
    failure.refusal(status, &error(failure))
}

fn error(failure: &Failure) -> Value {
    let message = match failure {
        Failure::WrongKey => "unauthorized",
        Failure::UnknownModel => "model not found",
        Failure::Overloaded => "server busy, please try again. maximum pending requests exceeded",
        other => other.message(),
    };
    json!({"error": message})
}

/// The form in which a request wants an object: `format` is a word or a schema, and no tool can be forced.
pub(crate) fn shape(request: &Value) -> Shape {
    let has_format = request["format"].is_object() || request["format"].as_str().is_some_and(|word| !word.is_empty());
    Shape::of(has_format, &Choice::Free, &shape::offered(&request["tools"]))
}

/// The body's media type and its lines, streamed unless the request wants it whole.
pub(crate) fn body(script: &Script, request: &Value) -> Written {
    let model = request["model"].as_str().unwrap_or("simulated");
    if request["stream"] == false {
        return ("application/json".to_owned(), vec![whole(script, model).to_string().into_bytes()]);
    }
    ("application/x-ndjson".to_owned(), lines(script, model))
}

/// A script as lines, one entry each. A tool call comes whole, in the line behind the last of its fragments.
#[must_use]
pub fn lines(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let line =
        |message: Value| entry(&json!({"model": model, "created_at": CREATED, "message": message, "done": false}));
    let mut lines = Vec::new();
    let mut calls = script.calls().into_iter().peekable();
    for (at, piece) in script.pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) | Piece::Refusal(text) => lines.push(line(json!({"role": "assistant", "content": text}))),
            Piece::Thinking(text) => {
                lines.push(line(json!({"role": "assistant", "content": "", "thinking": text})));
            }
            Piece::ToolCall { .. } | Piece::Redacted(_) => {}
            Piece::Fails(failure) => {
                lines.push(entry(&error(failure)));
                return lines;
            }
            Piece::Frame(bytes) => lines.push(bytes.clone().into_bytes()),
        }
        while let Some(whole) = calls.next_if(|call| call.ends_at == at) {
            lines.push(line(json!({"role": "assistant", "content": "", "tool_calls": [call(&whole)]})));
        }
    }
    if script.ends {
        lines.push(entry(&last(script, model, json!({"role": "assistant", "content": ""}))));
    }
    lines
}

fn call(call: &Call) -> Value {
    json!({"id": call.id, "function": {"index": call.index, "name": call.name, "arguments": call.object()}})
}

fn entry(line: &Value) -> Vec<u8> {
    format!("{line}\n").into_bytes()
}

/// The last line, or a whole answer. Durations are in nanoseconds.
fn last(script: &Script, model: &str, message: Value) -> Value {
    let mut last = json!({"model": model, "created_at": CREATED, "message": message, "done": true,
        "total_duration": 3_000_000, "load_duration": 1_000_000});
    if let Some(finish) = &script.finish {
        // Calls are no reason of their own here.
        last["done_reason"] = json!(if finish == "tool_calls" { "stop" } else { finish });
    }
    if let Some((prompt, answer)) = script.usage {
        last["prompt_eval_count"] = json!(prompt);
        last["prompt_eval_duration"] = json!(1_000_000);
        last["eval_count"] = json!(answer);
        last["eval_duration"] = json!(1_000_000);
    }
    last
}

fn whole(script: &Script, model: &str) -> Value {
    let said = script.said();
    let mut message = json!({"role": "assistant", "content": said.text + &said.refusal});
    if !said.thinking.is_empty() {
        message["thinking"] = json!(said.thinking);
    }
    let calls: Vec<Value> = script.calls_in_order().iter().map(call).collect();
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    last(script, model, message)
}
