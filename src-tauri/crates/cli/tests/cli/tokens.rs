//! `tokens` and `--context-limit`: what a prompt counts, and what is left out of one that is too long.

use parlance_simulator::{Answer, Counting, Scenario};
use serde_json::{Value, json};

use crate::stage::Stage;

/// The folder with small tokenizers.
const TOKENIZERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/tokenizers");

fn told(stage: &Stage, words: &[&str]) -> Value {
    stage.call(&[&["tokens"], words, &["--json"]].concat()).well().json()
}

#[test]
fn a_prompt_is_counted_by_openais_rule_without_a_server_or_a_key() {
    let stage = Stage::repeating();
    // As a recorded answer counted it, with the name that Parlance sends: one more, and its own token.
    let asked = json!([{"name": "", "role": "user", "content": "Say this is a test"}]);
    let messages = stage.file("messages.json", asked.to_string());
    let of = |model: &str| told(&stage, &["--provider", "openai", "--model", model, "--messages", &messages]);
    assert_eq!(of("gpt-4"), json!({"tokens": 12, "exact": true}));
    assert_eq!(of("gpt-4o"), json!({"tokens": 12, "exact": true}));
    assert_eq!(of("gpt-7-nobody-knows"), json!({"tokens": 12, "exact": false}));
    let words = ["--provider", "openai", "--model", "gpt-4o", "Say this is a test"];
    assert_eq!(told(&stage, &words), json!({"tokens": 14, "exact": true}));
    let called =
        stage.call_with_stdin(&["tokens", "--provider", "openai", "--model", "gpt-4o", "-"], b"Say this is a test");
    assert_eq!(called.well().stdout, "14 tokens.\n");
    assert_eq!(stage.server.connections(), 0);
}

#[test]
fn tools_pictures_and_sound_count_and_are_marked() {
    let stage = Stage::repeating();
    let tool = json!([{"type": "function", "function": {"name": "get_current_weather",
        "description": "Get the current weather in a given location", "parameters": {"type": "object", "properties": {
            "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
            "unit": {"type": "string", "description": "The unit of temperature to return", "enum": ["celsius", "fahrenheit"]}}}}}]);
    let tools = stage.file("tools.json", tool.to_string());
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend([0, 0, 4, 0, 0, 0, 4, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0]);
    let picture = stage.file("picture.png", png);
    let asked = |more: &[&str]| {
        told(&stage, &[&["--provider", "openai", "--model", "gpt-4o", "Say this is a test"], more].concat())
    };
    assert_eq!(asked(&["--image", &picture]), json!({"tokens": 14 + 765, "exact": true}));
    let with_tools = asked(&["--tools", &tools]);
    assert_eq!(
        (&with_tools["exact"], with_tools["tokens"].as_u64().unwrap() > 14 + 50),
        (&json!(false), true),
        "{with_tools}"
    );
    let sound = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/sounds/hello.wav");
    let with_sound = asked(&["--audio", sound]);
    assert_eq!(
        (&with_sound["exact"], with_sound["tokens"].as_u64().unwrap() > 14),
        (&json!(false), true),
        "{with_sound}"
    );
}

#[test]
fn a_models_own_tokenizer_counts_whatever_the_provider() {
    let stage = Stage::repeating();
    let folder = format!("{TOKENIZERS}/chatml");
    let file = format!("{folder}/tokenizer.json");
    for provider in ["openai", "dashscope", "ollama", "anthropic"] {
        for tokenizer in [&folder, &file] {
            let words = [
                "--provider",
                provider,
                "--model",
                "m",
                "--tokenizer",
                tokenizer,
                "What is the weather in Paris today?",
            ];
            assert_eq!(told(&stage, &words), json!({"tokens": 13, "exact": true}), "{provider}");
        }
    }
    let bare = format!("{TOKENIZERS}/bare");
    let words = ["--provider", "ollama", "--model", "m", "--tokenizer", &bare, "What is the weather in Paris today?"];
    assert_eq!(told(&stage, &words), json!({"tokens": 8, "exact": false}));
    let no_tokenizer = stage.file("tokenizer.json", "{}");
    let called =
        stage.call(&["tokens", "--provider", "ollama", "--model", "m", "--tokenizer", &no_tokenizer, "hi", "--json"]);
    assert_eq!((called.code, &called.json()["error"]["code"]), (1, &json!("bad_file")), "{called:?}");
}

