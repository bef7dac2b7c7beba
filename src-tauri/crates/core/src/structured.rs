//! Answers that have a shape: the tool by which a model can give one, and the object in an answer, read the same way however
//! it was asked for and however it came.
//!
//! Deliberately absent: whether an object keeps to its schema.

use serde_json::{Map, Value};

use crate::event::ModelEvent;
use crate::msg::{ContentBlock, ToolUse};
use crate::partial_json::PartialJson;
use crate::reply::Reply;

/// The tool whose arguments are the object, where the protocol has no better way.
pub const TOOL: &str = "generate_structured_output";
/// What the model is told that it does.
pub const TOOL_DESCRIPTION: &str = "Generate the required structured output with this function";

/// Names of shapes may be so long, in characters.
const MAX_NAME_CHARS: usize = 64;
/// In so many places of a text an object is looked for.
const MOST_PLACES: usize = 256;

/// The objects in an answer that may be the one asked for, the likeliest first: the arguments of [`TOOL`], and what stands
/// in the words, code fences and other words around it or not. Only what is whole is there: half an object is none.
#[must_use]
pub fn candidates(reply: &Reply) -> Vec<Map<String, Value>> {
    let calls = reply.content.iter().filter_map(|block| match block {
        ContentBlock::ToolUse(call) if call.name == TOOL => arguments(call),
        _ => None,
    });
    calls.chain(in_text(&reply.text())).collect()
}

/// A name that every provider takes, from the title of a schema; `None` when nothing of it is left.
#[must_use]
pub fn legal_name(title: &str) -> Option<String> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let name: String = title.trim().chars().take(MAX_NAME_CHARS).map(|c| if is_legal(c) { c } else { '_' }).collect();
    name.contains(|c: char| c.is_ascii_alphanumeric()).then_some(name)
}

/// Whether a name is one that every provider takes.
#[must_use]
pub fn is_legal_name(name: &str) -> bool {
    legal_name(name).is_some_and(|legal| legal == name)
}

/// The arguments of a call as they were written: what is in `input` may have been mended.
fn arguments(call: &ToolUse) -> Option<Map<String, Value>> {
    let Some(raw) = &call.raw_input else { return Some(call.input.clone()) };
    serde_json::from_str(raw).ok().or_else(|| match PartialJson::first_object(raw)? {
        (object, rest) if rest.trim().is_empty() => Some(object),
        _ => None,
    })
}

fn in_text(text: &str) -> Vec<Map<String, Value>> {
    if let Ok(object) = serde_json::from_str(text) {
        return vec![object];
    }
    let (mut found, mut rest) = (Vec::new(), text);
    for _ in 0..MOST_PLACES {
        let Some(place) = rest.find('{') else { break };
        rest = match PartialJson::first_object(&rest[place..]) {
            Some((object, behind)) => {
                found.push(object);
                behind
            }
            None => &rest[place + 1..],
        };
    }
    found
}

/// The object while the answer comes, at the cost of each event alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Growing {
    object: Map<String, Value>,
    json: PartialJson,
    place: Place,
}

/// Where the object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Nowhere,
    Words,
    /// In the arguments of the call of this index.
    Call(usize),
}

impl Growing {
    /// Takes one event in.
    pub fn apply(&mut self, event: &ModelEvent) {
        match event {
            ModelEvent::Started { .. } => *self = Self::default(),
            ModelEvent::TextDelta { text } => match self.place {
                Place::Nowhere => {
                    if let Some(start) = text.find('{') {
                        self.begin(Place::Words);
                        self.json.push(&mut self.object, &text[start..]);
                    }
                }
                Place::Words => self.json.push(&mut self.object, text),
                Place::Call(_) => {}
            },
            ModelEvent::ToolCallDelta { index, name, arguments, .. } if name.as_ref() == TOOL => {
                if self.place != Place::Call(*index) {
                    self.begin(Place::Call(*index));
                }
                self.json.push(&mut self.object, arguments);
            }
            ModelEvent::ToolCall { index, call } if call.name == TOOL => {
                self.begin(Place::Call(*index));
                self.object.clone_from(&call.input);
            }
            _ => {}
        }
    }

    /// As far as it has come; `None` before its first brace.
    #[must_use]
    pub fn object(&self) -> Option<&Map<String, Value>> {
        (self.place != Place::Nowhere).then_some(&self.object)
    }

