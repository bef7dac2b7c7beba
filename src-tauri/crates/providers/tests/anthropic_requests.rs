//! Requests to Anthropic as they are written: the domain's conversation in, the body out.

use parlance_core::chat::{Delivery, FunctionSpec};
use parlance_core::{Category, ChatRequest, Msg, Thinking, ToolChoice, ToolSpec};
use parlance_providers::anthropic::request;
use serde_json::{Map, Value, json};

fn conversation(messages: Value) -> Vec<Msg> {
    serde_json::from_value(messages).expect("messages")
}

fn body(request: &ChatRequest) -> Value {
    request::body("p", request).map(Value::Object).expect("a request")
}

fn asking(model: &str) -> ChatRequest {
    let messages = conversation(json!([{"name": "", "role": "user", "content": "x"}]));
    ChatRequest { model: model.into(), messages, ..ChatRequest::default() }
}

fn draw() -> ToolSpec {
    let function = FunctionSpec { name: "draw".into(), description: None, parameters: None, rest: Map::new() };
    ToolSpec::Function { function }
}

/// A tool's turn with everything: sealed reasoning of three kinds, two calls, results apart and out of place.
fn tool_turn() -> Vec<Msg> {
    conversation(json!([
        {"name": "system", "role": "system", "content": "Be brief."},
        {"name": "system", "role": "system", "content": "  "},
        {"name": "Ann", "role": "user", "content": [
            {"type": "text", "text": "Draw Zürich."},
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/jpg", "data": "QQ=="}},
            {"type": "audio", "source": {"type": "base64", "media_type": "audio/wav", "data": "Qg=="}}]},
        {"name": "Friday", "role": "assistant", "content": [
            {"type": "thinking", "thinking": "of another provider"},
            {"type": "thinking", "thinking": "Two tools.", "signature": "c2ln"},
            {"type": "thinking", "thinking": "", "opaque": {"redacted_thinking": "c2VhbGVk"}},
            {"type": "text", "text": ""},
            {"type": "tool_use", "id": "call:1", "name": "draw", "input": {"place": "Zürich"}, "raw_input": "{}"},
            {"type": "tool_use", "id": "c2", "name": "look", "input": {}}]},
        {"name": "Ann", "role": "user", "content": "Hurry."},
        {"name": "system", "role": "system", "content": [
            {"type": "tool_result", "id": "call:1", "name": "draw", "output": [
                {"type": "text", "text": "Done."},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "Qw=="}},
                {"type": "video", "source": {"type": "url", "url": "https://example.com/b.mp4"}}]}]},
        {"name": "system", "role": "system", "content": [
            {"type": "tool_result", "id": "c2", "name": "look", "output": null}]},
        {"name": "Friday", "role": "assistant", "content": []},
    ]))
}

#[test]
fn a_turn_with_tools_is_one_message_of_results_with_its_reasoning_before_it() {
    let request = ChatRequest { model: "claude-sonnet-4-5".into(), messages: tool_turn(), ..ChatRequest::default() };
    let expected = json!({
        "model": "claude-sonnet-4-5",
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "Draw Zürich."},
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "QQ=="}}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Two tools.", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "c2VhbGVk"},
                {"type": "tool_use", "id": "call_1", "name": "draw", "input": {"place": "Zürich"}},
                {"type": "tool_use", "id": "c2", "name": "look", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": [
                    {"type": "text", "text": "Done."},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "Qw=="}},
                    {"type": "text", "text": "The returned video can be found at: https://example.com/b.mp4"}]},
                {"type": "tool_result", "tool_use_id": "c2"},
                {"type": "text", "text": "Hurry."}]},
        ],
        "system": [{"type": "text", "text": "Be brief."}],
        "max_tokens": 16_000, "stream": true,
    });
    assert_eq!(body(&request), expected);
}

