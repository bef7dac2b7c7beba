//! `ask --schema`: the object, in every form in which an answer comes.

use parlance_simulator::{Answer, Script};
use serde_json::{Value, json};

use crate::stage::Stage;

fn schema() -> Value {
    json!({"title": "Person", "type": "object", "required": ["name", "age"], "properties": {
        "name": {"type": "string"}, "age": {"type": "integer"},
        "mood": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null}}})
}

#[test]
fn the_object_is_printed_with_the_schemas_defaults_streamed_or_not() {
    let stage = Stage::answering(Answer::says(r#"{"name": "Ada", "age": 36}"#));
    let file = stage.file("person.json", schema().to_string());
    let expected = json!({"name": "Ada", "age": 36, "mood": null});
    for form in [&["--json"][..], &["--json", "--no-stream"]] {
        let answer = stage.ask(&[&["who", "--schema", &file], form].concat()).well().json();
        assert_eq!((&answer["structured"], &answer["finish_reason"]), (&expected, &json!("stop")));
    }
    let called = stage.ask(&["who", "--schema", &file]).well();
    assert_eq!(called.stdout, format!("{expected:#}\n"));
    let lines = stage.ask(&["who", "--schema", &file, "--accumulate"]).well().lines();
    let objects: Vec<&Value> = lines.iter().map(|line| &line["structured"]).collect();
    assert_eq!(objects[..3], [&json!(null), &json!({}), &json!({"name": "Ada"})], "{objects:?}");
    assert_eq!(objects.last(), Some(&&json!({"name": "Ada", "age": 36})));
}

#[test]
fn the_request_asks_for_the_shape_and_offers_no_tools() {
    let stage = Stage::repeating();
    let file = stage.file("person.json", schema().to_string());
    let tool = json!([{"type": "function", "function": {"name": "weather"}}]);
    let tools = stage.file("tools.json", tool.to_string());
    let called = stage.ask(&["who", "--schema", &file, "--tools", &tools, "--print-request"]).well();
    let body = &called.json()["body"];
    let format = &body["response_format"]["json_schema"];
    assert_eq!((&format["name"], &format["strict"], body.get("tools")), (&json!("Person"), &json!(true), None));
    assert!(called.stderr.contains("--tools"), "{called:?}");
}

#[test]
fn an_answer_without_its_object_is_a_failure_that_says_where() {
    let stage = Stage::answering(Answer::says(r#"{"name": "Ada", "age": "old"}"#));
    let file = stage.file("person.json", schema().to_string());
    let called = stage.ask(&["who", "--schema", &file, "--json"]);
    let said = called.json();
    assert_eq!((called.code, &said["error"]["code"], &said["structured"]), (1, &json!("unfit"), &Value::Null));
    assert!(said["error"]["details"].as_str().unwrap().contains("/age"), "{said}");
    assert!(said["content"].to_string().contains("old"), "{said}");

    let half = Script { finish: Some("length".into()), ..Script::says(r#"{"name": "Ada", "age": 36"#) };
    let stage = Stage::answering(Answer::script(half));
    let file = stage.file("person.json", schema().to_string());
    let called = stage.ask(&["who", "--schema", &file]);
    assert_eq!((called.code, called.stdout.as_str()), (1, ""));
    assert!(called.stderr.contains("limit of tokens") && called.stderr.contains(r#""Ada""#), "{called:?}");
}

#[test]
fn what_is_no_schema_is_refused_before_anything_is_sent() {
    let stage = Stage::repeating();
    for (contents, reason) in [
        ("{", "is not JSON"),
        (r#"{"type": "array"}"#, "of an object"),
        (r#"{"type": "object", "properties": {"a": {"type": "text"}}}"#, "no JSON schema"),
    ] {
        let file = stage.file("bad.json", contents);
        let called = stage.ask(&["who", "--schema", &file, "--json"]);
        let error = &called.json()["error"];
        assert_eq!((called.code, &error["code"]), (1, &json!("bad_file")), "{error}");
        assert!(error["details"].as_str().unwrap().contains(reason), "{error}");
    }
    assert_eq!(stage.ask(&["who", "--schema", "nowhere.json"]).code, 1);
}
