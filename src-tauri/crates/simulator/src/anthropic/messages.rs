//! Messages: a script as a stream of events, or as one JSON object.

use serde_json::{Value, json};

use crate::scenario::{Piece, Script};

/// What every block of reasoning is signed with.
pub const SIGNATURE: &str = "c2ltdWxhdGVk";

/// The body's media type and its events, streamed if the request wants a stream.
pub(crate) fn body(script: &Script, asked: &Value) -> (String, Vec<Vec<u8>>) {
    let model = asked["model"].as_str().unwrap_or("simulated");
    if asked["stream"] == true {
        ("text/event-stream".to_owned(), events(script, model))
    } else {
        ("application/json".to_owned(), vec![whole(script, model).to_string().into_bytes()])
    }
}

/// A script as server-sent events, one entry each.
#[must_use]
pub fn events(script: &Script, model: &str) -> Vec<Vec<u8>> {
    let mut message = message(model);
    if let Some((prompt, _)) = script.usage {
        message["usage"] = json!({"input_tokens": prompt, "output_tokens": 1});
    }
    let mut stream = Stream::default();
    stream.send("message_start", json!({"message": message}));
    for piece in &script.pieces {
        stream.piece(piece);
    }
    stream.close_words();
    stream.close_calls();
    if script.finish.is_some() || script.usage.is_some() {
        let mut end = json!({"delta": {"stop_reason": stop_reason(script), "stop_sequence": null}});
        if let Some((_, answer)) = script.usage {
            end["usage"] = json!({"output_tokens": answer});
        }
        stream.send("message_delta", end);
    }
    if script.ends {
        stream.send("message_stop", json!({}));
    }
    stream.events
}

/// A stream under way. Calls stay open until the end, so that their fragments may alternate.
#[derive(Default)]
struct Stream {
    events: Vec<Vec<u8>>,
    /// The next block's number.
    next: u32,
    /// The open block of words or reasoning, and whether it is reasoning.
    words: Option<(u32, bool)>,
    /// Calls by the script's number: the block's number.
    calls: Vec<(u32, u32)>,
}

impl Stream {
    fn send(&mut self, kind: &str, mut data: Value) {
        data["type"] = json!(kind);
        self.events.push(format!("event: {kind}\ndata: {data}\n\n").into_bytes());
    }

    fn piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Text(text) | Piece::Refusal(text) => {
                let index = self.open_words(false);
                self.delta(index, json!({"type": "text_delta", "text": text}));
            }
            Piece::Thinking(text) => {
                let index = self.open_words(true);
                self.delta(index, json!({"type": "thinking_delta", "thinking": text}));
            }
            Piece::ToolCall { index, id, name, arguments } => {
                self.close_words();
                let known = self.calls.iter().find(|(number, _)| number == index).map(|(_, block)| *block);
                let block = known.unwrap_or_else(|| {
                    let block = self.begin(json!({"type": "tool_use", "id": id, "name": name, "input": {}}));
                    self.calls.push((*index, block));
                    block
                });
                self.delta(block, json!({"type": "input_json_delta", "partial_json": arguments}));
            }
            Piece::Frame(bytes) => self.events.push(bytes.clone().into_bytes()),
        }
    }

    fn open_words(&mut self, is_thinking: bool) -> u32 {
        match self.words {
            Some((index, kind)) if kind == is_thinking => index,
            _ => {
                self.close_words();
                let block = if is_thinking {
                    json!({"type": "thinking", "thinking": "", "signature": ""})
                } else {
                    json!({"type": "text", "text": ""})
                };
                let index = self.begin(block);
                self.words = Some((index, is_thinking));
                index
            }
        }
    }

    fn begin(&mut self, block: Value) -> u32 {
        let index = self.next;
        self.next += 1;
        self.send("content_block_start", json!({"index": index, "content_block": block}));
        index
    }

    fn delta(&mut self, index: u32, delta: Value) {
        self.send("content_block_delta", json!({"index": index, "delta": delta}));
    }

    fn close_words(&mut self) {
        if let Some((index, is_thinking)) = self.words.take() {
            if is_thinking {
                self.delta(index, json!({"type": "signature_delta", "signature": SIGNATURE}));
            }
            self.send("content_block_stop", json!({"index": index}));
        }
    }

    fn close_calls(&mut self) {
        for (_, block) in std::mem::take(&mut self.calls) {
            self.send("content_block_stop", json!({"index": block}));
        }
    }
}

fn whole(script: &Script, model: &str) -> Value {
    let mut blocks: Vec<Value> = Vec::new();
    for piece in &script.pieces {
        let (kind, field, more) = match piece {
            Piece::Text(more) | Piece::Refusal(more) => ("text", "text", more),
            Piece::Thinking(more) => ("thinking", "thinking", more),
            Piece::ToolCall { .. } | Piece::Frame(_) => continue,
        };
        match blocks.last_mut().filter(|last| last["type"] == kind) {
            Some(last) => last[field] = json!(format!("{}{more}", last[field].as_str().unwrap_or_default())),
            None if kind == "thinking" => {
                blocks.push(json!({"type": kind, field: more, "signature": SIGNATURE}));
            }
            None => blocks.push(json!({"type": kind, field: more})),
        }
    }
    let mut calls = script.calls();
    calls.sort_by_key(|call| call.index);
    blocks.extend(
        calls.iter().map(|call| json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.object()})),
    );
    let mut message = message(model);
    message["content"] = Value::Array(blocks);
    message["stop_reason"] = json!(stop_reason(script));
    if let Some((prompt, answer)) = script.usage {
        message["usage"] = json!({"input_tokens": prompt, "output_tokens": answer});
    }
    message
}

fn message(model: &str) -> Value {
    json!({
        "id": "msg_simulated", "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": null, "stop_sequence": null,
    })
}

fn stop_reason(script: &Script) -> Option<&str> {
    if script.pieces.iter().any(|piece| matches!(piece, Piece::Refusal(_))) {
        return Some("refusal");
    }
    script.finish.as_deref().map(|finish| match finish {
        "stop" => "end_turn",
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        "content_filter" => "refusal",
        other => other,
    })
}
