//! Requests as they are written: the domain's conversation in, the body out.

use parlance_core::chat::{Delivery, FunctionSpec};
use parlance_core::{Category, ChatRequest, Msg, Thinking, ToolChoice, ToolSpec};
use parlance_providers::openai::{Dialect, request};
use serde_json::{Map, Value, json};

fn conversation(messages: Value) -> Vec<Msg> {
    serde_json::from_value(messages).expect("messages")
}

fn body(request: &ChatRequest, dialect: &Dialect) -> Value {
    request::body("p", request, dialect).map(Value::Object).expect("a request")
}

#[track_caller]
fn check(dialect: &Dialect, model: &str, messages: Value, expected: Value) {
    let request = ChatRequest { model: model.into(), messages: conversation(messages), ..ChatRequest::default() };
    assert_eq!(body(&request, dialect)["messages"], expected);
}

/// A tool's turn with everything: words, two calls, results with pictures, in one message each and in one for both.
fn tool_turn() -> Value {
    json!([
        {"name": "system", "role": "system", "content": "Be brief."},
        {"name": "Ann Lee", "role": "user", "content": [
            {"type": "text", "text": "Draw Zürich."},
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "QQ=="}},
            {"type": "audio", "source": {"type": "base64", "media_type": "audio/wav", "data": "Qg=="}},
            {"type": "video", "source": {"type": "url", "url": "https://example.com/a.mp4"}}]},
        {"name": "Friday", "role": "assistant", "content": [
            {"type": "thinking", "thinking": "Two tools.", "signature": "of another provider",
             "opaque": {"reasoning_details": [{"type": "reasoning.encrypted", "data": "c2VhbGVk", "index": 0}]}},
            {"type": "text", "text": "I draw."},
            {"type": "audio", "source": {"type": "base64", "media_type": "audio/wav", "data": "Qg=="}},
            {"type": "tool_use", "id": "c1", "name": "draw", "input": {"place": "Zürich"}, "raw_input": "{\"place\": \"Zürich\"}"},
            {"type": "tool_use", "id": "c2", "name": "look", "input": {"a": 1}, "raw_input": "{\"a\": 1, \"b"}]},
        {"name": "system", "role": "system", "content": [
            {"type": "tool_result", "id": "c1", "name": "draw", "output": [
                {"type": "text", "text": "Done."},
                {"type": "image", "source": {"type": "url", "url": "https://example.com/b.png"}}]}]},
        {"name": "system", "role": "system", "content": [
            {"type": "tool_result", "id": "c2", "name": "look", "output": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "Qw=="}}]}]},
        {"name": "Friday", "role": "assistant", "content": []},
        {"name": "Friday", "role": "assistant", "content": [{"type": "thinking", "thinking": "nothing else"}]},
        {"name": "Ann Lee", "role": "user", "content": "Thanks."},
    ])
}

#[test]
fn openai_gets_parts_names_and_promoted_pictures_after_all_results() {
    check(
        &Dialect::OPENAI,
        "gpt-4.1",
        tool_turn(),
        json!([
            {"role": "system", "name": "system", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "name": "Ann_Lee", "content": [
                {"type": "text", "text": "Draw Zürich."},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,QQ=="}},
                {"type": "input_audio", "input_audio": {"data": "Qg==", "format": "wav"}}]},
            {"role": "assistant", "name": "Friday", "content": [{"type": "text", "text": "I draw."}], "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "draw", "arguments": "{\"place\": \"Zürich\"}"}},
                {"id": "c2", "type": "function", "function": {"name": "look", "arguments": "{\"a\":1}"}}]},
            {"role": "tool", "tool_call_id": "c1", "name": "draw",
             "content": "- Done.\n- The returned image can be found at: https://example.com/b.png"},
            {"role": "tool", "tool_call_id": "c2", "name": "look", "content": "The tool returned image of type image/png."},
            {"role": "user", "name": "user", "content": [
                {"type": "text", "text": "<system-info>The following are the image contents from the tool result of 'draw':"},
                {"type": "text", "text": "\n- The image from 'https://example.com/b.png': "},
                {"type": "image_url", "image_url": {"url": "https://example.com/b.png"}},
                {"type": "text", "text": "</system-info>"},
                {"type": "text", "text": "<system-info>The following are the image contents from the tool result of 'look':"},
                {"type": "text", "text": "\n- The image of type image/png: "},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,Qw=="}},
                {"type": "text", "text": "</system-info>"}]},
            {"role": "user", "name": "Ann_Lee", "content": [{"type": "text", "text": "Thanks."}]},
        ]),
    );
}

