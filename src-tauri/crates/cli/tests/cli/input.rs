//! Calls that are wrong, and things that are not what they should be: a sentence, an exit code, nothing lost.

use std::fs::File;

use parlance_simulator::{Answer, Scenario};
use sqlx::{Connection as _, SqliteConnection};

use crate::stage::{Called, Stage};

/// The exit code and the error's code, and that a person reads the sentence as well as a program.
#[track_caller]
fn assert_refused(stage: &Stage, words: &[&str], code: i32, name: &str, sentence: &str) {
    let called = stage.call(&[words, &["--json"]].concat());
    assert_eq!(called.code, code, "{words:?}: {called:?}");
    let error = &called.json()["error"];
    assert_eq!(error["code"], name, "{words:?}: {called:?}");
    assert!(error["message"].as_str().unwrap().contains(sentence), "{words:?}: {called:?}");
    assert!(!error["hint"].as_str().unwrap().is_empty(), "{words:?}: {called:?}");
    let called = stage.call(words);
    assert_eq!((called.code, called.stdout.as_str()), (code, ""), "{words:?}: {called:?}");
    assert!(called.stderr.contains(sentence), "{words:?}: {called:?}");
}

#[test]
fn wrong_words_are_exit_2_with_a_sentence() {
    let stage = Stage::repeating();
    let server = stage.server.base_url();
    for (words, name, sentence) in [
        (&["ask", "", "--model", "m", "--base-url", &server][..], "empty_message", "The message is empty."),
        (&["ask", "x", "--model", "m", "--base-url", "not a url"], "bad_url", "is not an address"),
        (&["ask", "x", "--model", "m", "--base-url", "ftp://x"], "bad_url", "is not an address"),
        (&["ask", "x", "--model", "m", "--provider", "builtin"], "bad_call", "only talks"),
        (
            &["ask", "x", "--model", "m", "--provider", "nobody"],
            "bad_call",
            "There is no provider nobody; there is: openai",
        ),
        (&["ask", "x", "--max-tokens", "0"], "bad_call", "--max-tokens"),
        (&["ask", "x", "--thinking", "lots"], "bad_call", "off, on, low"),
        (&["ask", "x", "--set", "temperature"], "bad_call", "KEY=JSON"),
        (&["ask", "x", "--messages", "f"], "bad_call", "cannot be used with"),
        (&["ask", "x", "--context-limit", "0"], "bad_call", "--context-limit"),
        (&["ask", "x", "--tokenizer", "f"], "bad_call", "--context-limit"),
        (&["tokens", "", "--provider", "openai", "--model", "m"], "empty_message", "The message is empty."),
        (&["tokens", "x", "--model", "m", "--base-url", "not a url"], "bad_url", "is not an address"),
        (&["tokens", "x", "--messages", "f"], "bad_call", "cannot be used with"),
        (&["tokens", "x", "--model", "m", "--provider", "nobody"], "bad_call", "There is no provider"),
        (&["talk", "--output", "o.wav"], "bad_call", "--input"),
        (&["providers", "add", "x", "--base-url", "nowhere"], "bad_url", "is not an address"),
        (&["keys", "set", "nobody"], "bad_call", "There is no provider"),
        (&["history", "export", "--format", "md", "-o", "x"], "bad_call", "were not provided"),
    ] {
        assert_refused(&stage, words, 2, name, sentence);
    }
    for words in [&[][..], &["nonsense"], &["ask"], &["history", "show"]] {
        assert_eq!(stage.call(words).code, 2, "{words:?}");
    }
    assert_eq!(stage.server.connections(), 0);
    for words in [&["--help"][..], &["ask", "--help"], &["--version"]] {
        assert_eq!(stage.call(words).code, 0, "{words:?}");
    }
}

