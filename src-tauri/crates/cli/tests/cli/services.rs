//! Services that are asked by their names, each in its dialect, with its own variable for the key and headers beside it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::stage::{Called, Stage};

/// An address at which this lies, once.
fn web(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/cat.gif", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 4096]).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: image/gif\r\ncontent-length: {}\r\n\r\n", body.len());
        socket.write_all((head + body).as_bytes()).unwrap();
    });
    url
}

/// The request that a call would send, with these variables set.
fn printed(stage: &Stage, words: &[&str], variables: &[(&str, &str)]) -> Value {
    let words = [&["ask", "hi", "--model", "m", "--print-request"], words].concat();
    let mut command = stage.command(&words);
    Called::from(command.envs(variables.iter().copied()).output().unwrap()).well().json()
}

#[test]
fn a_known_service_is_asked_by_its_name_in_its_dialect() {
    let stage = Stage::repeating();
    let deepseek = printed(&stage, &["--provider", "deepseek", "--thinking", "off"], &[]);
    assert_eq!(deepseek["url"], "https://api.deepseek.com/chat/completions");
    assert_eq!(deepseek["body"]["messages"], json!([{"role": "user", "content": "hi"}]));
    assert_eq!(deepseek["body"]["thinking"], json!({"type": "disabled"}));
    let mistral = printed(&stage, &["--provider", "mistral", "--max-tokens", "9"], &[]);
    assert_eq!((&mistral["body"]["max_tokens"], mistral["body"].get("stream_options")), (&json!(9), None));
    // At a known host the name does not matter.
    let at_host = printed(
        &stage,
        &["--provider", "openai", "--base-url", "https://openrouter.ai/api/v1", "--thinking", "low"],
        &[],
    );
    assert_eq!(at_host["body"]["reasoning"], json!({"effort": "low"}));
    let nowhere = stage.call(&["ask", "hi", "--model", "m", "--provider", "azure", "--json"]);
    assert_eq!((nowhere.code, &nowhere.json()["error"]["code"]), (1, &json!("bad_url")), "{nowhere:?}");
}

#[test]
fn azure_names_the_deployment_in_its_address_and_the_key_in_a_header_of_its_own() {
    let stage = Stage::repeating();
    let azure = |address: &str, more: &[&str], variables: &[(&str, &str)]| {
        printed(&stage, &[&["--provider", "azure", "--base-url", address], more].concat(), variables)
    };
    let older = "https://mine.openai.azure.com";
    let usual = azure(older, &[], &[]);
    assert_eq!(
        usual["url"],
        "https://mine.openai.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21"
    );
    assert_eq!((&usual["headers"]["api-key"], usual["headers"].get("authorization")), (&json!("[key]"), None));
    for (more, variables) in [
        (&["--set", "api-version=\"2025-04-01-preview\""][..], &[][..]),
        (&[], &[("OPENAI_API_VERSION", "2025-04-01-preview")]),
    ] {
        let other = azure(older, more, variables);
        assert!(other["url"].as_str().unwrap().ends_with("?api-version=2025-04-01-preview"), "{other}");
        assert_eq!(other["body"], usual["body"]);
    }
    let newer = azure("https://mine.openai.azure.com/openai/v1", &[], &[]);
    assert_eq!(newer["url"], "https://mine.openai.azure.com/openai/v1/chat/completions");
}

