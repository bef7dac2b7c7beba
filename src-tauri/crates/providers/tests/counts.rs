//! Questions for the tokens of a request, and the reading of the answers.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use parlance_core::chat::FunctionSpec;
use parlance_core::{Category, ChatRequest, Msg, Thinking, TokenCount, ToolSpec};
use parlance_providers::anthropic::{self, AnthropicClient, MessagesApi};
use parlance_providers::gemini::{self, GeminiClient, GenerateContentApi};
use parlance_providers::http::Http;
use parlance_providers::media::LocalFiles;
use parlance_providers::ollama::OllamaApi;
use parlance_providers::{Client, NoKey, Provider, base_url};
use serde_json::{Map, Value, json};

fn weather() -> ToolSpec {
    let parameters = Some(json!({"type": "object", "properties": {}}));
    let function =
        FunctionSpec { name: "get_weather".into(), description: Some("d".into()), parameters, rest: Map::new() };
    ToolSpec::Function { function }
}

fn request(model: &str, messages: Value) -> ChatRequest {
    let messages: Vec<Msg> = serde_json::from_value(messages).expect("messages");
    ChatRequest { model: model.into(), messages, ..ChatRequest::default() }
}

fn reference(name: &str) -> Value {
    let path = format!("{}/../../../tests/requests/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).expect("a reference's request")).expect("JSON")
}

#[test]
fn anthropic_counts_what_the_reference_counts_but_with_instructions_as_the_api_wants_them() {
    let reference = reference("anthropic-count-tokens");
    let asked = &reference["logical_input"];
    let request = ChatRequest {
        tools: vec![weather()],
        ..request(asked["model"].as_str().expect("a model"), asked["messages"].clone())
    };
    let mut expected = reference["request"]["body"].clone();
    // The reference sends a whole message here, which the service refuses.
    expected["system"] = expected["system"]["content"].take();
    assert_eq!(Value::Object(anthropic::count::body("p", &request).expect("a question")), expected);
}

#[test]
fn anthropic_is_told_of_reasoning_and_of_nothing_that_is_no_prompt() {
    let request = ChatRequest {
        thinking: Some(Thinking::Budget(2_048)),
        max_tokens: Some(9_000),
        extra: Map::from_iter([("temperature".to_owned(), json!(0.5))]),
        ..request(
            "claude-haiku-4-5-20251001",
            json!([{"name": "u", "role": "user", "content": "What is the capital of France?"}]),
        )
    };
    // As a recorded question that was answered with 43.
    let expected = json!({"model": "claude-haiku-4-5-20251001", "thinking": {"type": "enabled", "budget_tokens": 2_048},
        "messages": [{"role": "user", "content": [{"type": "text", "text": "What is the capital of France?"}]}]});
    assert_eq!(Value::Object(anthropic::count::body("p", &request).expect("a question")), expected);
}

#[test]
fn gemini_counts_what_the_reference_counts() {
    let reference = reference("gemini-count-tokens");
    let asked = &reference["logical_input"];
    let request = ChatRequest {
        max_tokens: Some(100),
        ..request(asked["model"].as_str().expect("a model"), asked["messages"].clone())
    };
    let body = gemini::count::body("p", &request).expect("a question");
    assert_eq!(Value::Object(body), reference["request"]["body"]);
}

#[test]
fn gemini_is_given_the_whole_request_where_there_are_instructions_or_tools() {
    let request = ChatRequest {
        tools: vec![weather()],
        thinking: Some(Thinking::On),
        ..request(
            "models/gemini-2.5-flash",
            json!([
            {"name": "s", "role": "system", "content": "Be terse."}, {"name": "u", "role": "user", "content": "Hello!"}]),
        )
    };
    let expected = json!({"generateContentRequest": {
        "model": "models/gemini-2.5-flash",
        "systemInstruction": {"parts": [{"text": "Be terse."}]},
        "contents": [{"role": "user", "parts": [{"text": "Hello!"}]}],
        "tools": [{"functionDeclarations": [{"name": "get_weather", "description": "d",
            "parametersJsonSchema": {"type": "object", "properties": {}}}]}],
    }});
    assert_eq!(Value::Object(gemini::count::body("p", &request).expect("a question")), expected);
}

#[test]
fn recorded_answers_are_read() {
    assert_eq!(anthropic::count::read(br#"{"input_tokens":43}"#), Some(43));
    let gemini = br#"{"totalTokens": 61, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 61}]}"#;
    assert_eq!(gemini::count::read(gemini), Some(61));
    for none in ["", "{}", "[]", "null", r#"{"input_tokens":"many","totalTokens":-1}"#] {
        assert_eq!(anthropic::count::read(none.as_bytes()), None, "{none}");
        assert_eq!(gemini::count::read(none.as_bytes()), None, "{none}");
    }
}

/// A server that gives every question the same answer, and the heads of what it was asked.
struct Server {
    origin: String,
    heads: mpsc::Receiver<String>,
}

impl Server {
    fn answering(status: &'static str, body: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let (told, heads) = mpsc::channel();
        let body = body.to_string();
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = told.send(answer(stream, status, &body).unwrap_or_default());
            }
        });
        Self { origin, heads }
    }

    fn provider(&self) -> Provider {
        let base_url = base_url::parse(&self.origin).expect("an address");
        Provider { name: "p".into(), base_url, keys: Arc::new(NoKey) }
    }

    /// The head of the next question.
    fn head(&self) -> String {
        self.heads.recv_timeout(Duration::from_secs(30)).expect("it was asked")
    }
}