    fn begin(&mut self, place: Place) {
        *self = Self { place, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(name: &str, raw_input: Option<&str>, input: Value) -> ContentBlock {
        ContentBlock::ToolUse(ToolUse {
            id: "c".into(),
            name: name.into(),
            input: input.as_object().cloned().unwrap_or_default(),
            raw_input: raw_input.map(str::to_owned),
            thought_signature: None,
        })
    }

    #[track_caller]
    fn check(content: Vec<ContentBlock>, expected: Value) {
        let mut reply = Reply::default();
        reply.content.clone_from(&content);
        let found = candidates(&reply);
        assert_eq!(json!(found), expected, "{content:?}");
    }

    #[test]
    fn an_object_is_found_in_words_with_anything_around_it() {
        for (text, expected) in [
            (r#"{"a":1}"#, json!([{"a": 1}])),
            (" {\"a\":\n1}\n", json!([{"a": 1}])),
            ("```json\n{\"a\": {\"b\": 1}}\n```", json!([{"a": {"b": 1}}])),
            (r#"Here {it} is: {"a":"}"} {"#, json!([{"a": "}"}])),
            ("{\"a\":\"two\nlines\",}", json!([{"a": "two\nlines"}])),
            (r#"{"a":1} or {"a":2}?"#, json!([{"a": 1}, {"a": 2}])),
            (r#"{"a":1"#, json!([])),
            ("[1]", json!([])),
            ("I cannot do that.", json!([])),
            ("", json!([])),
        ] {
            check(vec![ContentBlock::text(text)], expected);
        }
        check(
            vec![ContentBlock::text(r#"{"a":"#), ContentBlock::thinking("hm"), ContentBlock::text("1}")],
            json!([{"a": 1}]),
        );
    }

    #[test]
    fn the_tools_arguments_come_before_the_words_and_mended_ones_do_not_count() {
        check(
            vec![ContentBlock::text(r#"{"b":2}"#), call(TOOL, Some(r#"{"a":1}"#), json!({"a": 1}))],
            json!([{"a": 1}, {"b": 2}]),
        );
        check(vec![call(TOOL, Some(r#"{"a":"hal"#), json!({"a": "hal"}))], json!([]));
        check(vec![call(TOOL, Some(""), json!({}))], json!([]));
        check(vec![call(TOOL, None, json!({"a": 1}))], json!([{"a": 1}]));
        check(vec![call("other", Some(r#"{"a":1}"#), json!({"a": 1}))], json!([]));
    }

    #[test]
    fn a_growing_object_is_that_of_the_words_until_the_tool_is_called() {
        let text = |text: &str| ModelEvent::TextDelta { text: text.into() };
        let delta = |index, name: &str, arguments: &str| ModelEvent::ToolCallDelta {
            index,
            id: "c".into(),
            name: name.into(),
            arguments: arguments.into(),
        };
        let mut growing = Growing::default();
        for (event, expected) in [
            (text("Here: "), json!(null)),
            (text("it is {\"a\":\"x"), json!({"a": "x"})),
            (text("y\",\"n\":1"), json!({"a": "xy"})),
            (text("}"), json!({"a": "xy", "n": 1})),
            (text(" Done."), json!({"a": "xy", "n": 1})),
            (delta(0, "other", "{\"b\":\""), json!({"a": "xy", "n": 1})),
            (delta(1, TOOL, "{\"b\":\""), json!({"b": ""})),
            (delta(1, TOOL, "z\"}"), json!({"b": "z"})),
            (ModelEvent::Started { id: None, model: None }, json!(null)),
            (text("{\"c\":1}"), json!({"c": 1})),
        ] {
            growing.apply(&event);
            assert_eq!(json!(growing.object()), expected, "{event:?}");
        }
    }

    #[test]
    fn names_are_made_legal() {
        for (title, name) in [
            ("Person", Some("Person")),
            (" Two words ", Some("Two_words")),
            ("Box[int]", Some("Box_int_")),
            ("人", None),
            ("", None),
        ] {
            assert_eq!(legal_name(title).as_deref(), name, "{title}");
        }
        assert_eq!(legal_name(&"x".repeat(99)).map(|name| name.len()), Some(MAX_NAME_CHARS));
    }
}
