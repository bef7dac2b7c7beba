//! JSON schemas in the provider's own words: references put in place, types in capitals, `null` as `nullable`, the order of
//! fields said. Pure.

use serde_json::{Map, Value, json};

use crate::structured::MAX_DEPTH;
use crate::structured::schema::find;

/// A schema written out may hold so many parts: references that are put in place can multiply.
const MOST_PARTS: usize = 10_000;

/// Words that mean the same on both sides.
const SAME: [&str; 16] = [
    "title",
    "description",
    "default",
    "example",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
    "nullable",
];
/// Words that say nothing about a value.
const SILENT: [&str; 7] = ["$schema", "$id", "$defs", "definitions", "$comment", "examples", "deprecated"];

/// The schema in the provider's words; `None` when they cannot say what it says: free fields, a schema within itself,
/// values that are no strings in an `enum` …
pub(crate) fn own(schema: &Value) -> Option<Value> {
    Writing { root: schema, within: Vec::new(), parts: 0 }.value(schema)
}

struct Writing<'a> {
    root: &'a Value,
    /// References that are being put in place.
    within: Vec<&'a str>,
    parts: usize,
}

impl<'a> Writing<'a> {
    fn value(&mut self, part: &'a Value) -> Option<Value> {
        self.part(part.as_object()?).map(Value::Object)
    }

    fn part(&mut self, part: &'a Map<String, Value>) -> Option<Map<String, Value>> {
        self.parts += 1;
        if self.parts > MOST_PARTS || self.within.len() > MAX_DEPTH {
            return None;
        }
        let mut written = match part.get("$ref") {
            Some(reference) => self.meant(reference.as_str()?)?,
            None => Map::new(),
        };
        for (word, value) in part {
            match (word.as_str(), value) {
                ("$ref" | "default", Value::Null) | ("$ref", _) => {}
                (word, _) if SILENT.contains(&word) => {}
                (word, value) if SAME.contains(&word) => {
                    written.insert(word.to_owned(), value.clone());
                }
                ("type", kinds) => write_kinds(kinds, &mut written)?,
                ("const", Value::String(_)) => {
                    written.insert("enum".into(), json!([value]));
                }
                ("enum", Value::Array(values)) => write_choices(values, &mut written)?,
                ("anyOf", Value::Array(choices)) => self.write_any(choices, &mut written)?,
                ("allOf", Value::Array(all)) if all.len() == 1 => written.extend(self.part(all[0].as_object()?)?),
                ("items", items) => {
                    written.insert("items".into(), self.value(items)?);
                }
                ("properties", Value::Object(properties)) => self.write_properties(properties, &mut written)?,
                ("additionalProperties", Value::Bool(false)) => {
                    written.insert("additionalProperties".into(), json!(false));
                }
                _ => return None,
            }
        }
        // An object without named fields could have none at all.
        let is_object = written.get("type").is_some_and(|kind| *kind == "OBJECT");
        (!is_object || written.contains_key("properties")).then_some(written)
    }

    fn meant(&mut self, reference: &'a str) -> Option<Map<String, Value>> {
        if self.within.contains(&reference) {
            return None;
        }
        self.within.push(reference);
        let meant = self.part(find(self.root, reference)?);
        self.within.pop();
        meant
    }

    fn write_any(&mut self, choices: &'a [Value], written: &mut Map<String, Value>) -> Option<()> {
        let is_null = |choice: &&Value| choice.get("type").is_some_and(|kind| kind == "null");
        let rest: Vec<&Value> = choices.iter().filter(|choice| !is_null(choice)).collect();
        if rest.len() < choices.len() {
            written.insert("nullable".into(), json!(true));
        }
        match rest.as_slice() {
            [] => {}
            [only] => written.extend(self.part(only.as_object()?)?),
            several => {
                let several = several.iter().map(|choice| self.value(choice)).collect::<Option<Vec<_>>>()?;
                written.insert("anyOf".into(), Value::Array(several));
            }
        }
        Some(())
    }

