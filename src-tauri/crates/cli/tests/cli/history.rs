//! `history`, after something was said.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::{Called, Stage};

const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/sounds/hello.wav");

fn spoken(stage: &Stage) -> String {
    let told = stage.call(&["talk", "--input", HELLO, "--fast", "--json"]).well().json();
    told["conversation_id"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_said_is_listed_shown_exported_and_deleted() {
    let stage = Stage::repeating();
    let id = spoken(&stage);
    let other = spoken(&stage);
    let listed = stage.call(&["history", "list", "--json"]).well().json();
    let ids: Vec<&Value> = listed["conversations"].as_array().unwrap().iter().map(|line| &line["id"]).collect();
    assert_eq!(ids, [&json!(other), &json!(id)], "newest first");
    assert_eq!(listed["total"], 2);

    let shown = stage.call(&["history", "show", &id, "--json"]).well().json();
    let roles: Vec<&Value> = shown["messages"].as_array().unwrap().iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["user", "assistant"]);
    let text = stage.call(&["history", "show", &id]).well().stdout;
    assert!(text.starts_with("# (spoken)\n\n## You, ") && text.contains("*(spoken, 3.8 s)*"), "{text}");

    let (md, all) = (stage.path("one.md"), stage.path("all.json"));
    stage.call(&["history", "export", &id, "--format", "md", "-o", &md]).well();
    assert_eq!(std::fs::read_to_string(&md).unwrap(), text);
    stage.call(&["history", "export", "--all", "--format", "json", "-o", &all]).well();
    let exported: Value = serde_json::from_str(&std::fs::read_to_string(&all).unwrap()).unwrap();
    assert_eq!(exported["conversations"].as_array().unwrap().len(), 2);
    let source = &exported["conversations"][0]["messages"][1]["content"][0]["source"];
    assert_eq!((&source["type"], &source["media_type"]), (&json!("base64"), &json!("audio/wav")), "sound is inside");
    let again = stage.call(&["history", "export", "--all", "--format", "md", "-o", &all, "--json"]);
    assert_eq!((again.code, &again.json()["error"]["code"]), (1, &json!("bad_file")), "nothing is overwritten");

    stage.call(&["history", "delete", &id]).well();
    assert_eq!(stage.call(&["history", "list", "--json"]).json()["total"], 1);
    assert_eq!(stage.call(&["history", "show", &id]).code, 1);
}

#[test]
fn searching_takes_any_words() {
    let stage = Stage::repeating();
    spoken(&stage);
    for query in ["hello", "\"", "AND OR NOT", "*", "汉字", "a:b"] {
        let found = stage.call(&["history", "search", query, "--json"]).well().json();
        assert_eq!(found, json!({"hits": []}), "{query}");
    }
    assert_eq!(stage.call(&["history", "search", "hello"]).well().stdout, "Nothing was found.\n");
}

#[test]
fn a_second_process_works_beside_one_that_talks() {
    let stage = Stage::repeating();
    let talking = stage.command(&["talk", "--input", HELLO, "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut seen = 0;
    // The turn comes into the history while it is still being answered.
    while seen == 0 {
        seen = stage.call(&["history", "list", "--json"]).well().json()["total"].as_u64().unwrap();
        thread::sleep(Duration::from_millis(50));
    }
    let own = spoken(&stage);
    let talked = Called::from(talking.wait_with_output().unwrap()).well().json();
    assert_eq!(talked["turns"][0]["interrupted"], false);
    let listed = stage.call(&["history", "list", "--json"]).well().json();
    assert_eq!(listed["total"], 2, "{listed}, {own}");
}
