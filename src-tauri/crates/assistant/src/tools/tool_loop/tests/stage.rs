//! A model, three tools and an overseer that do as they are told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, TryStreamExt as _};
use parlance_core::chat::{ChatModel, FunctionSpec, HttpRequest, ModelStream};
use parlance_core::{
    Category, ChatRequest, Consent, ModelEvent, Msg, ProviderError, Role, StopReason, TokenUsage, Tool, ToolEnd,
    ToolFailure, ToolOutput, ToolUse,
};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::super::name;
use crate::tools::{Limits, Overseer, Permission, ToolLoop, Toolbox};

pub(super) struct Stage {
    model: Arc<Written>,
    pub(super) overseer: Arc<Person>,
    limits: Limits,
    running: Arc<AtomicUsize>,
}

impl Stage {
    /// A model that gives these rounds, and after them an error.
    pub(super) fn with(rounds: impl IntoIterator<Item = Vec<ModelEvent>>) -> Self {
        Self {
            model: Arc::new(Written { rounds: Mutex::new(rounds.into_iter().collect()), ..Written::default() }),
            overseer: Arc::default(),
            limits: Limits::default(),
            running: Arc::default(),
        }
    }

    pub(super) fn limited(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Every request that offers tools is refused so.
    pub(super) fn refuse_tools(&self, refusal: ProviderError) {
        *self.model.refusal.lock().unwrap() = Some(refusal);
    }

    pub(super) fn request(&self) -> ChatRequest {
        ChatRequest { messages: vec![Msg::text(Role::User, "you", "hi")], ..ChatRequest::default() }
    }

    pub(super) fn tool_loop(&self) -> ToolLoop {
        let tools = ["echo", "sleep", "risky"]
            .map(|name| -> Arc<dyn Tool> { Arc::new(Told { name, running: Arc::clone(&self.running) }) });
        ToolLoop::new(self.model.clone(), Toolbox::new(tools), self.overseer.clone(), self.limits)
    }

    pub(super) async fn stream(&self, request: &ChatRequest) -> ModelStream {
        self.tool_loop().stream(request).await.unwrap()
    }

    pub(super) async fn events(&self, request: &ChatRequest) -> Vec<ModelEvent> {
        self.stream(request).await.try_collect().await.unwrap()
    }

    pub(super) fn asked(&self) -> Vec<ChatRequest> {
        self.model.asked.lock().unwrap().clone()
    }

    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }
}

pub(super) fn started(id: &str) -> ModelEvent {
    ModelEvent::Started { id: Some(id.into()), model: None }
}

pub(super) fn text(text: &str) -> ModelEvent {
    ModelEvent::TextDelta { text: text.into() }
}

pub(super) fn calling(index: usize, id: &str, name: &str, input: Value) -> ModelEvent {
    let Value::Object(input) = input else { panic!("arguments are an object") };
    let call = ToolUse { id: id.into(), name: name.into(), input, raw_input: None, thought_signature: None };
    ModelEvent::ToolCall { index, call: Box::new(call) }
}

pub(super) fn result(id: &str, name: &str, output: &str, end: ToolEnd) -> ModelEvent {
    ModelEvent::ToolResult { id: id.into(), name: name.into(), output: ToolOutput::Text(output.into()), end }
}

pub(super) fn used(input_tokens: u64, output_tokens: u64) -> ModelEvent {
    ModelEvent::Usage { usage: TokenUsage { input_tokens, output_tokens, ..TokenUsage::default() } }
}

pub(super) fn finished() -> ModelEvent {
    ModelEvent::Finished { reason: StopReason::Stop }
}

pub(super) fn saying(words: &str) -> Vec<ModelEvent> {
    vec![text(words), finished()]
}

pub(super) fn function(name: &str) -> FunctionSpec {
    FunctionSpec { name: name.into(), description: None, parameters: None, rest: Map::new() }
}

/// A model whose rounds are written down.
#[derive(Default)]
struct Written {
    rounds: Mutex<VecDeque<Vec<ModelEvent>>>,
    asked: Mutex<Vec<ChatRequest>>,
    refusal: Mutex<Option<ProviderError>>,
}