    fn write_properties(&mut self, properties: &'a Map<String, Value>, written: &mut Map<String, Value>) -> Option<()> {
        let mut parts = Map::new();
        for (name, part) in properties {
            parts.insert(name.clone(), self.value(part)?);
        }
        if parts.len() > 1 {
            // In which order the model writes them.
            written.insert("propertyOrdering".into(), parts.keys().map(|name| json!(name)).collect());
        }
        written.insert("properties".into(), Value::Object(parts));
        written.entry("type").or_insert(json!("OBJECT"));
        Some(())
    }
}

fn write_kinds(kinds: &Value, written: &mut Map<String, Value>) -> Option<()> {
    let capitals = |kind: &Value| kind.as_str().map(str::to_ascii_uppercase);
    let mut all: Vec<String> = match kinds {
        Value::Array(kinds) => kinds.iter().map(capitals).collect::<Option<_>>()?,
        kind => vec![capitals(kind)?],
    };
    let count = all.len();
    all.retain(|kind| kind != "NULL");
    if all.len() < count {
        written.insert("nullable".into(), json!(true));
    }
    match all.as_slice() {
        [] => Some(()),
        [only] => {
            written.insert("type".into(), json!(only));
            Some(())
        }
        _ => None,
    }
}

fn write_choices(values: &[Value], written: &mut Map<String, Value>) -> Option<()> {
    let words: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
    if words.len() < values.len() {
        written.insert("nullable".into(), json!(true));
    }
    written.insert("enum".into(), json!(words));
    words.iter().all(|word| word.is_string()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: Value, expected: Option<Value>) {
        let schema = json!({
            "$defs": {"Home": {"type": "object", "description": "Where somebody lives.", "properties": {"city": {"type": "string"}}}},
            "type": "object", "properties": {"field": field}});
        let written = own(&schema).map(|schema| schema["properties"]["field"].clone());
        assert_eq!(written, expected, "{field}");
    }

    #[test]
    fn every_kind_of_field_is_written_in_the_providers_words() {
        let home = json!({"type": "OBJECT", "description": "Where somebody lives.", "properties": {"city": {"type": "STRING"}}});
        let nullable = |mut schema: Value| {
            schema["nullable"] = json!(true);
            Some(schema)
        };
        check(
            json!({"type": "integer", "title": "N", "default": null}),
            Some(json!({"type": "INTEGER", "title": "N"})),
        );
        check(json!({"type": "integer", "default": 3}), Some(json!({"type": "INTEGER", "default": 3})));
        check(json!({"type": ["string", "null"]}), nullable(json!({"type": "STRING"})));
        check(json!({"$ref": "#/$defs/Home"}), Some(home.clone()));
        check(json!({"anyOf": [{"$ref": "#/$defs/Home"}, {"type": "null"}], "default": null}), nullable(home.clone()));
        check(
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}),
            nullable(json!({"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]})),
        );
        check(
            json!({"type": "array", "items": {"$ref": "#/$defs/Home"}}),
            Some(json!({"type": "ARRAY", "items": home})),
        );
        check(json!({"const": "a", "type": "string"}), Some(json!({"enum": ["a"], "type": "STRING"})));
        check(json!({"enum": ["a", null], "type": "string"}), nullable(json!({"enum": ["a"], "type": "STRING"})));
        check(
            json!({"type": "object", "additionalProperties": false, "required": ["b"],
                "properties": {"b": {"type": "number"}, "a": {"type": "boolean"}}}),
            Some(
                json!({"type": "OBJECT", "additionalProperties": false, "required": ["b"], "propertyOrdering": ["b", "a"],
                "properties": {"b": {"type": "NUMBER"}, "a": {"type": "BOOLEAN"}}}),
            ),
        );
    }

    #[test]
    fn what_the_providers_words_cannot_say_is_not_said() {
        for field in [
            json!({"type": "object"}),
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"enum": [1, 2]}),
            json!({"const": 1}),
            json!({"type": ["string", "integer"]}),
            json!({"type": "array", "prefixItems": []}),
            json!({"type": "array", "uniqueItems": true}),
            json!({"oneOf": []}),
            json!({"$ref": "#/$defs/Nowhere"}),
            json!({"$ref": "#"}),
            json!(true),
        ] {
            check(field, None);
        }
    }
}
