//! The bodies of DashScope's own protocol: a script as frames, or as one object. The wire format is described at
//! <https://help.aliyun.com/zh/model-studio/qwen-api-reference> (read November 2026).

use serde_json::{Value, json};

use crate::scenario::{Answer, Piece, Script};
use crate::server::Request;

/// Where the catalogue of models lies.
pub(crate) const MODELS: &str = "/api/v1/models";

/// Whether a conversation is posted to this path.
pub(crate) fn is_asked(path: &str) -> bool {
    path.starts_with("/api/v1/services/aigc/") && path.ends_with("-generation/generation")
}

/// The catalogue of models, in one page.
pub(crate) fn models(names: &[String]) -> Value {
    let models: Vec<Value> = names.iter().map(|name| json!({"model": name, "name": name})).collect();
    json!({"request_id": "simulated", "output": {"total": names.len(), "page_no": 1, "models": models}})
}

/// What a request without the right key gets.
pub(crate) fn wrong_key() -> Answer {
    let body = json!({"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "simulated"});
    Answer::refuses(401, &body)
}

/// The body's media type and its frames, streamed if a header of the request says so.
pub(crate) fn body(script: &Script, request: &Request) -> (String, Vec<Vec<u8>>) {
    if request.header("x-dashscope-sse") == Some("enable") {
        ("text/event-stream;charset=UTF-8".to_owned(), frames(script))
    } else {
        ("application/json".to_owned(), vec![whole(script).to_string().into_bytes()])
    }
}

/// A script as frames of deltas, one entry each.
#[must_use]
pub fn frames(script: &Script) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for piece in &script.pieces {
        let message = match piece {
            Piece::Text(text) | Piece::Refusal(text) => json!({"role": "assistant", "content": text}),
            Piece::Thinking(text) => json!({"role": "assistant", "content": "", "reasoning_content": text}),
            Piece::ToolCall { index, id, name, arguments } => {
                let mut function = json!({ "arguments": arguments });
                if !name.is_empty() {
                    function["name"] = json!(name);
                }
                let call = json!({"index": index, "id": id, "type": "function", "function": function});
                json!({"role": "assistant", "content": "", "tool_calls": [call]})
            }
            Piece::Frame(bytes) => {
                frames.push(bytes.clone().into_bytes());
                continue;
            }
        };
        frames.push(frame(&answer(message, "null", None)));
    }
    if script.ends {
        let finish = script.finish.as_deref().unwrap_or("null");
        frames.push(frame(&answer(json!({"role": "assistant", "content": ""}), finish, script.usage)));
    }
    frames
}

/// Without a space behind the colon, and with the status in a comment, as the server writes it.
fn frame(data: &Value) -> Vec<u8> {
    format!("event:result\n:HTTP_STATUS/200\ndata:{data}\n\n").into_bytes()
}

fn answer(message: Value, finish: &str, usage: Option<(u64, u64)>) -> Value {
    let choices = json!([{"index": 0, "message": message, "finish_reason": finish}]);
    let mut answer = json!({"output": {"choices": choices}, "request_id": "simulated"});
    if let Some((prompt, words)) = usage {
        answer["usage"] = json!({"input_tokens": prompt, "output_tokens": words, "total_tokens": prompt + words});
    }
    answer
}

fn whole(script: &Script) -> Value {
    let said = script.said();
    let mut message = json!({"role": "assistant", "content": said.text + &said.refusal});
    if !said.thinking.is_empty() {
        message["reasoning_content"] = json!(said.thinking);
    }
    let mut calls = script.calls();
    calls.sort_by_key(|call| call.index);
    if !calls.is_empty() {
        message["tool_calls"] = calls
            .iter()
            .map(|call| json!({"index": call.index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}))
            .collect();
    }
    answer(message, script.finish.as_deref().unwrap_or("stop"), script.usage)
}
