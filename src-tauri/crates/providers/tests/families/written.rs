//! Requests as they are written: the domain's conversation in, the body out.

use std::sync::Arc;

use parlance_core::chat::{Delivery, FunctionSpec};
use parlance_core::{Category, ChatModel, ChatRequest, Msg, Thinking, ToolChoice, ToolSpec};
use parlance_providers::NoKey;
use parlance_providers::dashscope::{self, Modality};
use parlance_providers::openai::Dialect;
use parlance_providers::responses::{self, MessageForm};
use serde_json::{Map, Value, json};

use crate::family::Family;
use crate::setting::{PATIENT, client_at};

fn conversation(messages: Value) -> Vec<Msg> {
    serde_json::from_value(messages).unwrap()
}

fn tool(name: &str) -> ToolSpec {
    let parameters = Some(json!({"type": "object", "properties": {}}));
    let name = name.to_owned();
    ToolSpec::Function { function: FunctionSpec { name, description: None, parameters, rest: Map::new() } }
}

fn asking(model: &str) -> ChatRequest {
    ChatRequest {
        model: model.into(),
        messages: conversation(json!([{"name": "", "role": "user", "content": "x"}])),
        ..ChatRequest::default()
    }
}

fn body(family: Family, request: &ChatRequest) -> Value {
    Value::Object(family.body(request).unwrap())
}

fn messages(family: Family, body: &Value) -> Value {
    match family {
        Family::Ollama | Family::Anthropic => body["messages"].clone(),
        Family::Gemini => body["contents"].clone(),
        Family::Responses => body["input"].clone(),
        Family::DashScope => body["input"]["messages"].clone(),
    }
}

/// A tool's turn with everything: media, two calls, results with pictures in a message each, and empty messages.
fn tool_turn() -> Value {
    let image =
        |data: &str| json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}});
    let result = |id: &str, output: Value| {
        json!({"name": "system", "role": "system", "content":
            [{"type": "tool_result", "id": id, "name": "draw", "output": output}]})
    };
    json!([
        {"name": "Ann", "role": "user", "content": [{"type": "text", "text": "Draw."}, image("QQ==")]},
        {"name": "Friday", "role": "assistant", "content": [
            {"type": "thinking", "thinking": "Two.", "opaque": {"responses_item": {"id": "rs_1"}, "model": "m-2026"}},
            image("WA=="),
            {"type": "tool_use", "id": "c1", "name": "draw", "input": {"a": 1}, "raw_input": "{\"a\": 1}"},
            {"type": "tool_use", "id": "c2", "name": "draw", "input": {}}]},
        result("c1", json!([{"type": "text", "text": "Done."}, image("Qg==")])),
        result("c2", Value::Null),
        {"name": "Friday", "role": "assistant", "content": []},
        {"name": "Friday", "role": "assistant", "content": [
            {"type": "thinking", "thinking": "", "opaque": {"responses_item": {"id": "rs_2"}, "model": "m-2026"}}]},
        {"name": "Ann", "role": "user", "content": "Thanks."},
    ])
}

#[test]
fn llama_cpp_knows_messages_by_their_type_and_openai_needs_none() {
    let request = ChatRequest {
        messages: conversation(json!([
            {"name": "", "role": "user", "content": "x"},
            {"name": "", "role": "assistant", "content": "y"}])),
        ..asking("m")
    };
    for (form, kind) in [(MessageForm::Bare, Value::Null), (MessageForm::Typed, json!("message"))] {
        let body = Value::Object(responses::request::body("p", &request, form).unwrap());
        let kinds: Vec<&Value> = body["input"].as_array().unwrap().iter().map(|item| &item["type"]).collect();
        assert_eq!(kinds, [&kind, &kind], "{form:?}");
    }
}

