//! Whether what came keeps to the shape, and what the schema adds to it.

use jsonschema::Validator;
use parlance_core::structured::candidates;
use parlance_core::{Reply, Structured};
use serde_json::{Map, Value};

use super::MAX_DEPTH;
use super::schema::{check_object, find};

/// A misfit is told in so many characters.
const MOST_CHARS: usize = 300;

/// A shape whose schema has been read.
pub struct Shape {
    schema: Value,
    validator: Validator,
}

/// What is given as a schema is none, or none of objects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSchema(String);

/// Why an answer does not have its shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// There is no whole object in it.
    #[error("there is no whole JSON object in the answer")]
    NoObject,
    /// Its object breaks the schema.
    #[error("the object in the answer breaks the schema at {place}: {why}")]
    Breaks {
        /// A JSON pointer, or words for the object itself.
        place: String,
        /// What is wrong there.
        why: String,
    },
}

impl Shape {
    /// Reads the schema.
    ///
    /// # Errors
    /// [`BadSchema`] with a sentence, when answers could not be checked against it.
    pub fn of(structured: &Structured) -> Result<Self, BadSchema> {
        let schema = structured.schema.clone();
        check_object(&schema).map_err(|reason| BadSchema(reason.to_owned()))?;
        let validator = jsonschema::validator_for(&schema)
            .map_err(|error| BadSchema(format!("the schema is no JSON schema: {}", shortened(&error.to_string()))))?;
        Ok(Self { schema, validator })
    }

    /// The object in an answer, with the schema's defaults where it says nothing.
    ///
    /// # Errors
    /// Where and why it does not fit.
    pub fn read(&self, reply: &Reply) -> Result<Map<String, Value>, Misfit> {
        let mut misfit = Misfit::NoObject;
        for object in candidates(reply) {
            let mut object = Value::Object(object);
            let fault = self.validator.iter_errors(&object).next().map(|fault| {
                let place = fault.instance_path().to_string();
                let place = if place.is_empty() { "its outermost level".to_owned() } else { place };
                Misfit::Breaks { place, why: shortened(&fault.to_string()) }
            });
            match fault {
                // The likeliest one's fault is told.
                Some(fault) if misfit == Misfit::NoObject => misfit = fault,
                Some(_) => {}
                None => {
                    fill(&mut object, &self.schema, &self.schema, 0);
                    if let Value::Object(object) = object {
                        return Ok(object);
                    }
                }
            }
        }
        Err(misfit)
    }
}

fn shortened(words: &str) -> String {
    match words.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}

