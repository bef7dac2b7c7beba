//! A turn of a model that used tools is one message, with all its rounds in it: words, calls, results, words. Providers
//! want it apart: what the model said, then the results, then what it said to them. Pure; the `client` calls it before any
//! protocol writes its request.

use std::borrow::Cow;
use std::collections::HashSet;

use parlance_core::{BlockKind, ContentBlock, Msg, Role, ToolEnd, ToolOutput};

/// What stands for a result that never came. Providers refuse a call without one.
const NO_RESULT: &str =
    "There is no result: the call was stopped or cut off before it gave one. It may or may not have been carried out.";

/// The messages with each round apart, and every call answered. What needs no change is not copied.
pub(crate) fn split(messages: &[Msg]) -> Cow<'_, [Msg]> {
    if messages.iter().enumerate().all(|(at, msg)| is_apart(msg, &messages[at + 1..])) {
        return Cow::Borrowed(messages);
    }
    let mut apart = Vec::with_capacity(messages.len() + 2);
    for (at, msg) in messages.iter().enumerate() {
        let rest = &messages[at + 1..];
        if is_apart(msg, rest) {
            apart.push(msg.clone());
        } else {
            write_rounds(msg, rest, &mut apart);
        }
    }
    Cow::Owned(apart)
}

/// Whether a message is none of a model's with results inside or calls without one.
fn is_apart(msg: &Msg, rest: &[Msg]) -> bool {
    if msg.role != Role::Assistant {
        return true;
    }
    let has_result = msg.blocks_of(&[BlockKind::ToolResult]).next().is_some();
    !has_result && (calls(&msg.content).next().is_none() || unanswered(&msg.content, &answered_in(rest)).is_empty())
}

fn write_rounds(msg: &Msg, rest: &[Msg], apart: &mut Vec<Msg>) {
    let mut round = Round::default();
    for block in &msg.content {
        match block {
            ContentBlock::ToolResult { .. } => round.results.push(block.clone()),
            said => {
                if !round.results.is_empty() {
                    std::mem::take(&mut round).write(msg, &HashSet::new(), apart);
                }
                round.said.push(said.clone());
            }
        }
    }
    // Results of the last round may stand in messages of their own.
    round.write(msg, &answered_in(rest), apart);
}

/// What a model said, and what its calls gave.
#[derive(Default)]
struct Round {
    said: Vec<ContentBlock>,
    results: Vec<ContentBlock>,
}

impl Round {
    fn write(mut self, msg: &Msg, answered_later: &HashSet<&str>, apart: &mut Vec<Msg>) {
        let answered = self.results.iter().filter_map(result_id).chain(answered_later.iter().copied()).collect();
        let stopped: Vec<ContentBlock> = unanswered(&self.said, &answered)
            .into_iter()
            .map(|(id, name)| ContentBlock::ToolResult {
                id: id.to_owned(),
                name: name.to_owned(),
                output: ToolOutput::Text(NO_RESULT.to_owned()),
                end: ToolEnd::Stopped,
            })
            .collect();
        self.results.extend(stopped);
        if !self.said.is_empty() {
            apart.push(Msg { content: self.said, ..msg.clone() });
        }
        if !self.results.is_empty() {
            apart.push(Msg { name: "system".to_owned(), role: Role::System, content: self.results, ..msg.clone() });
        }
    }
}

fn calls(content: &[ContentBlock]) -> impl Iterator<Item = (&str, &str)> {
    content.iter().filter_map(|block| match block {
        ContentBlock::ToolUse(call) => Some((call.id.as_str(), call.name.as_str())),
        _ => None,
    })
}

fn unanswered<'a>(content: &'a [ContentBlock], answered: &HashSet<&str>) -> Vec<(&'a str, &'a str)> {
    calls(content).filter(|(id, _)| !answered.contains(id)).collect()
}

fn result_id(block: &ContentBlock) -> Option<&str> {
    match block {
        ContentBlock::ToolResult { id, .. } => Some(id),
        _ => None,
    }
}

