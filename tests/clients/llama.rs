//! llama.cpp's own server, with a model of random words, and our client at its socket. It speaks three of the protocols.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use parlance_core::chat::Delivery;
use parlance_core::error::Category;
use parlance_core::{ApiKey, ChatModel, ChatRequest, ModelEvent, Msg, Origin, Reply, Role, Secret, StopReason};
use parlance_providers::anthropic::MessagesApi;
use parlance_providers::http::Http;
use parlance_providers::media::LocalFiles;
use parlance_providers::openai::{ChatCompletionsApi, Dialect};
use parlance_providers::responses::ResponsesApi;
use parlance_providers::{Client, KeySource, KeyUnavailable, Provider, base_url};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::python::{Environments, here};

const KEY: &str = "sk-right";

/// A running server; it ends with this value.
struct Llama {
    origin: String,
    _server: Child,
    _folder: TempDir,
}

impl Llama {
    async fn start() -> Self {
        let python = Environments::of_this_user().with("llama").await.unwrap_or_else(|unready| panic!("{unready}"));
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("tiny.gguf");
        let script = |name: &str| {
            let mut command = Command::new(&python);
            command.arg(here().join("llama").join(name)).arg(&model).kill_on_drop(true);
            command
        };
        let made = script("model.py").stdin(Stdio::null()).output().await.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // Its log goes into a file: a pipe that nobody reads would stop it.
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut server = script("serve.py");
        let mut server = server.arg(KEY).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        let origin = loop {
            match lines.next_line().await.unwrap() {
                Some(line) if line.starts_with("http://") => break line,
                Some(line) => said.push(line),
                None => panic!("the server ended: {said:?}\n{}", log_of(folder.path())),
            }
        };
        Self { origin, _server: server, _folder: folder }
    }

    /// Our client of each protocol that the server speaks.
    fn clients(&self, key: &'static str) -> [(&'static str, Box<dyn ChatModel>); 3] {
        let base = format!("{}/v1", self.origin);
        let provider = |address: &str| {
            let base_url = base_url::parse(address).unwrap();
            let keys = Arc::new(Fixed(key, Origin::of(&base_url).unwrap()));
            Provider { name: "llama".into(), base_url, keys }
        };
        let http = || Http::with_connect_limit(Duration::from_secs(20)).unwrap();
        let files = || Arc::new(LocalFiles);
        [
            (
                "Chat Completions",
                Box::new(Client::new(provider(&base), ChatCompletionsApi(Dialect::OPENAI), http(), files())),
            ),
            ("Responses", Box::new(Client::new(provider(&base), ResponsesApi::LLAMA_CPP, http(), files()))),
            ("Messages", Box::new(Client::new(provider(&self.origin), MessagesApi, http(), files()))),
        ]
    }
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// A key as the keyring would give it.
struct Fixed(&'static str, Origin);

#[async_trait]
impl KeySource for Fixed {
    async fn key(&self) -> Result<Option<ApiKey>, KeyUnavailable> {
        let secret = Secret::new(self.0.to_owned()).map_err(|error| KeyUnavailable(error.to_string()))?;
        Ok(Some(ApiKey::new(secret, self.1.clone())))
    }
}

/// Always the likeliest word, so that a question has one answer.
fn question(words: &str, limit: u32, extra: &Value) -> ChatRequest {
    let mut fields: Map<String, Value> = extra.as_object().cloned().unwrap_or_default();
    fields.insert("temperature".into(), json!(0));
    ChatRequest {
        model: "tiny".into(),
        messages: vec![Msg::text(Role::User, "user", words)],
        max_tokens: Some(limit),
        extra: fields,
        ..ChatRequest::default()
    }
}

/// The answer and how many pieces of text it came in.
async fn ask(client: &dyn ChatModel, request: &ChatRequest) -> (Reply, usize) {
    let mut stream = client.stream(request).await.unwrap();
    let (mut reply, mut pieces) = (Reply::default(), 0);
    while let Some(event) = stream.next().await {
        let event = event.unwrap();
        pieces += usize::from(matches!(event, ModelEvent::TextDelta { .. }));
        reply.apply(&event);
    }
    (reply, pieces)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_holds_conversations_with_llama_cpp() {
    let server = Llama::start().await;
    let clients = server.clients(KEY);
    let mut said = Vec::new();
    for (protocol, client) in &clients {
        let request = question("the a of", 12, &json!({}));
        let (reply, pieces) = ask(&**client, &request).await;
        assert!(pieces >= 11 && !reply.text().trim().is_empty(), "{protocol}: {reply:?}");
        let usage = reply.usage.unwrap();
        assert_eq!((usage.output_tokens, usage.input_tokens > 10), (12, true), "{protocol}: {usage:?}");
        // Its Responses call every end complete.
        let end = if *protocol == "Responses" { StopReason::Stop } else { StopReason::Length };
        assert_eq!(reply.finish_reason, Some(end), "{protocol}");

        let whole = ChatRequest { delivery: Delivery::Whole, ..request };
        let (answer, pieces) = ask(&**client, &whole).await;
        assert_eq!((answer.text(), pieces), (reply.text(), 1), "{protocol}");
        said.push(reply.text());
    }
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0], said[2]);

    // A word of its own stops it.
    let word = said[0].split_whitespace().nth(4).unwrap();
    for (protocol, client, field) in
        [(clients[0].0, &clients[0].1, "stop"), (clients[2].0, &clients[2].1, "stop_sequences")]
    {
        let (reply, _) = ask(&**client, &question("the a of", 12, &json!({field: [word]}))).await;
        assert_eq!(reply.finish_reason, Some(StopReason::Stop), "{protocol}: {reply:?}");
        assert!(said[0].starts_with(&reply.text()) && !reply.text().contains(word), "{protocol}: {reply:?}");
    }

    // What it said comes back to it as history. Its Responses want a `type` on an assistant's message, which OpenAI's
    // do without, and are left out.
    let mut again = question("the a of", 4, &json!({}));
    again.messages.push(Msg::text(Role::Assistant, "tiny", said[0].as_str()));
    again.messages.push(Msg::text(Role::User, "user", "and"));
    for (protocol, client) in [&clients[0], &clients[2]] {
        let (reply, _) = ask(&**client, &again).await;
        assert_eq!(reply.usage.unwrap().output_tokens, 4, "{protocol}: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_refusals_of_llama_cpp_are_understood() {
    let server = Llama::start().await;
    let long = question(&"the ".repeat(900), 4, &json!({}));
    for (protocol, client) in server.clients(KEY) {
        let error = client.stream(&long).await.err().unwrap_or_else(|| panic!("{protocol} took what is too long"));
        assert_eq!(error.category, Category::ContextTooLong, "{protocol}: {error}");
    }
    for (protocol, client) in server.clients("sk-wrong") {
        let asked = client.stream(&question("the", 4, &json!({}))).await;
        let error = asked.err().unwrap_or_else(|| panic!("{protocol} let a stranger in"));
        assert_eq!((error.category, error.status), (Category::Authentication, Some(401)), "{protocol}: {error}");
        assert!(!error.to_string().contains("sk-wrong"), "{error}");
    }
}