#[test]
fn pictures_of_tools_are_shown_after_all_results_and_nothing_empty_is_sent() {
    let request = ChatRequest { messages: conversation(tool_turn()), ..asking("m") };
    let intro = "<system-info>The following are the image contents from the tool result of 'draw':";
    let (place, close) = ("\n- The image of type image/png: ", "</system-info>");
    let words = "- Done.\n- The tool returned image of type image/png.";
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "draw", "arguments": arguments}});
    for (family, expected) in [
        (
            Family::Ollama,
            json!([
                {"role": "user", "content": "Draw.", "images": ["QQ=="]},
                {"role": "assistant", "thinking": "Two.", "tool_calls": [
                    {"id": "c1", "function": {"name": "draw", "arguments": {"a": 1}}},
                    {"id": "c2", "function": {"name": "draw", "arguments": {}}}]},
                {"role": "tool", "content": words, "tool_name": "draw", "tool_call_id": "c1"},
                {"role": "tool", "content": "", "tool_name": "draw", "tool_call_id": "c2"},
                {"role": "user", "content": format!("{intro}\n{place}\n{close}"), "images": ["Qg=="]},
                {"role": "user", "content": "Thanks."}]),
        ),
        (
            Family::Responses,
            json!([
                {"role": "user", "content": [{"type": "input_text", "text": "Draw."},
                    {"type": "input_image", "image_url": "data:image/png;base64,QQ=="}]},
                {"id": "rs_1"},
                {"type": "function_call", "call_id": "c1", "name": "draw", "arguments": "{\"a\": 1}"},
                {"type": "function_call", "call_id": "c2", "name": "draw", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "Done."},
                    {"type": "input_image", "image_url": "data:image/png;base64,Qg=="}]},
                {"type": "function_call_output", "call_id": "c2", "output": ""},
                {"role": "user", "content": [{"type": "input_text", "text": "Thanks."}]}]),
        ),
        (
            Family::DashScope,
            json!([
                {"role": "user", "content": [{"text": "Draw."}, {"image": "data:image/png;base64,QQ=="}]},
                {"role": "assistant", "content": [], "tool_calls": [call("c1", "{\"a\": 1}"), call("c2", "{}")]},
                {"role": "tool", "tool_call_id": "c1", "content": words, "name": "draw"},
                {"role": "tool", "tool_call_id": "c2", "content": "", "name": "draw"},
                {"role": "user", "content": [{"text": intro}, {"text": place},
                    {"image": "data:image/png;base64,Qg=="}, {"text": close}]},
                {"role": "user", "content": "Thanks."}]),
        ),
    ] {
        assert_eq!(messages(family, &body(family, &request)), expected, "{family:?}");
    }
}

#[test]
fn a_seal_goes_only_to_the_model_that_made_it() {
    for (model, is_sent) in [("m-2026", true), ("m", true), ("m-2027", false), ("other", false)] {
        let request = ChatRequest { messages: conversation(tool_turn()), ..asking(model) };
        let written = body(Family::Responses, &request).to_string();
        assert_eq!(written.contains("rs_1"), is_sent, "{model}");
        assert!(!written.contains("rs_2"), "reasoning without what came of it is refused");
    }
    for family in [Family::Ollama, Family::DashScope] {
        let request = ChatRequest { messages: conversation(tool_turn()), ..asking("m") };
        assert!(!body(family, &request).to_string().contains("rs_"), "sealed for one protocol only");
    }
}

#[test]
fn reasoning_is_asked_for_in_each_protocols_words() {
    use Thinking::{Budget, High, Low, Medium, Off, On};
    for (family, model, thinking, expected) in [
        (Family::Ollama, "qwen3", Off, json!({"think": false})),
        (Family::Ollama, "qwen3", High, json!({"think": true})),
        (Family::Ollama, "gpt-oss:20b", Off, json!({"think": "low"})),
        (Family::Ollama, "ns/gpt-oss:20b", High, json!({"think": "high"})),
        (Family::Responses, "gpt-4.1", Off, json!({})),
        (Family::Responses, "gpt-5.1", Off, json!({"reasoning": {"effort": "none"}})),
        (Family::Responses, "gpt-5.1", On, json!({"reasoning": {"summary": "auto"}})),
        (Family::Responses, "gpt-5.1", Low, json!({"reasoning": {"effort": "low", "summary": "auto"}})),
        (Family::Responses, "o3", Budget(4_000), json!({"reasoning": {"effort": "medium", "summary": "auto"}})),
        (Family::DashScope, "qwen3", Off, json!({"enable_thinking": false})),
        (Family::DashScope, "qwen3", High, json!({"enable_thinking": true})),
        (Family::DashScope, "qwen3", Medium, json!({"enable_thinking": true, "thinking_budget": 8192})),
        (Family::DashScope, "qwen3", Budget(9), json!({"enable_thinking": true, "thinking_budget": 9})),
    ] {
        let body = body(family, &ChatRequest { thinking: Some(thinking), ..asking(model) });
        let fields = if family == Family::DashScope { &body["parameters"] } else { &body };
        let about = ["think", "reasoning", "enable_thinking", "thinking_budget"];
        let written: Map<String, Value> =
            about.iter().filter_map(|&field| Some((field.to_owned(), fields.get(field)?.clone()))).collect();
        assert_eq!(Value::Object(written), expected, "{family:?} {model} {thinking:?}");
    }
    let seals = |model| body(Family::Responses, &asking(model)).get("include").is_some();
    assert!(seals("gpt-5.1") && !seals("gpt-4.1"), "a model that cannot reason refuses to be asked for seals");
}

