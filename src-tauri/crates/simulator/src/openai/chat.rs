//! Chat Completions: a script as a stream of events, or as one JSON object.

use serde_json::{Map, Value, json};

use super::{CREATED, error};
use crate::protocol::Written;
use crate::script::{Piece, Script};
use crate::shape::{self, Choice, Shape};

/// The body's media type and its events, streamed if the request wants a stream.
pub(crate) fn body(script: &Script, request: &Value) -> Written {
    let model = request["model"].as_str().unwrap_or("simulated");
    if request["stream"] != true {
        return ("application/json".to_owned(), vec![whole(script, model).to_string().into_bytes()]);
    }
    let is_counted = request["stream_options"]["include_usage"] == true;
    let usage = script.usage.filter(|_| is_counted);
    ("text/event-stream".to_owned(), events(&Script { usage, ..script.clone() }, model))
}

/// The form in which a request wants an object.
pub(crate) fn shape(request: &Value) -> Shape {
    let choice = Choice::read(&request["tool_choice"]);
    Shape::of(shape::is_format(&request["response_format"]), &choice, &shape::offered(&request["tools"]))
}

/// A script as server-sent events, one entry each.
#[must_use]
pub fn events(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let chunk = |choices: Value, usage: Value| {
        let mut chunk = json!({
            "id": "chatcmpl-simulated", "object": "chat.completion.chunk", "created": CREATED,
            "model": model, "service_tier": "default", "system_fingerprint": null, "choices": choices,
        });
        // The field is there, though empty, in every chunk of a stream that will have a count.
        if script.usage.is_some() {
            chunk["usage"] = usage;
        }
        format!("data: {chunk}\n\n").into_bytes()
    };
    let choice =
        |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]);
    let mut events = vec![chunk(choice(json!({"role": "assistant", "content": ""}), Value::Null), Value::Null)];
    for piece in &script.pieces {
        let delta = match piece {
            Piece::Text(text) => json!({"content": text}),
            Piece::Thinking(text) => json!({"reasoning_content": text}),
            Piece::Refusal(text) => json!({"refusal": text}),
            Piece::ToolCall { index, id, name, arguments } => {
                json!({"tool_calls": [tool_fragment(*index, id, name, arguments)]})
            }
            Piece::Redacted(_) => continue,
            Piece::Fails(failure) => {
                events.push(format!("data: {}\n\n", json!({"error": error(failure)})).into_bytes());
                return events;
            }
            Piece::Frame(bytes) => {
                events.push(bytes.clone().into_bytes());
                continue;
            }
        };
        events.push(chunk(choice(delta, Value::Null), Value::Null));
    }
    if let Some(finish) = &script.finish {
        events.push(chunk(choice(json!({}), json!(finish)), Value::Null));
    }
    if let Some(usage) = usage(script) {
        events.push(chunk(json!([]), usage));
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

fn usage(script: &Script) -> Option<Value> {
    let (prompt, answer) = script.usage?;
    let mut usage = json!({"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer});
    if let Some(cached) = script.cached_tokens {
        usage["prompt_tokens_details"] = json!({"cached_tokens": cached, "audio_tokens": 0});
    }
    if let Some(reasoning) = script.reasoning_tokens {
        usage["completion_tokens_details"] = json!({"reasoning_tokens": reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0});
    }
    Some(usage)
}

fn whole(script: &Script, model: &str) -> Value {
    let said = script.said();
    let text_or_null = |text: String| if text.is_empty() { Value::Null } else { Value::String(text) };
    let mut message = json!({"role": "assistant", "content": text_or_null(said.text),
        "refusal": text_or_null(said.refusal), "annotations": []});
    if !said.thinking.is_empty() {
        message["reasoning_content"] = json!(said.thinking);
    }
    let calls = script.calls_in_order();
    if !calls.is_empty() {
        message["tool_calls"] = calls
            .into_iter()
            .map(|call| json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}))
            .collect();
    }
    let mut body = json!({
        "id": "chatcmpl-simulated", "object": "chat.completion", "created": CREATED, "model": model,
        "service_tier": "default", "system_fingerprint": null,
        "choices": [{"index": 0, "message": message, "finish_reason": script.finish, "logprobs": null}],
    });
    if let Some(usage) = usage(script) {
        body["usage"] = usage;
    }
    body
}
