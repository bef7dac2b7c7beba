//! Requests to Gemini as they are written: the domain's conversation in, the body out.

use parlance_core::chat::FunctionSpec;
use parlance_core::{Category, ChatRequest, Msg, Thinking, ToolChoice, ToolSpec};
use parlance_providers::gemini::request;
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
    let at = json!({"$ref": "#/$defs/At"});
    let parameters = Some(json!({"type": "object", "properties": {"at": at}, "$defs": {"At": {"type": "string"}}}));
    let rest = Map::from_iter([("strict".to_owned(), json!(true))]);
    let function = FunctionSpec { name: "draw".into(), description: Some("Draws.".into()), parameters, rest };
    ToolSpec::Function { function }
}

/// A tool's turn with everything: proofs on words and calls, two calls, results apart, out of order and out of place.
fn tool_turn() -> Vec<Msg> {
    conversation(json!([
        {"name": "system", "role": "system", "content": "Be brief."},
        {"name": "Ann", "role": "user", "content": [
            {"type": "text", "text": "Draw Zürich."},
            {"type": "image", "source": {"type": "url", "url": "https://youtu.be/a"}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/jpg", "data": "QQ=="}},
            {"type": "audio", "source": {"type": "base64", "media_type": "audio/mpeg", "data": "Qg=="}},
            {"type": "video", "source": {"type": "base64", "media_type": "video/mp4", "data": "RA=="}}]},
        {"name": "Friday", "role": "assistant", "content": [
            {"type": "thinking", "thinking": "Two tools.", "signature": "of another provider"},
            {"type": "text", "text": "I draw.", "thought_signature": "YQ=="},
            {"type": "tool_use", "id": "c1", "name": "draw", "input": {"place": "Zürich"}, "thought_signature": "Yg=="},
            {"type": "tool_use", "id": "c2", "name": "look", "input": {}},
            {"type": "text", "text": "", "thought_signature": "Yw=="}]},
        {"name": "Ann", "role": "user", "content": "Hurry."},
        {"name": "system", "role": "system", "content": [
            {"type": "tool_result", "id": "c2", "name": "look", "output": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "Qw=="}}]}]},
        {"name": "system", "role": "system", "content": [
            {"type": "tool_result", "id": "c1", "name": "draw", "output": "Done."}]},
        {"name": "system", "role": "system", "content": "Now in German."},
    ]))
}

#[test]
fn results_stand_behind_their_calls_in_order_and_proofs_in_their_places() {
    let request = ChatRequest { model: "gemini-3-pro-preview".into(), messages: tool_turn(), ..ChatRequest::default() };
    let expected = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [
                {"text": "Draw Zürich."},
                {"fileData": {"fileUri": "https://youtu.be/a"}},
                {"inlineData": {"mimeType": "image/jpeg", "data": "QQ=="}},
                {"inlineData": {"mimeType": "audio/mp3", "data": "Qg=="}},
                {"inlineData": {"mimeType": "video/mp4", "data": "RA=="}}]},
            {"role": "model", "parts": [
                {"text": "I draw.", "thoughtSignature": "YQ=="},
                {"functionCall": {"name": "draw", "args": {"place": "Zürich"}, "id": "c1"}, "thoughtSignature": "Yg=="},
                {"functionCall": {"name": "look", "args": {}, "id": "c2"}},
                {"text": "", "thoughtSignature": "Yw=="}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "c1", "name": "draw", "response": {"output": "Done."}}},
                {"functionResponse": {"id": "c2", "name": "look", "response": {"output": "The tool returned image of type image/png."}}}]},
            {"role": "user", "parts": [{"text": "Hurry."}]},
            {"role": "user", "parts": [
                {"text": "<system-info>The following are the image contents from the tool result of 'look':"},
                {"text": "\n- The image of type image/png: "},
                {"inlineData": {"mimeType": "image/png", "data": "Qw=="}},
                {"text": "</system-info>"},
                {"text": "Now in German."}]},
        ],
    });
    assert_eq!(body(&request), expected);
}

#[test]
fn a_call_without_a_proof_says_so_where_one_is_wanted() {
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "f", "input": {}});
    let messages = conversation(json!([
        {"name": "", "role": "user", "content": "x"},
        {"name": "", "role": "assistant", "content": [call("a"), call("b")]},
    ]));
    for (model, proofs) in [
        ("gemini-3.8-flash", [json!("skip_thought_signature_validator"), Value::Null]),
        ("gemini-2.5-pro", [Value::Null, Value::Null]),
    ] {
        let body = body(&ChatRequest { messages: messages.clone(), ..asking(model) });
        let parts = &body["contents"][1]["parts"];
        assert_eq!([&parts[0]["thoughtSignature"], &parts[1]["thoughtSignature"]], [&proofs[0], &proofs[1]], "{model}");
    }
}

