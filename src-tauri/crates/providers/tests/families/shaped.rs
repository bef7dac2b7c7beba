//! Requests for an answer of a given shape, in every way that each protocol has, and beside a reference.

use parlance_core::structured::TOOL;
use parlance_core::{Category, ChatRequest, Msg, Role, Structured, StructuredWay, Thinking};
use parlance_providers::openai::{self, Dialect};
use serde_json::{Value, json};

use crate::case;
use crate::family::Family;

/// A schema with what makers of schemas put in.
fn schema() -> Value {
    json!({"type": "object", "title": "Person", "required": ["name"], "properties": {
        "name": {"type": "string", "title": "Name"},
        "mood": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null}}})
}

fn asking(model: &str, way: StructuredWay, thinking: Option<Thinking>) -> ChatRequest {
    ChatRequest {
        model: model.into(),
        messages: vec![Msg::text(Role::User, "user", "x")],
        structured: Some(Structured { name: "Person".into(), schema: schema(), way }),
        thinking,
        ..ChatRequest::default()
    }
}

fn openai(dialect: &Dialect, request: &ChatRequest) -> Value {
    Value::Object(openai::request::body("p", request, dialect).unwrap())
}

/// The requests of a case, the first one and those after a refusal, as far as the way of asking goes.
#[test]
fn openai_is_asked_as_the_reference_asks_it_after_a_refusal_too() {
    let mut equal = 0;
    for path in case::folders().into_iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()) {
        let path = path.unwrap().path();
        if !path.file_stem().is_some_and(|name| name.to_string_lossy().starts_with("openai-structured")) {
            continue;
        }
        let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let request = case::request(&case["logical_input"]);
        let further = case["further_requests"].as_array().into_iter().flatten();
        let ways = [StructuredWay::Native, StructuredWay::ForcedTool, StructuredWay::OfferedTool];
        for (asked, way) in std::iter::once(&case["request"]).chain(further).zip(ways) {
            let shape = request.structured.clone().map(|shape| Structured { way, ..shape });
            let mut ours = openai(&Dialect::OPENAI, &ChatRequest { structured: shape, ..request.clone() });
            // The reference says nothing where we say no.
            if asked["body"].get("stream").is_none() {
                assert_eq!(ours.as_object_mut().unwrap().remove("stream"), Some(json!(false)));
            }
            assert_eq!(ours, asked["body"], "{} {way:?}", path.display());
            equal += 1;
        }
    }
    assert!(equal >= 2, "only {equal} requests found");
}

/// How a body asks for the shape: the field that holds a schema, and the choice of a tool.
fn manner(family: Option<Family>, body: &Value) -> String {
    let fields = if family == Some(Family::DashScope) { &body["parameters"] } else { body };
    let places = [
        "/response_format/json_schema/strict",
        "/text/format/strict",
        "/output_config/format/type",
        "/format/type",
        "/generationConfig/responseSchema/type",
        "/generationConfig/responseJsonSchema/type",
    ];
    let native = places.iter().find(|place| fields.pointer(place).is_some());
    let tools = fields.get("tools").map_or(0, |tools| tools.to_string().matches(TOOL).count());
    let choice = fields.get("tool_choice").or_else(|| fields.pointer("/toolConfig/functionCallingConfig"));
    let choice = choice.map_or("nothing", |choice| match choice.to_string().contains(TOOL) {
        true => "this",
        false => "auto",
    });
    match (native, tools, choice) {
        (Some(place), 0, "nothing") => place.split('/').rev().nth(1).unwrap().to_owned(),
        (None, 1, choice) => format!("tool, {choice}"),
        other => panic!("{other:?} in {body}"),
    }
}

