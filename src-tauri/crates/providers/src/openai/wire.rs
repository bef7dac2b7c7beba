//! The JSON of Chat Completions, borrowed from the event where it can be. One type reads the chunks of a stream and whole
//! answers: they differ only in `delta` and `message`.
//!
//! Lenient on purpose: a field of an unexpected type reads as absent, unknown fields are skipped, since servers add both.
//!
//! A stream is thousands of these, so what is rare lies in a box: a chunk is small where it is moved.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::lenient::{Arguments, Content, Text};
use crate::tool_calls::Fragment;

/// A chunk, or a whole answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chunk<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) model: Text<'a>,
    #[serde(borrow)]
    pub(crate) choices: Option<Choices<'a>>,
    pub(crate) usage: Option<Box<Usage>>,
    /// Present when the server gives up: an object or a sentence.
    pub(crate) error: Option<Box<Value>>,
}

/// The one choice of a list that counts, which is that of index 0: more than one is never asked for.
#[derive(Debug)]
pub(crate) struct Choices<'a>(pub(crate) Option<Box<Choice<'a>>>);

impl<'de: 'a, 'a> Deserialize<'de> for Choices<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_seq(ChoicesVisitor)
    }
}

struct ChoicesVisitor;

impl<'de> Visitor<'de> for ChoicesVisitor {
    type Value = Choices<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of choices")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut counts = None;
        while let Some(choice) = list.next_element::<Choice<'de>>()? {
            if counts.is_none() && choice.index.unwrap_or(0) == 0 {
                counts = Some(Box::new(choice));
            }
        }
        Ok(Choices(counts))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choice<'a> {
    pub(crate) index: Option<u32>,
    #[serde(borrow, alias = "message")]
    pub(crate) delta: Option<Delta<'a>>,
    /// Words of the older Completions endpoint, as some servers still answer.
    #[serde(borrow)]
    pub(crate) text: Option<Box<Text<'a>>>,
    #[serde(borrow)]
    pub(crate) finish_reason: Option<Box<Text<'a>>>,
    pub(crate) usage: Option<Box<Usage>>,
    pub(crate) error: Option<Box<Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Delta<'a> {
    #[serde(borrow)]
    pub(crate) content: Content<'a>,
    #[serde(borrow)]
    pub(crate) reasoning_content: Text<'a>,
    #[serde(borrow)]
    pub(crate) reasoning: Option<Box<Text<'a>>>,
    pub(crate) reasoning_details: Option<Box<[Value]>>,
    #[serde(borrow)]
    pub(crate) refusal: Option<Box<Text<'a>>>,
    #[serde(borrow)]
    pub(crate) audio: Option<Box<Audio<'a>>>,
    #[serde(borrow)]
    pub(crate) tool_calls: Option<Vec<ToolCall<'a>>>,
    /// The old form of a tool call.
    #[serde(borrow)]
    pub(crate) function_call: Option<Box<Function<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Audio<'a> {
    #[serde(borrow)]
    pub(crate) data: Text<'a>,
    #[serde(borrow)]
    pub(crate) transcript: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ToolCall<'a> {
    pub(crate) index: Option<u64>,
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) function: Option<Function<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Function<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) arguments: Arguments<'a>,
}

impl ToolCall<'_> {
    pub(crate) fn fragment(&self) -> Fragment<'_> {
        let fragment = self.function.as_ref().map(|function| function.fragment(self.index));
        Fragment { number: self.index, id: self.id.words().unwrap_or_default(), ..fragment.unwrap_or_default() }
    }
}

impl Function<'_> {
    pub(crate) fn fragment(&self, number: Option<u64>) -> Fragment<'_> {
        let name = self.name.words().unwrap_or_default();
        Fragment { number, name, arguments: &self.arguments.0, ..Fragment::default() }
    }
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct Usage {
    pub(crate) prompt_tokens: Option<u64>,
    pub(crate) completion_tokens: Option<u64>,
    pub(crate) prompt_tokens_details: Option<PromptDetails>,
    pub(crate) completion_tokens_details: Option<AnswerDetails>,
    /// DeepSeek's name for cached tokens.
    pub(crate) prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct PromptDetails {
    pub(crate) cached_tokens: Option<u64>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct AnswerDetails {
    pub(crate) reasoning_tokens: Option<u64>,
}
