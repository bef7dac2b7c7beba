//! What a script says when it is folded up: for the protocols that send calls or answers in one piece.

use serde_json::{Value, json};

use crate::scenario::{Piece, Script};

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
    /// The arguments as the object they are; as text where they are none.
    pub(crate) fn object(&self) -> Value {
        serde_json::from_str(&self.arguments).unwrap_or_else(|_| json!(self.arguments))
    }
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
                Piece::ToolCall { .. } | Piece::Frame(_) => {}
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
}
