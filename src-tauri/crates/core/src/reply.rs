//! Folds events into the message so far: accumulated streaming, `O(n)` in total.

use std::future::poll_fn;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use crate::chat::ModelStream;
use crate::error::{Category, ProviderError};
use crate::event::{ModelEvent, Seal, StopReason, TokenUsage};
use crate::msg::{ContentBlock, Source, ToolUse};
use crate::partial_json::PartialJson;

/// The answer so far. Blocks stand in the order in which their first piece came; a delta goes to the last block if it
/// is of its kind, else it begins a new one, so interleaving is kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// The provider's id of the response.
    pub id: Option<String>,
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    /// The blocks so far.
    pub content: Vec<ContentBlock>,
    /// Tokens used, once the provider has said so.
    pub usage: Option<TokenUsage>,
    /// Why it ended, `None` while it is running.
    pub finish_reason: Option<StopReason>,
    /// The tool calls, by their index.
    calls: Vec<Option<Call>>,
    /// Bytes of the last audio block; its base64 is written when the block is over.
    audio: Vec<u8>,
}

/// A tool call that may still grow.
#[derive(Debug, Clone, PartialEq)]
struct Call {
    /// The block that holds it.
    block: usize,
    /// Reads its arguments.
    arguments: PartialJson,
}

impl Reply {
    /// Takes one event in.
    pub fn apply(&mut self, event: &ModelEvent) {
        match event {
            ModelEvent::Started { id, model } => {
                *self = Self { id: id.clone(), model: model.clone(), usage: self.usage, ..Self::default() };
            }
            ModelEvent::TextDelta { text: delta } => match self.content.last_mut() {
                Some(ContentBlock::Text { text, thought_signature: None }) => text.push_str(delta),
                _ => self.push(ContentBlock::text(delta)),
            },
            ModelEvent::ThinkingDelta { thinking: delta } => match self.content.last_mut() {
                Some(ContentBlock::Thinking { thinking, signature: None, opaque: None }) => thinking.push_str(delta),
                _ => self.push(ContentBlock::thinking(delta)),
            },
            ModelEvent::ThinkingOpaque { opaque: whole } => {
                let last = self.content.iter_mut().rev().find_map(|block| match block {
                    ContentBlock::Thinking { opaque, .. } => Some(opaque),
                    _ => None,
                });
                match last {
                    Some(opaque) => *opaque = Some(whole.clone()),
                    None => self.push(ContentBlock::Thinking {
                        thinking: String::new(),
                        signature: None,
                        opaque: Some(whole.clone()),
                    }),
                }
            }
            ModelEvent::Sealed { seal } => self.seal(seal.clone()),
            ModelEvent::AudioDelta { media_type, data } => self.append_audio(media_type, data),
            ModelEvent::ToolCallDelta { index, id, name, arguments } => {
                let (call, json) = self.call(*index);
                id.as_ref().clone_into(&mut call.id);
                name.as_ref().clone_into(&mut call.name);
                call.raw_input.get_or_insert_default().push_str(arguments);
                json.push(&mut call.input, arguments);
            }
            ModelEvent::ToolCall { index, call: whole } => {
                let (call, json) = self.call(*index);
                call.clone_from(&**whole);
                *json = PartialJson::default();
            }
            ModelEvent::ToolResult { id, name, output, end } => self.push(ContentBlock::ToolResult {
                id: id.clone(),
                name: name.clone(),
                output: output.clone(),
                end: *end,
            }),
            ModelEvent::Usage { usage } => self.usage = Some(*usage),
            ModelEvent::Finished { reason } => {
                self.finish_audio();
                self.finish_reason = Some(reason.clone());
            }
        }
    }

    /// No more is coming, though the answer did not finish by itself: writes down what is still held back.
    pub fn close(&mut self) {
        self.finish_audio();
    }

