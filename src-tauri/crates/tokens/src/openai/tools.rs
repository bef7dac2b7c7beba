//! Tools offered, by the rule of OpenAI's guide “How to count tokens with tiktoken”, section 7. The guide calls it an
//! estimate; over the recorded requests with tools it was off by a few tokens.

use serde_json::Value;

use crate::json::spaced;
use crate::vocabulary::{Vocabulary, bare};

const FUNCTION: u64 = 10;
const FUNCTION_OF_GPT_4O: u64 = 7;
const PROPERTIES: u64 = 3;
const PROPERTY: u64 = 3;
/// An enumeration takes less than a property does.
const ENUM_SAVES: u64 = 3;
const ENUM_ITEM: u64 = 3;
const END: u64 = 12;

/// The tokens of the `tools` of a request, which are not empty.
pub(super) fn count(model: &str, tools: &[Value], vocabulary: Vocabulary) -> u64 {
    let function = if bare(model).starts_with("gpt-4o") { FUNCTION_OF_GPT_4O } else { FUNCTION };
    END + tools.iter().map(|tool| function + signature(&tool["function"], vocabulary)).sum::<u64>()
}

fn signature(function: &Value, vocabulary: Vocabulary) -> u64 {
    let mut tokens = vocabulary.count(&format!("{}:{}", text(&function["name"]), sentence(function)));
    // A tool without arguments, or with a schema that is no list of properties, has nothing more to count.
    let Some(properties) = function["parameters"]["properties"].as_object().filter(|fields| !fields.is_empty()) else {
        return tokens;
    };
    tokens += PROPERTIES;
    for (name, property) in properties {
        tokens += PROPERTY + vocabulary.count(&format!("{name}:{}:{}", text(&property["type"]), sentence(property)));
        if let Some(items) = property["enum"].as_array() {
            tokens += items.iter().map(|item| ENUM_ITEM + vocabulary.count(&text(item))).sum::<u64>();
            tokens = tokens.saturating_sub(ENUM_SAVES);
        }
    }
    tokens
}

fn sentence(of: &Value) -> String {
    let text = text(&of["description"]);
    text.strip_suffix('.').map(str::to_owned).unwrap_or(text)
}

/// A string as it is, nothing for nothing, and JSON for what is neither: enumerations hold numbers, too, and a type may
/// be a list.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => spaced(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Prompt;

    fn tool(parameters: Value) -> Vec<Value> {
        vec![json!({"type": "function", "function":
            {"name": "get_current_weather", "description": "Get the current weather in a given location", "parameters": parameters}})]
    }

    #[test]
    fn the_guides_example_counts_as_the_service_answered() {
        // Section 7: with the two messages around it, 101 tokens on gpt-4o and 105 on gpt-4 and gpt-3.5-turbo.
        let tools = tool(json!({"type": "object", "properties": {
            "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
            "unit": {"type": "string", "description": "The unit of temperature to return", "enum": ["celsius", "fahrenheit"]},
        }, "required": ["location"]}));
        let messages = json!([
            {"role": "system", "content": "You are a helpful assistant that can answer to questions about the weather."},
            {"role": "user", "content": "What's the weather like in San Francisco?"},
        ]);
        for (model, tokens) in [("gpt-4o", 101), ("gpt-4o-mini", 101), ("gpt-4", 105), ("gpt-3.5-turbo", 105)] {
            let messages = messages.as_array().unwrap();
            let counted = crate::openai::count(&Prompt { model, messages, tools: &tools, shape: None });
            assert_eq!((counted.tokens, counted.exact), (tokens, false), "{model}");
        }
    }

    #[test]
    fn recorded_requests_come_within_a_few_tokens() {
        // `usage.prompt_tokens` of answers recorded in public test suites.
        for (model, words, name, about, argument, about_argument, told) in [
            (
                "gpt-4.1-nano",
                "What is the weather in Tokyo?",
                "get_weather",
                "Get the current weather for a location",
                "location",
                "Location of the weather to get, e.g. San Francisco, CA or Paris, France",
                72_u64,
            ),
            (
                "gpt-4o-mini",
                "What is the temperature in San Francisco?",
                "get_current_temperature",
                "Get the current temperature in a city.",
                "city",
                "The name of the city to get the temperature for.",
                66,
            ),
        ] {
            let parameters = json!({"type": "object", "required": [argument],
                "properties": {argument: {"type": "string", "description": about_argument}}});
            let body = json!({"model": model, "messages": [{"role": "user", "content": words}], "tools": [
                {"type": "function", "function": {"name": name, "description": about, "parameters": parameters}}]});
            let counted = crate::openai::count(&Prompt::of(&body)).tokens;
            assert!(counted.abs_diff(told) <= 4, "{model}: {counted} for {told}");
        }
    }

    #[test]
    fn schemas_of_every_shape_are_counted() {
        let bare = count("gpt-4o", &tool(Value::Null), Vocabulary::O200k);
        assert_eq!(count("gpt-4o", &tool(json!({"type": "object", "properties": {}})), Vocabulary::O200k), bare);
        let odd = json!({"properties": {"n": {"type": ["integer", "null"], "enum": [1, 2, null]}, "any": true}});
        assert!(count("gpt-4o", &tool(odd), Vocabulary::O200k) > bare);
        assert!(count("gpt-4o", &[json!({}), json!(null)], Vocabulary::O200k) > 12);
    }
}
