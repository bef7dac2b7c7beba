//! `ask`: what is sent, and every form in which the answer comes.

use std::io::Read as _;

use parlance_simulator::{Answer, Fault, HangUp, Pace, Piece, Scenario, Script};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::stage::{MODEL, Stage};

fn reasoning_and_a_call() -> Answer {
    Answer::script(Script {
        finish: Some("tool_calls".into()),
        ..Script::of([
            Piece::Thinking("hm".into()),
            Piece::Text("Looking. ".into()),
            Piece::ToolCall { index: 0, id: "call_1".into(), name: "weather".into(), arguments: "{\"city\":".into() },
            Piece::ToolCall { index: 0, id: String::new(), name: String::new(), arguments: "\"Paris\"}".into() },
        ])
    })
}

#[test]
fn words_go_to_stdout_and_nothing_else_does() {
    let stage = Stage::repeating();
    let called = stage.ask(&["hello there"]).well();
    assert_eq!((called.stdout.as_str(), called.stderr.as_str()), ("You said: hello there\n", ""));
    let called =
        stage.call_with_stdin(&stage.to_server(&["-"]).iter().map(String::as_str).collect::<Vec<_>>(), b"from stdin\n");
    assert_eq!(called.well().stdout, "You said: from stdin\n");
}

#[test]
fn the_object_holds_blocks_reason_counts_and_names() {
    let stage = Stage::answering(reasoning_and_a_call());
    for whole in [&["hi", "--json"][..], &["hi", "--json", "--no-stream"]] {
        let mut answer = stage.ask(whole).well().json();
        let time = answer["usage"].as_object_mut().unwrap().remove("time").unwrap();
        assert!(time.as_f64().unwrap() > 0.0);
        assert_eq!(
            answer,
            json!({
                "content": [
                    {"type": "thinking", "thinking": "hm"},
                    {"type": "text", "text": "Looking. "},
                    {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Paris"},
                     "raw_input": "{\"city\":\"Paris\"}"},
                ],
                "structured": null,
                "finish_reason": "tool_calls",
                "usage": {"input_tokens": 9, "output_tokens": 5},
                "id": "chatcmpl-simulated",
                "model": MODEL,
            })
        );
        assert_eq!(stage.last_request().json()["stream"], json!(!whole.contains(&"--no-stream")));
    }
    let called = stage.ask(&["hi"]).well();
    assert_eq!(called.stdout, "Looking. \n→ weather({\"city\":\"Paris\"})\n");
}

#[test]
fn events_come_a_line_each_and_accumulated_lines_hold_everything_so_far() {
    let stage = Stage::answering(Answer::says("one two"));
    assert_eq!(
        stage.ask(&["hi", "--events"]).well().lines(),
        [
            json!({"type": "started", "id": "chatcmpl-simulated", "model": MODEL}),
            json!({"type": "text_delta", "text": "one "}),
            json!({"type": "text_delta", "text": "two"}),
            json!({"type": "usage", "usage": {"input_tokens": 9, "output_tokens": 5}}),
            json!({"type": "finished", "reason": "stop"}),
        ]
    );
    let texts: Vec<Value> = stage
        .ask(&["hi", "--accumulate"])
        .well()
        .lines()
        .into_iter()
        .map(|line| line["content"][0]["text"].clone())
        .collect();
    assert_eq!(texts, [json!(null), json!("one "), json!("one two"), json!("one two"), json!("one two")]);
    let both = stage.ask(&["hi", "--events", "--json"]).well();
    assert_eq!(both.json()["content"][0]["text"], "one two");
    assert_eq!(both.stderr.lines().count(), 5);
}

