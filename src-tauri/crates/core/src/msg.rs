//! Messages and their content blocks.
//!
//! The JSON written here is the JSON of `--messages`, of exports and of the store. Fields that a provider wants back
//! (signatures, encrypted reasoning) are kept as they came.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Who a message is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person.
    User,
    /// A model.
    Assistant,
    /// The frame of the conversation; also carries tool results.
    System,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Msg {
    /// Unique within the store; made when absent.
    #[serde(default = "crate::id::random", deserialize_with = "id_or_null")]
    pub id: String,
    /// The speaker's name as other speakers see it.
    pub name: String,
    /// Who speaks.
    pub role: Role,
    /// What is said, in order. A plain string in JSON reads as one text block.
    #[serde(deserialize_with = "blocks_or_text")]
    pub content: Vec<ContentBlock>,
    /// Anything that rides along; `{}` if nothing.
    #[serde(default, deserialize_with = "map_or_null")]
    pub metadata: Map<String, Value>,
    /// `YYYY-MM-DD HH:MM:SS.mmm`, empty if unknown. For people; order is the store's sequence.
    #[serde(default, deserialize_with = "text_or_null")]
    pub timestamp: String,
    /// The provider's id of the response that made this message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation_id: Option<String>,
}

impl Msg {
    /// A message with a fresh id and no timestamp.
    pub fn new(role: Role, name: impl Into<String>, content: Vec<ContentBlock>) -> Self {
        Self {
            id: crate::id::random(),
            name: name.into(),
            role,
            content,
            metadata: Map::new(),
            timestamp: String::new(),
            invocation_id: None,
        }
    }

    /// A message of one text block.
    pub fn text(role: Role, name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(role, name, vec![ContentBlock::text(text)])
    }

    /// All text blocks joined by `separator`; `None` when there is no text block.
    #[must_use]
    pub fn joined_text(&self, separator: &str) -> Option<String> {
        let texts: Vec<&str> = self.content.iter().filter_map(ContentBlock::as_text).collect();
        (!texts.is_empty()).then(|| texts.join(separator))
    }

    /// The blocks of these kinds, in their order.
    pub fn blocks_of(&self, kinds: &[BlockKind]) -> impl Iterator<Item = &ContentBlock> {
        self.content.iter().filter(|block| kinds.contains(&block.kind()))
    }
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the block of its name")]
pub enum BlockKind {
    Text,
    Thinking,
    ToolUse,
    ToolResult,
    Image,
    Audio,
    Video,
}

/// One piece of a message's content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentBlock {
    /// Words.
    Text {
        /// The words.
        text: String,
        /// Gemini's sealed reasoning that belongs to this text, base64.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thought_signature: Option<String>,
    },
    /// A model's reasoning.
    Thinking {
        /// The reasoning as far as the provider shows it.
        thinking: String,
        /// Anthropic's proof that the reasoning is its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
        /// The provider's own form of the reasoning, which it wants back unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opaque: Option<Value>,
    },
    /// A model asks for a tool.
    ToolUse(ToolUse),
    /// What the tool gave.
    ToolResult {
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// Its output.
        output: ToolOutput,
        /// How it ended.
        #[serde(default, skip_serializing_if = "ToolEnd::is_done")]
        end: ToolEnd,
    },
    /// A picture.
    Image {
        /// Where its bytes are.
        source: Source,
    },
    /// Sound.
    Audio {
        /// Where its bytes are.
        source: Source,
    },
    /// Moving pictures.
    Video {
        /// Where its bytes are.
        source: Source,
    },
}

impl ContentBlock {
    /// The kinds of blocks, by their `type` in JSON. Blocks of other kinds are left out where messages are read: other
    /// programs, and later versions of this one, have more.
    pub const KINDS: [&str; 7] = ["text", "thinking", "tool_use", "tool_result", "image", "audio", "video"];

