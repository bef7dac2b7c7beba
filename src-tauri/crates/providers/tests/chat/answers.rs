//! Answers that go well.

use parlance_core::chat::Delivery;
use parlance_core::{ChatModel, ChatRequest, ContentBlock, ModelEvent, Reply, StopReason, TokenUsage};
use parlance_providers::openai::Dialect;
use parlance_simulator::{Answer, Framing, Pace, Piece, Scenario, Script, Simulator};

use crate::setting::{ask, client_at, events, question, simulator};

fn full_script() -> Script {
    let call = |index, id: &str, name: &str, arguments: &str| Piece::ToolCall {
        index,
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    Script {
        finish: Some("tool_calls".into()),
        ..Script::of([
            Piece::Thinking("Well, ".into()),
            Piece::Thinking("let me see.".into()),
            Piece::Text("Grüße, ".into()),
            Piece::Text("世界 😀".into()),
            call(0, "call_a", "weather", ""),
            call(1, "call_b", "time", "{"),
            call(0, "", "", "{\"city\":"),
            call(1, "", "", "}"),
            call(0, "", "", "\"Zürich\"}"),
        ])
    }
}

fn expect_full(reply: &Reply) {
    assert_eq!(reply.text(), "Grüße, 世界 😀");
    assert_eq!(reply.content[0], ContentBlock::thinking("Well, let me see."));
    let calls: Vec<_> = reply
        .content
        .iter()
        .filter_map(|block| match block {
            ContentBlock::ToolUse(call) => {
                Some((call.id.as_str(), call.name.as_str(), serde_json::to_string(&call.input).unwrap()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(calls, [("call_a", "weather", "{\"city\":\"Zürich\"}".to_owned()), ("call_b", "time", "{}".to_owned())]);
    assert_eq!(reply.usage, Some(TokenUsage { input_tokens: 9, output_tokens: 5, ..TokenUsage::default() }));
    assert_eq!(reply.finish_reason, Some(StopReason::ToolCalls));
    assert_eq!((reply.id.as_deref(), reply.model.as_deref()), (Some("chatcmpl-simulated"), Some("m")));
}

#[tokio::test]
async fn a_streamed_answer_comes_whole_in_any_framing_and_split() {
    let server = simulator(Answer::default()).await;
    let client = client_at(&server.base_url(), Dialect::OPENAI);
    for framing in [Framing::Chunked, Framing::Length, Framing::UntilClose] {
        for bytes_per_write in [None, Some(1), Some(7), Some(100_000)] {
            let pace = Pace { bytes_per_write, ..Pace::default() };
            let answer = Answer::script(full_script()).with_framing(framing).with_pace(pace);
            server.set_scenario(Scenario::always(answer));
            let (reply, error) = ask(&client).await;
            assert_eq!(error, None, "{framing:?} {bytes_per_write:?}");
            expect_full(&reply);
        }
    }
}

#[tokio::test]
async fn a_whole_answer_gives_the_same_reply() {
    let server = simulator(Answer::script(full_script())).await;
    let client = client_at(&server.base_url(), Dialect::OPENAI);
    let request = ChatRequest { delivery: Delivery::Whole, ..question() };
    let reply = parlance_core::reply::collect(client.stream(&request).await.unwrap()).await.unwrap();
    expect_full(&reply);
    assert_eq!(server.requests()[0].json()["stream"], false);
}

#[tokio::test]
async fn deltas_arrive_when_they_are_sent() {
    let pace = Pace { between_ms: 40, ..Pace::default() };
    let server = simulator(Answer::says("one two three").with_pace(pace)).await;
    let client = client_at(&server.base_url(), Dialect::OPENAI);
    let mut stream = client.stream(&question()).await.unwrap();
    let mut first_at = None;
    let start = std::time::Instant::now();
    while let Some(event) = futures_util::StreamExt::next(&mut stream).await {
        if matches!(event.unwrap(), ModelEvent::TextDelta { .. }) && first_at.is_none() {
            first_at = Some(start.elapsed());
        }
    }
    // Four more writes follow the first word, 40 ms each.
    assert!(start.elapsed() - first_at.unwrap() >= std::time::Duration::from_millis(120));
}

#[tokio::test]
async fn what_request_shows_is_what_is_sent() {
    let server = simulator(Answer::says("ok")).await;
    let client = client_at(&server.base_url(), Dialect::OPENAI);
    let shown = client.request(&question()).unwrap();
    events(&client, &question()).await;
    let sent = &server.requests()[0];
    assert_eq!(shown.body, Some(sent.json()));
    assert_eq!(shown.url, format!("{}/chat/completions", server.base_url()));
    for (name, value) in &shown.headers {
        let expected = (name != "authorization").then_some(value.as_str());
        assert_eq!(sent.header(name), expected, "{name}");
    }
}

#[tokio::test]
async fn dropping_the_stream_hangs_up() {
    let pace = Pace { between_ms: 50, ..Pace::default() };
    let server = simulator(Answer::says(&"word ".repeat(10_000)).with_pace(pace)).await;
    let client = client_at(&server.base_url(), Dialect::OPENAI);
    let mut stream = client.stream(&question()).await.unwrap();
    futures_util::StreamExt::next(&mut stream).await.unwrap().unwrap();
    assert_eq!(server.open_connections(), 1);
    drop(stream);
    let closed = async {
        while server.open_connections() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_millis(250), closed).await.expect("closed within 250 ms");
}

#[tokio::test]
async fn the_models_are_listed() {
    let models = vec!["b".into(), "a".into()];
    let server = Simulator::start(Scenario { models, ..Scenario::default() }).await.unwrap();
    let client = client_at(&server.base_url(), Dialect::OPENAI);
    let ids: Vec<String> = client.models().await.unwrap().into_iter().map(|model| model.id).collect();
    assert_eq!(ids, ["a", "b"]);
}

#[tokio::test]
async fn a_server_that_does_not_stream_although_asked_is_understood() {
    let body =
        r#"{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#;
    let server = simulator(Answer::bytes("application/json", body)).await;
    let (reply, error) = ask(&client_at(&server.base_url(), Dialect::COMPATIBLE)).await;
    assert_eq!((reply.text().as_str(), error), ("hi", None));
}

#[tokio::test]
async fn a_server_on_this_computer_is_asked_past_the_proxy() {
    // The variable is read when a client is built, and only this process's own children could see it: a child it is.
    if std::env::var_os("PARLANCE_TEST_BEHIND_PROXY").is_none() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "answers::a_server_on_this_computer_is_asked_past_the_proxy"])
            .env("PARLANCE_TEST_BEHIND_PROXY", "1")
            .envs([
                ("HTTP_PROXY", "http://127.0.0.1:9"),
                ("http_proxy", "http://127.0.0.1:9"),
                ("ALL_PROXY", "http://127.0.0.1:9"),
            ])
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    let server = simulator(Answer::says("hi")).await;
    assert_eq!(ask(&client_at(&server.base_url(), Dialect::OPENAI)).await.1, None);
}