#[test]
fn the_printed_request_is_the_one_that_is_sent_and_holds_no_key() {
    let stage = Stage::repeating();
    let tool = json!([{"type": "function", "function": {"name": "weather", "description": "W",
        "parameters": {"type": "object", "properties": {}}, "strict": true}}]);
    let tools = stage.file("tools.json", tool.to_string());
    let picture = stage.file("dot.png", b"\x89PNG\r\n\x1a\n");
    let words = [
        "what is it",
        "--system",
        "Be brief.",
        "--image",
        &picture,
        "--tools",
        &tools,
        "--tool-choice",
        "weather",
        "--thinking",
        "low",
        "--max-tokens",
        "77",
        "--set",
        "temperature=0.5",
        "--set",
        "stop=[\"x\"]",
    ];
    let print = |extra: &[&str]| {
        let words = stage.to_server(&[&words[..], extra].concat());
        let mut command = stage.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let output = command.env("OPENAI_API_KEY", "sk-canary-0123456789").output().unwrap();
        crate::stage::Called::from(output).well()
    };
    let printed = print(&["--print-request"]);
    assert_eq!(stage.server.connections(), 0, "nothing was sent");
    assert!(!printed.stdout.contains("canary"));
    let printed = printed.json();
    assert_eq!(printed["method"], "POST");
    assert_eq!(printed["url"], format!("{}/chat/completions", stage.server.base_url()));
    assert_eq!(printed["headers"]["authorization"], "Bearer [key]");
    print(&[]);
    let sent = stage.last_request();
    assert_eq!(sent.json(), printed["body"]);
    assert_eq!(sent.header("authorization"), Some("Bearer sk-canary-0123456789"));
    let body = &printed["body"];
    assert_eq!(body["tools"], tool);
    assert_eq!(body["tool_choice"]["function"]["name"], "weather");
    assert_eq!((&body["temperature"], &body["stop"]), (&json!(0.5), &json!(["x"])));
    assert_eq!(body["messages"][0]["content"][0]["text"], "Be brief.");
    assert_eq!(body["messages"][1]["content"][1]["image_url"]["url"], "data:image/png;base64,iVBORw0KGgo=");
}

#[test]
fn messages_come_from_a_file_with_all_their_blocks() {
    let stage = Stage::repeating();
    let messages = stage.file(
        "messages.json",
        json!([
            {"name": "u", "role": "user", "content": "weather?"},
            {"name": "a", "role": "assistant", "content": [
                {"type": "tool_use", "id": "1", "name": "weather", "input": {}}]},
            {"name": "s", "role": "system", "content": [
                {"type": "tool_result", "id": "1", "name": "weather", "output": "sunny"}]},
        ])
        .to_string(),
    );
    stage.ask(&["--messages", &messages]).well();
    let sent = stage.last_request().json();
    let roles: Vec<&Value> = sent["messages"].as_array().unwrap().iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "tool"]);
}

#[test]
fn a_broken_answer_is_an_error_with_what_came_beside_it() {
    let cut = Fault::Cut { after_bytes: 900, how: HangUp::Close };
    let stage = Stage::answering(Answer::says("many words that will not all arrive here").with_fault(cut));
    let called = stage.ask(&["hi", "--json"]);
    assert_eq!(called.code, 1);
    let told = called.json();
    assert_eq!(told["error"]["code"], "cut_off");
    assert!(told["content"][0]["text"].as_str().unwrap().starts_with("many "), "{told}");
    let called = stage.ask(&["hi"]);
    assert_eq!(called.code, 1);
    assert!(called.stdout.starts_with("many ") && called.stdout.ends_with('\n'), "{called:?}");
    assert!(called.stderr.starts_with("The connection to 127.0.0.1 dropped"), "{called:?}");
}

#[test]
fn ctrl_c_stops_the_answer_and_keeps_what_came() {
    let slow = Answer::says(&"word ".repeat(200)).with_pace(Pace { between_ms: 100, ..Pace::default() });
    let stage = Stage::answering(slow);
    let words = stage.to_server(&["hi"]);
    let mut child = stage.command(&words.iter().map(String::as_str).collect::<Vec<_>>()).spawn().unwrap();
    let mut first = [0; 5];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"word ");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let called = crate::stage::Called::from(child.wait_with_output().unwrap());
    assert_eq!(called.code, 1);
    assert!(called.stderr.starts_with("Stopped."), "{called:?}");
    assert!(called.stdout.len() < 100 * 5, "{called:?}");
}