    /// A text block without a signature.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), thought_signature: None }
    }

    /// A reasoning block without a signature.
    pub fn thinking(thinking: impl Into<String>) -> Self {
        Self::Thinking { thinking: thinking.into(), signature: None, opaque: None }
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> BlockKind {
        match self {
            Self::Text { .. } => BlockKind::Text,
            Self::Thinking { .. } => BlockKind::Thinking,
            Self::ToolUse(_) => BlockKind::ToolUse,
            Self::ToolResult { .. } => BlockKind::ToolResult,
            Self::Image { .. } => BlockKind::Image,
            Self::Audio { .. } => BlockKind::Audio,
            Self::Video { .. } => BlockKind::Video,
        }
    }

    /// The words of a text block, `None` for every other kind.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// A model's request to run a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolUse {
    /// Pairs the call with its result.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as an object; `{}` when they could not be read.
    #[serde(default, deserialize_with = "map_or_null")]
    pub input: Map<String, Value>,
    /// The arguments as the provider wrote them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_input: Option<String>,
    /// Gemini's sealed reasoning that belongs to this call, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thought_signature: Option<String>,
}

/// Where the bytes of a medium are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Source {
    /// `http(s)://`, `file://`, a bare local path, or `media:ID` for bytes kept in the store.
    Url {
        /// The address.
        url: String,
    },
    /// The bytes themselves.
    Base64 {
        /// For example `image/png`.
        media_type: String,
        /// Standard base64 with padding.
        data: String,
    },
}

/// What a tool gave: words, or blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ToolOutput {
    /// Plain words.
    Text(String),
    /// Text, image, audio and video blocks.
    Blocks(#[serde(deserialize_with = "known_blocks")] Vec<ContentBlock>),
    /// The tool gave nothing.
    Nothing(()),
}

/// How the run of a tool ended. Whatever it was, the output says it in words, for the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolEnd {
    /// It did what was asked, as far as is known.
    #[default]
    Done,
    /// It could not do it, took too long, or could not be begun.
    Failed,
    /// The person did not allow it.
    Refused,
    /// The person stopped it, or it was cut off.
    Stopped,
}

impl ToolEnd {
    /// Whether it did what was asked.
    #[must_use]
    pub fn is_done(&self) -> bool {
        *self == Self::Done
    }
}

/// Reads `null` as absent: other programs write both.
fn id_or_null<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(input)?.unwrap_or_else(crate::id::random))
}

/// Reads `null` as the empty object.
fn map_or_null<'de, D: Deserializer<'de>>(input: D) -> Result<Map<String, Value>, D::Error> {
    Ok(Option::<Map<String, Value>>::deserialize(input)?.unwrap_or_default())
}

/// Reads `null` as the empty string: other programs write both.
fn text_or_null<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(input)?.unwrap_or_default())
}

/// Reads a list of blocks, or a plain string as one text block. A visitor rather than an untagged enum, so that an
/// error names the field that is wrong.
fn blocks_or_text<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<ContentBlock>, D::Error> {
    struct Content;

    impl<'de> Visitor<'de> for Content {
        type Value = Vec<ContentBlock>;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a string or a list of content blocks")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(vec![ContentBlock::text(text)])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut blocks = Vec::new();
            while let Some(Known(block)) = list.next_element()? {
                blocks.extend(block);
            }
            Ok(blocks)
        }
    }

    input.deserialize_any(Content)
}

fn known_blocks<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<ContentBlock>, D::Error> {
    Ok(Vec::<Known>::deserialize(input)?.into_iter().filter_map(|Known(block)| block).collect())
}