    /// All text blocks joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.content.iter().filter_map(ContentBlock::as_text).collect()
    }

    fn seal(&mut self, seal: Seal) {
        match (seal, self.content.last_mut()) {
            (Seal::Text { thought_signature }, Some(ContentBlock::Text { thought_signature: open @ None, .. })) => {
                *open = Some(thought_signature)
            }
            (Seal::Text { thought_signature }, _) => {
                self.push(ContentBlock::Text { text: String::new(), thought_signature: Some(thought_signature) })
            }
            (
                Seal::Thinking { signature, opaque },
                Some(ContentBlock::Thinking { signature: open @ None, opaque: open_opaque @ None, .. }),
            ) => (*open, *open_opaque) = (signature, opaque),
            (Seal::Thinking { signature, opaque }, _) => {
                self.push(ContentBlock::Thinking { thinking: String::new(), signature, opaque });
            }
        }
    }

    fn push(&mut self, block: ContentBlock) {
        self.finish_audio();
        self.content.push(block);
    }

    /// The call of this index, and the reader of its arguments.
    fn call(&mut self, index: usize) -> (&mut ToolUse, &mut PartialJson) {
        if self.calls.len() <= index {
            self.calls.resize(index + 1, None);
        }
        if self.calls[index].is_none() {
            self.push(ContentBlock::ToolUse(ToolUse {
                id: String::new(),
                name: String::new(),
                input: Map::<String, Value>::new(),
                raw_input: None,
                thought_signature: None,
            }));
        }
        let block = self.content.len().saturating_sub(1);
        let call = self.calls[index].get_or_insert(Call { block, arguments: PartialJson::default() });
        match &mut self.content[call.block] {
            ContentBlock::ToolUse(block) => (block, &mut call.arguments),
            _ => unreachable!("BUG: a call's block stays a tool_use block"),
        }
    }

    fn append_audio(&mut self, media_type: &str, data: &str) {
        // Each piece is padded base64 of its own, so the bytes are joined, never the text.
        let Ok(bytes) = BASE64.decode(data) else { return };
        let continues = !self.audio.is_empty()
            && matches!(self.content.last(), Some(ContentBlock::Audio { source: Source::Base64 { media_type: last, .. } }) if last == media_type);
        if !continues {
            self.push(ContentBlock::Audio {
                source: Source::Base64 { media_type: media_type.to_owned(), data: String::new() },
            });
        }
        self.audio.extend_from_slice(&bytes);
    }

    /// Writes the joined bytes into the last audio block. A base64 text cannot be appended to, so this waits until the
    /// block is over.
    fn finish_audio(&mut self) {
        if self.audio.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.audio);
        if let Some(ContentBlock::Audio { source: Source::Base64 { data, .. } }) = self.content.last_mut() {
            *data = BASE64.encode(bytes);
        }
    }
}

