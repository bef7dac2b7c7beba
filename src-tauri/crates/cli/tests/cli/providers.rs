//! `providers`, `doctor` and `devices`.

use parlance_simulator::{Answer, Scenario};
use serde_json::{Value, json};

use crate::stage::Stage;

#[test]
fn a_server_is_added_tested_listed_and_asked_by_its_name() {
    let stage = Stage::new(Scenario { models: vec!["b".into(), "a".into()], ..Scenario::default() });
    let base_url = stage.server.base_url();
    stage.call(&["providers", "add", "mine", "--dialect", "openai", "--base-url", &base_url, "--model", "a"]).well();
    let listed = stage.call(&["providers", "list", "--json"]).well().json();
    let mine = |listed: &Value| {
        listed["providers"].as_array().unwrap().iter().find(|each| each["name"] == "mine").cloned().unwrap_or_default()
    };
    assert_eq!(
        mine(&listed),
        json!({"name": "mine", "dialect": "openai", "base_url": base_url, "model": "a", "chosen": false})
    );
    let models = stage.call(&["providers", "models", "mine", "--json"]).well().json();
    assert_eq!(models["models"], json!(["a", "b"]));
    assert_eq!(
        (&models["details"][1]["id"], &models["details"][1]["capabilities"]["chat"]),
        (&json!("b"), &Value::Null),
        "nobody says"
    );
    let tested = stage.call(&["providers", "test", "mine", "--json"]).well().json();
    assert_eq!((&tested["ok"], &tested["models"]), (&json!(true), &json!(2)));
    assert_eq!(stage.call(&["ask", "hi", "--provider", "mine"]).well().stdout, "You said: hi\n");
    assert_eq!(stage.last_request().json()["model"], "a");

    // A new address keeps the model.
    stage.call(&["providers", "add", "mine", "--base-url", "http://localhost:1/v1"]).well();
    let listed = stage.call(&["providers", "list", "--json"]).well().json();
    let mine = mine(&listed);
    assert_eq!((&mine["base_url"], &mine["model"]), (&json!("http://localhost:1/v1"), &json!("a")));
}

#[test]
fn a_server_that_is_none_is_named_with_what_is_wrong() {
    let stage = Stage::answering(Answer::bytes("text/html", "<!doctype html><title>Log in</title>"));
    stage.call(&["providers", "add", "portal", "--base-url", &stage.server.base_url(), "--model", "m"]).well();
    let asked = stage.call(&["ask", "hi", "--provider", "portal", "--json"]);
    assert_eq!((asked.code, &asked.json()["error"]["code"]), (1, &json!("not_the_api")), "{asked:?}");
    stage.call(&["providers", "add", "nobody", "--base-url", "http://127.0.0.1:1/v1", "--model", "m"]).well();
    let tested = stage.call(&["providers", "test", "nobody", "--json"]);
    assert_eq!((tested.code, &tested.json()["error"]["code"]), (1, &json!("unreachable")), "{tested:?}");
}

#[test]
fn the_doctor_looks_at_everything_and_says_so_in_lines_and_in_json() {
    let stage = Stage::repeating();
    let report = stage.call(&["doctor", "--json"]).well().json();
    assert_eq!(report["ok"], true);
    let names: Vec<&str> =
        report["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["data folder", "history", "keyring", "sound system", "microphone", "speaker", "provider openai"]
    );
    let keyring = &report["checks"][2];
    assert_eq!(keyring["state"], "warning", "there is no keyring on this stage");
    let lines = stage.call(&["doctor"]).well().stdout;
    assert_eq!(lines.lines().count(), names.len());
    assert!(lines.starts_with("ok       data folder: "), "{lines}");
}

#[test]
fn devices_are_listed_by_kind() {
    let listed = Stage::repeating().call(&["devices", "list", "--json"]).well().json();
    assert!(listed["inputs"].is_array() && listed["outputs"].is_array(), "{listed}");
}
