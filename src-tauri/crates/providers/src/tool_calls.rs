//! Puts the fragments of tool calls together. Servers number them, mostly: this takes calls without a number, with a late
//! id, with a repeated one, and several calls under one number. Every mapper brings its fragments here.

pub(crate) mod arguments;

use std::sync::Arc;

use parlance_core::ModelEvent;
use parlance_core::msg::ToolUse;

/// So many calls may one answer hold.
pub(crate) const MAX_CALLS: usize = 64;
/// One call's arguments may be so long.
pub(crate) const MAX_ARGUMENTS_BYTES: usize = 1024 * 1024;

/// The calls of one answer.
#[derive(Debug, Default)]
pub(crate) struct ToolCalls {
    calls: Vec<Call>,
}

#[derive(Debug, Default)]
struct Call {
    /// The server's number, `None` where it gives none.
    number: Option<u64>,
    /// Shared with what is told of each fragment.
    id: Arc<str>,
    name: Arc<str>,
    arguments: String,
    thought_signature: Option<String>,
}

/// A piece of a call as a server sends it. Empty words are as good as none.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fragment<'a> {
    /// The server's number of the call, `None` where it gives none.
    pub(crate) number: Option<u64>,
    /// The call's id.
    pub(crate) id: &'a str,
    /// The tool's name, or more of it.
    pub(crate) name: &'a str,
    /// To append.
    pub(crate) arguments: &'a str,
    /// Gemini's sealed reasoning that belongs to the call.
    pub(crate) thought_signature: Option<&'a str>,
}

/// What came is more than [`MAX_CALLS`] or [`MAX_ARGUMENTS_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooMuch {
    #[error("the answer asks for more than 64 tools at once")]
    Calls,
    #[error("the arguments of a tool call are over 1 MiB")]
    Arguments,
}

impl ToolCalls {
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes a fragment; gives what it adds.
    pub(crate) fn take(&mut self, fragment: Fragment<'_>) -> Result<Option<ModelEvent>, TooMuch> {
        let index = self.find(&fragment)?;
        self.append(index, &fragment)
    }

    /// Takes a call that came in one piece, whatever others are called; gives what it adds.
    pub(crate) fn take_whole(&mut self, fragment: Fragment<'_>) -> Result<Option<ModelEvent>, TooMuch> {
        let index = self.begin(None)?;
        self.append(index, &fragment)
    }

    /// Takes a call as far as it has come in all, though parts of it may have come before; gives what it adds.
    pub(crate) fn take_so_far(&mut self, fragment: Fragment<'_>) -> Result<Option<ModelEvent>, TooMuch> {
        let index = self.find(&fragment)?;
        let known = self.calls[index].arguments.as_str();
        // Another spelling of what came before adds nothing.
        let rest = fragment.arguments.strip_prefix(known).unwrap_or_default();
        if rest.is_empty() && !known.is_empty() {
            return Ok(None);
        }
        self.append(index, &Fragment { arguments: rest, ..fragment })
    }

    /// The calls, whole. Those that came without an id get one from `seed`.
    pub(crate) fn finish(&mut self, seed: &str) -> impl Iterator<Item = ModelEvent> {
        std::mem::take(&mut self.calls).into_iter().enumerate().map(move |(index, call)| ModelEvent::ToolCall {
            index,
            call: Box::new(ToolUse {
                id: if call.id.is_empty() { format!("call_{seed}_{index}") } else { call.id.as_ref().to_owned() },
                name: call.name.as_ref().to_owned(),
                input: arguments::parse(&call.arguments),
                raw_input: Some(call.arguments),
                thought_signature: call.thought_signature,
            }),
        })
    }

    fn append(&mut self, index: usize, fragment: &Fragment<'_>) -> Result<Option<ModelEvent>, TooMuch> {
        let call = &mut self.calls[index];
        if call.id.is_empty() && !fragment.id.is_empty() {
            call.id = fragment.id.into();
        }
        if !fragment.name.is_empty() && *fragment.name != *call.name && call.arguments.is_empty() {
            call.name = [&*call.name, fragment.name].concat().into();
        }
        if let Some(signature) = fragment.thought_signature {
            call.thought_signature = Some(signature.to_owned());
        }
        if call.arguments.len() + fragment.arguments.len() > MAX_ARGUMENTS_BYTES {
            return Err(TooMuch::Arguments);
        }
        let is_news = !fragment.arguments.is_empty() || call.arguments.is_empty();
        call.arguments.push_str(fragment.arguments);
        Ok(is_news.then(|| ModelEvent::ToolCallDelta {
            index,
            id: Arc::clone(&call.id),
            name: Arc::clone(&call.name),
            arguments: fragment.arguments.to_owned(),
        }))
    }

    /// Which call a fragment belongs to, a new one if need be.
    fn find(&mut self, fragment: &Fragment<'_>) -> Result<usize, TooMuch> {
        let Fragment { number, id, name, .. } = *fragment;
        let known = match (number, id, name) {
            // The latest of this number, so that a second call under a used number goes on as that one.
            (Some(_), ..) => self.calls.iter().rposition(|call| call.number == number),
            (None, "", "") => self.calls.len().checked_sub(1),
            (None, "", _) => None,
            (None, id, _) => self.calls.iter().position(|call| *call.id == *id),
        };
        let known = known.filter(|&index| {
            let call = &self.calls[index];
            let is_another = !id.is_empty() && !call.id.is_empty() && *call.id != *id && !name.is_empty();
            !is_another
        });
        known.map_or_else(|| self.begin(number), Ok)
    }