/// The plain call: the whole answer, by way of the stream.
///
/// # Errors
/// The stream's error, or [`Category::Cut`] when it ends without [`ModelEvent::Finished`].
pub async fn collect(mut stream: ModelStream) -> Result<Reply, ProviderError> {
    let mut reply = Reply::default();
    while let Some(event) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        reply.apply(&event?);
    }
    if reply.finish_reason.is_none() {
        return Err(ProviderError::new("", Category::Cut, "the answer stopped before its end"));
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fold(events: &[ModelEvent]) -> Reply {
        let mut reply = Reply::default();
        events.iter().for_each(|event| reply.apply(event));
        reply
    }

    fn text(text: &str) -> ModelEvent {
        ModelEvent::TextDelta { text: text.into() }
    }

    fn thinking(thinking: &str) -> ModelEvent {
        ModelEvent::ThinkingDelta { thinking: thinking.into() }
    }

    #[test]
    fn interleaved_reasoning_and_text_keep_their_order() {
        let reply = fold(&[thinking("a"), thinking("b"), text("1"), text("2"), thinking("c"), text("3")]);
        assert_eq!(
            reply.content,
            vec![
                ContentBlock::thinking("ab"),
                ContentBlock::text("12"),
                ContentBlock::thinking("c"),
                ContentBlock::text("3")
            ]
        );
    }

    #[test]
    fn a_seal_closes_its_block_and_stands_alone_where_there_is_none() {
        let signed = |signature: &str| ModelEvent::Sealed {
            seal: Seal::Thinking { signature: Some(signature.into()), opaque: None },
        };
        let sealed = |text: &str| ModelEvent::Sealed { seal: Seal::Text { thought_signature: text.into() } };
        let reply =
            fold(&[thinking("a"), signed("1"), thinking("b"), signed("2"), signed("3"), text("c"), sealed("4")]);
        let also = fold(&[sealed("1"), text("a"), text("b")]);
        let block = |thinking: &str, signature: &str| ContentBlock::Thinking {
            thinking: thinking.into(),
            signature: Some(signature.into()),
            opaque: None,
        };
        let words = |text: &str, signature: &str| ContentBlock::Text {
            text: text.into(),
            thought_signature: Some(signature.into()),
        };
        assert_eq!(reply.content, [block("a", "1"), block("b", "2"), block("", "3"), words("c", "4")]);
        assert_eq!(also.content, [words("", "1"), ContentBlock::text("ab")]);
    }

    #[test]
    fn an_answer_that_begins_anew_leaves_nothing_but_its_cost() {
        let usage = TokenUsage { input_tokens: 1, ..TokenUsage::default() };
        let started = |id: &str| ModelEvent::Started { id: Some(id.into()), model: None };
        let call = ModelEvent::ToolCallDelta { index: 0, id: "c".into(), name: "f".into(), arguments: "{".into() };
        let reply =
            fold(&[started("1"), text("a"), call.clone(), ModelEvent::Usage { usage }, started("2"), call.clone()]);
        let alone = fold(&[started("2"), call]);
        assert_eq!(reply, Reply { usage: Some(usage), ..alone });
    }

    #[test]
    fn parallel_calls_grow_side_by_side() {
        let delta = |index, arguments: &str| ModelEvent::ToolCallDelta {
            index,
            id: format!("call_{index}").into(),
            name: "f".into(),
            arguments: arguments.into(),
        };
        let reply = fold(&[delta(0, "{\"a\""), delta(1, "{"), delta(0, ":1}"), delta(1, "}")]);
        let raw: Vec<_> = reply
            .content
            .iter()
            .map(|block| match block {
                ContentBlock::ToolUse(call) => (call.id.as_str(), call.raw_input.as_deref()),
                _ => panic!("only calls"),
            })
            .collect();
        assert_eq!(raw, [("call_0", Some("{\"a\":1}")), ("call_1", Some("{}"))]);
    }

    #[test]
    fn arguments_are_readable_while_they_come_and_the_whole_call_takes_their_place() {
        let delta = |arguments: &str| ModelEvent::ToolCallDelta {
            index: 0,
            id: "c".into(),
            name: "f".into(),
            arguments: arguments.into(),
        };
        let whole = |input: Value| ModelEvent::ToolCall {
            index: 0,
            call: Box::new(ToolUse {
                id: "c".into(),
                name: "f".into(),
                input: input.as_object().cloned().unwrap_or_default(),
                raw_input: None,
                thought_signature: None,
            }),
        };
        let input = |reply: &Reply| match &reply.content[0] {
            ContentBlock::ToolUse(call) => Value::Object(call.input.clone()),
            other => panic!("only a call: {other:?}"),
        };
        let mut reply = Reply::default();
        for (event, expected) in [
            (delta("{\"city\":\"Zür"), json!({"city": "Zür"})),
            (delta("ich\",\"days\":[1,2"), json!({"city": "Zürich", "days": [1]})),
            (delta("}"), json!({"city": "Zürich", "days": [1, 2]})),
            (delta(",\"x\":1"), json!({"city": "Zürich", "days": [1, 2]})),
            (whole(json!({})), json!({})),
        ] {
            reply.apply(&event);
            assert_eq!(input(&reply), expected);
        }
    }

    #[test]
    fn padded_audio_pieces_join_as_bytes() {
        let piece =
            |bytes: &[u8]| ModelEvent::AudioDelta { media_type: "audio/wav".into(), data: BASE64.encode(bytes) };
        let reply = fold(&[piece(&[1]), piece(&[2, 3]), ModelEvent::Finished { reason: StopReason::Stop }]);
        assert_eq!(
            reply.content,
            vec![ContentBlock::Audio {
                source: Source::Base64 { media_type: "audio/wav".into(), data: BASE64.encode([1, 2, 3]) }
            }]
        );
    }
}
