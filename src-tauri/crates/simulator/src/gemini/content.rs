//! `generateContent`: a script as a stream of chunks, or as one JSON object.

use serde_json::{Value, json};

use super::MODELS;
use crate::scenario::{Piece, Script};

/// The proof on the first call of every answer.
pub const SIGNATURE: &str = "c2ltdWxhdGVk";

/// Whether a conversation is posted to this path.
pub(crate) fn is_asked(path: &str) -> bool {
    asked(path).is_some_and(|(_, verb)| matches!(verb, "generateContent" | "streamGenerateContent"))
}

/// The body's media type and its events, streamed if the path wants a stream.
pub(crate) fn body(script: &Script, path: &str) -> (String, Vec<Vec<u8>>) {
    let (model, verb) = asked(path).unwrap_or_default();
    if verb == "streamGenerateContent" {
        ("text/event-stream".to_owned(), events(script, model))
    } else {
        ("application/json".to_owned(), vec![whole(script, model).to_string().into_bytes()])
    }
}

/// The model and the verb of a path.
fn asked(path: &str) -> Option<(&str, &str)> {
    let place = path.split('?').next().unwrap_or_default();
    place.strip_prefix(MODELS)?.strip_prefix('/')?.rsplit_once(':')
}

/// A script as server-sent events, one entry each. The protocol has no last event; calls come whole.
#[must_use]
pub fn events(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let event = |chunk: Value| format!("data: {chunk}\r\n\r\n").into_bytes();
    let mut events: Vec<Vec<u8>> = Vec::new();
    for piece in &script.pieces {
        match piece {
            Piece::Frame(bytes) => events.push(bytes.clone().into_bytes()),
            other => events.extend(part(other).map(|part| event(chunk(model, vec![part])))),
        }
    }
    events.extend(calls(script).into_iter().map(|call| event(chunk(model, vec![call]))));
    if script.finish.is_some() || script.usage.is_some() {
        let mut last = chunk(model, vec![json!({"text": ""})]);
        finish(&mut last, script);
        events.push(event(last));
    }
    events
}

fn whole(script: &Script, model: &str) -> Value {
    let mut parts: Vec<Value> = script.pieces.iter().filter_map(part).collect();
    parts.extend(calls(script));
    let mut whole = chunk(model, parts);
    finish(&mut whole, script);
    whole
}

fn chunk(model: &str, parts: Vec<Value>) -> Value {
    json!({
        "candidates": [{"index": 0, "content": {"role": "model", "parts": parts}}],
        "modelVersion": model, "responseId": "simulated",
    })
}

fn part(piece: &Piece) -> Option<Value> {
    match piece {
        Piece::Text(text) | Piece::Refusal(text) => Some(json!({"text": text})),
        Piece::Thinking(text) => Some(json!({"text": text, "thought": true})),
        Piece::ToolCall { .. } | Piece::Frame(_) => None,
    }
}

fn calls(script: &Script) -> Vec<Value> {
    let mut calls = script.calls();
    calls.sort_by_key(|call| call.index);
    let mut parts: Vec<Value> = calls
        .iter()
        .map(|call| json!({"functionCall": {"id": call.id, "name": call.name, "args": call.object()}}))
        .collect();
    if let Some(first) = parts.first_mut() {
        first["thoughtSignature"] = json!(SIGNATURE);
    }
    parts
}

fn finish(chunk: &mut Value, script: &Script) {
    let reason = script.finish.as_deref().map(|finish| match finish {
        "stop" | "tool_calls" => "STOP",
        "length" => "MAX_TOKENS",
        "content_filter" => "SAFETY",
        other => other,
    });
    if let Some(reason) = reason {
        chunk["candidates"][0]["finishReason"] = json!(reason);
    }
    if let Some((prompt, answer)) = script.usage {
        chunk["usageMetadata"] = json!({
            "promptTokenCount": prompt, "candidatesTokenCount": answer, "totalTokenCount": prompt + answer,
        });
    }
}
