//! Responses: a script as a stream of events, or as one response object. The wire format is described at
//! <https://platform.openai.com/docs/api-reference/responses> (read November 2026).

use serde_json::{Value, json};

use super::{CREATED, error, text};
use crate::blocks::{Block, Step, blocks, steps};
use crate::protocol::Written;
use crate::script::{Piece, SIGNATURE, Script};
use crate::shape::{self, Choice, Shape};

/// The body's media type and its events, streamed if the request wants a stream.
pub(crate) fn body(script: &Script, request: &Value) -> Written {
    if request["stream"] == true {
        ("text/event-stream".to_owned(), stream(script, response(request)))
    } else {
        ("application/json".to_owned(), vec![whole(script, response(request)).to_string().into_bytes()])
    }
}

/// The form in which a request wants an object.
pub(crate) fn shape(request: &Value) -> Shape {
    let choice = Choice::read(&request["tool_choice"]);
    Shape::of(shape::is_format(&request["text"]["format"]), &choice, &shape::offered(&request["tools"]))
}

/// The words of the input: all of it where it is a string, else of its last message or of the results of tools at its
/// end.
pub(crate) fn last_words(input: &Value) -> String {
    let items = match input {
        Value::Array(items) => items.as_slice(),
        other => return text(other),
    };
    let results = items.iter().rev().take_while(|item| item["type"] == "function_call_output").count();
    let last = &items[items.len() - results.max(1).min(items.len())..];
    let words = |item: &Value| text(if item["output"].is_null() { &item["content"] } else { &item["output"] });
    last.iter().map(words).collect::<Vec<_>>().join("\n")
}

/// A script as server-sent events, one entry each.
#[must_use]
pub fn events(script: &Script, model: &str) -> Vec<Vec<u8>> {
    stream(script, response(&json!({"model": model})))
}

fn stream(script: &Script, begun: Value) -> Vec<Vec<u8>> {
    let mut stream = Stream::default();
    stream.send("response.created", json!({"response": begun}));
    stream.send("response.in_progress", json!({"response": begun}));
    for step in steps(script) {
        match step {
            Step::Opens(number, block) => stream.open(number, block),
            Step::Adds(number, more) => stream.add(number, more),
            Step::Closes(number) => stream.close(number),
            Step::Other(Piece::Fails(failure)) => {
                let mut error = error(failure);
                error["headers"] = Value::Null;
                stream.send("error", json!({"error": error}));
                return stream.events;
            }
            Step::Other(Piece::Frame(bytes)) => stream.events.push(bytes.clone().into_bytes()),
            Step::Other(_) => {}
        }
    }
    if script.ends {
        let last = whole(script, begun);
        let kind = format!("response.{}", last["status"].as_str().unwrap_or("completed"));
        stream.send(&kind, json!({"response": last}));
    }
    stream.events
}

/// A stream under way. Every block is an item of the output, and a message has one part.
#[derive(Default)]
struct Stream {
    events: Vec<Vec<u8>>,
    sequence: u64,
    blocks: Vec<Block>,
}

impl Stream {
    fn send(&mut self, kind: &str, mut fields: Value) {
        fields["type"] = json!(kind);
        fields["sequence_number"] = json!(self.sequence);
        self.sequence += 1;
        self.events.push(format!("event: {kind}\ndata: {fields}\n\n").into_bytes());
    }

    /// An event about a part of an item: of its content, or of its summary.
    fn send_part(&mut self, kind: &str, number: usize, mut fields: Value) {
        let block = &self.blocks[number];
        let part = if matches!(block, Block::Thinking(_)) { "summary_index" } else { "content_index" };
        fields["item_id"] = json!(item_id(number, block));
        fields["output_index"] = json!(number);
        if !matches!(block, Block::Call { .. }) {
            fields[part] = json!(0);
        }
        self.send(kind, fields);
    }

    fn open(&mut self, number: usize, block: Block) {
        let mut item = item(number, &block, Progress::Begun);
        item["status"] = json!("in_progress");
        self.send("response.output_item.added", json!({"output_index": number, "item": item}));
        let begun = match &block {
            Block::Text(_) | Block::Refusal(_) => Some("response.content_part.added"),
            Block::Thinking(_) => Some("response.reasoning_summary_part.added"),
            Block::Redacted(_) | Block::Call { .. } => None,
        };
        let part = part(&block);
        self.blocks.push(block);
        if let Some(kind) = begun {
            self.send_part(kind, number, json!({"part": part}));
        }
    }

    fn add(&mut self, number: usize, more: &str) {
        let (kind, fields) = match &self.blocks[number] {
            Block::Text(_) => ("response.output_text.delta", json!({"delta": more, "logprobs": []})),
            Block::Refusal(_) => ("response.refusal.delta", json!({"delta": more})),
            Block::Thinking(_) => ("response.reasoning_summary_text.delta", json!({"delta": more})),
            Block::Call { .. } => ("response.function_call_arguments.delta", json!({"delta": more})),
            Block::Redacted(_) => return,
        };
        self.send_part(kind, number, fields);
        self.blocks[number].push(more);
    }

