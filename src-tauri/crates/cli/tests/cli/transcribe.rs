//! `transcribe`, and `talk` through an ear, a chat model and a mouth: the local server hears, answers and speaks.

use parlance_simulator::speech::sound;
use parlance_simulator::transcription::{self, RECORDING};
use parlance_simulator::{Answer, Failure, Rule, Scenario, Script};
use serde_json::{Value, json};

use crate::stage::Stage;

const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/sounds/hello.wav");
const ASKED: &str = "Tell me about the heating.";
const FIRST: &str = "The heating was repaired on Monday.";
const SECOND: &str = "It cost two hundred euros.";

fn hears(words: &str) -> Rule {
    Rule { when: Some(RECORDING.into()), answer: Answer::script(Script::says(words)), ..Rule::default() }
}

#[test]
fn a_recording_goes_out_as_it_is_and_its_words_come_back() {
    let stage = Stage::new(Scenario { rules: vec![hears(ASKED)], ..Scenario::default() });
    let base_url = stage.server.base_url();
    for model in ["gpt-transcribe", "whisper-1"] {
        let words = ["transcribe", HELLO, "--provider", "openai", "--model", model, "--base-url", &base_url];
        let told = stage.call(&[&words[..], &["--language", "en-GB", "--json"]].concat()).well().json();
        assert_eq!(told["text"], ASKED, "{model}");
        assert!(told["duration_s"].as_f64().is_some_and(|seconds| seconds > 1.0), "{told}");
        let asked = stage.server.requests().pop().unwrap();
        assert_eq!(transcription::file(&asked), Some(&*std::fs::read(HELLO).unwrap()), "{model}");
        assert_eq!(transcription::field(&asked, "language"), Some(&b"en"[..]), "{model}");
        assert_eq!(transcription::field(&asked, "model"), Some(model.as_bytes()));
        assert_eq!(stage.call(&words).well().stdout, format!("{ASKED}\n"));
    }
}

#[test]
fn what_would_be_sent_is_printed_and_bad_input_is_told() {
    let stage = Stage::repeating();
    let base_url = stage.server.base_url();
    let words = ["transcribe", HELLO, "--provider", "openai", "--base-url", &base_url, "--print-request"];
    let shown = stage.call(&words).well().json();
    let form = &shown["body"]["_multipart"];
    assert_eq!((&form["model"], &form["stream"]), (&json!("gpt-transcribe"), &json!("true")), "{shown}");
    assert!(form["file"].as_str().is_some_and(|file| file.contains("audio/wav")), "{shown}");
    assert!(stage.server.requests().is_empty());
    for (file, provider, code) in
        [("nowhere.wav", "openai", "bad_file"), ("notes.txt", "openai", "bad_file"), (HELLO, "anthropic", "no_voice")]
    {
        let told = stage.call(&["transcribe", file, "--provider", provider, "--base-url", &base_url, "--json"]);
        assert_eq!(told.json()["error"]["code"], code, "{file} {provider}");
    }
}

#[test]
fn any_chat_model_listens_and_talks() {
    let answer = Rule {
        when: Some(ASKED.into()),
        answer: Answer::script(Script::says(&format!("**{FIRST}** {SECOND}"))),
        ..Rule::default()
    };
    let stage = Stage::new(Scenario { rules: vec![hears(ASKED), answer], ..Scenario::default() });
    stage.call(&["providers", "add", "local", "--dialect", "openai", "--base-url", &stage.server.base_url()]).well();
    let (origin, output) = (stage.server.origin(), stage.path("answer.wav"));
    let call = ["talk", "--provider", "anthropic", "--model", "claude", "--base-url", &origin, "--input", HELLO];
    let parts = ["--ear", "local/whisper-1", "--mouth", "local/tts", "--output", &output, "--fast", "--json"];
    let told = stage.call(&[&call[..], &parts].concat()).well().json();
    let turn = &told["turns"][0];
    assert_eq!((&turn["user"], &turn["interrupted"]), (&json!(ASKED), &json!(false)), "{told}");
    assert!(turn["assistant"].as_str().is_some_and(|said| said.contains(FIRST) && said.contains(SECOND)), "{turn}");

    // Nothing of the mark-up is spoken, and the sentences are asked for one by one, in order.
    let asked = stage.server.requests();
    let spoken: Vec<Value> =
        asked.iter().filter(|asked| asked.place() == "/v1/audio/speech").map(|asked| asked.json()).collect();
    let spoken: Vec<&str> = spoken.iter().filter_map(|asked| asked["input"].as_str().map(str::trim)).collect();
    assert_eq!(spoken, [FIRST, SECOND]);
    let heard = std::fs::read(&output).unwrap();
    let least = (sound(FIRST).len() + sound(SECOND).len()) * 2;
    assert!(heard.len() >= 44 + least, "{} bytes of {least} were heard", heard.len());
}

#[test]
fn what_could_not_be_written_down_is_said_and_kept() {
    let fails = Rule { when: Some(RECORDING.into()), answer: Answer::fails(Failure::WrongKey), ..Rule::default() };
    let stage = Stage::new(Scenario { rules: vec![fails], ..Scenario::default() });
    stage.call(&["providers", "add", "local", "--dialect", "openai", "--base-url", &stage.server.base_url()]).well();
    let origin = stage.server.origin();
    let call = ["talk", "--provider", "anthropic", "--model", "claude", "--base-url", &origin, "--input", HELLO];
    let told = stage.call(&[&call[..], &["--ear", "local/w", "--mouth", "local/t", "--fast", "--json"]].concat());
    assert_eq!(told.code, 1, "{}", told.stdout);
    assert!(told.json()["error"]["code"].is_string());
}
