//! Puts the fragments of tool calls together. Servers number them, mostly: this takes calls without a number, with a late
//! id, with a repeated one, and several calls under one number.

use parlance_core::ModelEvent;
use parlance_core::msg::ToolUse;

use super::arguments;
use super::wire::{Function, ToolCall};

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
    id: String,
    name: String,
    arguments: String,
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
    pub(crate) fn take(&mut self, fragment: ToolCall<'_>) -> Result<Option<ModelEvent>, TooMuch> {
        let function = fragment.function.unwrap_or_default();
        let index = self.find(fragment.index, fragment.id.words(), function.name.words())?;
        let call = &mut self.calls[index];
        if let Some(id) = fragment.id.words()
            && call.id.is_empty()
        {
            id.clone_into(&mut call.id);
        }
        Self::append(index, call, &function)
    }

    /// Takes the old form, of which an answer holds one.
    pub(crate) fn take_old_form(&mut self, function: &Function<'_>) -> Result<Option<ModelEvent>, TooMuch> {
        let index = self.find(Some(0), None, None)?;
        Self::append(index, &mut self.calls[index], function)
    }

    /// The calls, whole. Those that came without an id get one from `seed`.
    pub(crate) fn finish(&mut self, seed: &str) -> impl Iterator<Item = ModelEvent> {
        std::mem::take(&mut self.calls).into_iter().enumerate().map(move |(index, call)| ModelEvent::ToolCall {
            index,
            call: ToolUse {
                id: if call.id.is_empty() { format!("call_{seed}_{index}") } else { call.id },
                name: call.name,
                input: arguments::parse(&call.arguments),
                raw_input: Some(call.arguments),
                thought_signature: None,
            },
        })
    }

    fn append(index: usize, call: &mut Call, function: &Function<'_>) -> Result<Option<ModelEvent>, TooMuch> {
        if let Some(name) = function.name.words()
            && name != call.name
            && call.arguments.is_empty()
        {
            call.name.push_str(name);
        }
        let fragment = &*function.arguments.0;
        if call.arguments.len() + fragment.len() > MAX_ARGUMENTS_BYTES {
            return Err(TooMuch::Arguments);
        }
        let is_news = !fragment.is_empty() || call.arguments.is_empty();
        call.arguments.push_str(fragment);
        Ok(is_news.then(|| ModelEvent::ToolCallDelta {
            index,
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: fragment.to_owned(),
        }))
    }

    /// Which call a fragment belongs to, a new one if need be.
    fn find(&mut self, number: Option<u64>, id: Option<&str>, name: Option<&str>) -> Result<usize, TooMuch> {
        let known = match (number, id) {
            // The latest of this number, so that a second call under a used number goes on as that one.
            (Some(_), _) => self.calls.iter().rposition(|call| call.number == number),
            (None, Some(id)) => self.calls.iter().position(|call| call.id == id),
            (None, None) if name.is_some() => None,
            (None, None) => self.calls.len().checked_sub(1),
        };
        let known = known.filter(|&index| {
            let call = &self.calls[index];
            let is_another = id.is_some_and(|id| !call.id.is_empty() && call.id != id) && name.is_some();
            !is_another
        });
        match known {
            Some(index) => Ok(index),
            None if self.calls.len() == MAX_CALLS => Err(TooMuch::Calls),
            None => {
                self.calls.push(Call { number, ..Call::default() });
                Ok(self.calls.len() - 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Feeds fragments as JSON and gives the calls as `id name arguments`.
    #[track_caller]
    fn check(fragments: &[&str], expected: &[&str]) {
        let mut calls = ToolCalls::default();
        for fragment in fragments {
            calls.take(serde_json::from_str(fragment).expect("a fragment")).expect("within the limits");
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
    fn a_name_in_pieces_and_arguments_as_an_object_are_read() {
        check(
            &[
                r#"{"index":0,"id":"a","function":{"name":"get_"}}"#,
                r#"{"index":0,"function":{"name":"time","arguments":{"zone":"é"}}}"#,
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
        let take = |calls: &mut ToolCalls, fragment: &str| {
            calls.take(serde_json::from_str(fragment).expect("a fragment")).map(|_| ())
        };
        let mut calls = ToolCalls::default();
        for index in 0..MAX_CALLS {
            assert_eq!(take(&mut calls, &call(index, "{}")), Ok(()));
        }
        assert_eq!(take(&mut calls, &call(MAX_CALLS, "{}")), Err(TooMuch::Calls));
        let long = "x".repeat(MAX_ARGUMENTS_BYTES - 1);
        assert_eq!(take(&mut calls, &call(0, &long)), Err(TooMuch::Arguments));
    }
}