fn answer(stream: TcpStream, status: &str, body: &str) -> io::Result<String> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        reader.read_line(&mut head)?;
        let line = head[start..].to_ascii_lowercase();
        length = line.strip_prefix("content-length:").and_then(|value| value.trim().parse().ok()).unwrap_or(length);
    }
    io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
    let length = body.len();
    let fields = format!("content-type: application/json\r\ncontent-length: {length}\r\nconnection: close");
    write!(reader.into_inner(), "HTTP/1.1 {status}\r\n{fields}\r\n\r\n{body}")?;
    Ok(head.to_ascii_lowercase())
}

fn http() -> Http {
    Http::new().expect("a client")
}

fn asked() -> ChatRequest {
    request("m", json!([{"name": "u", "role": "user", "content": "hi"}]))
}

#[tokio::test]
async fn the_servers_are_asked_and_their_count_is_exact() {
    let server = Server::answering("200 OK", &json!({"input_tokens": 8, "totalTokens": 9}));
    let client = AnthropicClient::new(server.provider(), MessagesApi, http(), Arc::new(LocalFiles));
    assert_eq!(client.count(&asked()).await.expect("a count"), Some(TokenCount { tokens: 8, exact: true }));
    let head = server.head();
    assert!(head.starts_with("post /v1/messages/count_tokens http"), "{head}");
    assert!(head.contains("\r\nanthropic-version: 2023-06-01\r\n"), "{head}");
    let client = GeminiClient::new(server.provider(), GenerateContentApi, http(), Arc::new(LocalFiles));
    let extra = json!({"extra_headers": {"x-team": "a"}}).as_object().cloned().unwrap_or_default();
    let with_header = ChatRequest { extra, ..asked() };
    assert_eq!(client.count(&with_header).await.expect("a count"), Some(TokenCount { tokens: 9, exact: true }));
    let head = server.head();
    assert!(head.contains("\r\nx-team: a\r\n"), "{head}");
    assert!(head.starts_with("post /v1beta/models/m:counttokens http"), "{head}");
    let client = Client::new(server.provider(), OllamaApi, http(), Arc::new(LocalFiles));
    assert_eq!(client.count(&asked()).await.expect("no question"), None);
    assert!(server.heads.try_recv().is_err(), "a protocol without the question asks nothing");
}

#[tokio::test]
async fn refusals_and_answers_without_a_count_are_errors() {
    // The refusal is a recorded one.
    let refusal =
        json!({"type": "error", "error": {"type": "not_found_error", "message": "model: claude-does-not-exist"}});
    for (status, body, category, code) in [
        ("200 OK", json!({"tokens": 8}), Category::Protocol, None),
        ("404 Not Found", refusal, Category::NotFound, Some("not_found_error")),
    ] {
        let server = Server::answering(status, &body);
        let client = AnthropicClient::new(server.provider(), MessagesApi, http(), Arc::new(LocalFiles));
        let error = client.count(&asked()).await.expect_err("there is no count");
        assert_eq!((error.category, error.code.as_deref()), (category, code), "{error}");
    }
}