/// The calls answered before a model speaks again.
fn answered_in(rest: &[Msg]) -> HashSet<&str> {
    let until_next = rest.iter().take_while(|msg| msg.role != Role::Assistant);
    until_next.flat_map(|msg| msg.content.iter().filter_map(result_id)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Messages as `[role, block, block …]`, where a block is a kind and its word.
    fn conversation(written: Value) -> Vec<Msg> {
        let message = |msg: &Value| {
            let parts = msg.as_array().unwrap();
            let block = |part: &Value| match part.as_str().unwrap().split_once(' ').unwrap() {
                ("text", text) => json!({"type": "text", "text": text}),
                ("thinking", text) => json!({"type": "thinking", "thinking": text, "signature": "s"}),
                ("call", id) => json!({"type": "tool_use", "id": id, "name": "f", "input": {}}),
                (_, id) => json!({"type": "tool_result", "id": id, "name": "f", "output": "out"}),
            };
            let content: Vec<Value> = parts[1..].iter().map(block).collect();
            serde_json::from_value(json!({"name": "n", "role": parts[0], "content": content})).unwrap()
        };
        written.as_array().unwrap().iter().map(message).collect()
    }

    fn shape(messages: &[Msg]) -> Value {
        let block = |block: &ContentBlock| match block {
            ContentBlock::Text { text, .. } => format!("text {text}"),
            ContentBlock::Thinking { thinking, .. } => format!("thinking {thinking}"),
            ContentBlock::ToolUse(call) => format!("call {}", call.id),
            ContentBlock::ToolResult { id, end: ToolEnd::Done, .. } => format!("result {id}"),
            ContentBlock::ToolResult { id, end, .. } => format!("{end:?} {id}"),
            other => panic!("{other:?}"),
        };
        messages
            .iter()
            .map(|msg| {
                let role = json!(msg.role);
                Value::Array(std::iter::once(role).chain(msg.content.iter().map(|b| json!(block(b)))).collect())
            })
            .collect()
    }

    #[track_caller]
    fn check(written: Value, expected: Value) {
        let messages = conversation(written);
        let apart = split(&messages);
        assert_eq!(shape(&apart), expected);
        assert!(matches!(split(&apart), Cow::Borrowed(_)), "what is apart stays as it is");
    }

    #[test]
    fn the_rounds_of_one_message_become_messages() {
        check(
            json!([
                ["user", "text hi"],
                [
                    "assistant",
                    "thinking a",
                    "text b",
                    "call 1",
                    "call 2",
                    "result 1",
                    "result 2",
                    "thinking c",
                    "call 3",
                    "result 3",
                    "text d"
                ],
                ["user", "text and"]
            ]),
            json!([
                ["user", "text hi"],
                ["assistant", "thinking a", "text b", "call 1", "call 2"],
                ["system", "result 1", "result 2"],
                ["assistant", "thinking c", "call 3"],
                ["system", "result 3"],
                ["assistant", "text d"],
                ["user", "text and"]
            ]),
        );
    }

    #[test]
    fn a_call_without_a_result_gets_one_that_says_so() {
        check(
            json!([
                ["user", "text hi"],
                ["assistant", "call 1", "call 2", "result 1", "text half", "call 3"],
                ["user", "text again"],
                ["assistant", "call 4"]
            ]),
            json!([
                ["user", "text hi"],
                ["assistant", "call 1", "call 2"],
                ["system", "result 1", "Stopped 2"],
                ["assistant", "text half", "call 3"],
                ["system", "Stopped 3"],
                ["user", "text again"],
                ["assistant", "call 4"],
                ["system", "Stopped 4"]
            ]),
        );
    }

    #[test]
    fn results_in_messages_of_their_own_are_found_there() {
        let written = json!([
            ["assistant", "text a", "call 1", "call 2"],
            ["system", "result 1"],
            ["system", "result 2"],
            ["assistant", "text b"]
        ]);
        let messages = conversation(written);
        assert!(matches!(split(&messages), Cow::Borrowed(_)));
        // The same id later belongs to a later call.
        check(
            json!([["assistant", "call 1"], ["user", "text no"], ["assistant", "call 1"], ["system", "result 1"]]),
            json!([
                ["assistant", "call 1"],
                ["system", "Stopped 1"],
                ["user", "text no"],
                ["assistant", "call 1"],
                ["system", "result 1"]
            ]),
        );
    }
}