#[test]
fn tools_choices_and_extra_parameters_are_written_in_their_places() {
    let extra = json!({
        "temperature": 0.5, "safetySettings": [], "generationConfig": {"seed": 7}, "extra_body": {"labels": {"a": "b"}},
    });
    let request = ChatRequest {
        tools: vec![draw()],
        max_tokens: Some(99),
        extra: extra.as_object().cloned().expect("an object"),
        ..asking("models/gemini-2.5-flash")
    };
    let written = body(&request);
    // The definition stands in its place.
    let parameters = json!({"type": "object", "properties": {"at": {"type": "string"}}});
    assert_eq!(
        written["tools"],
        json!([{"functionDeclarations": [{"name": "draw", "description": "Draws.", "parametersJsonSchema": parameters}]}])
    );
    assert_eq!(written["generationConfig"], json!({"maxOutputTokens": 99, "temperature": 0.5, "seed": 7}));
    assert_eq!((&written["safetySettings"], &written["labels"]), (&json!([]), &json!({"a": "b"})));
    for (choice, expected) in [
        (ToolChoice::Auto, json!({"mode": "AUTO"})),
        (ToolChoice::None, json!({"mode": "NONE"})),
        (ToolChoice::Required, json!({"mode": "ANY"})),
        (ToolChoice::Named("draw".into()), json!({"mode": "ANY", "allowedFunctionNames": ["draw"]})),
    ] {
        let request = ChatRequest { tool_choice: Some(choice), ..request.clone() };
        assert_eq!(body(&request)["toolConfig"]["functionCallingConfig"], expected);
    }
    let without_tools = ChatRequest { tool_choice: Some(ToolChoice::None), ..asking("gemini-2.5-flash") };
    assert_eq!(body(&without_tools).get("toolConfig"), None);
}

#[test]
fn reasoning_is_asked_for_in_each_familys_words() {
    use Thinking::{Budget, High, Low, Medium, Off, On};
    let budget = |tokens: i64| json!({"includeThoughts": true, "thinkingBudget": tokens});
    let level = |level: &str| json!({"includeThoughts": true, "thinkingLevel": level});
    for (model, thinking, expected) in [
        ("gemini-2.0-flash", On, Value::Null),
        ("gemini-2.5-flash", Off, json!({"thinkingBudget": 0})),
        ("gemini-2.5-pro", Off, json!({"thinkingBudget": 128})),
        ("gemini-2.5-pro", On, budget(-1)),
        ("gemini-2.5-pro", Low, budget(2_048)),
        ("gemini-2.5-pro", Budget(99_999), budget(32_768)),
        ("gemini-2.5-flash-lite", Budget(1), budget(512)),
        ("gemini-3.8-flash", Off, json!({"thinkingLevel": "MINIMAL"})),
        ("gemini-3.1-pro-preview", Off, json!({"thinkingLevel": "LOW"})),
        ("gemini-3-pro-preview", Medium, level("HIGH")),
        ("gemini-3.8-flash", On, json!({"includeThoughts": true})),
        ("gemini-3.8-flash", Medium, level("MEDIUM")),
        ("gemini-3.8-flash", High, level("HIGH")),
        ("gemini-3.8-flash", Budget(3_000), level("MEDIUM")),
    ] {
        let request = ChatRequest { thinking: Some(thinking), ..asking(model) };
        assert_eq!(body(&request)["generationConfig"]["thinkingConfig"], expected, "{model} {thinking:?}");
    }
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_reason() {
    let with = |block: Value| {
        let messages = conversation(json!([{"name": "", "role": "user", "content": [block]}]));
        ChatRequest { messages, ..asking("gemini-2.5-flash") }
    };
    for (request, reason) in [
        (asking(" "), "no model is chosen"),
        (asking("../../v1/files"), "may hold letters"),
        (asking("a?key=b"), "may hold letters"),
        (asking(".."), "may hold letters"),
        (with(json!({"type": "thinking", "thinking": "x"})), "there is nothing to ask"),
        (with(json!({"type": "video", "source": {"type": "url", "url": "/tmp/a.mp4"}})), "was not read"),
        (
            ChatRequest { tool_choice: Some(ToolChoice::Named("paint".into())), ..asking("gemini-2.5-flash") },
            "no tool is called paint",
        ),
    ] {
        let error = request::body("p", &request).expect_err(reason);
        assert_eq!(error.category, Category::InvalidRequest);
        assert!(error.message.contains(reason), "{error}");
    }
}
