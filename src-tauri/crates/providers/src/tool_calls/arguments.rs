//! A tool call's arguments: text as the model wrote it, made an object.

use serde_json::{Map, Value};

/// The arguments as an object: read, else repaired where something was merely left open, else empty.
pub(crate) fn parse(text: &str) -> Map<String, Value> {
    object(text).or_else(|| object(&close(text)?)).or_else(|| object(&close(cut_back(text)?)?)).unwrap_or_default()
}

fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text.trim()).ok()
}

/// Closes the strings, arrays and objects that are open at the end; `None` when brackets do not match.
fn close(text: &str) -> Option<String> {
    let open = Open::scan(text)?;
    let mut closed = text.to_owned();
    if open.in_string {
        // Half an escape sequence cannot be completed, only dropped.
        closed.truncate(open.last_whole);
        closed.push('"');
    }
    closed.extend(open.brackets.iter().rev().map(|bracket| if *bracket == b'{' { '}' } else { ']' }));
    Some(closed)
}

/// The text up to the last place where an element was whole: before the last comma, or after the last opening bracket.
fn cut_back(text: &str) -> Option<&str> {
    Open::scan(text)?.last_element.map(|end| &text[..end])
}

/// What is open at the end of a JSON text.
#[derive(Default)]
struct Open {
    brackets: Vec<u8>,
    in_string: bool,
    /// Within a string: where its last whole character or escape sequence ends.
    last_whole: usize,
    last_element: Option<usize>,
}

impl Open {
    fn scan(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (mut open, mut at) = (Self::default(), 0);
        while at < bytes.len() {
            let mut width = 1;
            match bytes[at] {
                b'\\' if open.in_string => {
                    width = if bytes.get(at + 1) == Some(&b'u') { 6 } else { 2 };
                    if at + width > bytes.len() {
                        return Some(open);
                    }
                }
                b'"' => open.in_string = !open.in_string,
                _ if open.in_string => {}
                bracket @ (b'{' | b'[') => {
                    open.brackets.push(bracket);
                    open.last_element = Some(at + 1);
                }
                b'}' if open.brackets.pop() != Some(b'{') => return None,
                b']' if open.brackets.pop() != Some(b'[') => return None,
                b',' => open.last_element = Some(at),
                _ => {}
            }
            at += width;
            // Only ends of whole characters count, so that cutting there is safe.
            if text.is_char_boundary(at) {
                open.last_whole = at;
            }
        }
        Some(open)
    }
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