    fn close(&mut self, number: usize) {
        let block = self.blocks[number].clone();
        let part = part(&block);
        match &block {
            Block::Text(text) => {
                self.send_part("response.output_text.done", number, json!({"text": text, "logprobs": []}));
                self.send_part("response.content_part.done", number, json!({"part": part}));
            }
            Block::Refusal(text) => {
                self.send_part("response.refusal.done", number, json!({"refusal": text}));
                self.send_part("response.content_part.done", number, json!({"part": part}));
            }
            Block::Thinking(text) => {
                self.send_part("response.reasoning_summary_text.done", number, json!({"text": text}));
                self.send_part("response.reasoning_summary_part.done", number, json!({"part": part}));
            }
            Block::Call { name, arguments, .. } => {
                let fields = json!({"name": name, "arguments": arguments});
                self.send_part("response.function_call_arguments.done", number, fields);
            }
            Block::Redacted(_) => {}
        }
        let item = item(number, &block, Progress::Done);
        self.send("response.output_item.done", json!({"output_index": number, "item": item}));
    }
}

/// How far an item is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Begun,
    Done,
}

fn item_id(number: usize, block: &Block) -> String {
    let kind = match block {
        Block::Text(_) | Block::Refusal(_) => "msg",
        Block::Thinking(_) | Block::Redacted(_) => "rs",
        Block::Call { id, .. } => return format!("fc_{id}"),
    };
    if number == 0 { format!("{kind}_simulated") } else { format!("{kind}_simulated_{number}") }
}

/// The part of an item's content or summary that a block is.
fn part(block: &Block) -> Value {
    match block {
        Block::Text(text) => json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []}),
        Block::Refusal(text) => json!({"type": "refusal", "refusal": text}),
        Block::Thinking(text) => json!({"type": "summary_text", "text": text}),
        Block::Redacted(_) | Block::Call { .. } => Value::Null,
    }
}

fn item(number: usize, block: &Block, progress: Progress) -> Value {
    let is_done = progress == Progress::Done;
    let id = item_id(number, block);
    let parts = if is_done { json!([part(block)]) } else { json!([]) };
    match block {
        Block::Text(_) | Block::Refusal(_) => {
            json!({"type": "message", "id": id, "status": "completed", "role": "assistant", "content": parts})
        }
        // What is encrypted is only right once the item is done.
        Block::Thinking(_) => json!({"type": "reasoning", "id": id, "summary": parts,
            "encrypted_content": if is_done { SIGNATURE } else { "" }}),
        Block::Redacted(data) => json!({"type": "reasoning", "id": id, "summary": [],
            "encrypted_content": if is_done { data.as_str() } else { "" }}),
        Block::Call { id: call, name, arguments } => json!({"type": "function_call", "id": id, "status": "completed",
            "call_id": call, "name": name, "arguments": if is_done { arguments.as_str() } else { "" }}),
    }
}

/// A response that has begun, with what the request said about it.
fn response(request: &Value) -> Value {
    let asked = |field: &str, usual: Value| match &request[field] {
        Value::Null => usual,
        said => said.clone(),
    };
    json!({
        "id": "resp_simulated", "object": "response", "created_at": CREATED, "status": "in_progress", "error": null,
        "incomplete_details": null, "output": [], "usage": null, "metadata": {},
        "store": false,
        "model": asked("model", json!("simulated")),
        "instructions": asked("instructions", Value::Null),
        "max_output_tokens": asked("max_output_tokens", Value::Null),
        "parallel_tool_calls": asked("parallel_tool_calls", json!(true)),
        "previous_response_id": asked("previous_response_id", Value::Null),
        "reasoning": asked("reasoning", json!({"effort": null, "summary": null})),
        "temperature": asked("temperature", json!(1.0)),
        "text": asked("text", json!({"format": {"type": "text"}})),
        "tool_choice": asked("tool_choice", json!("auto")),
        "tools": asked("tools", json!([])),
        "top_p": asked("top_p", json!(1.0)),
        "truncation": asked("truncation", json!("disabled")),
    })
}

/// The response at its end. `length` and `content_filter` are reasons for an incomplete one; every other word is a
/// complete one.
fn whole(script: &Script, begun: Value) -> Value {
    let incomplete = match script.finish.as_deref() {
        Some("length") => Some("max_output_tokens"),
        Some("content_filter") => Some("content_filter"),
        _ => None,
    };
    let mut last = begun;
    last["status"] = json!(if incomplete.is_some() { "incomplete" } else { "completed" });
    if let Some(reason) = incomplete {
        last["incomplete_details"] = json!({"reason": reason});
    }
    let output = blocks(script);
    last["output"] = output.iter().enumerate().map(|(number, block)| item(number, block, Progress::Done)).collect();
    if let Some((prompt, answer)) = script.usage {
        last["usage"] = json!({
            "input_tokens": prompt, "output_tokens": answer, "total_tokens": prompt + answer,
            "input_tokens_details": {"cached_tokens": script.cached_tokens.unwrap_or(0)},
            "output_tokens_details": {"reasoning_tokens": script.reasoning_tokens.unwrap_or(0)},
        });
    }
    last
}
