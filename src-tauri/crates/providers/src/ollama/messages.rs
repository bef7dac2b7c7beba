//! The conversation as Ollama wants it: strings, pictures beside them, arguments as objects. Pure: media from files are in
//! the messages already (see `media`).

use parlance_core::{ContentBlock, Msg, ProviderError, Role, Source};
use serde_json::{Map, Value, json};

use crate::history::{self, Shown};

/// The `messages` of a request.
pub(crate) fn write(provider: &str, messages: &[Msg]) -> Result<Vec<Value>, ProviderError> {
    let mut writer = Writer { provider, written: Vec::new(), shown: Said::default() };
    for msg in messages {
        writer.write(msg)?;
    }
    writer.write_shown();
    Ok(writer.written)
}

struct Writer<'a> {
    provider: &'a str,
    written: Vec<Value>,
    /// Pictures of tool results, until all results of a turn are written.
    shown: Said,
}

/// Words and pictures of one message.
#[derive(Default)]
struct Said {
    texts: Vec<String>,
    images: Vec<String>,
}

impl Said {
    fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.images.is_empty()
    }

    fn write(self, role: &str) -> Map<String, Value> {
        let mut written = Map::from_iter([("role".to_owned(), json!(role))]);
        if !self.texts.is_empty() {
            written.insert("content".into(), json!(self.texts.join("\n")));
        }
        if !self.images.is_empty() {
            written.insert("images".into(), json!(self.images));
        }
        written
    }
}

impl Writer<'_> {
    fn write(&mut self, msg: &Msg) -> Result<(), ProviderError> {
        let mut said = Said::default();
        let mut thinking = Vec::new();
        let mut calls = Vec::new();
        for block in &msg.content {
            match block {
                ContentBlock::Text { text, .. } => said.texts.push(text.clone()),
                ContentBlock::Thinking { thinking: text, .. } if !text.is_empty() => thinking.push(text.as_str()),
                ContentBlock::ToolUse(call) => {
                    calls.push(json!({"id": call.id, "function": {"name": call.name, "arguments": call.input}}));
                }
                ContentBlock::ToolResult { id, name, output, .. } => {
                    let content = history::result_text(output);
                    self.written
                        .push(json!({"role": "tool", "content": content, "tool_name": name, "tool_call_id": id}));
                    // What the server cannot be given is at least named in the words.
                    for shown in history::shown_images(name, output, |source| matches!(source, Source::Base64 { .. })) {
                        match shown {
                            Shown::Words(text) => self.shown.texts.push(text),
                            Shown::Image(source) => self.shown.images.push(self.image(source)?),
                        }
                    }
                }
                // Only people send pictures; a model's own are not taken back.
                ContentBlock::Image { source: Source::Url { url } }
                    if msg.role != Role::Assistant && history::is_web(url) =>
                {
                    said.texts.push(history::elsewhere(url));
                }
                ContentBlock::Image { source } if msg.role != Role::Assistant => said.images.push(self.image(source)?),
                // The protocol has neither sound nor moving pictures.
                ContentBlock::Thinking { .. }
                | ContentBlock::Image { .. }
                | ContentBlock::Audio { .. }
                | ContentBlock::Video { .. } => {}
            }
        }
        if said.is_empty() && calls.is_empty() {
            return Ok(());
        }
        self.write_shown();
        let mut written = said.write(match msg.role {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::System => "system",
        });
        if !calls.is_empty() {
            // Models that reason between calls lose their thread without it; elsewhere it only costs room.
            if !thinking.is_empty() {
                written.insert("thinking".into(), json!(thinking.join("\n")));
            }
            written.insert("tool_calls".into(), Value::Array(calls));
        }
        self.written.push(Value::Object(written));
        Ok(())
    }

    fn write_shown(&mut self) {
        let shown = std::mem::take(&mut self.shown);
        if !shown.is_empty() {
            self.written.push(Value::Object(shown.write("user")));
        }
    }

    fn image(&self, source: &Source) -> Result<String, ProviderError> {
        match source {
            Source::Base64 { data, .. } => Ok(data.clone()),
            Source::Url { url } => Err(history::unresolved(self.provider, url)),
        }
    }
}
