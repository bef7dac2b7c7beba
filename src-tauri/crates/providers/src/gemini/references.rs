//! JSON schemas as the provider takes them: with every definition in its place. It knows references, but no keys beside one, and
//! circular ones only where nothing is required; so none are sent.

use serde_json::{Map, Value, json};

/// A schema may grow to so many values; hand-written ones stay far below.
const MOST_VALUES: usize = 20_000;

/// The schema with each reference replaced by what it refers to. Keys beside a reference win over the definition's; where a
/// definition holds itself, an object without a shape stands. A schema that would grow past all bounds stays as it is.
pub(crate) fn inlined(schema: &Value) -> Value {
    let mut inliner = Inliner { root: schema, open: Vec::new(), left: MOST_VALUES };
    let Some(mut inlined) = inliner.value(schema) else { return schema.clone() };
    // The older name of definitions is one that an argument may have as well; at the top it is none.
    if let Value::Object(fields) = &mut inlined {
        fields.shift_remove("definitions");
    }
    inlined
}

struct Inliner<'a> {
    root: &'a Value,
    /// The references that lead to where we are.
    open: Vec<&'a str>,
    left: usize,
}

impl<'a> Inliner<'a> {
    /// `None` when there is no room left.
    fn value(&mut self, value: &'a Value) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        match value {
            Value::Array(values) => values.iter().map(|value| self.value(value)).collect(),
            Value::Object(fields) => match fields.get("$ref").and_then(Value::as_str) {
                Some(reference) => self.reference(reference, fields),
                None => self.fields(fields).map(Value::Object),
            },
            other => Some(other.clone()),
        }
    }

    fn fields(&mut self, fields: &'a Map<String, Value>) -> Option<Map<String, Value>> {
        let kept = fields.iter().filter(|(name, value)| *name != "$defs" && !(*name == "$ref" && value.is_string()));
        kept.map(|(name, value)| Some((name.clone(), self.value(value)?))).collect()
    }

    fn reference(&mut self, reference: &'a str, beside: &'a Map<String, Value>) -> Option<Value> {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let definition = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        let mut fields = match definition {
            _ if self.open.contains(&reference) => {
                return Some(json!({"type": "object", "description": format!("(circular: {name})")}));
            }
            Some(definition) => {
                self.open.push(reference);
                let definition = self.value(definition);
                self.open.pop();
                match definition? {
                    Value::Object(fields) => fields,
                    // `true`: whatever it is, it fits.
                    _ => Map::new(),
                }
            }
            // It lies elsewhere; what stands beside it is all that is known.
            None => Map::new(),
        };
        fields.extend(self.fields(beside)?);
        Some(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_stand_in_their_places() {
        let schema = json!({
            "type": "object",
            "properties": {
                "home": {"$ref": "#/$defs/Address", "description": "Where one lives."},
                "work": {"type": "array", "items": {"$ref": "#/$defs/Address"}},
                "self": {"$ref": "https://example.com/other.json", "type": "string"},
                "definitions": {"type": "integer"},
            },
            "definitions": {"Unused": {}},
            "$defs": {
                "Address": {"type": "object", "description": "An address.", "properties": {"city": {"$ref": "#/$defs/City"}}},
                "City": {"type": "string", "enum": ["$ref", "Paris"]},
            },
        });
        let address = |description: &str| {
            json!({"type": "object", "description": description,
                "properties": {"city": {"type": "string", "enum": ["$ref", "Paris"]}}})
        };
        assert_eq!(
            inlined(&schema),
            json!({
                "type": "object",
                "properties": {
                    "home": address("Where one lives."),
                    "work": {"type": "array", "items": address("An address.")},
                    "self": {"type": "string"},
                    "definitions": {"type": "integer"},
                },
            })
        );
    }

    #[test]
    fn what_holds_itself_ends_in_an_object_without_a_shape() {
        let schema = json!({
            "$ref": "#/$defs/Node",
            "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
        });
        let end = json!({"type": "object", "description": "(circular: Node)"});
        assert_eq!(inlined(&schema), json!({"type": "object", "properties": {"next": end}}));
        let whole = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(inlined(&whole).to_string().contains("(circular: #)"));
    }

    #[test]
    fn a_schema_that_doubles_at_each_step_stays_as_it_is() {
        let mut definitions = Map::new();
        for step in 0..40 {
            let next = json!({"$ref": format!("#/$defs/{}", step + 1)});
            definitions.insert(step.to_string(), json!({"properties": {"a": next, "b": next}}));
        }
        let schema = json!({"$ref": "#/$defs/0", "$defs": definitions});
        assert_eq!(inlined(&schema), schema);
    }
}
