//! Keys: which one goes where, and that none of them stays anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_simulator::{Answer, Scenario};
use serde_json::json;

use crate::stage::{Called, Stage};

const CANARY: &str = "pk_canary/7e6d5c4b3a2f1e0d";

fn with_key(stage: &Stage, words: &[&str], variable: &str, key: &str) -> Called {
    let words = stage.to_server(words);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    stage.command(&words).env(variable, key).output().unwrap().into()
}

/// The canary as it is, in base64, in hexadecimal and percent-encoded.
fn forms() -> Vec<String> {
    let hex =
        |upper: bool| CANARY.bytes().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") }).collect();
    vec![
        CANARY.into(),
        BASE64.encode(CANARY),
        hex(true),
        hex(false),
        CANARY.replace('/', "%2F"),
        CANARY.replace('/', "%2f"),
    ]
}

#[track_caller]
fn assert_no_key(what: &str, bytes: &[u8]) {
    for form in forms() {
        let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
        assert!(!found, "{what} holds {form}: {}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn k4_a_key_is_used_and_stays_nowhere() {
    let echoed = format!("your key is {CANARY} and {}", BASE64.encode(CANARY));
    let refusal = json!({"error": {"message": format!("Incorrect API key provided: {CANARY}"), "code": CANARY}});
    let stage = Stage::new(Scenario { key: Some(CANARY.into()), ..Scenario::always(Answer::says(&echoed)) });
    let forms: [&[&str]; 6] = [
        &["hi", "--key-env", "MINE"],
        &["hi", "--key-env", "MINE", "-v"],
        &["hi", "--key-env", "MINE", "--json"],
        &["hi", "--key-env", "MINE", "--accumulate"],
        &["hi", "--key-env", "MINE", "--no-stream"],
        &["hi", "--key-env", "MINE", "--print-request"],
    ];
    for words in forms {
        let called = with_key(&stage, words, "MINE", CANARY);
        assert_eq!(called.code, 0, "{called:?}");
        assert_no_key("stdout", called.stdout.as_bytes());
        assert_no_key("stderr", called.stderr.as_bytes());
    }
    assert_eq!(stage.server.requests().len(), 5);
    assert!(
        stage
            .server
            .requests()
            .iter()
            .all(|request| request.header("authorization") == Some(&format!("Bearer {CANARY}")))
    );

    stage.server.set_scenario(Scenario::always(Answer::refuses(401, &refusal)));
    for words in forms {
        let called = with_key(&stage, words, "MINE", CANARY);
        assert_no_key("stdout", called.stdout.as_bytes());
        assert_no_key("stderr", called.stderr.as_bytes());
    }
    let refused = with_key(&stage, &["hi", "--key-env", "MINE", "--json"], "MINE", CANARY);
    assert_eq!((refused.code, &refused.json()["error"]["code"]), (1, &json!("key_refused")), "{refused:?}");

    let kept = stage.kept();
    assert!(
        kept.iter().any(|(path, bytes)| path.ends_with("logs/parlance.log") && !bytes.is_empty()),
        "there is a log"
    );
    for (path, bytes) in kept {
        assert_no_key(&path.display().to_string(), &bytes);
    }
}

#[test]
fn k1_the_usual_variable_goes_to_this_computer_and_not_to_other_servers() {
    let stage = Stage::repeating();
    with_key(&stage, &["hi"], "OPENAI_API_KEY", CANARY).well();
    assert!(stage.last_request().holds(CANARY));
    stage.call(&["providers", "add", "mine", "--base-url", &stage.server.base_url()]).well();
    with_key(&stage, &["hi", "--provider", "mine"], "OPENAI_API_KEY", CANARY).well();
    assert!(!stage.last_request().holds(CANARY), "a server of somebody's own");

    stage.server.set_scenario(Scenario { key: Some("another".into()), ..Scenario::default() });
    let called = with_key(&stage, &["hi", "--provider", "mine", "--json"], "OPENAI_API_KEY", CANARY);
    let error = &called.json()["error"];
    assert_eq!((called.code, &error["code"]), (1, &json!("no_key")));
    assert!(error["details"].as_str().unwrap().contains("OpenAI's own hosts"), "{error}");
}

#[test]
fn a_variable_that_holds_no_key_is_refused_before_anything_is_sent() {
    let stage = Stage::repeating();
    for word in ["sk-a\nX-Evil: 1", "two words", "schlüssel"] {
        let called = with_key(&stage, &["hi", "--json", "--key-env", "MINE"], "MINE", word);
        assert_eq!((called.code, &called.json()["error"]["code"]), (1, &json!("bad_key")), "{word:?}");
        assert!(!called.stdout.contains(word));
    }
    assert_eq!(stage.server.connections(), 0);
}

#[test]
fn k7_a_key_does_not_travel_unencrypted_to_another_computer() {
    let stage = Stage::repeating();
    let words = ["ask", "x", "--model", "m", "--base-url", "http://192.0.2.1/v1", "--key-env", "MINE", "--json"];
    let called: Called = stage.command(&words).env("MINE", CANARY).output().unwrap().into();
    assert_eq!((called.code, &called.json()["error"]["code"]), (1, &json!("plain_http")), "{called:?}");
}

#[test]
fn without_a_keyring_a_key_is_not_kept_and_that_is_said() {
    let stage = Stage::repeating();
    let called = stage.call_with_stdin(&["keys", "set", "openai", "--json"], CANARY.as_bytes());
    assert_eq!((called.code, &called.json()["error"]["code"]), (1, &json!("no_keyring")), "{called:?}");
    let called = stage.call_with_stdin(&["keys", "set", "openai", "--json"], b"sk-a\nb");
    assert_eq!((called.code, &called.json()["error"]["code"]), (1, &json!("bad_key")), "{called:?}");
    let status = stage.call(&["keys", "status", "--json"]).well().json();
    assert_eq!(status["keyring"]["state"], "absent");
    assert_eq!(
        status["providers"][0],
        json!({"name": "openai", "host": "api.openai.com", "key": "missing", "variable": null})
    );
    for (path, bytes) in stage.kept() {
        assert_no_key(&path.display().to_string(), &bytes);
    }
}
