//! A conversation as the reference was given it, and the client that is to ask the same.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_core::chat::{Delivery, HttpRequest};
use parlance_core::{
    ChatModel, ChatRequest, Formatter, Msg, ProviderError, Structured, StructuredWay, Thinking, ToolChoice,
};
use parlance_providers::anthropic::MessagesApi;
use parlance_providers::dashscope::{GenerationApi, Modality};
use parlance_providers::gemini::GenerateContentApi;
use parlance_providers::http::Http;
use parlance_providers::media::{MediaError, MediaReader};
use parlance_providers::ollama::OllamaApi;
use parlance_providers::openai::{AzureApi, ChatCompletionsApi, Dialect};
use parlance_providers::responses::ResponsesApi;
use parlance_providers::{Api, Client, NoKey, Provider, base_url, extra_headers};
use serde_json::{Map, Value, json};

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    OpenAi,
    Azure,
    DeepSeek,
    Vllm,
    Responses,
    DashScope,
    Anthropic,
    Gemini,
    Ollama,
}

/// One of the reference's files.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) protocol: Protocol,
    pub(crate) logical: Value,
    /// What the reference sent.
    pub(crate) sent: Value,
}

/// The folders: ours, and the larger one that `PARLANCE_REQUESTS` names.
pub(crate) fn folders() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let larger = std::env::var_os("PARLANCE_REQUESTS").map(PathBuf::from);
    std::iter::once(workspace.join("tests/requests")).chain(larger).collect()
}

/// All chats, each once.
pub(crate) fn cases() -> Vec<Case> {
    let files = folders().into_iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut cases: Vec<Case> = files.filter_map(|file| Case::read(&file.unwrap().path())).collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases.dedup_by(|a, b| a.name == b.name);
    cases
}

impl Case {
    fn read(path: &Path) -> Option<Self> {
        let name = path.file_stem()?.to_str()?.to_owned();
        let mut case: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).ok()?;
        let (logical, sent) = (case["logical_input"].take(), case["request"].take());
        if logical["api"] != "chat" {
            return None;
        }
        let protocol = match case["provider"].as_str()? {
            "openai" => Protocol::OpenAi,
            "azure" => Protocol::Azure,
            "deepseek" => Protocol::DeepSeek,
            "vllm" => Protocol::Vllm,
            "openai-responses" => Protocol::Responses,
            "dashscope" => Protocol::DashScope,
            "anthropic" => Protocol::Anthropic,
            "gemini" => Protocol::Gemini,
            "ollama" => Protocol::Ollama,
            other => panic!("{name}: nobody knows {other}"),
        };
        Some(Self { name, protocol, logical, sent })
    }

    /// What we ask.
    pub(crate) async fn asked(&self, http: Http) -> Result<HttpRequest, ProviderError> {
        let root = "http://127.0.0.1:9";
        match self.protocol {
            Protocol::OpenAi => self.ask(http, ChatCompletionsApi(Dialect::OPENAI), &format!("{root}/v1")).await,
            Protocol::Azure => self.ask(http, AzureApi::new(None), root).await,
            Protocol::DeepSeek => self.ask(http, ChatCompletionsApi(Dialect::DEEPSEEK), &format!("{root}/v1")).await,
            Protocol::Vllm => self.ask(http, ChatCompletionsApi(Dialect::VLLM), &format!("{root}/v1")).await,
            Protocol::Responses => self.ask(http, ResponsesApi::OPENAI, &format!("{root}/v1")).await,
            Protocol::DashScope => self.ask(http, GenerationApi(self.modality()), root).await,
            Protocol::Anthropic => self.ask(http, MessagesApi, root).await,
            Protocol::Gemini => self.ask(http, GenerateContentApi, root).await,
            Protocol::Ollama => self.ask(http, OllamaApi, root).await,
        }
    }

    async fn ask<A: Api>(&self, http: Http, api: A, root: &str) -> Result<HttpRequest, ProviderError> {
        let provider = Provider { name: "p".into(), base_url: base_url::parse(root).unwrap(), keys: Arc::new(NoKey) };
        let headers: Map<String, Value> = match &self.logical["constructor"]["organization"] {
            Value::Null => Map::new(),
            organization => Map::from_iter([("openai-organization".to_owned(), organization.clone())]),
        };
        let client =
            Client::new(provider, api, http, Arc::new(self.served())).with_headers(extra_headers::read("p", &headers)?);
        let request = request(&self.logical);
        let messages = client.bring_media(&request.messages).await?;
        client.request(&ChatRequest { messages, ..request })
    }

    fn modality(&self) -> Modality {
        match self.logical["constructor"]["multimodality"].as_bool() {
            Some(true) => Modality::Multimodal,
            Some(false) => Modality::Text,
            None => Modality::ByRequest,
        }
    }

    fn served(&self) -> Served {
        let media = self.logical["media_at_url"].as_object().cloned().unwrap_or_default();
        let bytes = |data: &Value| BASE64.decode(data.as_str().unwrap()).unwrap();
        Served(media.iter().map(|(url, data)| (url.clone(), bytes(data))).collect())
    }
}

