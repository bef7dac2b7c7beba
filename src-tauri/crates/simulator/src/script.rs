//! An answer as a model gives it: thinking, text, calls. Every protocol writes the same script in its own words.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::shape::Shape;

/// What every proof of reasoning says: signatures, encrypted items, thought signatures. It is Base64 of `simulated`.
pub const SIGNATURE: &str = "c2ltdWxhdGVk";

/// Letters of JSON in one delta, so that a reader meets names and strings in halves.
const LETTERS_PER_DELTA: usize = 9;

/// An answer as a model gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// In order, one event each.
    pub pieces: Vec<Piece>,
    /// An object that follows the pieces in the form the request asks for: as a call of the tool it forces, or as JSON
    /// text. `None` for answers in words.
    pub object: Option<Value>,
    /// Why it ended: `stop`, `length`, `tool_calls` and `content_filter` are put into the protocol's own word, any other
    /// word goes out as it is; `None` leaves it out.
    pub finish: Option<String>,
    /// Tokens of prompt and answer; `None` leaves them out.
    pub usage: Option<(u64, u64)>,
    /// How many tokens of the prompt came from a cache; `None` leaves it out.
    pub cached_tokens: Option<u64>,
    /// How many tokens of the answer were reasoning; `None` leaves it out.
    pub reasoning_tokens: Option<u64>,
    /// Whether the protocol's last event comes (for OpenAI `[DONE]`).
    pub ends: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            pieces: Vec::new(),
            object: None,
            finish: Some("stop".into()),
            usage: Some((9, 5)),
            cached_tokens: None,
            reasoning_tokens: None,
            ends: true,
        }
    }
}

impl Script {
    /// These words, one delta a word.
    #[must_use]
    pub fn says(words: &str) -> Self {
        Self::default().and_says(words)
    }

    /// Reasoning in these words, one delta a word.
    #[must_use]
    pub fn thinks(words: &str) -> Self {
        Self::default().and_thinks(words)
    }

    /// A call of a tool, its arguments in fragments.
    #[must_use]
    pub fn calls_tool(id: &str, name: &str, arguments: &Value) -> Self {
        Self::default().and_calls(id, name, arguments)
    }

    /// An object in the form the request asks for; see [`Script::object`].
    #[must_use]
    pub fn gives(object: Value) -> Self {
        Self { object: Some(object), ..Self::default() }
    }

    /// These pieces, ending well.
    #[must_use]
    pub fn of(pieces: impl IntoIterator<Item = Piece>) -> Self {
        Self { pieces: pieces.into_iter().collect(), ..Self::default() }
    }

    /// The same and these words.
    #[must_use]
    pub fn and_says(mut self, words: &str) -> Self {
        self.pieces.extend(words.split_inclusive(' ').map(|word| Piece::Text(word.into())));
        self
    }

    /// The same and reasoning in these words.
    #[must_use]
    pub fn and_thinks(mut self, words: &str) -> Self {
        self.pieces.extend(words.split_inclusive(' ').map(|word| Piece::Thinking(word.into())));
        self
    }

    /// The same and a call; it then ends for the sake of its calls.
    #[must_use]
    pub fn and_calls(mut self, id: &str, name: &str, arguments: &Value) -> Self {
        let index = u32::try_from(self.calls().len()).unwrap_or(u32::MAX);
        let fragment = |id: &str, name: &str, arguments: String| Piece::ToolCall {
            index,
            id: id.into(),
            name: name.into(),
            arguments,
        };
        self.pieces.push(fragment(id, name, String::new()));
        self.pieces.extend(fragments(arguments).into_iter().map(|more| fragment("", "", more)));
        self.finish = Some("tool_calls".into());
        self
    }

    /// The same, but it fails here instead of ending: in the middle of a stream, or in place of a whole answer.
    #[must_use]
    pub fn and_fails(mut self, failure: Failure) -> Self {
        self.pieces.push(Piece::Fails(failure));
        self
    }

