//! The conversation as DashScope wants it: strings, or lists of single-field objects where there are media. Pure: media from
//! files are in the messages already (see `media`).

use parlance_core::{BlockKind, ContentBlock, Msg, ProviderError, Role, Source};
use serde_json::{Map, Value, json};

use crate::history::{self, Shown};

/// The `messages` of a request.
pub(crate) fn write(provider: &str, messages: &[Msg]) -> Result<Vec<Value>, ProviderError> {
    let mut writer = Writer { provider, sees: messages.iter().any(has_image), written: Vec::new(), shown: Vec::new() };
    for msg in messages {
        writer.write(msg)?;
    }
    writer.write_shown();
    Ok(writer.written)
}

fn has_image(msg: &Msg) -> bool {
    msg.blocks_of(&[BlockKind::Image]).next().is_some()
}

struct Writer<'a> {
    provider: &'a str,
    /// Whether the model was shown a picture: only then are pictures of tools put before it.
    sees: bool,
    written: Vec<Value>,
    /// Pictures of tool results, until all results of a turn are written.
    shown: Vec<Value>,
}

impl Writer<'_> {
    fn write(&mut self, msg: &Msg) -> Result<(), ProviderError> {
        let mut parts = Vec::new();
        let mut calls = Vec::new();
        for block in &msg.content {
            match block {
                ContentBlock::Text { text, .. } => parts.push(json!({ "text": text })),
                ContentBlock::ToolUse(call) => {
                    let function = json!({"name": call.name, "arguments": history::arguments_text(call)});
                    calls.push(json!({"id": call.id, "type": "function", "function": function}));
                }
                ContentBlock::ToolResult { id, name, output, .. } => {
                    let content = history::result_text(output);
                    self.written.push(json!({"role": "tool", "tool_call_id": id, "content": content, "name": name}));
                    for shown in history::shown_images(name, output, |_| self.sees) {
                        let part = match shown {
                            Shown::Words(text) => json!({ "text": text }),
                            Shown::Image(source) => self.medium("image", source)?,
                        };
                        self.shown.push(part);
                    }
                }
                // Only people send media; a model's own, and its reasoning, are not taken back.
                ContentBlock::Image { .. } | ContentBlock::Audio { .. } | ContentBlock::Video { .. }
                    if msg.role == Role::Assistant => {}
                ContentBlock::Image { source } => parts.push(self.medium("image", source)?),
                ContentBlock::Audio { source } => parts.push(self.medium("audio", source)?),
                ContentBlock::Video { source } => parts.push(self.medium("video", source)?),
                ContentBlock::Thinking { .. } => {}
            }
        }
        if parts.is_empty() && calls.is_empty() {
            return Ok(());
        }
        self.write_shown();
        let role = match msg.role {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::System => "system",
        };
        let mut written = Map::from_iter([("role".to_owned(), json!(role)), ("content".to_owned(), content(parts))]);
        if !calls.is_empty() {
            written.insert("tool_calls".into(), Value::Array(calls));
        }
        self.written.push(Value::Object(written));
        Ok(())
    }

    fn write_shown(&mut self) {
        if !self.shown.is_empty() {
            let shown = std::mem::take(&mut self.shown);
            self.written.push(json!({"role": "user", "content": shown}));
        }
    }

    fn medium(&self, kind: &str, source: &Source) -> Result<Value, ProviderError> {
        let address = history::address(self.provider, source)?;
        Ok(Value::Object(Map::from_iter([(kind.to_owned(), json!(address))])))
    }
}

/// One string where all is text; the text endpoint takes nothing else.
fn content(parts: Vec<Value>) -> Value {
    let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    if parts.is_empty() || texts.len() < parts.len() {
        return Value::Array(parts);
    }
    json!(texts.iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join("\n"))
}
