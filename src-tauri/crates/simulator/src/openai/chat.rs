//! Chat Completions: a script as a stream of events, or as one JSON object.

use serde_json::{Map, Value, json};

use crate::scenario::{Piece, Script};

/// The body's media type and its events, streamed if the request wants a stream.
pub(crate) fn body(script: &Script, request: &Value) -> (String, Vec<Vec<u8>>) {
    let model = request["model"].as_str().unwrap_or("simulated");
    if request["stream"] == true {
        ("text/event-stream".to_owned(), events(script, model))
    } else {
        ("application/json".to_owned(), vec![whole(script, model).to_string().into_bytes()])
    }
}

/// A script as server-sent events, one entry each.
#[must_use]
pub fn events(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "chatcmpl-simulated", "object": "chat.completion.chunk", "created": 1_700_000_000,
            "model": model, "choices": choices, "usage": usage,
        });
        format!("data: {chunk}\n\n").into_bytes()
    };
    let choice = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    let mut events = vec![chunk(choice(json!({"role": "assistant", "content": ""}), Value::Null), Value::Null)];
    for piece in &script.pieces {
        events.push(match piece {
            Piece::Text(text) => chunk(choice(json!({"content": text}), Value::Null), Value::Null),
            Piece::Thinking(text) => chunk(choice(json!({"reasoning_content": text}), Value::Null), Value::Null),
            Piece::Refusal(text) => chunk(choice(json!({"refusal": text}), Value::Null), Value::Null),
            Piece::ToolCall { index, id, name, arguments } => {
                let call = tool_fragment(*index, id, name, arguments);
                chunk(choice(json!({"tool_calls": [call]}), Value::Null), Value::Null)
            }
            Piece::Frame(bytes) => bytes.clone().into_bytes(),
        });
    }
    if let Some(finish) = &script.finish {
        events.push(chunk(choice(json!({}), json!(finish)), Value::Null));
    }
    if let Some(usage) = script.usage {
        events.push(chunk(json!([]), counts(usage)));
    }
    if script.ends {
        events.push(b"data: [DONE]\n\n".to_vec());
    }
    events
}

fn tool_fragment(index: u32, id: &str, name: &str, arguments: &str) -> Value {
    let mut function = Map::new();
    if !name.is_empty() {
        function.insert("name".into(), json!(name));
    }
    function.insert("arguments".into(), json!(arguments));
    let mut call =
        Map::from_iter([("index".to_owned(), json!(index)), ("function".to_owned(), Value::Object(function))]);
    if !id.is_empty() {
        call.insert("id".into(), json!(id));
        call.insert("type".into(), json!("function"));
    }
    Value::Object(call)
}

fn counts((prompt, answer): (u64, u64)) -> Value {
    json!({"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer})
}

fn whole(script: &Script, model: &str) -> Value {
    let said = script.said();
    let text_or_null = |text: String| if text.is_empty() { Value::Null } else { Value::String(text) };
    let mut message =
        json!({"role": "assistant", "content": text_or_null(said.text), "refusal": text_or_null(said.refusal)});
    if !said.thinking.is_empty() {
        message["reasoning_content"] = json!(said.thinking);
    }
    let mut calls = script.calls();
    calls.sort_by_key(|call| call.index);
    if !calls.is_empty() {
        message["tool_calls"] = calls
            .into_iter()
            .map(|call| json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}))
            .collect();
    }
    let mut body = json!({
        "id": "chatcmpl-simulated", "object": "chat.completion", "created": 1_700_000_000, "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": script.finish, "logprobs": null}],
    });
    if let Some(usage) = script.usage {
        body["usage"] = counts(usage);
    }
    body
}
