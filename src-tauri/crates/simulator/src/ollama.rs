//! The bodies of Ollama's own protocol: a script as JSON lines, or as one object. The wire format is described at
//! <https://github.com/ollama/ollama/blob/main/docs/api.md> (read November 2026).

use serde_json::{Value, json};

use crate::scenario::{Piece, Script};

/// The list of models.
pub(crate) fn models(names: &[String]) -> Value {
    let models: Vec<Value> = names.iter().map(|name| json!({"name": name, "model": name, "size": 1})).collect();
    json!({ "models": models })
}

/// Where one model is shown.
pub(crate) const SHOW: &str = "/api/show";

/// What is shown of a model; every one is said to read so many tokens.
pub(crate) fn show() -> Value {
    json!({
        "capabilities": ["completion", "tools"],
        "details": {"format": "gguf", "family": "simulated"},
        "model_info": {"general.architecture": "simulated", "simulated.context_length": 8192}
    })
}

/// The body's media type and its lines, streamed unless the request wants it whole.
pub(crate) fn body(script: &Script, request: &Value) -> (String, Vec<Vec<u8>>) {
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
            Piece::ToolCall { .. } => {}
            Piece::Frame(bytes) => lines.push(bytes.clone().into_bytes()),
        }
        while let Some(call) = calls.next_if(|call| call.ends_at == at) {
            let call = json!({"id": call.id, "function": {"index": call.index, "name": call.name, "arguments": call.object()}});
            lines.push(line(json!({"role": "assistant", "content": "", "tool_calls": [call]})));
        }
    }
    if script.ends {
        lines.push(entry(&last(script, model, json!({"role": "assistant", "content": ""}))));
    }
    lines
}

/// When every simulated answer was made.
const CREATED: &str = "2026-01-01T00:00:00Z";

fn entry(line: &Value) -> Vec<u8> {
    format!("{line}\n").into_bytes()
}

fn last(script: &Script, model: &str, message: Value) -> Value {
    let mut last = json!({"model": model, "created_at": CREATED, "message": message, "done": true});
    if let Some(finish) = &script.finish {
        last["done_reason"] = json!(finish);
    }
    if let Some((prompt, answer)) = script.usage {
        last["prompt_eval_count"] = json!(prompt);
        last["eval_count"] = json!(answer);
    }
    last
}

fn whole(script: &Script, model: &str) -> Value {
    let said = script.said();
    let mut message = json!({"role": "assistant", "content": said.text + &said.refusal});
    if !said.thinking.is_empty() {
        message["thinking"] = json!(said.thinking);
    }
    let calls: Vec<Value> = script
        .calls()
        .iter()
        .map(|call| json!({"id": call.id, "function": {"index": call.index, "name": call.name, "arguments": call.object()}}))
        .collect();
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    last(script, model, message)
}
