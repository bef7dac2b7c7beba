//! In which form a request wants an object: as JSON text, or as a call of the tool it forces.

use serde_json::Value;

/// The form of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// JSON in the text.
    Text,
    /// The arguments of a call of this tool.
    Call(String),
}

impl Shape {
    /// JSON text where a format is asked for; else a call of the tool that is forced, or of the only one there is unless
    /// calls are forbidden; else text.
    pub(crate) fn of(has_format: bool, choice: &Choice, offered: &[&str]) -> Self {
        let called = match (choice, offered) {
            (Choice::Tool(name), _) => Some(name.as_str()),
            (Choice::Free | Choice::Any, [only]) => Some(*only),
            (Choice::Any, [first, ..]) => Some(*first),
            (Choice::Free | Choice::Any | Choice::None, _) => None,
        };
        match called {
            Some(name) if !has_format => Self::Call(name.to_owned()),
            _ => Self::Text,
        }
    }
}

/// What a request says about calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The model decides.
    Free,
    /// Some tool must be called.
    Any,
    /// This one must be called.
    Tool(String),
    /// None may be called.
    None,
}

impl Choice {
    /// As OpenAI's protocols and those made after them write it: a word, or an object that holds a name.
    pub(crate) fn read(choice: &Value) -> Self {
        match choice {
            Value::String(word) if word == "required" || word == "any" => Self::Any,
            Value::String(word) if word == "none" => Self::None,
            Value::Object(object) => {
                let name = object.get("name").or_else(|| object.get("function").map(|function| &function["name"]));
                name.and_then(Value::as_str).map_or(Self::Free, |name| Self::Tool(name.to_owned()))
            }
            _ => Self::Free,
        }
    }
}

/// Whether a format is asked for: OpenAI's object with a type, where `text` is no format.
pub(crate) fn is_format(format: &Value) -> bool {
    format["type"].as_str().is_some_and(|kind| kind != "text")
}

/// The names of the tools that are offered, flat or as functions.
pub(crate) fn offered(tools: &Value) -> Vec<&str> {
    let tools = tools.as_array().map(Vec::as_slice).unwrap_or_default();
    tools.iter().filter_map(|tool| tool["function"]["name"].as_str().or_else(|| tool["name"].as_str())).collect()
}