/// Puts in the defaults of fields that are not there, wherever it is clear which part of the schema a value belongs to.
fn fill(value: &mut Value, part: &Value, root: &Value, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let Value::Object(part) = part else { return };
    if let Some(meant) = part.get("$ref").and_then(Value::as_str).and_then(|to| find(root, to)) {
        fill(value, &Value::Object(meant.clone()), root, depth + 1);
    }
    let is_null = |choice: &&Value| choice.get("type").is_some_and(|kind| kind == "null");
    for word in ["anyOf", "oneOf", "allOf"] {
        let choices = part.get(word).and_then(Value::as_array).into_iter().flatten();
        if let [only] = choices.filter(|choice| !is_null(choice)).collect::<Vec<_>>().as_slice() {
            fill(value, only, root, depth + 1);
        }
    }
    match value {
        Value::Object(fields) => {
            for (name, part) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
                match (fields.get_mut(name), part.get("default")) {
                    (Some(field), _) => fill(field, part, root, depth + 1),
                    (None, Some(default)) => drop(fields.insert(name.clone(), default.clone())),
                    (None, None) => {}
                }
            }
        }
        Value::Array(elements) => {
            if let Some(part) = part.get("items") {
                elements.iter_mut().for_each(|element| fill(element, part, root, depth + 1));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use parlance_core::{ModelEvent, StructuredWay};
    use serde_json::json;

    use super::*;

    fn shape(schema: Value) -> Result<Shape, BadSchema> {
        Shape::of(&Structured { name: "a".into(), schema, way: StructuredWay::Native })
    }

    fn read(shape: &Shape, text: &str) -> Result<Value, Misfit> {
        let mut reply = Reply::default();
        reply.apply(&ModelEvent::TextDelta { text: text.into() });
        shape.read(&reply).map(Value::Object)
    }

    fn person() -> Shape {
        shape(json!({
            "$defs": {"Home": {"type": "object", "required": ["street"], "properties": {
                "street": {"type": "string"}, "city": {"type": "string", "default": "Paris"}}}},
            "type": "object", "required": ["age"], "properties": {
                "age": {"type": "integer"},
                "mood": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null},
                "home": {"anyOf": [{"$ref": "#/$defs/Home"}, {"type": "null"}], "default": null},
                "others": {"type": "array", "items": {"$ref": "#/$defs/Home"}}}}))
        .unwrap()
    }

    #[test]
    fn defaults_are_filled_in_at_every_level() {
        for (text, expected) in [
            (r#"{"age":36}"#, json!({"age": 36, "mood": null, "home": null})),
            (
                r#"{"age":36,"mood":"good","home":{"street":"x"},"others":[{"street":"y"},{"street":"z","city":"Rome"}]}"#,
                json!({"age": 36, "mood": "good", "home": {"street": "x", "city": "Paris"},
                    "others": [{"street": "y", "city": "Paris"}, {"street": "z", "city": "Rome"}]}),
            ),
        ] {
            assert_eq!(read(&person(), text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_object_that_fits_is_taken_and_else_the_first_ones_fault_is_told() {
        let fits = read(&person(), r#"Not {"age":"x"}, but {"age":1}."#).unwrap();
        assert_eq!(fits["age"], 1);
        let place = |text: &str| match read(&person(), text) {
            Err(Misfit::Breaks { place, .. }) => place,
            other => panic!("{other:?}"),
        };
        assert_eq!(place(r#"{"age":"x"} {"mood":1}"#), "/age");
        assert_eq!(place(r#"{"age":1,"others":[{"street":"a"},{"street":2}]}"#), "/others/1/street");
        assert_eq!(place("{}"), "its outermost level");
        for text in ["", "I cannot.", r#"{"age":1"#, "[1]"] {
            assert_eq!(read(&person(), text), Err(Misfit::NoObject), "{text}");
        }
        let long = Misfit::Breaks { place: "/age".into(), why: String::new() };
        let Err(Misfit::Breaks { why, .. }) = read(&person(), &format!(r#"{{"age":"{}"}}"#, "x".repeat(5_000))) else {
            panic!("{long}")
        };
        assert!(why.chars().count() <= MOST_CHARS + 1);
    }

    #[test]
    fn what_cannot_be_checked_is_no_shape() {
        for (schema, reason) in [
            (json!({"type": "array"}), "of an object"),
            (json!({"type": "object", "properties": {"a": {"type": "text"}}}), "no JSON schema"),
            (json!({"type": "object", "properties": {"a": {"$ref": "https://example.com/a.json"}}}), "no JSON schema"),
            (json!({"type": "object", "properties": {"a": {"pattern": "("}}}), "no JSON schema"),
        ] {
            let error = shape(schema.clone()).err().map(|error| error.to_string());
            assert!(error.as_deref().is_some_and(|error| error.contains(reason)), "{schema}: {error:?}");
        }
    }

    #[test]
    fn a_schema_within_itself_is_filled_as_deep_as_the_object() {
        let list = shape(json!({"$ref": "#/$defs/Node", "$defs": {"Node": {"type": "object", "properties": {
            "next": {"$ref": "#/$defs/Node"}, "value": {"type": "integer", "default": 0}}}}}));
        let filled = read(&list.unwrap(), r#"{"next":{"next":{}}}"#);
        assert_eq!(filled, Ok(json!({"next": {"next": {"value": 0}, "value": 0}, "value": 0})));
        let endless = shape(
            json!({"type": "object", "$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B", "type": "object"}, "B": {"type": "object"}}}),
        );
        assert_eq!(read(&endless.unwrap(), "{}"), Ok(json!({})));
    }
}
