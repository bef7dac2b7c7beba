use super::*;

/// A person with a home, as makers of schemas write it: references with words beside them, titles, defaults.
fn person() -> Value {
    json!({
        "$defs": {"Home": {"type": "object", "title": "Home", "required": ["street"], "properties": {
            "street": {"type": "string", "title": "Street"},
            "title": {"type": "string", "title": "Title", "default": "home"},
            "city": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null}}}},
        "type": "object", "title": "Person", "required": ["home"],
        "properties": {
            "home": {"$ref": "#/$defs/Home"},
            "second": {"$ref": "#/$defs/Home", "description": "another"},
            "third": {"allOf": [{"$ref": "#/$defs/Home"}], "default": null},
            "all": {"type": "array", "items": {"$ref": "#/$defs/Home"}, "default": []}},
    })
}

fn home() -> Value {
    json!({"type": "object", "title": "Home", "required": ["street", "title", "city"], "additionalProperties": false,
        "properties": {
            "street": {"type": "string", "title": "Street"},
            "title": {"type": "string", "title": "Title", "default": "home"},
            "city": {"anyOf": [{"type": "string"}, {"type": "null"}]}}})
}

fn with(mut object: Value, word: &str, value: Value) -> Value {
    object[word] = value;
    object
}

#[test]
fn a_strict_schema_requires_everything_and_allows_nothing_else() {
    let expected = json!({
        "$defs": {"Home": home()},
        "type": "object", "title": "Person", "required": ["home", "second", "third", "all"], "additionalProperties": false,
        "properties": {
            "home": {"$ref": "#/$defs/Home"},
            "second": with(home(), "description", json!("another")),
            "third": {"$ref": "#/$defs/Home"},
            "all": {"type": "array", "items": {"$ref": "#/$defs/Home"}, "default": []}},
    });
    assert_eq!(strict(&person()), Some(expected));
}

#[test]
fn a_closed_schema_leaves_what_is_optional_optional() {
    let closed = closed(&person()).unwrap();
    assert_eq!((&closed["required"], &closed["additionalProperties"]), (&json!(["home"]), &json!(false)));
    assert_eq!(closed["$defs"]["Home"]["required"], json!(["street"]));
}

#[test]
fn a_schema_within_itself_ends() {
    let node = json!({"type": "object", "properties": {"next": {"$ref": "#/$defs/Node", "description": "the next"}}});
    let list = json!({"$defs": {"Node": node}, "$ref": "#/$defs/Node"});
    let strict = strict(&list).unwrap();
    assert_eq!(strict["properties"]["next"], json!({"$ref": "#/$defs/Node"}));
    assert_eq!(strict["$defs"]["Node"]["properties"]["next"], json!({"$ref": "#/$defs/Node"}));
}

#[test]
fn references_that_multiply_are_not_written_out() {
    let mut defs = Map::from_iter([("D0".to_owned(), json!({"type": "string"}))]);
    for level in 1..40 {
        let below = json!({"$ref": format!("#/$defs/D{}", level - 1), "description": "x"});
        let both = json!({"type": "object", "properties": {"a": below, "b": below}});
        defs.insert(format!("D{level}"), both);
    }
    assert_eq!(strict(&json!({"$defs": defs, "$ref": "#/$defs/D39"})), None);
}

#[test]
fn what_a_strict_schema_cannot_say_is_not_said() {
    for field in [
        json!({"type": "object"}),
        json!({"type": "object", "additionalProperties": true, "properties": {}}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}}),
        json!({"type": ["object", "null"]}),
        json!({"title": "Anything"}),
        json!({"type": "array", "prefixItems": [{"type": "string"}]}),
        json!({"type": "array", "items": {}}),
        json!({"anyOf": [{"type": "string"}, {"type": "object"}]}),
        json!({"oneOf": [{"type": "string"}]}),
        json!({"allOf": [{"type": "string"}, {"minLength": 1}]}),
        json!({"$ref": "#/$defs/Nowhere"}),
        json!({"$ref": "https://example.com/schema.json"}),
        json!(true),
    ] {
        let schema = json!({"type": "object", "properties": {"field": field}});
        assert_eq!((strict(&schema), closed(&schema)), (None, None), "{field}");
    }
    for field in [
        json!({"type": ["string", "null"]}),
        json!({"enum": ["a", 1]}),
        json!({"const": 1}),
        json!({"type": "object", "properties": {}}),
        json!({"type": "array", "items": {"type": "number", "minimum": 0}}),
    ] {
        let schema = json!({"type": "object", "properties": {"field": field}});
        assert!(strict(&schema).is_some(), "{field}");
    }
}

#[test]
fn titles_go_and_fields_called_title_stay() {
    let schema = json!({"title": "A", "type": "object", "properties": {
        "title": {"title": "Title", "type": "string"},
        "items": {"title": "Items", "type": "array", "items": {"title": "B", "type": "string"}},
        "map": {"type": "object", "additionalProperties": {"title": "C", "type": "string"}}},
        "$defs": {"D": {"title": "D", "type": "object", "properties": {"title": {"title": "T"}}}}});
    let expected = json!({"type": "object", "properties": {
        "title": {"type": "string"},
        "items": {"type": "array", "items": {"type": "string"}},
        "map": {"type": "object", "additionalProperties": {"type": "string"}}},
        "$defs": {"D": {"type": "object", "properties": {"title": {}}}}});
    assert_eq!(untitled(&schema), expected);
}

#[test]
fn only_a_schema_of_objects_is_one() {
    for (schema, is_one) in [
        (json!({"type": "object"}), true),
        (json!({"properties": {}}), true),
        (json!({"$ref": "#/$defs/A", "$defs": {"A": {"type": "object"}}}), true),
        (json!({"$ref": "#/$defs/B", "$defs": {"A": {"type": "object"}}}), false),
        (json!({"$ref": "#"}), false),
        (json!({"type": "array"}), false),
        (json!({"anyOf": [{"type": "object"}]}), false),
        (json!({}), false),
        (json!([]), false),
        (json!(true), false),
    ] {
        assert_eq!(check_object(&schema).is_ok(), is_one, "{schema}");
    }
}
