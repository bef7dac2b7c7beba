//! A model uses tools: it asks for the time and a file, the file needs consent where it goes elsewhere than it was chosen
//! for; stopped in mid-tool, what came is kept; after a restart another provider goes on with it all.

use std::time::Duration;

use parlance_app::api::EventBatch;
use parlance_app::{App, Options};
use parlance_simulator::{Answer, Piece, Scenario, Script, Simulator};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Nothing here takes longer, and a test that waits in vain says so.
const PATIENCE: Duration = Duration::from_secs(20);

/// An engine with an ear at its events.
struct Window {
    app: App,
    events: mpsc::Receiver<EventBatch>,
}

impl Window {
    async fn open(folder: &std::path::Path) -> Self {
        let app = App::start(Options { data_dir: Some(folder.to_owned()), ..Options::default() }).await;
        let events = app.subscribe();
        Self { app, events }
    }

    async fn call(&self, name: &str, request: Value) -> Value {
        self.app.call(name, request).await.unwrap_or_else(|error| panic!("{name}: {error:?}"))
    }

    /// The next event that fits.
    async fn hear(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let heard = async {
            loop {
                let batch = self.events.recv().await.expect("the engine lives");
                let events = batch.events.iter().map(|event| serde_json::to_value(event).unwrap());
                if let Some(event) = events.into_iter().find(&fits) {
                    return event;
                }
            }
        };
        tokio::time::timeout(PATIENCE, heard).await.expect("it is told in time")
    }

    /// The answer when it is over.
    async fn answer(&mut self, id: &str) -> Value {
        let over = |event: &Value| {
            event["type"] == "message" && event["message"]["id"] == id && event["message"]["status"] != "streaming"
        };
        self.hear(over).await["message"].clone()
    }

    /// Sends to a provider; the conversation and the answer.
    async fn send(&self, provider: &str, conversation: Option<&str>, files: &[&str]) -> (String, String) {
        let to = json!([{"provider": provider, "model": "m"}]);
        let message = json!({"conversation_id": conversation, "text": "What does it say?", "files": files, "to": to});
        let sent = self.call("send_message", message).await;
        let word = |field: &str| sent[field].as_str().unwrap().to_owned();
        (word("conversation_id"), word("answer_id"))
    }
}

fn calling(calls: &[(&str, &str)]) -> Answer {
    let pieces = calls.iter().zip(0..).map(|(&(name, arguments), index)| Piece::ToolCall {
        index,
        id: format!("call_{index}"),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    });
    Answer::script(Script { finish: Some("tool_calls".into()), ..Script::of(pieces) })
}

fn blocks(message: &Value) -> Vec<&str> {
    message["blocks"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_run_ask_stop_and_are_remembered_by_every_provider() {
    let read = ("read_file", r#"{"name":"notes.txt"}"#);
    let chat = Simulator::start(Scenario::in_turn([
        calling(&[("current_time", r#"{"time_zone":"UTC"}"#), read]),
        Answer::says("Forty-two."),
        Answer::says("Still forty-two."),
    ]))
    .await
    .unwrap();
    let other = Simulator::start(Scenario::in_turn([calling(&[read]), Answer::says("It says 42."), calling(&[read])]))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(folder.path()).await;
    let lab = json!({"id": "lab", "name": "Lab", "base_url": chat.base_url(), "model": "m"});
    window.call("save_provider", lab).await;
    let local = json!({"id": "ollama", "name": "Ollama", "base_url": other.origin(), "model": "m"});
    window.call("save_provider", local).await;

    // Both tools run; the file was chosen for this provider, so nobody is asked.
    let data = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode("the answer is 42")
    };
    let file = window.call("choose_file", json!({"name": "notes.txt", "data": data})).await;
    let (conversation, answer) = window.send("lab", None, &[file["id"].as_str().unwrap()]).await;
    let message = window.answer(&answer).await;
    assert_eq!(blocks(&message), ["tool_call", "tool_call", "tool_result", "tool_result", "text"], "{message}");
    assert_eq!(message["blocks"][3]["output"], "the answer is 42");
    let told = chat.requests()[1].json();
    let results: Vec<&str> = told["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert!(results[0].contains("\"time_zone\":\"UTC\"") && results[1] == "the answer is 42", "{results:?}");

    // Another provider: the person is asked, a window that opens now sees it, and the answer goes on after a yes.
    let (_, answer) = window.send("ollama", Some(&conversation), &[]).await;
    let asks = |event: &Value| event["delta"]["type"] == "tool_state" && event["delta"]["state"]["is"] == "asking";
    window.hear(asks).await;
    let view = window.call("open_conversation", json!({"id": conversation})).await;
    let call = view["messages"][3]["blocks"][0].clone();
    assert_eq!(call["state"]["is"], "asking", "{view}");
    assert_eq!(view["messages"][0]["files"][0]["name"], "notes.txt");
    assert_eq!(other.requests().len(), 1, "nothing of the file has gone there");
    let decide = json!({"message_id": answer, "call_id": call["id"], "decision": "once"});
    window.call("decide_tool", decide).await;
    let message = window.answer(&answer).await;
    assert_eq!(blocks(&message), ["tool_call", "tool_result", "text"]);
    assert!(other.requests()[1].json().to_string().contains("the answer is 42"));

    // Stopped while it asks.
    let (_, answer) = window.send("ollama", Some(&conversation), &[]).await;
    window.hear(asks).await;
    window.call("stop_answer", json!({"id": conversation})).await;
    let message = window.answer(&answer).await;
    assert_eq!((message["status"].as_str(), blocks(&message)), (Some("stopped"), vec!["tool_call"]));
    window.app.shut_down().await;

    // After a restart the thread shows it, and the first provider takes the whole of it.
    let mut window = Window::open(folder.path()).await;
    let view = window.call("open_conversation", json!({"id": conversation})).await;
    assert_eq!(view["messages"][5]["blocks"][0]["state"]["is"], "over");
    let (_, answer) = window.send("lab", Some(&conversation), &[]).await;
    let message = window.answer(&answer).await;
    assert_eq!(message["blocks"][0]["text"], "Still forty-two.", "{message}");
    let told = chat.requests()[2].json();
    let written = told["messages"].to_string();
    assert!(written.contains("There is no result: the call was stopped"), "{written}");
    let (mut calls, mut results) = (Vec::new(), Vec::new());
    for message in told["messages"].as_array().unwrap() {
        let made = message["tool_calls"].as_array().into_iter().flatten();
        calls.extend(made.map(|call| call["id"].clone()));
        results.extend(message.get("tool_call_id").cloned());
    }
    assert_eq!(calls, results, "each call has its own result");
    window.app.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_tools_answers_without_them_and_that_is_said() {
    let refusal = json!({"error": {"message": "m does not support tools", "type": "invalid_request_error"}});
    let server =
        Simulator::start(Scenario::in_turn([Answer::refuses(400, &refusal), Answer::says("Plain.")])).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(folder.path()).await;
    let lab = json!({"id": "lab", "name": "Lab", "base_url": server.base_url(), "model": "m"});
    window.call("save_provider", lab).await;
    for _ in 0..2 {
        let (_, answer) = window.send("lab", None, &[]).await;
        let message = window.answer(&answer).await;
        assert_eq!((message["status"].as_str(), &message["blocks"][0]["text"]), (Some("complete"), &json!("Plain.")));
    }
    let offered: Vec<bool> = server.requests().iter().map(|request| request.json().get("tools").is_some()).collect();
    assert_eq!(offered, [true, false, false], "it is not tried again and again");
    window.app.shut_down().await;
}