/// What the reference was asked to ask.
pub(crate) fn request(logical: &Value) -> ChatRequest {
    let constructor = &logical["constructor"];
    let fields = |fields: &Value| fields.as_object().cloned().unwrap_or_default();
    let own = ["options", "keep_alive", "reasoning_effort"]
        .iter()
        .filter_map(|&field| Some((field.to_owned(), constructor.get(field)?.clone())));
    let extra = own.chain(fields(&constructor["generate_kwargs"])).chain(fields(&logical["call_kwargs"]));
    let budget = ["/thinking/budget_tokens", "/thinking_config/thinking_budget"]
        .iter()
        .find_map(|place| u32::try_from(constructor.pointer(place)?.as_u64()?).ok());
    ChatRequest {
        model: logical["model"].as_str().unwrap().to_owned(),
        messages: serde_json::from_value::<Vec<Msg>>(logical["messages"].clone()).unwrap(),
        tools: logical.get("tools").map(|tools| serde_json::from_value(tools.clone()).unwrap()).unwrap_or_default(),
        tool_choice: logical["tool_choice"].as_str().map(|choice| match choice {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" | "any" => ToolChoice::Required,
            name => ToolChoice::Named(name.to_owned()),
        }),
        thinking: budget.map(Thinking::Budget).or(match constructor["enable_thinking"].as_bool() {
            Some(true) => Some(Thinking::On),
            Some(false) => Some(Thinking::Off),
            None => None,
        }),
        max_tokens: constructor["max_tokens"].as_u64().map(|limit| u32::try_from(limit).unwrap()),
        delivery: if logical["stream"] == true { Delivery::Streaming } else { Delivery::Whole },
        formatter: match logical["formatter"]["kind"].as_str() {
            Some("multiagent") => Formatter::MultiAgent,
            _ => Formatter::Chat,
        },
        structured: logical.get("structured_model").map(|shape| Structured {
            name: shape["name"].as_str().unwrap().to_owned(),
            schema: shape["json_schema"].clone(),
            way: StructuredWay::Native,
        }),
        extra: Map::from_iter(extra),
    }
}

/// What each address serves.
struct Served(HashMap<String, Vec<u8>>);

#[async_trait]
impl MediaReader for Served {
    async fn read(&self, url: &str) -> Result<Vec<u8>, MediaError> {
        Err(MediaError::Unknown(url.to_owned()))
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, MediaError> {
        self.0.get(url).cloned().ok_or_else(|| MediaError::Unknown(url.to_owned()))
    }
}

/// Path, query and the headers that mean something, of what the reference sent.
pub(crate) fn place_of_theirs(sent: &Value) -> Value {
    let mut headers = sent["headers"].as_object().cloned().unwrap_or_default();
    // Keys stand under a placeholder of ours; what is accepted is the same either way.
    headers.retain(|name, _| !["accept", "accept-encoding", "authorization"].contains(&name.as_str()));
    // JSON is UTF-8, whether the header says so or not.
    headers.entry("content-type").and_modify(|kind| *kind = json!("application/json"));
    for key in ["api-key", "x-api-key", "x-goog-api-key"] {
        headers.entry(key).and_modify(|value| *value = json!("[key]"));
    }
    json!({"method": sent["method"], "path": sent["path"], "query": sent["query"], "headers": headers})
}

/// The same of ours.
pub(crate) fn place_of_ours(asked: &HttpRequest) -> Value {
    let url: url::Url = asked.url.parse().unwrap();
    let query: Map<String, Value> = url.query_pairs().map(|(name, value)| (name.into(), json!(value))).collect();
    let mut headers: Map<String, Value> =
        asked.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    headers.retain(|name, _| !["accept", "accept-encoding", "authorization"].contains(&name.as_str()));
    json!({"method": asked.method, "path": url.path(), "query": query, "headers": headers})
}