#[test]
fn tools_choices_and_extra_parameters_are_written() {
    let parameters = Some(json!({"type": "object", "properties": {"city": {"type": "string"}}}));
    let look = FunctionSpec {
        name: "look".into(),
        description: Some("Looks.".into()),
        parameters: parameters.clone(),
        rest: Map::from_iter([("strict".to_owned(), json!(true))]),
    };
    let request = ChatRequest {
        tools: vec![draw(), ToolSpec::Function { function: look }],
        max_tokens: Some(99),
        delivery: Delivery::Whole,
        extra: Map::from_iter([("temperature".to_owned(), json!(0.5)), ("max_tokens".to_owned(), json!(7))]),
        ..asking("claude-sonnet-4-5")
    };
    let written = body(&request);
    assert_eq!(
        written["tools"],
        json!([
            {"name": "draw", "input_schema": {"type": "object", "properties": {}}},
            {"name": "look", "description": "Looks.", "input_schema": parameters, "strict": true},
        ])
    );
    assert_eq!(
        (&written["stream"], &written["temperature"], &written["max_tokens"]),
        (&json!(false), &json!(0.5), &json!(7))
    );
    for (model, choice, expected) in [
        ("claude-sonnet-4-5", ToolChoice::Auto, json!({"type": "auto"})),
        ("claude-sonnet-4-5", ToolChoice::None, json!({"type": "none"})),
        ("claude-sonnet-4-5", ToolChoice::Required, json!({"type": "any"})),
        ("claude-sonnet-4-5", ToolChoice::Named("draw".into()), json!({"type": "tool", "name": "draw"})),
        ("claude-fable-5", ToolChoice::Required, json!({"type": "auto"})),
    ] {
        let request = ChatRequest { model: model.into(), tool_choice: Some(choice), ..request.clone() };
        assert_eq!(body(&request)["tool_choice"], expected, "{model}");
    }
    let without_tools = ChatRequest { tool_choice: Some(ToolChoice::None), ..asking("claude-sonnet-4-5") };
    assert_eq!(body(&without_tools).get("tool_choice"), None, "a choice without tools is refused");
}

#[test]
fn reasoning_is_asked_for_in_each_familys_words() {
    use Thinking::{Budget, High, Low, Medium, Off, On};
    let budget = |tokens: u32, limit: u32| json!({"thinking": {"type": "enabled", "budget_tokens": tokens}, "max_tokens": limit});
    let adaptive = |effort: Option<&str>| {
        let mut fields = json!({"thinking": {"type": "adaptive", "display": "summarized"}, "max_tokens": 16_000});
        if let Some(effort) = effort {
            fields["output_config"] = json!({ "effort": effort });
        }
        fields
    };
    let unsaid = json!({"max_tokens": 16_000});
    for (model, thinking, expected) in [
        ("claude-haiku-4-5", Off, unsaid.clone()),
        ("claude-haiku-4-5", On, budget(8_192, 24_192)),
        ("claude-haiku-4-5", Low, budget(2_048, 18_048)),
        ("claude-haiku-4-5", Budget(5), budget(1_024, 17_024)),
        ("claude-opus-4-6", Medium, adaptive(Some("medium"))),
        ("claude-opus-4-6", Budget(3_000), budget(3_000, 19_000)),
        ("claude-opus-4-8", Off, unsaid),
        ("claude-opus-4-8", Budget(3_000), adaptive(Some("medium"))),
        ("claude-opus-5", Off, json!({"thinking": {"type": "disabled"}, "max_tokens": 16_000})),
        ("claude-opus-5", On, adaptive(None)),
        ("claude-fable-5", Off, json!({"output_config": {"effort": "low"}, "max_tokens": 16_000})),
        ("claude-fable-5", High, adaptive(Some("high"))),
    ] {
        let mut body = body(&ChatRequest { thinking: Some(thinking), ..asking(model) });
        let fields = body.as_object_mut().expect("an object");
        ["model", "messages", "stream"].iter().for_each(|field| drop(fields.remove(*field)));
        assert_eq!(body, expected, "{model} {thinking:?}");
    }
}

#[test]
fn a_forced_tool_leaves_no_room_for_a_budget_of_reasoning() {
    for (choice, reasons) in [(ToolChoice::Required, false), (ToolChoice::Auto, true)] {
        let request = ChatRequest {
            tools: vec![draw()],
            tool_choice: Some(choice),
            thinking: Some(Thinking::On),
            ..asking("claude-haiku-4-5")
        };
        assert_eq!(body(&request).get("thinking").is_some(), reasons);
    }
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_reason() {
    let with = |block: Value| {
        let messages = conversation(json!([{"name": "", "role": "user", "content": [block]}]));
        ChatRequest { messages, ..asking("claude-haiku-4-5") }
    };
    for (request, reason) in [
        (asking(" "), "no model is chosen"),
        (with(json!({"type": "text", "text": " "})), "there is nothing to ask"),
        (with(json!({"type": "image", "source": {"type": "url", "url": "/tmp/a.png"}})), "was not read"),
        (
            ChatRequest { tool_choice: Some(ToolChoice::Named("paint".into())), ..asking("claude-haiku-4-5") },
            "no tool is called paint",
        ),
        (
            ChatRequest {
                thinking: Some(Thinking::Budget(9_000)),
                max_tokens: Some(4_096),
                ..asking("claude-haiku-4-5")
            },
            "9000 tokens of reasoning do not fit into an answer of at most 4096",
        ),
    ] {
        let error = request::body("p", &request).expect_err(reason);
        assert_eq!(error.category, Category::InvalidRequest);
        assert!(error.message.contains(reason), "{error}");
    }
}
