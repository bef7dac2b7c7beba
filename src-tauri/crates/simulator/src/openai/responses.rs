//! Responses: a script as a stream of events, or as one response object. The wire format is described at
//! <https://platform.openai.com/docs/api-reference/responses> (read November 2026).

use serde_json::{Value, json};

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

/// A script as server-sent events, one entry each. Every kind of piece is an item of its own.
#[must_use]
pub fn events(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let mut events = vec![event("response.created", json!({"response": response("in_progress", model)}))];
    let (text_at, calls_at) = (1, 2);
    let mut calls = script.calls().into_iter().peekable();
    let mut begun: Vec<u32> = Vec::new();
    let last_thought = script.pieces.iter().rposition(|piece| matches!(piece, Piece::Thinking(_)));
    for (at, piece) in script.pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => {
                events.push(event("response.output_text.delta", json!({"output_index": text_at, "delta": text})));
            }
            Piece::Thinking(text) => {
                let fields = json!({"output_index": 0, "summary_index": 0, "delta": text});
                events.push(event("response.reasoning_summary_text.delta", fields));
            }
            Piece::Refusal(text) => {
                events.push(event("response.refusal.delta", json!({"output_index": text_at, "delta": text})));
            }
            Piece::ToolCall { index, id, name, arguments } => {
                if !begun.contains(index) {
                    begun.push(*index);
                    let fields = json!({"output_index": calls_at + index, "item": call(id, name, "")});
                    events.push(event("response.output_item.added", fields));
                }
                let fields = json!({"output_index": calls_at + index, "delta": arguments});
                events.push(event("response.function_call_arguments.delta", fields));
            }
            Piece::Frame(bytes) => events.push(bytes.clone().into_bytes()),
        }
        if last_thought == Some(at) {
            let item = reasoning(&script.said().thinking);
            events.push(event("response.output_item.done", json!({"output_index": 0, "item": item})));
        }
        while let Some(whole) = calls.next_if(|call| call.ends_at == at) {
            let fields =
                json!({"output_index": calls_at + whole.index, "item": call(&whole.id, &whole.name, &whole.arguments)});
            events.push(event("response.output_item.done", fields));
        }
    }
    if script.ends {
        let last = last(script, model);
        let kind = format!("response.{}", last["status"].as_str().unwrap_or("completed"));
        events.push(event(&kind, json!({ "response": last })));
    }
    events
}

fn event(kind: &str, mut fields: Value) -> Vec<u8> {
    fields["type"] = json!(kind);
    format!("event: {kind}\ndata: {fields}\n\n").into_bytes()
}

fn response(status: &str, model: &str) -> Value {
    json!({"id": "resp_simulated", "object": "response", "created_at": 1_700_000_000, "model": model, "status": status,
        "error": null, "incomplete_details": null, "output": []})
}

fn call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": id, "name": name, "arguments": arguments})
}

fn reasoning(thinking: &str) -> Value {
    let summary = json!([{"type": "summary_text", "text": thinking}]);
    json!({"type": "reasoning", "id": "rs_simulated", "summary": summary, "encrypted_content": "c2ltdWxhdGVk"})
}

/// `length` and `content_filter` are reasons for an incomplete response; every other word is a complete one.
fn last(script: &Script, model: &str) -> Value {
    let incomplete = match script.finish.as_deref() {
        Some("length") => Some("max_output_tokens"),
        Some("content_filter") => Some("content_filter"),
        _ => None,
    };
    let mut last = response(if incomplete.is_some() { "incomplete" } else { "completed" }, model);
    if let Some(reason) = incomplete {
        last["incomplete_details"] = json!({ "reason": reason });
    }
    if let Some((prompt, answer)) = script.usage {
        last["usage"] = json!({"input_tokens": prompt, "output_tokens": answer, "total_tokens": prompt + answer});
    }
    last
}

fn whole(script: &Script, model: &str) -> Value {
    let said = script.said();
    let mut output = Vec::new();
    if !said.thinking.is_empty() {
        output.push(reasoning(&said.thinking));
    }
    let mut parts = Vec::new();
    if !said.text.is_empty() {
        parts.push(json!({"type": "output_text", "text": said.text, "annotations": []}));
    }
    if !said.refusal.is_empty() {
        parts.push(json!({"type": "refusal", "refusal": said.refusal}));
    }
    if !parts.is_empty() {
        output.push(json!({"type": "message", "id": "msg_simulated", "role": "assistant", "content": parts}));
    }
    let mut calls = script.calls();
    calls.sort_by_key(|call| call.index);
    output.extend(calls.iter().map(|whole| call(&whole.id, &whole.name, &whole.arguments)));
    let mut body = last(script, model);
    body["output"] = json!(output);
    body
}