#[test]
fn dashscope_is_asked_where_the_conversation_can_be_read() {
    let multimodal =
        |request: &ChatRequest| dashscope::request::path(request, Modality::ByRequest).contains("multimodal");
    assert!(multimodal(&asking("qwen-vl-max")) && multimodal(&asking("qvq-max")) && !multimodal(&asking("qwen-max")));
    assert!(multimodal(&ChatRequest { messages: conversation(tool_turn()), ..asking("qwen3.5-plus") }));
    for thinking in [Some(Thinking::On), Some(Thinking::Off), None] {
        let request = ChatRequest { thinking, delivery: Delivery::Whole, ..asking("m") };
        let expected = if thinking == Some(Thinking::On) { Delivery::Streaming } else { Delivery::Whole };
        assert_eq!(dashscope::request::delivery(&request), expected, "models reason only in a stream");
    }
}

#[test]
fn lengths_choices_and_extra_fields_are_written_in_each_protocols_words() {
    let request = |choice| ChatRequest {
        tools: vec![tool("draw"), tool("look")],
        tool_choice: Some(choice),
        max_tokens: Some(9),
        extra: json!({"options": {"num_ctx": 7}, "extra_body": {"top_k": 5}}).as_object().cloned().unwrap(),
        ..asking("m")
    };
    let named = || request(ToolChoice::Named("look".into()));
    let names = |tools: &Value| {
        let tools = tools.as_array().into_iter().flatten();
        tools.map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let ollama = body(Family::Ollama, &named());
    assert_eq!((&ollama["options"], &ollama["top_k"]), (&json!({"num_predict": 9, "num_ctx": 7}), &json!(5)));
    assert_eq!((names(&ollama["tools"]), ollama.get("tool_choice")), (vec!["look".to_owned()], None));
    assert_eq!(names(&body(Family::Ollama, &request(ToolChoice::Required))["tools"]), ["draw", "look"]);
    assert_eq!(body(Family::Ollama, &request(ToolChoice::None)).get("tools"), None);

    let responses = body(Family::Responses, &named());
    assert_eq!((&responses["max_output_tokens"], &responses["top_k"]), (&json!(9), &json!(5)));
    assert_eq!(responses["tool_choice"], json!({"type": "function", "name": "look"}));
    let parameters = json!({"type": "object", "properties": {}});
    assert_eq!(responses["tools"][0], json!({"type": "function", "name": "draw", "parameters": parameters}));
    assert_eq!(body(Family::Responses, &request(ToolChoice::Required))["tool_choice"], "required");

    let dashscope = &body(Family::DashScope, &named())["parameters"];
    assert_eq!((&dashscope["max_tokens"], &dashscope["top_k"]), (&json!(9), &json!(5)));
    assert_eq!(dashscope["tool_choice"], json!({"type": "function", "function": {"name": "look"}}));
    assert_eq!(body(Family::DashScope, &request(ToolChoice::Required))["parameters"]["tool_choice"], "auto");
    assert_eq!(body(Family::DashScope, &request(ToolChoice::None))["parameters"]["tool_choice"], "none");
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_reason() {
    let with = |block: Value| ChatRequest {
        messages: conversation(json!([{"name": "", "role": "user", "content": [block]}])),
        ..asking("m")
    };
    let local = with(json!({"type": "image", "source": {"type": "url", "url": "/tmp/a.png"}}));
    let choice = ChatRequest { tool_choice: Some(ToolChoice::Named("paint".into())), ..asking("m") };
    for family in Family::ALL {
        for (request, reason) in [
            (&asking(" "), "no model is chosen"),
            (&ChatRequest { messages: vec![], ..asking("m") }, "there is nothing to ask"),
            (&with(json!({"type": "thinking", "thinking": "x"})), "there is nothing to ask"),
            (&choice, "no tool is called paint; tools: there are none"),
            (&local, "was not read"),
        ] {
            let error = family.body(request).expect_err(reason);
            assert_eq!(error.category, Category::InvalidRequest);
            assert!(error.message.contains(reason), "{family:?}: {error}");
        }
    }
    let sound = with(json!({"type": "audio", "source": {"type": "base64", "media_type": "audio/ogg", "data": ""}}));
    let error = Family::Responses.body(&sound).unwrap_err();
    assert!(error.message.contains("WAV or MP3, not as audio/ogg"), "{error}");
}

#[test]
fn what_nobody_fetches_is_named_in_words() {
    let picture = json!({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}});
    let messages = conversation(json!([{"name": "", "role": "user", "content": [picture]}]));
    let request = ChatRequest { messages, ..asking("m") };
    let words = "(Something is attached that is not shown here: https://example.com/a.png)";
    let ollama = body(Family::Ollama, &request);
    assert_eq!(ollama["messages"], json!([{"role": "user", "content": words}]));
    let gemini = body(Family::Gemini, &request);
    assert_eq!(gemini["contents"], json!([{"role": "user", "parts": [{"text": words}]}]));
}

#[test]
fn a_tool_that_must_be_called_is_asked_for_in_words_where_the_protocol_cannot_force_it() {
    let must = |model: &str, tools: Vec<ToolSpec>, choice: ToolChoice| ChatRequest {
        tools,
        tool_choice: Some(choice),
        ..asking(model)
    };
    let both = || vec![tool("draw"), tool("look")];
    let ollama = body(Family::Ollama, &must("m", both(), ToolChoice::Required));
    let any = "Answer by calling one of the tools you are offered.";
    assert_eq!(ollama["messages"][0], json!({"role": "system", "content": any}));
    let told = ChatRequest {
        messages: conversation(json!([
            {"name": "", "role": "system", "content": "Be brief."}, {"name": "", "role": "user", "content": "x"}])),
        ..must("m", both(), ToolChoice::Named("draw".into()))
    };
    let ollama = body(Family::Ollama, &told);
    assert_eq!(ollama["messages"][0]["content"], "Be brief.\n\nAnswer by calling the tool draw.");
    assert_eq!(ollama["tools"].as_array().unwrap().len(), 1, "no other is offered");
    let anthropic = body(Family::Anthropic, &must("claude-fable-5", both(), ToolChoice::Required));
    assert_eq!((&anthropic["system"][0]["text"], &anthropic["tool_choice"]["type"]), (&json!(any), &json!("auto")));
    let forced = body(Family::Anthropic, &must("claude-sonnet-4-5", both(), ToolChoice::Required));
    assert_eq!((forced.get("system"), &forced["tool_choice"]["type"]), (None, &json!("any")));
    let named = json!({"type": "function", "function": {"name": "draw"}});
    let dashscope = body(Family::DashScope, &must("m", vec![tool("draw")], ToolChoice::Required));
    assert_eq!(dashscope["parameters"]["tool_choice"], named, "the only tool can be named");
    let dashscope = body(Family::DashScope, &must("m", both(), ToolChoice::Required));
    assert_eq!(dashscope["parameters"]["tool_choice"], "auto");
}

#[test]
fn names_that_other_clients_have_for_the_same_are_understood() {
    let with = |model: &str, extra: Value| ChatRequest {
        extra: extra.as_object().cloned().unwrap(),
        delivery: Delivery::Whole,
        ..asking(model)
    };
    let responses =
        body(Family::Responses, &with("o3", json!({"reasoning_effort": "high", "reasoning_summary": "auto"})));
    assert_eq!(responses["reasoning"], json!({"effort": "high", "summary": "auto"}));
    assert_eq!(body(Family::Responses, &with("o3", json!({"reasoning_summary": "auto"}))).get("reasoning"), None);
    assert_eq!(body(Family::Ollama, &with("m", json!({"enable_thinking": true})))["think"], true);
    let thinking = with("m", json!({"enable_thinking": true, "multimodality": true}));
    assert_eq!(dashscope::request::delivery(&thinking), Delivery::Streaming);
    let path = dashscope::request::path(&thinking, Modality::ByRequest);
    assert_eq!(path, "services/aigc/multimodal-generation/generation");
    let parameters = json!({"result_format": "message", "incremental_output": true, "enable_thinking": true});
    assert_eq!(body(Family::DashScope, &thinking)["parameters"], parameters);
}

/// What each of the six clients would send for a conversation.
fn shown(messages: &Value) -> Vec<Value> {
    const NOBODY: &str = "http://127.0.0.1:9";
    let request = ChatRequest { messages: conversation(messages.clone()), ..asking("m") };
    let chat: Box<dyn ChatModel> = Box::new(client_at(NOBODY, Dialect::OPENAI));
    let others = Family::ALL.into_iter().map(|family| family.client_at(NOBODY, Arc::new(NoKey), PATIENT));
    std::iter::once(chat).chain(others).map(|client| client.request(&request).unwrap().body.unwrap()).collect()
}

#[test]
fn a_turn_stored_as_one_message_is_written_as_its_rounds() {
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "draw", "input": {"a": 1}});
    let result = |id: &str, output: &str| json!({"type": "tool_result", "id": id, "name": "draw", "output": output});
    let text = |text: &str| json!({"type": "text", "text": text});
    let say = |role: &str, content: Value| json!({"name": "n", "role": role, "content": content});
    let stored = json!([
        say("user", json!("Draw.")),
        say(
            "assistant",
            json!([
                text("One."),
                call("1"),
                call("2"),
                result("1", "red"),
                result("2", "blue"),
                text("Two."),
                call("3"),
                result("3", "green"),
                text("Done.")
            ])
        ),
        say("user", json!("Again.")),
        say("assistant", json!([text("Three."), call("4")])),
        say("user", json!("Well?")),
    ]);
    let stopped = "There is no result: the call was stopped or cut off before it gave one. It may or may not have been carried out.";
    let unfinished = json!({"type": "tool_result", "id": "4", "name": "draw", "output": stopped, "end": "stopped"});
    let apart = json!([
        say("user", json!("Draw.")),
        say("assistant", json!([text("One."), call("1"), call("2")])),
        say("system", json!([result("1", "red"), result("2", "blue")])),
        say("assistant", json!([text("Two."), call("3")])),
        say("system", json!([result("3", "green")])),
        say("assistant", json!([text("Done.")])),
        say("user", json!("Again.")),
        say("assistant", json!([text("Three."), call("4")])),
        say("system", json!([unfinished])),
        say("user", json!("Well?")),
    ]);
    assert_eq!(shown(&stored), shown(&apart));
    for body in shown(&stored) {
        let body = body.to_string();
        let at = |word: &str| body.find(word).unwrap_or_else(|| panic!("{word}: {body}"));
        let order =
            ["One.", "red", "blue", "Two.", "green", "Done.", "Again.", "Three.", "There is no result", "Well?"];
        assert!(order.map(at).is_sorted(), "{body}");
    }
}

#[test]
fn a_tool_that_failed_is_marked_where_the_protocol_can_say_so() {
    let messages = json!([
        {"name": "n", "role": "user", "content": "Draw."},
        {"name": "n", "role": "assistant", "content": [
            {"type": "tool_use", "id": "1", "name": "draw", "input": {}}]},
        {"name": "n", "role": "system", "content": [
            {"type": "tool_result", "id": "1", "name": "draw", "output": "no ink", "end": "failed"}]},
    ]);
    let request = ChatRequest { messages: conversation(messages), ..asking("m") };
    let anthropic = messages_of(Family::Anthropic, &request);
    assert_eq!(anthropic[2]["content"][0]["is_error"], true);
    let gemini = messages_of(Family::Gemini, &request);
    assert_eq!(gemini[2]["parts"][0]["functionResponse"]["response"], json!({"error": "no ink"}));
}

fn messages_of(family: Family, request: &ChatRequest) -> Value {
    messages(family, &body(family, request))
}
