//! Answers that go well.

use std::sync::Arc;

use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ContentBlock, Mark, Msg, Reply, Role, StopReason};
use parlance_providers::NoKey;
use parlance_simulator::{Ability, Answer, Framing, Model, Pace, Piece, Scenario, Script, Simulator};
use serde_json::json;

use crate::family::Family;
use crate::setting::{ask, question, simulator};

fn full_script() -> Script {
    let call = |index, id: &str, name: &str, arguments: &str| Piece::ToolCall {
        index,
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    Script {
        finish: Some("stop".into()),
        ..Script::of([
            Piece::Thinking("Well, ".into()),
            Piece::Thinking("let me see.".into()),
            Piece::Text("Grüße, ".into()),
            Piece::Text("世界 😀".into()),
            call(0, "call_a", "weather", "{\"city\":"),
            call(0, "", "", "\"Zürich\"}"),
            call(1, "call_b", "time", "{}"),
        ])
    }
}

fn expect_full(family: Family, reply: &Reply) {
    assert_eq!(reply.text(), "Grüße, 世界 😀", "{family:?}");
    assert!(
        matches!(&reply.content[0], ContentBlock::Thinking { thinking, .. } if thinking == "Well, let me see."),
        "{family:?}: {reply:?}"
    );
    let calls: Vec<_> = reply
        .content
        .iter()
        .filter_map(|block| match block {
            ContentBlock::ToolUse(call) => Some((call.id.as_str(), call.name.as_str(), json!(call.input))),
            _ => None,
        })
        .collect();
    assert_eq!(calls, [("call_a", "weather", json!({"city": "Zürich"})), ("call_b", "time", json!({}))], "{family:?}");
    assert_eq!(reply.usage.map(|usage| (usage.input_tokens, usage.output_tokens)), Some((9, 5)), "{family:?}");
    assert_eq!(reply.finish_reason, Some(StopReason::ToolCalls), "{family:?}");
}

#[tokio::test]
async fn a_streamed_answer_comes_whole_in_any_framing_and_split() {
    for family in Family::ALL {
        let server = simulator(Answer::default()).await;
        let client = family.client(&server);
        for framing in [Framing::Chunked, Framing::Length, Framing::UntilClose] {
            for bytes_per_write in [None, Some(1), Some(7)] {
                let pace = Pace { bytes_per_write, ..Pace::default() };
                let answer = Answer::script(full_script()).with_framing(framing).with_pace(pace);
                server.set_scenario(Scenario::always(answer));
                let (reply, error) = ask(&*client).await;
                assert_eq!(error, None, "{family:?} {framing:?} {bytes_per_write:?}");
                expect_full(family, &reply);
            }
        }
        assert_eq!(server.requests()[0].path, family.path());
    }
}

#[tokio::test]
async fn a_whole_answer_gives_the_same_reply() {
    for family in Family::ALL {
        let server = simulator(Answer::script(full_script())).await;
        let request = ChatRequest { delivery: Delivery::Whole, ..question() };
        let stream = family.client(&server).stream(&request).await.unwrap();
        expect_full(family, &parlance_core::reply::collect(stream).await.unwrap());
        let asked = server.requests()[0].clone();
        assert_eq!(asked.header("x-dashscope-sse"), None);
        assert_ne!(asked.json()["stream"], true, "{family:?}");
    }
}

#[tokio::test]
async fn an_answer_goes_back_as_the_history_of_the_next_question() {
    for family in Family::ALL {
        let server = simulator(Answer::script(full_script())).await;
        let client = family.client(&server);
        let reply = ask(&*client).await.0;
        let result = |id: &str, name: &str| {
            json!({"name": "system", "role": "system",
                "content": [{"type": "tool_result", "id": id, "name": name, "output": "fine"}]})
        };
        let mut messages = question().messages;
        // Through JSON, as the store keeps it.
        let kept = serde_json::to_string(&Msg::new(Role::Assistant, "m", reply.content)).unwrap();
        messages.push(serde_json::from_str(&kept).unwrap());
        for msg in [result("call_a", "weather"), result("call_b", "time")] {
            messages.push(serde_json::from_value(msg).unwrap());
        }
        let body = family.body(&ChatRequest { messages, ..question() }).unwrap();
        let (arguments, city) = (r#"{"city":"Zürich"}"#, json!({"city": "Zürich"}));
        let expected = match family {
            Family::Ollama => json!([
                {"role": "user", "content": "Say it."},
                {"role": "assistant", "content": "Grüße, 世界 😀", "thinking": "Well, let me see.", "tool_calls": [
                    {"id": "call_a", "function": {"name": "weather", "arguments": city}},
                    {"id": "call_b", "function": {"name": "time", "arguments": {}}}]},
                {"role": "tool", "content": "fine", "tool_name": "weather", "tool_call_id": "call_a"},
                {"role": "tool", "content": "fine", "tool_name": "time", "tool_call_id": "call_b"}]),
            Family::Responses => json!([
                {"role": "user", "content": [{"type": "input_text", "text": "Say it."}]},
                {"type": "reasoning", "id": "rs_simulated", "encrypted_content": "c2ltdWxhdGVk",
                    "summary": [{"type": "summary_text", "text": "Well, let me see."}]},
                {"role": "assistant", "content": [{"type": "output_text", "text": "Grüße, 世界 😀"}]},
                {"type": "function_call", "call_id": "call_a", "name": "weather", "arguments": arguments},
                {"type": "function_call", "call_id": "call_b", "name": "time", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "call_a", "output": "fine"},
                {"type": "function_call_output", "call_id": "call_b", "output": "fine"}]),
            Family::Anthropic => json!([
                {"role": "user", "content": [{"type": "text", "text": "Say it."}]},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "Well, let me see.", "signature": "c2ltdWxhdGVk"},
                    {"type": "text", "text": "Grüße, 世界 😀"},
                    {"type": "tool_use", "id": "call_a", "name": "weather", "input": city},
                    {"type": "tool_use", "id": "call_b", "name": "time", "input": {}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "call_a", "content": [{"type": "text", "text": "fine"}]},
                    {"type": "tool_result", "tool_use_id": "call_b", "content": [{"type": "text", "text": "fine"}]}]}]),
            Family::Gemini => json!([
                {"role": "user", "parts": [{"text": "Say it."}]},
                {"role": "model", "parts": [
                    {"text": "Grüße, 世界 😀"},
                    {"functionCall": {"id": "call_a", "name": "weather", "args": city},
                        "thoughtSignature": "c2ltdWxhdGVk"},
                    {"functionCall": {"id": "call_b", "name": "time", "args": {}}}]},
                {"role": "user", "parts": [
                    {"functionResponse": {"id": "call_a", "name": "weather", "response": {"output": "fine"}}},
                    {"functionResponse": {"id": "call_b", "name": "time", "response": {"output": "fine"}}}]}]),
            Family::DashScope => json!([
                {"role": "user", "content": "Say it."},
                {"role": "assistant", "content": "Grüße, 世界 😀", "tool_calls": [
                    {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": arguments}},
                    {"id": "call_b", "type": "function", "function": {"name": "time", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "call_a", "content": "fine", "name": "weather"},
                {"role": "tool", "tool_call_id": "call_b", "content": "fine", "name": "time"}]),
        };
        let written = match family {
            Family::Ollama | Family::Anthropic => &body["messages"],
            Family::Gemini => &body["contents"],
            Family::Responses => &body["input"],
            Family::DashScope => &body["input"]["messages"],
        };
        assert_eq!(*written, expected, "{family:?}");
    }
}

#[tokio::test]
async fn what_request_shows_is_what_is_sent() {
    for family in Family::ALL {
        let server = simulator(Answer::says("ok")).await;
        let client = family.client(&server);
        let shown = client.request(&question()).unwrap();
        assert_eq!(ask(&*client).await.1, None);
        let sent = &server.requests()[0];
        assert_eq!(shown.body, Some(sent.json()), "{family:?}");
        assert_eq!(shown.url, format!("{}{}", server.origin(), family.path()));
        for (name, value) in &shown.headers {
            let expected = (*name != family.key_header("").0).then_some(value.as_str());
            assert_eq!(sent.header(name), expected, "{family:?} {name}");
        }
    }
}

#[tokio::test]
async fn the_models_are_listed() {
    for family in Family::ALL {
        let models = vec!["b".into(), "a".into()];
        let server = Simulator::start(Scenario { models, ..Scenario::default() }).await.unwrap();
        let models = family.models(&family.base_url(&server), Arc::new(NoKey)).await.unwrap();
        assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["a", "b"], "{family:?}");
    }
}

#[tokio::test]
async fn ollama_is_asked_what_its_list_does_not_say() {
    let model = |name| Model { context_tokens: 8_192, can: vec![Ability::Tools], ..Model::named(name) };
    let models = vec![model("b"), model("a")];
    let server = Simulator::start(Scenario { models, ..Scenario::default() }).await.unwrap();
    let models = Family::Ollama.models(&Family::Ollama.base_url(&server), Arc::new(NoKey)).await.unwrap();
    assert_eq!(models.iter().map(|model| model.context_tokens).collect::<Vec<_>>(), [Some(8_192), Some(8_192)]);
    assert!(
        models[0].capabilities.can(Mark::Chat)
            && models[0].capabilities.can(Mark::Tools)
            && !models[0].capabilities.can(Mark::Images)
    );
}

#[tokio::test]
async fn every_reason_for_the_end_is_told() {
    for family in Family::ALL {
        let server = simulator(Answer::default()).await;
        let client = family.client(&server);
        for (finish, reason) in [("stop", StopReason::Stop), ("length", StopReason::Length)] {
            let script = Script { finish: Some(finish.into()), ..Script::says("some words") };
            server.set_scenario(Scenario::always(Answer::script(script)));
            let (reply, error) = ask(&*client).await;
            assert_eq!((reply.text().as_str(), reply.finish_reason, error), ("some words", Some(reason), None));
        }
    }
    let refusal = Script::of([Piece::Refusal("I will not.".into())]);
    let server = simulator(Answer::script(refusal)).await;
    let reply = ask(&*Family::Responses.client(&server)).await.0;
    assert_eq!((reply.text().as_str(), reply.finish_reason), ("I will not.", Some(StopReason::Refusal)));
}
