//! The conversation as Responses wants it: a list of items, in the order in which they were. Pure: media from files are in
//! the messages already (see `media`).

use parlance_core::msg::ToolUse;
use parlance_core::{ContentBlock, Msg, ProviderError, Role, Source, ToolOutput};
use serde_json::{Value, json};

use super::api::MessageForm;
use super::mapper::{ITEM, MODEL};
use crate::history;

/// The `input` of a request to `model`.
pub(crate) fn write(
    provider: &str,
    messages: &[Msg],
    model: &str,
    form: MessageForm,
) -> Result<Vec<Value>, ProviderError> {
    let mut writer = Writer { provider, model, form, written: Vec::new() };
    for msg in messages {
        writer.write(msg)?;
    }
    Ok(writer.written)
}

struct Writer<'a> {
    provider: &'a str,
    model: &'a str,
    form: MessageForm,
    written: Vec<Value>,
}

/// What was read of a message and waits to be written.
#[derive(Default)]
struct Pending<'a> {
    /// Reasoning, until what came of it follows: alone it is refused.
    reasoning: Vec<&'a Value>,
    parts: Vec<Value>,
}

impl Writer<'_> {
    fn write(&mut self, msg: &Msg) -> Result<(), ProviderError> {
        let mut pending = Pending::default();
        for block in &msg.content {
            match block {
                ContentBlock::Text { text, .. } => {
                    let kind = if msg.role == Role::Assistant { "output_text" } else { "input_text" };
                    pending.parts.push(json!({"type": kind, "text": text}));
                }
                ContentBlock::Thinking { opaque: Some(opaque), .. } => {
                    if let Some(item) = self.own(opaque) {
                        self.write_message(msg.role, &mut pending);
                        pending.reasoning.push(item);
                    }
                }
                ContentBlock::ToolUse(call) => {
                    self.write_message(msg.role, &mut pending);
                    self.write_call(call, &mut pending);
                }
                ContentBlock::ToolResult { id, output, .. } => {
                    let output = self.result(output)?;
                    self.written.push(json!({"type": "function_call_output", "call_id": id, "output": output}));
                }
                // Only people send pictures and sound; a model's own are not taken back.
                ContentBlock::Image { .. } | ContentBlock::Audio { .. } if msg.role == Role::Assistant => {}
                ContentBlock::Image { source } => pending.parts.push(self.image(source)?),
                ContentBlock::Audio { source } => pending.parts.push(self.audio(source)?),
                // The protocol has no moving pictures, and no words of another's reasoning.
                ContentBlock::Video { .. } | ContentBlock::Thinking { .. } => {}
            }
        }
        self.write_message(msg.role, &mut pending);
        Ok(())
    }

    fn write_message(&mut self, role: Role, pending: &mut Pending<'_>) {
        if pending.parts.is_empty() {
            return;
        }
        self.write_reasoning(pending);
        let role = match role {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::System => "system",
        };
        let mut message = json!({"role": role, "content": std::mem::take(&mut pending.parts)});
        if self.form == MessageForm::Typed {
            message["type"] = json!("message");
        }
        self.written.push(message);
    }

    fn write_call(&mut self, call: &ToolUse, pending: &mut Pending<'_>) {
        self.write_reasoning(pending);
        let arguments = history::arguments_text(call);
        self.written
            .push(json!({"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}));
    }

    fn write_reasoning(&mut self, pending: &mut Pending<'_>) {
        self.written.extend(pending.reasoning.drain(..).cloned());
    }

    /// The item, if this model can open it: a seal of another one would have the whole request refused. A server answers with
    /// the dated name of the model it was asked for.
    fn own<'a>(&self, opaque: &'a Value) -> Option<&'a Value> {
        let made_by = opaque[MODEL].as_str().unwrap_or_default();
        opaque.get(ITEM).filter(|_| made_by.starts_with(self.model))
    }

    /// Words, or a list where pictures are among them.
    fn result(&self, output: &ToolOutput) -> Result<Value, ProviderError> {
        let ToolOutput::Blocks(blocks) = output else { return Ok(json!(history::result_text(output))) };
        if !blocks.iter().any(|block| matches!(block, ContentBlock::Image { .. })) {
            return Ok(json!(history::result_text(output)));
        }
        let parts = blocks.iter().filter_map(|block| match block {
            ContentBlock::Image { source } => Some(self.image(source)),
            other => history::result_line(other).map(|line| Ok(json!({"type": "input_text", "text": line}))),
        });
        parts.collect::<Result<Vec<Value>, _>>().map(Value::Array)
    }

    fn image(&self, source: &Source) -> Result<Value, ProviderError> {
        Ok(json!({"type": "input_image", "image_url": history::address(self.provider, source)?}))
    }

    fn audio(&self, source: &Source) -> Result<Value, ProviderError> {
        let (data, format) = history::sound(self.provider, source)?;
        Ok(json!({"type": "input_audio", "input_audio": {"data": data, "format": format}}))
    }
}