#[test]
fn things_that_are_not_what_they_should_be_are_exit_1_with_a_sentence() {
    let stage = Stage::repeating();
    let server = stage.server.base_url();
    let text = stage.file("text.wav", "this is no sound");
    let empty = stage.file("empty.wav", "");
    let bad = stage.file("bad.json", "[{\"role\": \"robot\"}]");
    let file = "This file cannot be read";
    for (words, name, sentence) in [
        (&["ask", "x", "--base-url", &server][..], "no_model", "No model is chosen for OpenAI."),
        (&["ask", "x", "--model", "m"], "no_key", "OpenAI has no key for api.openai.com. Nothing was sent."),
        (&["ask", "x", "--model", "m", "--base-url", &server, "--key-env", "UNSET"], "no_key", "has no key"),
        (&["ask", "x", "--model", "m", "--base-url", &server, "--image", "none.png"], "bad_file", file),
        (&["ask", "x", "--model", "m", "--base-url", &server, "--image", &text], "bad_file", file),
        (&["ask", "x", "--model", "m", "--base-url", &server, "--audio", &text], "bad_file", file),
        (&["ask", "x", "--model", "m", "--base-url", &server, "--tools", "none.json"], "bad_file", file),
        (&["ask", "x", "--model", "m", "--base-url", &server, "--tools", &bad], "bad_file", file),
        (&["ask", "--model", "m", "--base-url", &server, "--messages", &bad], "bad_file", file),
        (&["tokens", "x", "--provider", "openai"], "no_model", "No model is chosen for OpenAI."),
        (&["tokens", "x", "--provider", "anthropic", "--model", "m"], "no_key", "Anthropic has no key"),
        (&["tokens", "x", "--model", "m", "--provider", "openai", "--tokenizer", "none.json"], "bad_file", file),
        (&["tokens", "x", "--model", "m", "--provider", "openai", "--tools", &bad], "bad_file", file),
        (&["tokens", "x", "--model", "m", "--provider", "openai", "--image", &text], "bad_file", file),
        (&["talk", "--input", &text], "bad_file", file),
        (&["talk", "--input", &empty], "bad_file", file),
        (&["talk", "--input", "none.wav"], "bad_file", file),
        (&["history", "show", "nobody"], "gone", "nothing of this name"),
        (&["history", "delete", "nobody"], "gone", "nothing of this name"),
        (&["history", "export", "nobody", "--format", "md", "-o", "x.md"], "gone", "nothing of this name"),
    ] {
        assert_refused(&stage, words, 1, name, sentence);
    }
    assert_eq!(stage.server.connections(), 0);
    assert!(!std::path::Path::new(&stage.path("x.md")).exists(), "nothing half-written is left");
    assert!(!std::path::Path::new(&stage.path("x.md.part")).exists());
}

#[test]
fn stdin_may_be_long_but_not_endless_and_not_binary() {
    let stage = Stage::answering(Answer::says("all of it"));
    let words = stage.to_server(&["-", "--json"]);
    let ask = |bytes: &[u8]| -> Called {
        stage.call_with_stdin(&words.iter().map(String::as_str).collect::<Vec<_>>(), bytes)
    };
    let long = vec![b'x'; 10_000_000];
    ask(&long).well();
    let sent = stage.last_request().json();
    assert_eq!(sent["messages"][0]["content"][0]["text"].as_str().unwrap().len(), long.len());
    for (bytes, code, name) in [
        (&vec![b'x'; 11 * 1024 * 1024][..], 1, "message_too_long"),
        (b"\xff\xfe\x00binary", 1, "bad_file"),
        (b"", 2, "empty_message"),
        (b" \n", 2, "empty_message"),
    ] {
        let called = ask(bytes);
        assert_eq!((called.code, &called.json()["error"]["code"]), (code, &name.into()), "{called:?}");
    }
    assert_eq!(stage.server.requests().len(), 1);
}

#[test]
fn a_database_that_is_locked_newer_or_none_is_said_and_left_alone() {
    let stage = Stage::new(Scenario::default());
    stage.call(&["history", "list"]).well();
    let database = stage.data().join("parlance.db");

    let lock = File::options().write(true).open(stage.data().join("parlance.lock")).unwrap();
    lock.lock().unwrap();
    assert_refused(&stage, &["history", "list"], 1, "database_busy", "Another program holds the history.");
    // What needs no history works on.
    stage.ask(&["hi"]).well();
    drop(lock);
    stage.call(&["history", "list"]).well();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut future = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
        sqlx::raw_sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (999, 'future', TRUE, x'00', 0)",
        )
        .execute(&mut future)
        .await
        .unwrap();
        future.close().await.unwrap();
    });
    let before = std::fs::read(&database).unwrap();
    for words in [
        &["history", "list"][..],
        &["talk", "--input", concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/sounds/hello.wav")],
    ] {
        assert_refused(&stage, words, 1, "database_newer", "made by a newer Parlance");
    }
    let doctor = stage.call(&["doctor", "--json"]);
    assert_eq!((doctor.code, &doctor.json()["ok"]), (1, &false.into()), "{doctor:?}");
    assert_eq!(std::fs::read(&database).unwrap(), before);

    std::fs::write(&database, "no database at all").unwrap();
    assert_refused(&stage, &["history", "list"], 1, "database_damaged", "Nothing was overwritten.");
    assert_eq!(std::fs::read(&database).unwrap(), b"no database at all");
}
