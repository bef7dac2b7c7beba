//! The conversation as Messages wants it. Pure: media from files are in the messages already (see `media`).

use parlance_core::{ContentBlock, Msg, ProviderError, Role, Source, ToolOutput};
use serde_json::{Map, Value, json};

use crate::history;

/// A conversation, its instructions apart.
pub(crate) struct Written {
    pub(crate) system: Vec<Value>,
    pub(crate) messages: Vec<Value>,
}

/// Instructions at the beginning become the `system` of the request, later ones are said by the user. Neighbours of one role
/// become one message, since all results of a turn must stand in the one message that follows it.
pub(crate) fn write(provider: &str, messages: &[Msg]) -> Result<Written, ProviderError> {
    let (mut system, mut turns): (Vec<Value>, Vec<Turn>) = (Vec::new(), Vec::new());
    for msg in messages {
        let blocks = blocks(provider, msg)?;
        let is_plain = blocks.iter().all(|block| block["type"] == "text");
        if msg.role == Role::System && turns.is_empty() && is_plain {
            system.extend(blocks);
            continue;
        }
        let role = if msg.role == Role::Assistant { "assistant" } else { "user" };
        match turns.last_mut() {
            Some(last) if last.role == role => last.blocks.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => turns.push(Turn { role, blocks }),
        }
    }
    Ok(Written { system, messages: turns.into_iter().map(Turn::into_json).collect() })
}

struct Turn {
    role: &'static str,
    blocks: Vec<Value>,
}

impl Turn {
    fn into_json(mut self) -> Value {
        // Results come first. The order is kept otherwise.
        self.blocks.sort_by_key(|block| block["type"] != "tool_result");
        json!({"role": self.role, "content": self.blocks})
    }
}

fn blocks(provider: &str, msg: &Msg) -> Result<Vec<Value>, ProviderError> {
    let is_models = msg.role == Role::Assistant;
    let mut written = Vec::new();
    for block in &msg.content {
        match block {
            ContentBlock::Text { text, .. } => written.extend(text_block(text)),
            ContentBlock::Thinking { thinking, signature, opaque } => {
                if is_models {
                    written.extend(thinking_block(thinking, signature.as_deref(), opaque.as_ref()));
                }
            }
            ContentBlock::ToolUse(call) => written.push(json!({
                "type": "tool_use", "id": wire_id(&call.id), "name": call.name, "input": call.input,
            })),
            ContentBlock::ToolResult { id, output, end, .. } => {
                let mut result = Map::from_iter([
                    ("type".to_owned(), json!("tool_result")),
                    ("tool_use_id".to_owned(), json!(wire_id(id))),
                ]);
                let content = result_blocks(provider, output)?;
                if !content.is_empty() {
                    result.insert("content".into(), Value::Array(content));
                }
                if !end.is_done() {
                    result.insert("is_error".into(), json!(true));
                }
                written.push(Value::Object(result));
            }
            // Only people send pictures; a model's own are not taken back.
            ContentBlock::Image { source } if !is_models => written.push(image(provider, source)?),
            // The protocol has neither sound nor moving pictures.
            ContentBlock::Image { .. } | ContentBlock::Audio { .. } | ContentBlock::Video { .. } => {}
        }
    }
    Ok(written)
}

/// Words; blank ones are refused.
fn text_block(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text}))
}

/// Reasoning with the provider's own seal. Reasoning of other providers has none and stays behind.
fn thinking_block(thinking: &str, signature: Option<&str>, opaque: Option<&Value>) -> Option<Value> {
    if let Some(data) = opaque.and_then(|opaque| opaque.get("redacted_thinking")) {
        return Some(json!({"type": "redacted_thinking", "data": data}));
    }
    signature.map(|signature| json!({"type": "thinking", "thinking": thinking, "signature": signature}))
}

fn result_blocks(provider: &str, output: &ToolOutput) -> Result<Vec<Value>, ProviderError> {
    let blocks = match output {
        ToolOutput::Text(text) => return Ok(text_block(text).into_iter().collect()),
        ToolOutput::Nothing(()) => return Ok(Vec::new()),
        ToolOutput::Blocks(blocks) => blocks,
    };
    let mut written = Vec::new();
    for block in blocks {
        match block {
            ContentBlock::Image { source } => written.push(image(provider, source)?),
            other => written.extend(history::result_line(other).as_deref().and_then(text_block)),
        }
    }
    Ok(written)
}

fn image(provider: &str, source: &Source) -> Result<Value, ProviderError> {
    let source = match source {
        Source::Base64 { media_type, data } => {
            json!({"type": "base64", "media_type": history::usual_type(media_type), "data": data})
        }
        Source::Url { url } if history::is_web(url) => json!({"type": "url", "url": url}),
        Source::Url { url } => return Err(history::unresolved(provider, url)),
    };
    Ok(json!({"type": "image", "source": source}))
}

/// An id as the provider takes it; other providers' may hold more than letters, digits, `_` and `-`.
fn wire_id(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}