#[test]
fn anthropic_and_gemini_are_asked_and_a_server_that_cannot_count_leaves_an_estimate() {
    let stage = Stage::new(Scenario { counting: Counting::Exactly(43), ..Scenario::default() });
    let origin = stage.server.origin();
    let at = |origin: &str, provider: &str| {
        told(&stage, &["--provider", provider, "--model", "m", "--base-url", origin, "hi", "--system", "Be kind."])
    };
    for (provider, path) in [("anthropic", "/v1/messages/count_tokens"), ("gemini", "/v1beta/models/m:countTokens")] {
        assert_eq!(at(&origin, provider), json!({"tokens": 43, "exact": true}), "{provider}");
        assert_eq!(stage.last_request().path, path);
    }
    // A server of another maker, whose 404 is not in the words of the protocol.
    let elsewhere = format!("{origin}/nothing-is-here");
    for provider in ["anthropic", "gemini"] {
        assert_eq!(at(&elsewhere, provider)["exact"], json!(false), "{provider}");
    }
}

#[test]
fn where_nobody_has_published_a_rule_there_is_an_estimate() {
    let stage = Stage::repeating();
    for provider in ["ollama", "dashscope"] {
        let counted = told(&stage, &["--provider", provider, "--model", "m", "今天天气很好，我们去公园散步吧。"]);
        let tokens = counted["tokens"].as_u64().unwrap();
        assert!((10..40).contains(&tokens) && counted["exact"] == json!(false), "{provider}: {counted}");
    }
    let called = stage.call(&["tokens", "--provider", "ollama", "--model", "m", "hi"]).well();
    assert_eq!(called.stdout, "About 8 tokens.\n");
}

#[test]
fn the_oldest_turns_are_left_out_and_that_is_said() {
    let stage = Stage::repeating();
    let turn = |words: &str| {
        [
            json!({"name": "", "role": "user", "content": words}),
            json!({"name": "", "role": "assistant", "content": "yes"}),
        ]
    };
    let turns = [turn("one and one"), turn("two and two"), turn("three and three")].concat();
    let system = json!({"name": "", "role": "system", "content": "Be kind."});
    let last = json!({"name": "", "role": "user", "content": "What was that?"});
    let all = [vec![system], turns, vec![last]].concat();
    let messages = stage.file("messages.json", json!(all).to_string());
    let ask = |limit: &str| {
        let way = ["ask", "--provider", "openai", "--model", "gpt-4o", "--messages", &messages];
        stage.call(&[&way[..], &["--context-limit", limit, "--print-request", "--json"]].concat())
    };
    let called = ask("1000").well();
    assert_eq!((called.json()["body"]["messages"].as_array().unwrap().len(), called.stderr.as_str()), (8, ""));
    let called = ask("40").well();
    let sent = called.json()["body"]["messages"].clone();
    let words: Vec<&str> =
        sent.as_array().unwrap().iter().map(|msg| msg["content"][0]["text"].as_str().unwrap()).collect();
    assert_eq!(words, ["Be kind.", "three and three", "yes", "What was that?"]);
    assert_eq!(called.stderr, "The oldest 4 messages were left out: 54 tokens, now 30.\n");
    let called = ask("10");
    let error = &called.json()["error"];
    assert_eq!((called.code, &error["code"]), (1, &json!("context_too_long")), "{called:?}");
    assert!(error["details"].as_str().unwrap().contains("tokens over the limit of 10"), "{error}");
    assert_eq!(stage.server.connections(), 0);
}

#[test]
fn a_shortened_conversation_is_what_is_sent() {
    let stage = Stage::new(Scenario::always(Answer::says("fine")));
    let messages: Vec<Value> = (0..40)
        .map(|at| json!({"name": "", "role": if at % 2 == 0 { "user" } else { "assistant" }, "content": format!("number {at}")}))
        .take(39)
        .collect();
    let file = stage.file("messages.json", json!(messages).to_string());
    let called = stage.ask(&["--messages", &file, "--context-limit", "60"]).well();
    assert!(called.stderr.contains("messages were left out: about"), "{called:?}");
    let sent = stage.last_request().json();
    let sent = sent["messages"].as_array().unwrap();
    assert!(sent.len() < 10 && sent[0]["role"] == "user", "{sent:?}");
    assert_eq!(sent.last().unwrap()["content"][0]["text"], "number 38");
}
