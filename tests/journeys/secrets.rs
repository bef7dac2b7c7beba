//! A key goes in and is never seen again: not in the data folder, not in the log, not in anything the engine tells.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use parlance_app::api::EventBatch;
use parlance_app::{App, Options};
use parlance_simulator::{Answer, Rule, Scenario, Simulator};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::virtual_keyring::VIRTUAL_KEYRING;

const CANARY: &str = "sk-canary-7Qm2Zt9Lx4Vb8Nw1";

/// The key in every form in which it could leak.
fn forms() -> Vec<String> {
    let hex: String = CANARY.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let percent: String = CANARY.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02X}").unwrap();
        text
    });
    let base64 = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(CANARY)
    };
    // The last characters of base64 depend on what follows.
    vec![
        CANARY.to_owned(),
        CANARY[3..].to_owned(),
        hex.to_uppercase(),
        hex,
        percent,
        base64[..base64.len() - 2].to_owned(),
    ]
}

fn assert_clean(what: &str, bytes: &[u8]) {
    for form in forms() {
        let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
        assert!(!found, "{what} holds the key as {form}");
    }
}

fn assert_folder_clean(folder: &Path) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files += assert_folder_clean(&entry.path());
        } else {
            assert_clean(&entry.path().display().to_string(), &fs::read(entry.path()).unwrap());
            files += 1;
        }
    }
    files
}

/// Asks the engine as a window does; everything that comes back is looked at.
struct Trace {
    app: App,
    events: mpsc::Receiver<EventBatch>,
}

impl Trace {
    async fn call(&self, name: &str, request: Value) -> Value {
        let answer = self.app.call(name, request).await.unwrap_or_else(|error| serde_json::to_value(error).unwrap());
        assert_clean(name, answer.to_string().as_bytes());
        answer
    }

    async fn drain(&mut self) -> usize {
        let mut seen = 0;
        while let Ok(Some(batch)) = tokio::time::timeout(Duration::from_millis(600), self.events.recv()).await {
            assert_clean("an event", serde_json::to_string(&batch).unwrap().as_bytes());
            seen += batch.events.len();
        }
        seen
    }
}

#[test]
fn a_key_is_nowhere_but_in_the_keyring_and_on_its_way_to_its_server() {
    VIRTUAL_KEYRING.play("secrets::a_key_is_nowhere_but_in_the_keyring_and_on_its_way_to_its_server", &[], || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(journey());
    });
}

async fn journey() {
    // A server that repeats the key in its refusals, as some do.
    let echoing =
        json!({"error": {"message": format!("Incorrect API key provided: {CANARY}"), "code": "invalid_api_key"}});
    let rules = vec![
        Rule { when: Some("refuse".into()), answer: Answer::refuses(401, &echoing), ..Rule::default() },
        Rule { answer: Answer::says(&format!("your key is {}", "fine")), ..Rule::default() },
    ];
    let simulator =
        Simulator::start(Scenario { key: Some(CANARY.into()), rules, ..Scenario::default() }).await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let options = Options { data_dir: Some(data.path().to_owned()), ..Options::default() };
    let app = App::start(options).await;
    let events = app.subscribe();
    let mut trace = Trace { app, events };

    let server = json!({"id": "canary", "name": "Canary", "base_url": simulator.base_url(), "model": "simulated"});
    trace.call("save_provider", server).await;
    let kept = trace.call("set_key", json!({"provider": "canary", "key": CANARY, "keep": "keyring"})).await;
    assert_eq!(kept["key"], "keyring", "{kept}");
    trace.call("update_settings", json!({"provider": "canary"})).await;
    let tested = trace.call("test_provider", json!({"id": "canary"})).await;
    assert_eq!(tested["models"], json!(["simulated"]), "the key works: {tested}");
    for words in ["hello", "refuse this"] {
        let sent = trace.call("send_message", json!({"conversation_id": null, "text": words})).await;
        assert!(sent["answer_id"].is_string(), "{sent}");
        assert!(trace.drain().await > 2);
        trace.call("open_conversation", json!({"id": sent["conversation_id"]})).await;
    }
    // What cannot be a request must not be repeated in the refusal either.
    trace.call("set_key", json!({"provider": "canary", "key": [CANARY]})).await;
    trace
        .call("set_key", json!({"provider": "canary", "key": format!("{CANARY}\nX-Evil: 1"), "keep": "keyring"}))
        .await;
    trace.call("set_key", json!({"provider": CANARY, "key": "sk-other", "keep": "session"})).await;
    trace.call("snapshot", json!({})).await;
    // Another address is another server: it gets nothing.
    let other = Simulator::start(Scenario::always(Answer::says("give me the key"))).await.unwrap();
    let moved = json!({"id": "canary", "name": "Canary", "base_url": other.base_url(), "model": "simulated"});
    let view = trace.call("save_provider", moved).await;
    assert_eq!(view["key"], "missing", "{view}");
    trace.call("test_provider", json!({"id": "canary"})).await;
    trace.drain().await;
    assert!(other.requests().iter().all(|request| !request.holds(CANARY)), "the key followed the address");
    assert!(simulator.requests().iter().any(|request| request.holds(CANARY)), "its own server did get it");

    trace.app.shut_down().await;
    assert!(assert_folder_clean(data.path()) >= 4, "database, settings, log and lock were looked at");
}