#[async_trait]
impl ChatModel for Written {
    fn request(&self, request: &ChatRequest) -> Result<HttpRequest, ProviderError> {
        let names: Vec<&str> = request.tools.iter().map(name).collect();
        Ok(HttpRequest { method: "POST", url: String::new(), headers: Vec::new(), body: Some(json!(names)) })
    }

    async fn stream(&self, request: &ChatRequest) -> Result<ModelStream, ProviderError> {
        if let Some(refusal) = self.refusal.lock().unwrap().clone().filter(|_| !request.tools.is_empty()) {
            return Err(refusal);
        }
        self.asked.lock().unwrap().push(request.clone());
        let round = self.rounds.lock().unwrap().pop_front();
        let round = round.ok_or_else(|| ProviderError::new("p", Category::Server, "no more rounds"))?;
        Ok(Box::pin(stream::iter(round.into_iter().map(Ok))))
    }
}

/// `echo` says what it is told, `sleep` takes its time, `risky` does so after the person was asked.
struct Told {
    name: &'static str,
    running: Arc<AtomicUsize>,
}

/// Counts itself while it is there.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Tool for Told {
    fn spec(&self) -> FunctionSpec {
        let parameters = match self.name {
            "echo" => json!({"type": "object", "properties": {"say": {"type": "string"}}, "required": ["say"]}),
            _ => json!({"type": "object", "properties": {"ms": {"type": "integer"}}}),
        };
        FunctionSpec { parameters: Some(parameters), ..function(self.name) }
    }

    fn consent(&self, _: &Map<String, Value>) -> Consent {
        if self.name == "risky" { Consent::Asked } else { Consent::NotNeeded }
    }

    async fn run(&self, arguments: &Map<String, Value>) -> Result<ToolOutput, ToolFailure> {
        self.running.fetch_add(1, Ordering::SeqCst);
        let _counted = Counted(Arc::clone(&self.running));
        if let Some(ms) = arguments.get("ms").and_then(Value::as_u64) {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            return Ok(ToolOutput::Text(ms.to_string()));
        }
        match arguments["say"].as_str() {
            Some("fail") => Err(ToolFailure("it was told to fail".into())),
            say => Ok(ToolOutput::Text(say.unwrap_or_default().to_owned())),
        }
    }
}

/// A person who has made up their mind beforehand.
#[derive(Default)]
pub(super) struct Person {
    allows_after: Mutex<Option<Duration>>,
    stops_after: Mutex<Option<Duration>>,
    begun: Mutex<Vec<String>>,
    without: Mutex<Vec<ProviderError>>,
}

impl Person {
    pub(super) fn refuse(&self) {
        *self.allows_after.lock().unwrap() = None;
    }

    pub(super) fn allow_after(&self, time: Duration) {
        *self.allows_after.lock().unwrap() = Some(time);
    }

    pub(super) fn stop_after(&self, time: Duration) {
        *self.stops_after.lock().unwrap() = Some(time);
    }

    pub(super) fn begun(&self) -> Vec<String> {
        self.begun.lock().unwrap().clone()
    }

    pub(super) fn without(&self) -> Vec<ProviderError> {
        self.without.lock().unwrap().clone()
    }
}

#[async_trait]
impl Overseer for Person {
    async fn ask(&self, _: &ToolUse) -> Permission {
        let after = *self.allows_after.lock().unwrap();
        match after {
            Some(time) => {
                tokio::time::sleep(time).await;
                Permission::Given
            }
            None => Permission::Refused,
        }
    }

    fn begins(&self, call: &ToolUse) -> CancellationToken {
        self.begun.lock().unwrap().push(call.id.clone());
        let token = CancellationToken::new();
        if let Some(time) = *self.stops_after.lock().unwrap() {
            let stop = token.clone();
            tokio::spawn(async move {
                tokio::time::sleep(time).await;
                stop.cancel();
            });
        }
        token
    }

    fn goes_without(&self, refusal: &ProviderError) {
        self.without.lock().unwrap().push(refusal.clone());
    }
}