#[test]
fn deepseek_gets_strings_no_names_and_its_reasoning_back() {
    check(
        &Dialect::DEEPSEEK,
        "deepseek-chat",
        tool_turn(),
        json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Draw Zürich."},
            {"role": "assistant", "content": "I draw.", "reasoning_content": "Two tools.", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "draw", "arguments": "{\"place\": \"Zürich\"}"}},
                {"id": "c2", "type": "function", "function": {"name": "look", "arguments": "{\"a\":1}"}}]},
            {"role": "tool", "tool_call_id": "c1", "name": "draw",
             "content": "- Done.\n- The returned image can be found at: https://example.com/b.png"},
            {"role": "tool", "tool_call_id": "c2", "name": "look", "content": "The tool returned image of type image/png."},
            {"role": "user", "content": "Thanks."},
        ]),
    );
}

#[test]
fn openrouter_gets_its_sealed_reasoning_back_unchanged() {
    let request = ChatRequest { model: "m".into(), messages: conversation(tool_turn()), ..ChatRequest::default() };
    let details = json!([{"type": "reasoning.encrypted", "data": "c2VhbGVk", "index": 0}]);
    assert_eq!(body(&request, &Dialect::OPENROUTER)["messages"][2]["reasoning_details"], details);
    for dialect in [Dialect::OPENAI, Dialect::DEEPSEEK, Dialect::COMPATIBLE] {
        assert!(!body(&request, &dialect).to_string().contains("c2VhbGVk"), "sealed for one provider only");
    }
}

#[test]
fn instructions_have_the_role_the_model_wants() {
    let system = json!([{"name": "", "role": "system", "content": "x"}]);
    for (dialect, model, role) in [
        (Dialect::OPENAI, "gpt-4.1", "system"),
        (Dialect::OPENAI, "gpt-5.6-sol", "developer"),
        (Dialect::COMPATIBLE, "gpt-5.6-sol", "system"),
    ] {
        check(&dialect, model, system.clone(), json!([{"role": role, "content": [{"type": "text", "text": "x"}]}]));
    }
}

#[test]
fn sound_for_qwen_omni_is_an_address() {
    let sound = json!([{"name": "", "role": "user", "content":
        [{"type": "audio", "source": {"type": "base64", "media_type": "audio/mpeg", "data": "QQ=="}}]}]);
    for (model, data) in [("qwen3-omni-flash", "data:;base64,QQ=="), ("gpt-audio", "QQ==")] {
        check(
            &Dialect::COMPATIBLE,
            model,
            sound.clone(),
            json!([{"role": "user", "content":
            [{"type": "input_audio", "input_audio": {"data": data, "format": "mp3"}}]}]),
        );
    }
}

fn draw() -> ToolSpec {
    let parameters = Some(json!({"type": "object", "properties": {}}));
    ToolSpec::Function {
        function: FunctionSpec { name: "draw".into(), description: None, parameters, rest: Map::new() },
    }
}

fn asking() -> ChatRequest {
    let messages = conversation(json!([{"name": "", "role": "user", "content": "x"}]));
    ChatRequest { model: "gpt-4.1".into(), messages, ..ChatRequest::default() }
}

#[test]
fn the_fields_beside_the_messages_stand_in_order_and_extra_ones_win() {
    let extra = json!({"temperature": 0.5, "stream_options": {"include_usage": false}, "extra_body": {"top_k": 7}});
    let request = ChatRequest {
        tools: vec![draw()],
        tool_choice: Some(ToolChoice::Named("draw".into())),
        max_tokens: Some(99),
        extra: extra.as_object().cloned().unwrap_or_default(),
        ..asking()
    };
    let messages = json!([{"role": "user", "content": [{"type": "text", "text": "x"}]}]);
    let expected = json!({
        "model": "gpt-4.1", "messages": messages, "stream": true, "stream_options": {"include_usage": false},
        "tools": [{"type": "function", "function": {"name": "draw", "parameters": {"type": "object", "properties": {}}}}],
        "tool_choice": {"type": "function", "function": {"name": "draw"}},
        "max_tokens": 99, "temperature": 0.5, "top_k": 7,
    });
    assert_eq!(body(&request, &Dialect::OPENAI).to_string(), expected.to_string());
    let whole = ChatRequest { delivery: Delivery::Whole, ..asking() };
    assert_eq!(body(&whole, &Dialect::OPENAI), json!({"model": "gpt-4.1", "messages": messages, "stream": false}));
}