    /// Its object put into the form that was asked for.
    pub(crate) fn in_shape(&self, shape: &Shape) -> Cow<'_, Self> {
        let Some(object) = &self.object else { return Cow::Borrowed(self) };
        let mut settled = Self { object: None, ..self.clone() };
        match shape {
            Shape::Call(name) => settled = settled.and_calls("call_shape", name, object),
            Shape::Text => settled.pieces.extend(fragments(object).into_iter().map(Piece::Text)),
        }
        Cow::Owned(settled)
    }

    /// What goes wrong in it, if anything.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.pieces.iter().find_map(|piece| if let Piece::Fails(failure) = piece { Some(failure) } else { None })
    }
}

/// JSON cut into deltas, never within a letter.
fn fragments(value: &Value) -> Vec<String> {
    let letters: Vec<char> = value.to_string().chars().collect();
    letters.chunks(LETTERS_PER_DELTA).map(|chunk| chunk.iter().collect()).collect()
}

/// One step of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Words.
    Text(String),
    /// Reasoning.
    Thinking(String),
    /// Reasoning that only the service can read, where the protocol has such a thing: Anthropic and Responses.
    Redacted(String),
    /// Words of a refusal.
    Refusal(String),
    /// A fragment of a tool call.
    ToolCall {
        /// Which call.
        index: u32,
        /// Empty leaves it out.
        #[serde(default)]
        id: String,
        /// Empty leaves it out.
        #[serde(default)]
        name: String,
        /// To append.
        #[serde(default)]
        arguments: String,
    },
    /// The answer ends here with an error in the words of the protocol; what follows is not sent.
    Fails(Failure),
    /// Bytes of the stream as they stand, line ends included: for what no server should send. Streams only.
    Frame(String),
}

/// The words of a script by their kind.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) thinking: String,
    pub(crate) refusal: String,
}

/// A tool call with its fragments joined.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) index: u32,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
    /// The piece that holds its last fragment.
    pub(crate) ends_at: usize,
}

impl Call {
    /// The arguments as the object they are.
    pub(crate) fn object(&self) -> Value {
        object(&self.arguments)
    }
}

/// Arguments as the object they are; no letters are no arguments, and what is no JSON stays text.
pub(crate) fn object(arguments: &str) -> Value {
    if arguments.is_empty() {
        return json!({});
    }
    serde_json::from_str(arguments).unwrap_or_else(|_| json!(arguments))
}

impl Script {
    /// Its words.
    pub(crate) fn said(&self) -> Said {
        let mut said = Said::default();
        for piece in &self.pieces {
            match piece {
                Piece::Text(more) => said.text.push_str(more),
                Piece::Thinking(more) => said.thinking.push_str(more),
                Piece::Refusal(more) => said.refusal.push_str(more),
                Piece::ToolCall { .. } | Piece::Redacted(_) | Piece::Fails(_) | Piece::Frame(_) => {}
            }
        }
        said
    }

    /// Its tool calls, in the order in which they become whole.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let mut calls: Vec<Call> = Vec::new();
        for (at, piece) in self.pieces.iter().enumerate() {
            let Piece::ToolCall { index, id, name, arguments } = piece else { continue };
            match calls.iter_mut().find(|call| call.index == *index) {
                Some(call) => {
                    call.arguments.push_str(arguments);
                    call.ends_at = at;
                }
                None => calls.push(Call {
                    index: *index,
                    id: id.clone(),
                    name: name.clone(),
                    arguments: arguments.clone(),
                    ends_at: at,
                }),
            }
        }
        calls.sort_by_key(|call| call.ends_at);
        calls
    }

    /// Its tool calls, in the order of their numbers.
    pub(crate) fn calls_in_order(&self) -> Vec<Call> {
        let mut calls = self.calls();
        calls.sort_by_key(|call| call.index);
        calls
    }
}
