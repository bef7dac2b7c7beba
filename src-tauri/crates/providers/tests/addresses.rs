//! What is particular to the clients of Anthropic and Gemini: where they ask, and what Anthropic is asked twice.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::sync::Arc;

use parlance_core::chat::Delivery;
use parlance_core::{Category, ChatModel, ChatRequest, ContentBlock, Msg, Role};
use parlance_providers::NoKey;
use parlance_simulator::{Answer, Scenario, Simulator};
use serde_json::{Value, json};

#[path = "families/family.rs"]
#[expect(dead_code, reason = "only a part of it is needed here")]
mod family;
#[path = "chat/setting.rs"]
#[expect(dead_code, reason = "only a part of it is needed here")]
mod setting;

use family::Family;
use setting::{PATIENT, question, simulator};

fn at(family: Family, address: &str) -> Box<dyn ChatModel> {
    family.client_at(address, Arc::new(NoKey), PATIENT)
}

async fn text(client: &dyn ChatModel, request: &ChatRequest) -> String {
    let stream = client.stream(request).await.unwrap();
    parlance_core::reply::collect(stream).await.unwrap().text()
}

#[tokio::test]
async fn an_address_may_end_in_its_version_or_before_it() {
    let server = simulator(Answer::says("hi")).await;
    let root = server.origin();
    for address in [root.clone(), format!("{root}/v1")] {
        assert_eq!(text(&*at(Family::Anthropic, &address), &question()).await, "hi");
        Family::Anthropic.models(&address, Arc::new(NoKey)).await.unwrap();
    }
    for address in [root.clone(), format!("{root}/v1beta/")] {
        for delivery in [Delivery::Streaming, Delivery::Whole] {
            let request = ChatRequest { delivery, ..question() };
            assert_eq!(text(&*at(Family::Gemini, &address), &request).await, "hi");
        }
        Family::Gemini.models(&address, Arc::new(NoKey)).await.unwrap();
    }
    for address in
        [root.clone(), format!("{root}/api/v1"), format!("{root}/api-ws/v1/"), root.replace("http://", "ws://")]
    {
        assert_eq!(text(&*at(Family::DashScope, &address), &question()).await, "hi");
    }
    for address in [root.clone(), format!("{root}/v1"), format!("{root}/api")] {
        assert_eq!(text(&*at(Family::Ollama, &address), &question()).await, "hi");
    }
    let mut paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    paths.dedup();
    paths.sort();
    paths.dedup();
    assert_eq!(
        paths,
        [
            "/api/chat",
            "/api/v1/services/aigc/text-generation/generation",
            "/v1/messages",
            "/v1/models?limit=1000",
            "/v1beta/models/m:generateContent",
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            "/v1beta/models?pageSize=1000",
        ]
    );
}

/// A question after an answer whose reasoning was sealed.
fn sealed() -> ChatRequest {
    let thinking = ContentBlock::Thinking { thinking: "hm".into(), signature: Some("c2ln".into()), opaque: None };
    let messages = vec![
        Msg::text(Role::User, "user", "One?"),
        Msg::new(Role::Assistant, "model", vec![thinking, ContentBlock::text("Yes.")]),
        Msg::text(Role::User, "user", "Two?"),
    ];
    ChatRequest { messages, ..question() }
}

fn refusal(message: &str) -> Answer {
    Answer::refuses(400, &json!({"type": "error", "error": {"type": "invalid_request_error", "message": message}}))
}

#[tokio::test]
async fn a_seal_that_is_no_longer_accepted_is_left_out_once() {
    let broken = "messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to a different conversation.";
    let server = Simulator::start(Scenario::in_turn([refusal(broken), Answer::says("Two.")])).await.unwrap();
    assert_eq!(text(&*at(Family::Anthropic, &server.origin()), &sealed()).await, "Two.");
    let asked: Vec<Value> =
        server.requests().iter().map(|request| request.json()["messages"][1]["content"].clone()).collect();
    let words = json!({"type": "text", "text": "Yes."});
    assert_eq!(asked, [json!([{"type": "thinking", "thinking": "hm", "signature": "c2ln"}, words]), json!([words])]);

    for (message, times) in [(broken, 2), ("messages: something else", 1)] {
        let server = simulator(refusal(message)).await;
        let error = at(Family::Anthropic, &server.origin()).stream(&sealed()).await.map(|_| ()).unwrap_err();
        assert_eq!((error.category, server.requests().len()), (Category::InvalidRequest, times), "{message}");
    }
}