    fn begin(&mut self, number: Option<u64>) -> Result<usize, TooMuch> {
        if self.calls.len() == MAX_CALLS {
            return Err(TooMuch::Calls);
        }
        self.calls.push(Call { number, ..Call::default() });
        Ok(self.calls.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A fragment in the JSON of Chat Completions.
    fn take(calls: &mut ToolCalls, json: &str) -> Result<(), TooMuch> {
        let json: Value = serde_json::from_str(json).expect("a fragment");
        let word = |place: &str| json.pointer(place).and_then(Value::as_str).unwrap_or_default();
        let fragment = Fragment {
            number: json["index"].as_u64(),
            id: word("/id"),
            name: word("/function/name"),
            arguments: word("/function/arguments"),
            ..Fragment::default()
        };
        calls.take(fragment).map(|_| ())
    }

    /// Feeds fragments as JSON and gives the calls as `id name arguments`.
    #[track_caller]
    fn check(fragments: &[&str], expected: &[&str]) {
        let mut calls = ToolCalls::default();
        for fragment in fragments {
            take(&mut calls, fragment).expect("within the limits");
        }
        let calls: Vec<String> = calls
            .finish("seed")
            .map(|event| match event {
                ModelEvent::ToolCall { call, .. } => {
                    format!("{} {} {}", call.id, call.name, call.raw_input.unwrap_or_default())
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(calls, expected);
    }

    #[test]
    fn fragments_find_their_call_by_number() {
        check(
            &[
                r#"{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}"#,
                r#"{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}"#,
                r#"{"index":0,"function":{"arguments":"{}"}}"#,
                r#"{"index":1,"function":{"arguments":"}"}}"#,
            ],
            &["a f {}", "b g {}"],
        );
    }

    #[test]
    fn repeated_and_empty_ids_names_and_types_change_nothing() {
        check(
            &[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}"#,
                r#"{"index":0,"id":"","type":"function","function":{"name":"","arguments":"}"}}"#,
                r#"{"index":0,"id":"a","function":{"name":"f"}}"#,
                r#"{"index":0,"id":null,"function":{"name":null,"arguments":null}}"#,
                r#"{"index":0}"#,
            ],
            &["a f {}"],
        );
    }

    #[test]
    fn a_late_id_is_taken_and_a_missing_one_made() {
        check(
            &[
                r#"{"index":0,"function":{"name":"f","arguments":"{"}}"#,
                r#"{"index":0,"id":"late","function":{"arguments":"}"}}"#,
                r#"{"index":1,"function":{"name":"g","arguments":"{}"}}"#,
            ],
            &["late f {}", "call_seed_1 g {}"],
        );
    }

    #[test]
    fn calls_without_a_number_begin_with_a_name_or_a_new_id() {
        check(
            &[
                r#"{"id":"a","function":{"name":"f","arguments":"{"}}"#,
                r#"{"function":{"arguments":"}"}}"#,
                r#"{"id":"b","function":{"name":"f","arguments":"{}"}}"#,
                r#"{"function":{"name":"g","arguments":"{}"}}"#,
            ],
            &["a f {}", "b f {}", "call_seed_2 g {}"],
        );
    }

    #[test]
    fn several_calls_under_one_number_are_told_apart_by_their_ids() {
        check(
            &[
                r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}"#,
                r#"{"index":0,"id":"b","function":{"name":"f","arguments":"{\"x\":"}}"#,
                r#"{"index":0,"function":{"arguments":"2}"}}"#,
            ],
            &[r#"a f {"x":1}"#, r#"b f {"x":2}"#],
        );
    }

    #[test]
    fn a_name_in_pieces_is_joined() {
        check(
            &[
                r#"{"index":0,"id":"a","function":{"name":"get_"}}"#,
                r#"{"index":0,"function":{"name":"time","arguments":"{\"zone\":\"é\"}"}}"#,
            ],
            &[r#"a get_time {"zone":"é"}"#],
        );
    }

    #[test]
    fn too_many_calls_and_too_long_arguments_are_refused() {
        let call = |index: usize, arguments: &str| {
            json!({"index": index, "id": format!("c{index}"), "function": {"name": "f", "arguments": arguments}})
                .to_string()
        };
        let mut calls = ToolCalls::default();
        for index in 0..MAX_CALLS {
            assert_eq!(take(&mut calls, &call(index, "{}")), Ok(()));
        }
        assert_eq!(take(&mut calls, &call(MAX_CALLS, "{}")), Err(TooMuch::Calls));
        let long = "x".repeat(MAX_ARGUMENTS_BYTES - 1);
        assert_eq!(take(&mut calls, &call(0, &long)), Err(TooMuch::Arguments));
    }

    #[test]
    fn calls_in_one_piece_are_never_taken_for_each_other() {
        let mut calls = ToolCalls::default();
        for arguments in ["{\"x\":1}", "{\"x\":2}"] {
            let call = Fragment { id: "same", name: "f", arguments, ..Fragment::default() };
            calls.take_whole(call).expect("within the limits");
        }
        let inputs: Vec<Value> = calls
            .finish("seed")
            .map(|event| match event {
                ModelEvent::ToolCall { call, .. } => Value::Object(call.input),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(inputs, [json!({"x": 1}), json!({"x": 2})]);
    }

    #[test]
    fn a_call_that_comes_again_and_again_grows_only_by_what_is_new() {
        let mut calls = ToolCalls::default();
        let mut added = Vec::new();
        for arguments in ["", "{\"x\"", "{\"x\":1}", "{\"x\":1}", "{ \"x\": 1 }"] {
            let fragment = Fragment { number: Some(2), id: "c", name: "f", arguments, ..Fragment::default() };
            match calls.take_so_far(fragment).expect("within the limits") {
                Some(ModelEvent::ToolCallDelta { arguments, .. }) => added.push(arguments),
                other => assert_eq!(other, None),
            }
        }
        assert_eq!(added, ["", "{\"x\"", ":1}"]);
    }
}