#[test]
fn r6_no_control_character_of_an_answer_reaches_the_terminal() {
    let hostile = "\u{1b}]52;c;ZXZpbA==\u{7} \u{1b}]8;;https://evil.test\u{1b}\\ \u{1b}[2J \u{9b}31m safe\rfake \u{7f}";
    let stage = Stage::answering(Answer::says(hostile));
    for words in [&["hi"][..], &["hi", "--json"], &["hi", "--events"], &["hi", "--accumulate"]] {
        let called = stage.ask(words).well();
        let acts = |c: char| c.is_control() && c != '\n';
        assert!(!called.stdout.contains(acts), "{words:?}: {called:?}");
    }
    let answer = stage.ask(&["hi", "--json"]).json();
    assert_eq!(answer["content"][0]["text"], hostile, "a program gets it as it came");
}

#[test]
fn every_family_is_asked_in_its_own_protocol_at_any_form_of_its_address() {
    let stage = Stage::answering(reasoning_and_a_call());
    let root = stage.server.base_url().trim_end_matches("/v1").to_owned();
    for (family, suffix, path, key_header) in [
        ("openai", "/v1", "/v1/chat/completions", "authorization"),
        ("openai-responses", "/v1", "/v1/responses", "authorization"),
        ("anthropic", "", "/v1/messages", "x-api-key"),
        ("anthropic", "/v1", "/v1/messages", "x-api-key"),
        ("gemini", "", "/v1beta/models/m:streamGenerateContent", "x-goog-api-key"),
        ("gemini", "/v1beta", "/v1beta/models/m:streamGenerateContent", "x-goog-api-key"),
        ("dashscope", "", "/api/v1/services/aigc/text-generation/generation", "authorization"),
        ("dashscope", "/api/v1", "/api/v1/services/aigc/text-generation/generation", "authorization"),
        ("ollama", "", "/api/chat", "authorization"),
        ("ollama", "/v1", "/api/chat", "authorization"),
    ] {
        let address = format!("{root}{suffix}");
        let words =
            ["ask", "hi", "--json", "--model", "m", "--provider", family, "--base-url", &address, "--key-env", "MINE"];
        let mut command = stage.command(&words);
        let called = command.env("MINE", "sk-canary-0123456789").output().expect("the terminal can be started");
        let printed = String::from_utf8_lossy(&called.stdout).into_owned();
        assert!(called.status.success(), "{family} {suffix}: {printed} {}", String::from_utf8_lossy(&called.stderr));
        let answer: Value = serde_json::from_str(&printed).expect("one object");
        assert_eq!(answer["finish_reason"], "tool_calls", "{family} {suffix}: {answer}");
        assert_eq!(answer["content"][2]["input"], json!({"city": "Paris"}), "{family} {suffix}: {answer}");
        let sent = stage.last_request();
        assert_eq!(sent.path.split('?').next(), Some(path), "{family} {suffix}");
        assert!(
            sent.header(key_header).is_some_and(|value| value.ends_with("sk-canary-0123456789")),
            "{family} {suffix}"
        );
    }
}

#[test]
fn tools_that_come_with_parlance_are_run_and_their_results_stand_in_the_answer() {
    let call = |index, name: &str, arguments: &str| Piece::ToolCall {
        index,
        id: format!("call_{index}"),
        name: name.into(),
        arguments: arguments.into(),
    };
    let asks = || {
        Answer::script(Script {
            finish: Some("tool_calls".into()),
            ..Script::of([
                call(0, "read_file", r#"{"name":"notes.txt"}"#),
                call(1, "current_time", r#"{"time_zone":"Europe/Nowhere"}"#),
            ])
        })
    };
    let stage =
        Stage::new(Scenario::in_turn([asks(), Answer::says("It says 42."), asks(), Answer::says("It says 42.")]));
    let notes = stage.file("notes.txt", "the answer is 42");
    let answer = stage.ask(&["what?", "--run-tools", "--file", &notes, "--json"]).well().json();
    let kinds: Vec<&str> =
        answer["content"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["tool_use", "tool_use", "tool_result", "tool_result", "text"]);
    assert_eq!(answer["content"][2]["output"], "the answer is 42");
    assert_eq!((&answer["content"][3]["end"], &answer["finish_reason"]), (&json!("failed"), &json!("stop")));
    assert_eq!(answer["usage"]["input_tokens"], 18, "both requests count");
    let called = stage.ask(&["what?", "--run-tools", "--file", &notes]).well();
    assert_eq!(called.stdout, "It says 42.\n");
    assert_eq!(called.stderr, "read_file: done\ncurrent_time: failed\n");
}
