use parlance_simulator::{Ability, Answer, Counting, Model, Scenario, Simulator};
use serde_json::{Value, json};

use crate::App;
use crate::api::{AppEvent, ErrorBody, ErrorCode};
use crate::stage::{heard, start, with_server};

/// Sends a message, and gives its conversation once all have answered.
async fn say(app: &App, message: Value) -> Value {
    let mut events = app.subscribe();
    let sent = app.call("send_message", message).await.unwrap();
    heard(&mut events, |event| matches!(event, AppEvent::AnswersEnded { .. }).then_some(())).await;
    app.call("open_conversation", json!({"id": sent["conversation_id"]})).await.unwrap()
}

/// Chooses a file with a few words in it.
async fn file(app: &App, name: &str) -> Value {
    let chosen = app.call("choose_file", json!({"name": name, "data": "SGVsbG8u"})).await.unwrap();
    chosen["id"].clone()
}

#[tokio::test]
async fn a_model_that_is_known_to_take_no_tools_is_offered_none_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let model = |name, can: &[Ability]| Model { can: can.to_vec(), ..Model::named(name) };
    let models = vec![model("plain", &[]), model("handy", &[Ability::Tools])];
    let server = Simulator::start(Scenario { models, ..Scenario::default() }).await.unwrap();
    let app = start(folder.path()).await;
    let root = server.base_url().trim_end_matches("/v1").to_owned();
    app.call("save_provider", json!({"id": "ollama", "name": "", "base_url": root, "model": "plain"})).await.unwrap();
    app.call("update_settings", json!({"provider": "ollama"})).await.unwrap();
    app.call("refresh_models", json!({"id": "ollama"})).await.unwrap();
    let asked = server.requests().len();
    let to = |model: &str| json!([{"provider": "ollama", "model": model}]);

    let first = say(&app, json!({"conversation_id": null, "text": "Hi", "to": to("plain")})).await;
    assert_eq!(first["messages"][1]["error"]["code"], "no_tools");
    assert_eq!(server.requests().len() - asked, 1, "it is not asked in vain");
    let again = say(&app, json!({"conversation_id": first["summary"]["id"], "text": "Hi", "to": to("plain")})).await;
    assert_eq!(again["messages"][3]["error"], Value::Null, "once is enough");
    let files = json!([file(&app, "a.txt").await]);
    let with_file =
        say(&app, json!({"conversation_id": null, "text": "Read it", "to": to("plain"), "files": files})).await;
    assert_eq!(with_file["messages"][1]["error"]["code"], "no_tools", "whoever chose a file is told each time");
    let handy = say(&app, json!({"conversation_id": null, "text": "Hi", "to": to("handy")})).await;
    assert_eq!(handy["messages"][1]["error"], Value::Null);
    let offered: Vec<bool> =
        server.requests()[asked..].iter().map(|request| request.json().get("tools").is_some()).collect();
    assert_eq!(offered, [false, false, false, true]);
    app.shut_down().await;
}

#[tokio::test]
async fn files_say_enough_without_words() {
    let folder = tempfile::tempdir().unwrap();
    let server = Simulator::start(Scenario::default()).await.unwrap();
    let app = start(folder.path()).await;
    with_server(&app, &server).await;
    let files = json!([file(&app, "a.txt").await, file(&app, "b.txt").await]);
    let view = say(&app, json!({"conversation_id": null, "text": " ", "files": files})).await;
    assert_eq!(view["messages"][0]["blocks"], json!([]), "no words are put into anybody's mouth");
    assert_eq!(view["messages"][0]["files"].as_array().unwrap().len(), 2);
    assert_eq!(view["summary"]["title"], "a.txt, b.txt");
    let asked = server.requests().pop().unwrap().json();
    assert!(asked["messages"][0].to_string().contains("[Files: a.txt, b.txt]"), "{asked}");
    assert!(asked["tools"].to_string().contains("read_file"), "{asked}");
    let nothing = app.call("send_message", json!({"conversation_id": null, "text": " "})).await;
    assert_eq!(nothing.unwrap_err().code, ErrorCode::EmptyMessage);
    app.shut_down().await;
}

#[tokio::test]
async fn a_wait_before_another_try_is_told_with_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let busy = Answer::refuses(429, &json!({"error": {"message": "slow down"}})).with_header("retry-after-ms", "300");
    let server = Simulator::start(Scenario::in_turn([busy, Answer::says("Here I am.")])).await.unwrap();
    let app = start(folder.path()).await;
    with_server(&app, &server).await;
    let mut events = app.subscribe();
    let sent = app.call("send_message", json!({"conversation_id": null, "text": "Hi"})).await.unwrap();
    let (message_id, error): (String, ErrorBody) = heard(&mut events, |event| match event {
        AppEvent::Waiting { message_id, error, .. } => Some((message_id.clone(), error.clone())),
        _ => None,
    })
    .await;
    assert_eq!((json!(message_id), error.code), (sent["answer_id"].clone(), ErrorCode::RateLimit));
    assert!(error.retry_at_ms.is_some() && error.seconds.is_some(), "{error:?}");
    heard(&mut events, |event| matches!(event, AppEvent::AnswersEnded { .. }).then_some(())).await;
    let view = app.call("open_conversation", json!({"id": sent["conversation_id"]})).await.unwrap();
    assert_eq!((&view["messages"][1]["status"], &view["messages"][1]["error"]), (&json!("complete"), &Value::Null));
    app.shut_down().await;
}

#[tokio::test]
async fn the_meter_asks_the_provider_about_what_it_has_heard_and_about_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        Simulator::start(Scenario { counting: Counting::Exactly(1_234), ..Scenario::default() }).await.unwrap();
    let app = start(folder.path()).await;
    let root = server.base_url().trim_end_matches("/v1").to_owned();
    let model = "claude-sonnet-4-5";
    app.call("save_provider", json!({"id": "anthropic", "name": "", "base_url": root, "model": model})).await.unwrap();
    app.call("update_settings", json!({"provider": "anthropic"})).await.unwrap();
    let counts = || {
        let asked = server.requests();
        asked
            .iter()
            .filter(|request| request.path.contains("count_tokens"))
            .map(|request| request.json())
            .collect::<Vec<_>>()
    };
    let meter = async |conversation: &Value, draft: &str| {
        app.call("context", json!({"conversation_id": conversation, "draft": draft})).await.unwrap()
    };
    assert_eq!(meter(&Value::Null, "My secret").await["exact"], false);
    assert!(counts().is_empty(), "nothing was said yet");

    let view = say(&app, json!({"conversation_id": null, "text": "Hi"})).await;
    let id = &view["summary"]["id"];
    let whole = meter(id, "").await;
    assert_eq!((&whole["tokens"], &whole["exact"]), (&json!(1_234), &json!(true)));
    let writing = meter(id, "My secret").await;
    assert!(writing["tokens"].as_u64().unwrap() > 1_234 && writing["exact"] == false, "{writing}");
    assert_eq!(counts().len(), 1, "the same is asked once");
    assert!(!json!(counts()).to_string().contains("secret"), "what is being written goes nowhere");
    app.shut_down().await;
}