#[test]
fn every_protocol_is_asked_in_its_best_way_and_in_the_others() {
    use StructuredWay::{ForcedTool, Native, OfferedTool};
    let on = Some(Thinking::On);
    for (family, model, thinking, expected) in [
        (Family::Ollama, "qwen3", None, ["format", "tool, nothing", "tool, nothing"]),
        (Family::Responses, "gpt-4.1", None, ["format", "tool, this", "tool, auto"]),
        (Family::DashScope, "qwen-max", None, ["tool, this", "tool, this", "tool, auto"]),
        (Family::DashScope, "qwen3", on, ["tool, auto", "tool, auto", "tool, auto"]),
        (Family::Anthropic, "claude-sonnet-4-20250514", None, ["tool, this", "tool, this", "tool, auto"]),
        (Family::Anthropic, "claude-sonnet-4-20250514", on, ["tool, auto", "tool, auto", "tool, auto"]),
        (Family::Anthropic, "claude-sonnet-4-5", on, ["format", "tool, auto", "tool, auto"]),
        (Family::Anthropic, "claude-opus-4-8", on, ["format", "tool, auto", "tool, auto"]),
        (Family::Anthropic, "claude-opus-5-5", None, ["format", "tool, auto", "tool, auto"]),
        (Family::Anthropic, "claude-fable-5", None, ["format", "tool, auto", "tool, auto"]),
        (Family::Gemini, "gemini-2.5-flash", None, ["responseSchema", "tool, this", "tool, this"]),
    ] {
        for (way, expected) in [Native, ForcedTool, OfferedTool].into_iter().zip(expected) {
            let body = Value::Object(family.body(&asking(model, way, thinking)).unwrap());
            assert_eq!(manner(Some(family), &body), expected, "{family:?} {model} {way:?}");
        }
    }
    for (dialect, expected) in [
        (Dialect::OPENAI, ["json_schema", "tool, this", "tool, auto"]),
        (Dialect::COMPATIBLE, ["json_schema", "tool, this", "tool, auto"]),
        (Dialect::DEEPSEEK, ["tool, this", "tool, this", "tool, auto"]),
    ] {
        for (way, expected) in [Native, ForcedTool, OfferedTool].into_iter().zip(expected) {
            assert_eq!(manner(None, &openai(&dialect, &asking("m", way, None))), expected, "{dialect:?} {way:?}");
        }
    }
}

#[test]
fn a_shape_and_the_effort_of_reasoning_stand_side_by_side() {
    let body = Family::Anthropic.body(&asking("claude-opus-4-8", StructuredWay::Native, Some(Thinking::Low))).unwrap();
    assert_eq!((&body["output_config"]["effort"], &body["thinking"]["type"]), (&json!("low"), &json!("adaptive")));
    let schema = &body["output_config"]["format"]["schema"];
    assert_eq!((&schema["additionalProperties"], &schema["required"]), (&json!(false), &json!(["name"])));
}

#[test]
fn a_schema_that_the_strict_form_cannot_say_is_asked_for_without_it() {
    let free = json!({"type": "object", "properties": {"counts": {"type": "object", "additionalProperties": {"type": "integer"}}}});
    let request = |model: &str, thinking| {
        let mut request = asking(model, StructuredWay::Native, thinking);
        request.structured.as_mut().unwrap().schema = free.clone();
        request
    };
    let chat = openai(&Dialect::OPENAI, &request("m", None));
    let chat = &chat["response_format"]["json_schema"];
    assert_eq!((&chat["strict"], &chat["schema"]), (&json!(false), &free));
    let gemini = Family::Gemini.body(&request("gemini-2.5-flash", None)).unwrap();
    assert_eq!(gemini["generationConfig"]["responseJsonSchema"], free);
    let anthropic = Family::Anthropic.body(&request("claude-opus-5-5", None)).unwrap();
    assert_eq!(anthropic["tool_choice"], json!({"type": "auto"}));
}

#[test]
fn what_is_no_shape_is_refused_with_a_reason() {
    for (name, schema, reason) in [
        ("a b", schema(), "letters, digits"),
        ("", schema(), "letters, digits"),
        ("a", json!({"type": "array"}), "of an object"),
        ("a", json!("object"), "no JSON object"),
        ("a", json!({"$ref": "#/$defs/Gone"}), "does not hold"),
    ] {
        for family in Family::ALL {
            let structured = Some(Structured { name: name.into(), schema: schema.clone(), way: StructuredWay::Native });
            let request = ChatRequest { structured, ..asking("m", StructuredWay::Native, None) };
            let error = family.body(&request).expect_err(reason);
            assert_eq!(error.category, Category::InvalidRequest);
            assert!(error.message.contains(reason), "{family:?}: {error}");
        }
    }
}