#[test]
fn lengths_and_choices_are_written_in_each_dialects_words() {
    for (dialect, model, field) in [
        (Dialect::OPENAI, "gpt-4.1", "max_tokens"),
        (Dialect::OPENAI, "o3-mini", "max_completion_tokens"),
        (Dialect::COMPATIBLE, "o3-mini", "max_tokens"),
        (Dialect::GROQ, "llama", "max_completion_tokens"),
    ] {
        let request = ChatRequest { model: model.into(), max_tokens: Some(5), ..asking() };
        assert_eq!(body(&request, &dialect)[field], 5, "{model}");
    }
    for (choice, word) in [(ToolChoice::Auto, "auto"), (ToolChoice::None, "none"), (ToolChoice::Required, "required")] {
        let request = ChatRequest { tool_choice: Some(choice), ..asking() };
        assert_eq!(body(&request, &Dialect::OPENAI)["tool_choice"], word);
    }
    assert_eq!(body(&asking(), &Dialect::MISTRAL).get("stream_options"), None);
}

#[test]
fn reasoning_is_asked_for_in_each_dialects_words() {
    use Thinking::{Budget, High, Low, Off, On};
    for (dialect, model, thinking, expected) in [
        (Dialect::OPENAI, "gpt-5.1", Off, json!({"reasoning_effort": "none"})),
        (Dialect::OPENAI, "gpt-4.1", Off, json!({})),
        (Dialect::OPENAI, "gpt-5.1", On, json!({})),
        (Dialect::OPENAI, "gpt-5.1", High, json!({"reasoning_effort": "high"})),
        (Dialect::OPENAI, "gpt-5.1", Budget(4_000), json!({"reasoning_effort": "medium"})),
        (Dialect::OPENROUTER, "m", Low, json!({"reasoning": {"effort": "low"}})),
        (Dialect::OPENROUTER, "m", Budget(9), json!({"reasoning": {"max_tokens": 9}})),
        (Dialect::OPENROUTER, "m", Off, json!({"reasoning": {"enabled": false}})),
        (Dialect::DEEPSEEK, "m", Off, json!({"thinking": {"type": "disabled"}})),
        (Dialect::DEEPSEEK, "m", High, json!({"thinking": {"type": "enabled"}, "reasoning_effort": "high"})),
        (Dialect::VLLM, "m", Off, json!({"chat_template_kwargs": {"enable_thinking": false}})),
        (Dialect::VLLM, "m", On, json!({"chat_template_kwargs": {"enable_thinking": true}})),
    ] {
        let request = ChatRequest { model: model.into(), thinking: Some(thinking), ..asking() };
        let mut body = body(&request, &dialect);
        let fields = body.as_object_mut().expect("an object");
        for field in ["model", "messages", "stream", "stream_options"] {
            fields.remove(field);
        }
        assert_eq!(body, expected, "{model} {thinking:?}");
    }
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_reason() {
    let with = |block: Value| {
        let messages = conversation(json!([{"name": "", "role": "user", "content": [block]}]));
        ChatRequest { messages, ..asking() }
    };
    let audio = |source: Value| with(json!({"type": "audio", "source": source}));
    let choice = ToolChoice::Named("paint".into());
    for (request, reason) in [
        (ChatRequest { model: " ".into(), ..asking() }, "no model is chosen"),
        (ChatRequest { messages: vec![], ..asking() }, "there is nothing to ask"),
        (with(json!({"type": "thinking", "thinking": "x"})), "there is nothing to ask"),
        (
            ChatRequest { tool_choice: Some(choice.clone()), ..asking() },
            "no tool is called paint; tools: there are none",
        ),
        (
            ChatRequest { tool_choice: Some(choice), tools: vec![draw()], ..asking() },
            "no tool is called paint; tools: draw",
        ),
        (audio(json!({"type": "base64", "media_type": "audio/ogg", "data": ""})), "WAV or MP3, not as audio/ogg"),
        (audio(json!({"type": "url", "url": "https://example.com/a.wav"})), "attach the file itself"),
        (audio(json!({"type": "url", "url": "/tmp/a.wav"})), "was not read"),
    ] {
        let error = request::body("p", &request, &Dialect::OPENAI).expect_err(reason);
        assert_eq!(error.category, Category::InvalidRequest);
        assert!(error.message.contains(reason), "{error}");
    }
}
