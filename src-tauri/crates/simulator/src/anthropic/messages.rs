//! Messages: a script as a stream of events, or as one JSON object.

use serde_json::{Value, json};

use super::error;
use crate::blocks::{Block, Step, blocks, steps};
use crate::protocol::Written;
pub use crate::script::SIGNATURE;
use crate::script::{Piece, Script, object};
use crate::shape::{self, Choice, Shape};

/// The body's media type and its events, streamed if the request wants a stream.
pub(crate) fn body(script: &Script, asked: &Value) -> Written {
    let model = asked["model"].as_str().unwrap_or("simulated");
    let reasoning = if asked["thinking"]["display"] == "omitted" { Reasoning::Omitted } else { Reasoning::Shown };
    if asked["stream"] == true {
        ("text/event-stream".to_owned(), stream(script, model, reasoning))
    } else {
        ("application/json".to_owned(), vec![whole(script, model, reasoning).to_string().into_bytes()])
    }
}

/// The form in which a request wants an object.
pub(crate) fn shape(asked: &Value) -> Shape {
    let choice = match asked["tool_choice"]["type"].as_str() {
        Some("any") => Choice::Any,
        Some("none") => Choice::None,
        Some("tool") => Choice::read(&asked["tool_choice"]),
        _ => Choice::Free,
    };
    Shape::of(shape::is_format(&asked["output_config"]["format"]), &choice, &shape::offered(&asked["tools"]))
}

/// Whether the client sees the words of the reasoning; its signature it always gets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reasoning {
    Shown,
    Omitted,
}

/// A script as server-sent events, one entry each.
#[must_use]
pub fn events(script: &Script, model: &str) -> Vec<Vec<u8>> {
    stream(script, model, Reasoning::Shown)
}

fn stream(script: &Script, model: &str, reasoning: Reasoning) -> Vec<Vec<u8>> {
    let mut message = message(model);
    if let Some(mut usage) = usage(script) {
        usage["output_tokens"] = json!(1);
        message["usage"] = usage;
    }
    let mut stream = Stream { events: Vec::new(), reasoning, blocks: Vec::new() };
    stream.send("message_start", json!({"message": message}));
    for step in steps(script) {
        match step {
            Step::Opens(number, block) => stream.open(number, block),
            Step::Adds(number, more) => stream.add(number, more),
            Step::Closes(number) => stream.close(number),
            Step::Other(Piece::Fails(failure)) => {
                stream.send("error", error(failure));
                return stream.events;
            }
            Step::Other(Piece::Frame(bytes)) => stream.events.push(bytes.clone().into_bytes()),
            Step::Other(_) => {}
        }
    }
    if script.finish.is_some() || script.usage.is_some() {
        let mut end = json!({"delta": ending(script)});
        if let Some(usage) = usage(script) {
            end["usage"] = usage;
        }
        stream.send("message_delta", end);
    }
    if script.ends {
        stream.send("message_stop", json!({}));
    }
    stream.events
}

/// A stream under way.
struct Stream {
    events: Vec<Vec<u8>>,
    reasoning: Reasoning,
    blocks: Vec<Block>,
}

impl Stream {
    fn send(&mut self, kind: &str, mut data: Value) {
        data["type"] = json!(kind);
        self.events.push(format!("event: {kind}\ndata: {data}\n\n").into_bytes());
    }

    fn delta(&mut self, number: usize, delta: Value) {
        self.send("content_block_delta", json!({"index": number, "delta": delta}));
    }

    fn open(&mut self, number: usize, block: Block) {
        let begun = match &block {
            Block::Text(_) | Block::Refusal(_) => json!({"type": "text", "text": ""}),
            Block::Thinking(_) => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Block::Redacted(data) => json!({"type": "redacted_thinking", "data": data}),
            Block::Call { id, name, .. } => json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
        };
        let is_hidden = matches!(block, Block::Thinking(_)) && self.reasoning == Reasoning::Omitted;
        self.blocks.push(block);
        self.send("content_block_start", json!({"index": number, "content_block": begun}));
        if number == 0 {
            self.send("ping", json!({}));
        }
        if is_hidden {
            self.delta(number, json!({"type": "thinking_delta", "thinking": ""}));
        }
    }

    fn add(&mut self, number: usize, more: &str) {
        let delta = match &self.blocks[number] {
            Block::Text(_) | Block::Refusal(_) => json!({"type": "text_delta", "text": more}),
            Block::Thinking(_) if self.reasoning == Reasoning::Shown => {
                json!({"type": "thinking_delta", "thinking": more})
            }
            Block::Call { .. } => json!({"type": "input_json_delta", "partial_json": more}),
            Block::Thinking(_) | Block::Redacted(_) => return,
        };
        self.delta(number, delta);
    }

    fn close(&mut self, number: usize) {
        if matches!(self.blocks[number], Block::Thinking(_)) {
            self.delta(number, json!({"type": "signature_delta", "signature": SIGNATURE}));
        }
        self.send("content_block_stop", json!({"index": number}));
    }
}

fn whole(script: &Script, model: &str, reasoning: Reasoning) -> Value {
    let content = blocks(script).into_iter().map(|block| match block {
        Block::Text(text) | Block::Refusal(text) => json!({"type": "text", "text": text}),
        Block::Thinking(text) => {
            let shown = if reasoning == Reasoning::Shown { text } else { String::new() };
            json!({"type": "thinking", "thinking": shown, "signature": SIGNATURE})
        }
        Block::Redacted(data) => json!({"type": "redacted_thinking", "data": data}),
        Block::Call { id, name, arguments } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": object(&arguments)})
        }
    });
    let mut message = message(model);
    message["content"] = content.collect();
    let Value::Object(ending) = ending(script) else { return message };
    ending.into_iter().for_each(|(field, value)| message[field] = value);
    if let Some(usage) = usage(script) {
        message["usage"] = usage;
    }
    message
}

fn message(model: &str) -> Value {
    json!({
        "id": "msg_simulated", "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": null, "stop_sequence": null, "stop_details": null,
    })
}

/// The tokens read from a cache are no input tokens here.
fn usage(script: &Script) -> Option<Value> {
    let (prompt, answer) = script.usage?;
    let cached = script.cached_tokens.unwrap_or(0);
    let mut usage = json!({
        "input_tokens": prompt.saturating_sub(cached), "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached, "output_tokens": answer, "service_tier": "standard",
    });
    if let Some(reasoning) = script.reasoning_tokens {
        usage["output_tokens_details"] = json!({"thinking_tokens": reasoning});
    }
    Some(usage)
}

fn ending(script: &Script) -> Value {
    let is_refused = script.pieces.iter().any(|piece| matches!(piece, Piece::Refusal(_)));
    let reason = match script.finish.as_deref() {
        _ if is_refused => Some("refusal"),
        Some("stop") => Some("end_turn"),
        Some("length") => Some("max_tokens"),
        Some("tool_calls") => Some("tool_use"),
        Some("content_filter") => Some("refusal"),
        other => other,
    };
    let details =
        (reason == Some("refusal")).then(|| json!({"type": "refusal", "category": null, "explanation": null}));
    json!({"stop_reason": reason, "stop_sequence": null, "stop_details": details})
}
