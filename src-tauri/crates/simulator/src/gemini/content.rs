//! `generateContent`: a script as a stream of chunks, or as one JSON object.

use serde_json::{Value, json};

use super::{asked, camel, error};
use crate::protocol::Written;
pub use crate::script::SIGNATURE;
use crate::script::{Piece, Script};
use crate::server::Request;
use crate::shape::{Choice, Shape};

/// Whether the path wants a stream.
pub(crate) fn is_streamed(request: &Request) -> bool {
    asked(request.place()).is_some_and(|(_, verb)| verb == "streamGenerateContent")
}

/// The body's media type and its events. A stream is one of events only if the query says so, else one JSON array.
pub(crate) fn body(script: &Script, request: &Request) -> Written {
    let model = asked(request.place()).map_or("simulated", |(model, _)| model);
    let json = "application/json".to_owned();
    if !is_streamed(request) {
        return (json, vec![whole(script, model).to_string().into_bytes()]);
    }
    if request.query("alt") == Some("sse") {
        return ("text/event-stream".to_owned(), events(script, model));
    }
    let mut pieces = Vec::new();
    for (at, entry) in entries(script, model).into_iter().enumerate() {
        let before = if at == 0 { "[" } else { ",\r\n" };
        pieces.push(match entry {
            Entry::Chunk(chunk) => format!("{before}{chunk}").into_bytes(),
            Entry::Frame(bytes) => bytes.into_bytes(),
        });
    }
    pieces.push(b"]".to_vec());
    (json, pieces)
}

/// The form in which a request wants an object.
pub(crate) fn shape(request: &Value) -> Shape {
    let request = camel(request);
    let tools = request["tools"].as_array().into_iter().flatten();
    let offered: Vec<&str> = tools
        .filter_map(|tool| tool["functionDeclarations"].as_array())
        .flatten()
        .filter_map(|function| function["name"].as_str())
        .collect();
    let calling = &request["toolConfig"]["functionCallingConfig"];
    let allowed: Vec<&str> =
        calling["allowedFunctionNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let choice = match (calling["mode"].as_str(), allowed.as_slice()) {
        (Some("ANY"), [name, ..]) => Choice::Tool((*name).to_owned()),
        (Some("ANY"), []) => Choice::Any,
        (Some("NONE"), _) => Choice::None,
        _ => Choice::Free,
    };
    let is_json = request["generationConfig"]["responseMimeType"] == "application/json";
    Shape::of(is_json, &choice, &offered)
}

/// A script as server-sent events, one entry each. The protocol has no last event; calls come whole.
#[must_use]
pub fn events(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let written = entries(script, model).into_iter().map(|entry| match entry {
        Entry::Chunk(chunk) => format!("data: {chunk}\r\n\r\n").into_bytes(),
        Entry::Frame(bytes) => bytes.into_bytes(),
    });
    written.collect()
}

/// What a stream consists of, whatever holds it together.
enum Entry {
    Chunk(Value),
    /// Bytes as they stand.
    Frame(String),
}

fn entries(script: &Script, model: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for piece in &script.pieces {
        match piece {
            Piece::Frame(bytes) => entries.push(Entry::Frame(bytes.clone())),
            Piece::Fails(failure) => {
                entries.push(Entry::Chunk(error(failure)));
                return entries;
            }
            other => entries.extend(part(other).map(|part| Entry::Chunk(begun(script, chunk(model, vec![part]))))),
        }
    }
    entries.extend(calls(script).into_iter().map(|call| Entry::Chunk(begun(script, chunk(model, vec![call])))));
    if script.finish.is_some() || script.usage.is_some() {
        let mut last = chunk(model, vec![proof(script).unwrap_or_else(|| json!({"text": ""}))]);
        finish(&mut last, script);
        entries.push(Entry::Chunk(last));
    }
    entries
}

fn whole(script: &Script, model: &str) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    for part in script.pieces.iter().filter_map(part) {
        match parts.last_mut().filter(|last| last["thought"] == part["thought"]) {
            Some(last) => {
                let text = [&last["text"], &part["text"]].map(|text| text.as_str().unwrap_or_default()).concat();
                last["text"] = json!(text);
            }
            None => parts.push(part),
        }
    }
    parts.extend(calls(script));
    parts.extend(proof(script));
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

/// A chunk that is not the last: its count knows the prompt only.
fn begun(script: &Script, mut chunk: Value) -> Value {
    if let Some((prompt, _)) = script.usage {
        chunk["usageMetadata"] = json!({"promptTokenCount": prompt, "totalTokenCount": prompt});
    }
    chunk
}

fn part(piece: &Piece) -> Option<Value> {
    match piece {
        Piece::Text(text) | Piece::Refusal(text) => Some(json!({"text": text})),
        Piece::Thinking(text) => Some(json!({"text": text, "thought": true})),
        Piece::ToolCall { .. } | Piece::Redacted(_) | Piece::Fails(_) | Piece::Frame(_) => None,
    }
}

/// Calls as parts; only the first has a proof of the reasoning.
fn calls(script: &Script) -> Vec<Value> {
    let mut parts: Vec<Value> = script
        .calls_in_order()
        .iter()
        .map(|call| json!({"functionCall": {"id": call.id, "name": call.name, "args": call.object()}}))
        .collect();
    if let Some(first) = parts.first_mut() {
        first["thoughtSignature"] = json!(SIGNATURE);
    }
    parts
}

/// The proof of reasoning that led to words only: on a part of its own at the end.
fn proof(script: &Script) -> Option<Value> {
    let has_thought = script.pieces.iter().any(|piece| matches!(piece, Piece::Thinking(_)));
    let has_call = script.pieces.iter().any(|piece| matches!(piece, Piece::ToolCall { .. }));
    (has_thought && !has_call).then(|| json!({"text": "", "thoughtSignature": SIGNATURE}))
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
        // Reasoning is no part of the candidates' count.
        let thoughts = script.reasoning_tokens.unwrap_or(0);
        let mut usage = json!({
            "promptTokenCount": prompt, "candidatesTokenCount": answer.saturating_sub(thoughts),
            "totalTokenCount": prompt + answer,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
        });
        if thoughts > 0 {
            usage["thoughtsTokenCount"] = json!(thoughts);
        }
        if let Some(cached) = script.cached_tokens {
            usage["cachedContentTokenCount"] = json!(cached);
        }
        chunk["usageMetadata"] = usage;
    }
}
