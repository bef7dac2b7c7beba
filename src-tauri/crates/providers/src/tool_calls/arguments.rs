//! A tool call's arguments: text as the model wrote it, made an object.

use parlance_core::partial_json::{PartialJson, Progress};
use serde_json::{Map, Value};

/// The arguments as an object: read, else as far as they go where something was merely left open, else empty.
pub(crate) fn parse(text: &str) -> Map<String, Value> {
    if let Ok(object) = serde_json::from_str(text) {
        return object;
    }
    let (mut json, mut object) = (PartialJson::default(), Map::new());
    json.push(&mut object, text);
    // What breaks off in nonsense may mean anything: a tool is not run with half of it.
    if json.progress() == Progress::Broken {
        return Map::new();
    }
    json.end(&mut object);
    object
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_left_open_is_closed_and_the_rest_is_empty() {
        for (text, expected) in [
            (r#"{"city":"Paris"}"#, json!({"city": "Paris"})),
            ("", json!({})),
            ("  ", json!({})),
            ("null", json!({})),
            ("[1]", json!({})),
            ("nonsense", json!({})),
            (r#"{"city":"Par"#, json!({"city": "Par"})),
            (r#"{"city":"Paris"#, json!({"city": "Paris"})),
            (r#"{"city":"a\"#, json!({"city": "a"})),
            (r#"{"city":"a\u00"#, json!({"city": "a"})),
            (r#"{"a":[1,{"b":2"#, json!({"a": [1, {"b": 2}]})),
            (r#"{"a":1,"b"#, json!({"a": 1})),
            (r#"{"a":1,"b":"#, json!({"a": 1})),
            (r#"{"a":1,"#, json!({"a": 1})),
            (r#"{"a":1,"b":tru"#, json!({"a": 1})),
            (r#"{"a":[1,"x,y"#, json!({"a": [1, "x,y"]})),
            (r#"{"a"#, json!({})),
            ("{", json!({})),
            (r#"{"a":1]"#, json!({})),
            (r#"{"城":"巴"#, json!({"城": "巴"})),
        ] {
            assert_eq!(Value::Object(parse(text)), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_an_object_and_a_whole_object_itself(text in "[{}\\[\\]\",:\\\\u0a é]{0,40}|\\PC{0,40}") {
            let object = parse(&text);
            let again = Value::Object(object.clone()).to_string();
            prop_assert_eq!(parse(&again), object);
        }

        #[test]
        fn every_prefix_of_an_object_is_read(cut in 0usize..80) {
            let text = r#"{"city":"Zü\u0072ich","days":[1,2.5,null],"deep":{"on":true,"q":"\"x\""}}"#;
            let prefix = text.get(..cut.min(text.len())).unwrap_or(text);
            let whole = parse(text);
            for (key, value) in parse(prefix) {
                if let (Some(Value::String(all)), Value::String(part)) = (whole.get(&key), value) {
                    prop_assert!(all.starts_with(&part));
                } else {
                    prop_assert!(whole.contains_key(&key));
                }
            }
        }
    }
}