#[test]
fn organisations_and_workspaces_go_to_their_own_service_only() {
    let stage = Stage::repeating();
    let variables = [
        ("OPENAI_ORG_ID", "org-1"),
        ("OPENAI_PROJECT_ID", "proj-1"),
        ("DASHSCOPE_API_HEADERS", r#"{"X-DashScope-WorkSpace": "w", "x-b": "1"}"#),
    ];
    let header = |request: &Value, name: &str| request["headers"].get(name).cloned().unwrap_or_default();
    let openai = printed(&stage, &["--provider", "openai"], &variables);
    assert_eq!(
        (header(&openai, "openai-organization"), header(&openai, "openai-project")),
        (json!("org-1"), json!("proj-1"))
    );
    let elsewhere = printed(&stage, &["--provider", "openai", "--base-url", "https://example.com/v1"], &variables);
    assert_eq!(header(&elsewhere, "openai-organization"), Value::Null);
    let dashscope = printed(&stage, &["--provider", "dashscope", "--set", r#"headers={"x-b":"2"}"#], &variables);
    assert_eq!((header(&dashscope, "x-dashscope-workspace"), header(&dashscope, "x-b")), (json!("w"), json!("2")));
    assert_eq!(dashscope["body"]["parameters"].get("headers"), None);
}

#[test]
fn no_header_by_hand_carries_a_key_and_private_ones_are_not_shown() {
    let stage = Stage::repeating();
    let own = printed(&stage, &["--set", r#"extra_headers={"x-gateway-token":"canary-0123456789","x-team":"a"}"#], &[]);
    assert_eq!((&own["headers"]["x-gateway-token"], &own["headers"]["x-team"]), (&json!("[hidden]"), &json!("a")));
    let refused = stage.ask(&["hi", "--set", r#"extra_headers={"Authorization":"Bearer x"}"#, "--json"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(stage.server.requests().is_empty(), "nothing was sent");
}

#[test]
fn an_added_server_has_the_dialect_it_is_given_or_is_known_by() {
    let stage = Stage::repeating();
    let base_url = stage.server.base_url();
    let dialect = |words: &[&str]| {
        let words = [&["providers", "add"], words, &["--json"]].concat();
        stage.call(&words).well().json()["dialect"].clone()
    };
    assert_eq!(dialect(&["a", "--dialect", "deepseek", "--base-url", &base_url, "--model", "m"]), "deepseek");
    assert_eq!(dialect(&["a", "--base-url", &base_url]), "deepseek", "it stays");
    assert_eq!(dialect(&["b", "--dialect", "openai", "--base-url", &base_url]), "openai");
    assert_eq!(dialect(&["c", "--base-url", "https://api.groq.com/openai/v1"]), "groq");
    assert_eq!(dialect(&["vllm", "--base-url", &base_url]), "vllm");
    dialect(&["a", "--base-url", &base_url, "--header", "x-team=a"]);
    dialect(&["a", "--base-url", &base_url, "--model", "n"]);
    let headers = printed(&stage, &["--provider", "a"], &[])["headers"].clone();
    assert_eq!(headers["x-team"], "a", "it stays");
    for private in ["x-gateway-token=t", "authorization=t"] {
        let refused = stage.call(&["providers", "add", "a", "--base-url", &base_url, "--header", private, "--json"]);
        assert_eq!(refused.code, 2, "{refused:?}");
    }
    let unknown = stage.call(&["providers", "add", "d", "--dialect", "klingon", "--base-url", &base_url, "--json"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    stage.call(&["ask", "hi", "--provider", "a"]).well();
    assert_eq!(stage.last_request().json()["messages"][0]["content"], "hi", "as DeepSeek takes it");
}

#[test]
fn several_speakers_are_told_by_name() {
    let stage = Stage::repeating();
    let messages = json!([
        {"name": "Alice", "role": "user", "content": "Hi."},
        {"name": "Bob", "role": "assistant", "content": [{"type": "hologram"}, {"type": "text", "text": "Hello."}]}]);
    let file = stage.file("talk.json", messages.to_string());
    let called = stage.ask(&["--messages", &file, "--formatter", "multi-agent"]).well();
    assert_eq!(called.stderr, "Blocks of the kind hologram are unknown here and left out.\n");
    let asked = stage.last_request().json()["messages"].clone();
    let said = "# Conversation History\nThe content between <history></history> tags contains your conversation \
                history\n<history>\nAlice: Hi.\nBob: Hello.\n</history>";
    assert_eq!(asked, json!([{"role": "user", "content": [{"type": "text", "text": said}]}]));
}

#[test]
fn a_picture_of_the_web_comes_along_where_the_server_fetches_none() {
    let url = web("GIF89a");
    let stage = Stage::repeating();
    let ollama = printed(&stage, &["--provider", "ollama", "--image", &url], &[]);
    assert_eq!(ollama["body"]["messages"][0]["images"], json!(["R0lGODlh"]));
    let openai = printed(&stage, &["--image", &url], &[]);
    assert_eq!(openai["body"]["messages"][0]["content"][1]["image_url"]["url"], url);
    // Only pictures come along, whatever the server says it sends.
    let url = web("secret");
    let words = ["ask", "hi", "--model", "m", "--print-request", "--provider", "ollama", "--image", &url, "--json"];
    let refused = stage.call(&words);
    assert_eq!((refused.code, refused.stdout.contains("is no picture")), (1, true), "{refused:?}");
}