/// A block, `None` for one of a kind that is unknown here.
struct Known(Option<ContentBlock>);

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let block = Map::<String, Value>::deserialize(input)?;
        match block.get("type").and_then(Value::as_str) {
            Some(kind) if !ContentBlock::KINDS.contains(&kind) => Ok(Self(None)),
            _ => ContentBlock::deserialize(Value::Object(block))
                .map(|block| Self(Some(block)))
                .map_err(de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_string_is_one_text_block() {
        let msg: Msg = serde_json::from_value(json!({"name": "u", "role": "user", "content": "hi"})).unwrap();
        assert_eq!(msg.content, vec![ContentBlock::text("hi")]);
        assert_eq!(msg.joined_text("\n").as_deref(), Some("hi"));
    }

    #[test]
    fn blocks_survive_a_round_trip_with_their_signatures() {
        let blocks = json!([
            {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
            {"type": "text", "text": "a", "thought_signature": "dHM="},
            {"type": "tool_use", "id": "1", "name": "f", "input": {"b": 1, "a": 2}, "raw_input": "{\"b\": 1, \"a\": 2}"},
            {"type": "tool_result", "id": "1", "name": "f", "output": [{"type": "text", "text": "x"}]},
            {"type": "tool_result", "id": "2", "name": "f", "output": "plain"},
            {"type": "tool_result", "id": "3", "name": "f", "output": null},
            {"type": "tool_result", "id": "4", "name": "f", "output": "no such file", "end": "failed"},
            {"type": "image", "source": {"type": "url", "url": "file:///a.png"}},
            {"type": "audio", "source": {"type": "base64", "media_type": "audio/wav", "data": "AA=="}},
        ]);
        let read: Vec<ContentBlock> = serde_json::from_value(blocks.clone()).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), blocks.to_string());
    }

    #[test]
    fn blocks_of_unknown_kinds_are_left_out_and_broken_ones_are_refused() {
        let msg: Msg = serde_json::from_value(json!({"name": "u", "role": "user", "content": [
            {"type": "hologram", "depth": 3},
            {"type": "text", "text": "hi"},
            {"type": "tool_result", "id": "1", "name": "f", "output": [{"type": "map"}, {"type": "text", "text": "x"}]},
        ]}))
        .unwrap();
        let output = ToolOutput::Blocks(vec![ContentBlock::text("x")]);
        let result = ContentBlock::ToolResult { id: "1".into(), name: "f".into(), output, end: ToolEnd::Done };
        assert_eq!(msg.content, vec![ContentBlock::text("hi"), result]);
        for (block, why) in [
            (json!({"type": "text"}), "missing field `text`"),
            (json!({"text": "x"}), "missing field `type`"),
            (json!("x"), "expected a map"),
        ] {
            let error = serde_json::from_value::<Msg>(json!({"name": "u", "role": "user", "content": [block]}));
            let error = error.unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn what_other_programs_write_as_null_is_absent() {
        let msg: Msg = serde_json::from_value(json!({"id": null, "name": "u", "role": "assistant", "metadata": null,
            "timestamp": null, "invocation_id": null, "content": [
            {"type": "tool_use", "id": "1", "name": "f", "input": null, "raw_input": null}]}))
        .unwrap();
        assert!(!msg.id.is_empty() && msg.metadata.is_empty() && msg.timestamp.is_empty());
        assert!(matches!(&msg.content[..], [ContentBlock::ToolUse(call)] if call.input.is_empty()));
    }

    #[test]
    fn blocks_are_found_by_one_kind_or_several() {
        let image = || ContentBlock::Image { source: Source::Url { url: "a.png".into() } };
        let content = vec![ContentBlock::text("a"), image(), ContentBlock::thinking("b"), ContentBlock::text("c")];
        let msg = Msg::new(Role::User, "u", content);
        let kinds = |kinds: &[BlockKind]| msg.blocks_of(kinds).map(ContentBlock::kind).collect::<Vec<_>>();
        assert_eq!(kinds(&[BlockKind::Text]), [BlockKind::Text, BlockKind::Text]);
        let several = [BlockKind::Thinking, BlockKind::Image];
        assert_eq!(kinds(&several), [BlockKind::Image, BlockKind::Thinking], "in their own order");
        assert_eq!(kinds(&[BlockKind::Video]), []);
    }

    #[test]
    fn a_message_without_text_has_no_joined_text() {
        assert_eq!(Msg::new(Role::User, "u", vec![]).joined_text("\n"), None);
    }

    #[test]
    fn an_unknown_role_names_the_choices() {
        let error = serde_json::from_value::<Msg>(json!({"name": "u", "role": "robot", "content": ""})).unwrap_err();
        assert!(error.to_string().contains("expected one of `user`, `assistant`, `system`"), "{error}");
    }
}
