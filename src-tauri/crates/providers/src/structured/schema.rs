//! JSON schemas, read and rewritten in the forms that protocols take. Pure.

use serde_json::{Map, Value, json};

/// A schema written out may hold so many parts: references that are put in place can multiply.
const MOST_PARTS: usize = 10_000;

/// Whether it is a schema of objects.
///
/// # Errors
/// A sentence that says why not.
pub(crate) fn check_object(schema: &Value) -> Result<(), &'static str> {
    let Value::Object(fields) = schema else { return Err("the schema is no JSON object") };
    let mut fields = fields;
    for _ in 0..MOST_PARTS {
        match fields.get("$ref").and_then(Value::as_str) {
            None => break,
            Some(reference) => {
                fields = find(schema, reference).ok_or("the schema refers to a part that it does not hold")?;
            }
        }
    }
    match fields.get("type") {
        Some(Value::String(kind)) if kind == "object" => Ok(()),
        None if fields.contains_key("properties") => Ok(()),
        _ => Err("the schema must be that of an object: {\"type\": \"object\", \"properties\": {…}}"),
    }
}

/// The part of a schema that a reference means; `None` for one that leads elsewhere or nowhere.
pub(crate) fn find<'a>(root: &'a Value, reference: &str) -> Option<&'a Map<String, Value>> {
    root.pointer(reference.strip_prefix('#')?)?.as_object()
}

/// The schema without the titles that its makers' tools put everywhere.
pub(crate) fn untitled(schema: &Value) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let fields = fields.iter().filter(|(keyword, _)| *keyword != "title").map(|(keyword, value)| {
        let value = match (keyword.as_str(), value) {
            ("items" | "additionalProperties", value) => untitled(value),
            ("properties" | "$defs" | "definitions", Value::Object(parts)) => {
                parts.iter().map(|(name, part)| (name.clone(), untitled(part))).collect()
            }
            (_, value) => value.clone(),
        };
        (keyword.clone(), value)
    });
    Value::Object(fields.collect())
}

/// The schema with no room for fields that it does not name, and every field required; `None` when that cannot say what the
/// schema says.
pub(crate) fn strict(schema: &Value) -> Option<Value> {
    rewrite(schema, Fields::Required)
}

/// The schema with no room for fields that it does not name; `None` when that cannot say what the schema says.
pub(crate) fn closed(schema: &Value) -> Option<Value> {
    rewrite(schema, Fields::AsTheyAre)
}

/// Which fields of an object must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fields {
    Required,
    AsTheyAre,
}

fn rewrite(schema: &Value, fields: Fields) -> Option<Value> {
    is_sayable(schema, schema, 0).then_some(())?;
    Rewriting { root: schema, fields, within: Vec::new(), parts: 0 }.value(schema)
}

/// Words of schemas that servers that are strict do not know.
const UNKNOWN: [&str; 16] = [
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "unevaluatedProperties",
    "unevaluatedItems",
    "prefixItems",
    "additionalItems",
    "contains",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$dynamicRef",
];

/// Whether a server that is strict can keep to every part of it: objects have named fields and no others, and every value
/// has a kind.
fn is_sayable(part: &Value, root: &Value, depth: usize) -> bool {
    let Value::Object(fields) = part else { return false };
    if depth > crate::structured::MAX_DEPTH || UNKNOWN.iter().any(|word| fields.contains_key(*word)) {
        return false;
    }
    let list = |word: &str| fields.get(word).and_then(Value::as_array);
    let map = |word: &str| fields.get(word).and_then(Value::as_object);
    let is_object = match fields.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => false,
    };
    let has_kind =
        ["type", "$ref", "anyOf", "allOf", "enum", "const", "properties"].iter().any(|word| fields.contains_key(*word));
    let is_known = fields.get("$ref").is_none_or(|to| to.as_str().is_some_and(|to| find(root, to).is_some()));
    let is_closed = fields.get("additionalProperties").is_none_or(|others| *others == Value::Bool(false));
    let has_fields = !is_object
        || fields.contains_key("properties")
        || fields.get("additionalProperties") == Some(&Value::Bool(false));
    has_kind
        && is_known
        && is_closed
        && has_fields
        && list("allOf").is_none_or(|all| all.len() == 1)
        && ["anyOf", "allOf"]
            .iter()
            .filter_map(|word| list(word))
            .flatten()
            .all(|part| is_sayable(part, root, depth + 1))
        && ["properties", "$defs", "definitions"]
            .iter()
            .filter_map(|word| map(word))
            .flat_map(Map::values)
            .all(|part| is_sayable(part, root, depth + 1))
        && fields.get("items").is_none_or(|items| is_sayable(items, root, depth + 1))
}

struct Rewriting<'a> {
    root: &'a Value,
    fields: Fields,
    /// References that are being put in place.
    within: Vec<String>,
    parts: usize,
}

impl Rewriting<'_> {
    fn part(&mut self, part: &Map<String, Value>) -> Option<Map<String, Value>> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return None;
        }
        if let Some(reference) = part.get("$ref").and_then(Value::as_str)
            && part.len() > 1
        {
            return self.put_in_place(reference, part);
        }
        let mut written = Map::new();
        for (word, value) in part {
            let value = match (word.as_str(), value) {
                // That nothing is the default is said by what the value may be.
                ("default", Value::Null) => continue,
                ("properties" | "$defs" | "definitions", Value::Object(parts)) => {
                    let mut rewritten = Map::new();
                    for (name, part) in parts {
                        rewritten.insert(name.clone(), self.value(part)?);
                    }
                    Value::Object(rewritten)
                }
                ("items", items) => self.value(items)?,
                ("anyOf", Value::Array(parts)) => {
                    Value::Array(parts.iter().map(|part| self.value(part)).collect::<Option<_>>()?)
                }
                ("allOf", Value::Array(parts)) => {
                    let only = parts.first()?.as_object()?;
                    written.extend(self.part(only)?);
                    continue;
                }
                (_, value) => value.clone(),
            };
            written.insert(word.clone(), value);
        }
        if written.contains_key("$ref") && written.len() > 1 {
            return self.part(&written);
        }
        if written.contains_key("properties") {
            written.entry("type").or_insert(json!("object"));
        }
        if written.get("type").is_some_and(|kind| *kind == "object") {
            written.entry("additionalProperties").or_insert(Value::Bool(false));
        }
        if self.fields == Fields::Required
            && let Some(Value::Object(properties)) = written.get("properties")
        {
            let names = properties.keys().cloned().collect::<Vec<_>>();
            written.insert("required".into(), json!(names));
        }
        Some(written)
    }

    fn value(&mut self, part: &Value) -> Option<Value> {
        self.part(part.as_object()?).map(Value::Object)
    }

    /// Beside a reference nothing may stand, so that what it means takes its place. What stood beside it wins.
    fn put_in_place(&mut self, reference: &str, part: &Map<String, Value>) -> Option<Map<String, Value>> {
        if self.within.iter().any(|open| open == reference) {
            // It lies within itself, so that it cannot be written out: what stood beside it is lost.
            return Some(Map::from_iter([("$ref".to_owned(), json!(reference))]));
        }
        let mut whole = find(self.root, reference)?.clone();
        whole
            .extend(part.iter().filter(|(word, _)| *word != "$ref").map(|(word, value)| (word.clone(), value.clone())));
        self.within.push(reference.to_owned());
        let written = self.part(&whole);
        self.within.pop();
        written
    }
}

#[cfg(test)]
mod tests;
