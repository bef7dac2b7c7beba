//! The conversation as Chat Completions wants it. Pure: media from files are in the messages already (see `media`).

use parlance_core::msg::ToolUse;
use parlance_core::{ContentBlock, Msg, ProviderError, Role, Source, ToolOutput};
use serde_json::{Map, Value, json};

use super::dialect::{ContentShape, Dialect, Names, ReasoningEcho, SystemRole, ToolImages, is_reasoning_model};
use crate::history::{self, Shown};

/// The `messages` of a request.
pub(crate) fn write(
    provider: &str,
    messages: &[Msg],
    model: &str,
    dialect: &Dialect,
) -> Result<Vec<Value>, ProviderError> {
    let mut writer = Writer { provider, model, dialect, written: Vec::new(), promoted: Vec::new() };
    for msg in messages {
        writer.write(msg)?;
    }
    writer.write_promoted();
    Ok(writer.written)
}

struct Writer<'a> {
    provider: &'a str,
    model: &'a str,
    dialect: &'a Dialect,
    written: Vec<Value>,
    /// Pictures of tool results. They wait until all results of a turn are written: a message between two results is
    /// refused.
    promoted: Vec<Value>,
}

impl Writer<'_> {
    fn write(&mut self, msg: &Msg) -> Result<(), ProviderError> {
        let mut parts = Vec::new();
        let mut calls = Vec::new();
        let mut reasoning = Reasoning::default();
        for block in &msg.content {
            match block {
                ContentBlock::Text { text, .. } => parts.push(json!({"type": "text", "text": text})),
                ContentBlock::Thinking { thinking, opaque, .. } => reasoning.take(thinking, opaque.as_ref()),
                ContentBlock::ToolUse(call) => calls.push(tool_call(call)),
                ContentBlock::ToolResult { id, name, output, .. } => self.write_result(id, name, output)?,
                // Only people send pictures and sound; a model's own are not taken back.
                ContentBlock::Image { .. } | ContentBlock::Audio { .. } if msg.role == Role::Assistant => {}
                ContentBlock::Image { source } => parts.push(self.image(source)?),
                ContentBlock::Audio { source } => parts.push(self.audio(source)?),
                // The protocol has no moving pictures.
                ContentBlock::Video { .. } => {}
            }
        }
        let content = self.content(parts);
        if content.is_null() && calls.is_empty() {
            return Ok(());
        }
        self.write_promoted();
        let mut written = Map::from_iter([("role".to_owned(), json!(self.role(msg.role)))]);
        if self.dialect.names == Names::Sent
            && let Some(name) = wire_name(&msg.name)
        {
            written.insert("name".into(), json!(name));
        }
        written.insert("content".into(), content);
        if msg.role == Role::Assistant {
            reasoning.write(self.dialect.reasoning_echo, &mut written);
        }
        if !calls.is_empty() {
            written.insert("tool_calls".into(), Value::Array(calls));
        }
        self.written.push(Value::Object(written));
        Ok(())
    }

    fn role(&self, role: Role) -> &'static str {
        match (role, self.dialect.system_role) {
            (Role::User, _) => "user",
            (Role::Assistant, _) => "assistant",
            (Role::System, SystemRole::DeveloperForReasoning) if is_reasoning_model(self.model) => "developer",
            (Role::System, _) => "system",
        }
    }

    fn content(&self, parts: Vec<Value>) -> Value {
        match self.dialect.content {
            ContentShape::Parts if parts.is_empty() => Value::Null,
            ContentShape::Parts => Value::Array(parts),
            ContentShape::Text => {
                let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
                if texts.is_empty() { Value::Null } else { Value::String(texts.join("\n")) }
            }
        }
    }

    fn write_result(&mut self, id: &str, name: &str, output: &ToolOutput) -> Result<(), ProviderError> {
        if self.dialect.tool_images == ToolImages::Promoted {
            for shown in history::shown_images(name, output, |_| true) {
                let part = match shown {
                    Shown::Words(text) => json!({"type": "text", "text": text}),
                    Shown::Image(source) => self.image(source)?,
                };
                self.promoted.push(part);
            }
        }
        let mut written = json!({"role": "tool", "tool_call_id": id, "content": history::result_text(output)});
        if let Some(name) = wire_name(name) {
            written["name"] = json!(name);
        }
        self.written.push(written);
        Ok(())
    }

    fn write_promoted(&mut self) {
        if !self.promoted.is_empty() {
            let content = std::mem::take(&mut self.promoted);
            let mut written = json!({"role": "user", "content": content});
            if self.dialect.names == Names::Sent {
                written["name"] = json!("user");
            }
            self.written.push(written);
        }
    }

    fn image(&self, source: &Source) -> Result<Value, ProviderError> {
        let url = history::address(self.provider, source)?;
        Ok(json!({"type": "image_url", "image_url": {"url": url}}))
    }

    fn audio(&self, source: &Source) -> Result<Value, ProviderError> {
        let (data, format) = history::sound(self.provider, source)?;
        // Qwen's listening models want an address, even of bytes that lie inside it.
        let data = if is_qwen_omni(self.model) { format!("data:;base64,{data}") } else { data.to_owned() };
        Ok(json!({"type": "input_audio", "input_audio": {"data": data, "format": format}}))
    }
}

/// A model's reasoning in the history.
#[derive(Default)]
struct Reasoning {
    text: Vec<String>,
    details: Vec<Value>,
}

impl Reasoning {
    fn take(&mut self, thinking: &str, opaque: Option<&Value>) {
        if !thinking.is_empty() {
            self.text.push(thinking.to_owned());
        }
        // Sealed reasoning of another protocol has another name and stays behind.
        if let Some(Value::Array(details)) = opaque.and_then(|opaque| opaque.get("reasoning_details")) {
            self.details.extend(details.iter().cloned());
        }
    }

    fn write(self, echo: ReasoningEcho, message: &mut Map<String, Value>) {
        match echo {
            ReasoningEcho::Content if !self.text.is_empty() => {
                message.insert("reasoning_content".into(), json!(self.text.join("\n")));
            }
            ReasoningEcho::Details if !self.details.is_empty() => {
                message.insert("reasoning_details".into(), Value::Array(self.details));
            }
            ReasoningEcho::Content | ReasoningEcho::Details | ReasoningEcho::Dropped => {}
        }
    }
}

fn tool_call(call: &ToolUse) -> Value {
    let function = json!({"name": call.name, "arguments": history::arguments_text(call)});
    json!({"id": call.id, "type": "function", "function": function})
}

fn is_qwen_omni(model: &str) -> bool {
    model.to_ascii_lowercase().contains("omni")
}

/// A name the server takes: white space and `<|\/>` are refused, and so are more than 64 characters.
fn wire_name(name: &str) -> Option<String> {
    let name: String = name
        .trim()
        .chars()
        .take(64)
        .map(|c| if c.is_whitespace() || c.is_control() || "<|\\/>".contains(c) { '_' } else { c })
        .collect();
    (!name.is_empty()).then_some(name)
}
