//! What is told apart by the protocol in these tests, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use parlance_core::{ChatModel, ChatRequest, ModelInfo, ProviderError};
use parlance_providers::anthropic::MessagesApi;
use parlance_providers::dashscope::GenerationApi;
use parlance_providers::gemini::GenerateContentApi;
use parlance_providers::http::{Http, TimeLimits};
use parlance_providers::media::LocalFiles;
use parlance_providers::ollama::OllamaApi;
use parlance_providers::responses::{MessageForm, ResponsesApi};
use parlance_providers::{
    Api, Client, KeySource, NoKey, Provider, anthropic, base_url, dashscope, gemini, ollama, responses,
};
use parlance_simulator::{Script, Simulator};
use serde_json::{Map, Value};

use crate::setting::{PATIENT, recorded_retry};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Ollama,
    Responses,
    DashScope,
    Anthropic,
    Gemini,
}

impl Family {
    pub(crate) const ALL: [Self; 5] = [Self::Ollama, Self::Responses, Self::DashScope, Self::Anthropic, Self::Gemini];

    pub(crate) fn base_url(self, server: &Simulator) -> String {
        match self {
            Self::Ollama | Self::Anthropic | Self::Gemini => server.origin(),
            Self::Responses => server.base_url(),
            Self::DashScope => format!("{}/api/v1", server.origin()),
        }
    }

    /// The end of the path that is asked.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Ollama => "/api/chat",
            Self::Responses => "/v1/responses",
            Self::DashScope => "/api/v1/services/aigc/text-generation/generation",
            Self::Anthropic => "/v1/messages",
            Self::Gemini => "/v1beta/models/m:streamGenerateContent?alt=sse",
        }
    }

    pub(crate) fn client(self, server: &Simulator) -> Box<dyn ChatModel> {
        self.client_at(&self.base_url(server), Arc::new(NoKey), PATIENT)
    }

    pub(crate) fn client_at(self, address: &str, keys: Arc<dyn KeySource>, limits: TimeLimits) -> Box<dyn ChatModel> {
        let provider = provider(address, keys);
        match self {
            Self::Ollama => Box::new(client(provider, OllamaApi, limits)),
            Self::Anthropic => Box::new(client(provider, MessagesApi, limits)),
            Self::Gemini => Box::new(client(provider, GenerateContentApi, limits)),
            Self::Responses => Box::new(client(provider, ResponsesApi::OPENAI, limits)),
            Self::DashScope => Box::new(client(provider, GenerationApi::default(), limits)),
        }
    }

    pub(crate) async fn models(self, address: &str, keys: Arc<dyn KeySource>) -> Result<Vec<ModelInfo>, ProviderError> {
        let provider = provider(address, keys);
        match self {
            Self::Ollama => client(provider, OllamaApi, PATIENT).models().await,
            Self::Anthropic => client(provider, MessagesApi, PATIENT).models().await,
            Self::Gemini => client(provider, GenerateContentApi, PATIENT).models().await,
            Self::Responses => client(provider, ResponsesApi::OPENAI, PATIENT).models().await,
            Self::DashScope => client(provider, GenerationApi::default(), PATIENT).models().await,
        }
    }

    pub(crate) fn body(self, request: &ChatRequest) -> Result<Map<String, Value>, ProviderError> {
        match self {
            Self::Ollama => ollama::request::body("p", request),
            Self::Anthropic => anthropic::request::body("p", request),
            Self::Gemini => gemini::request::body("p", request),
            Self::Responses => responses::request::body("p", request, MessageForm::Bare),
            Self::DashScope => dashscope::request::body("p", request),
        }
    }

    /// The header of the key, and what it holds.
    pub(crate) fn key_header(self, key: &str) -> (&'static str, String) {
        match self {
            Self::Ollama | Self::Responses | Self::DashScope => ("authorization", format!("Bearer {key}")),
            Self::Anthropic => ("x-api-key", key.to_owned()),
            Self::Gemini => ("x-goog-api-key", key.to_owned()),
        }
    }

    /// The bytes in which the simulator streams a script.
    pub(crate) fn stream(self, script: &Script) -> Vec<u8> {
        match self {
            Self::Ollama => parlance_simulator::ollama::lines(script, "m").concat(),
            Self::Responses => parlance_simulator::openai::responses::events(script, "m").concat(),
            Self::DashScope => parlance_simulator::dashscope::frames(script).concat(),
            Self::Anthropic => parlance_simulator::anthropic::messages::events(script, "m").concat(),
            Self::Gemini => parlance_simulator::gemini::content::events(script, "m").concat(),
        }
    }

    /// Bytes at the end of a stream without which it is still whole.
    pub(crate) fn tail(self) -> u64 {
        match self {
            Self::Ollama => 1,
            Self::Responses | Self::DashScope | Self::Anthropic => 2,
            Self::Gemini => 4,
        }
    }

    /// JSON as one event of a stream.
    pub(crate) fn frame(self, json: &str) -> String {
        match self {
            Self::Ollama => format!("{json}\n"),
            Self::Responses | Self::DashScope | Self::Anthropic | Self::Gemini => format!("data: {json}\n\n"),
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Ollama => "application/x-ndjson",
            Self::Responses | Self::DashScope | Self::Anthropic | Self::Gemini => "text/event-stream",
        }
    }
}

fn provider(address: &str, keys: Arc<dyn KeySource>) -> Provider {
    Provider { name: "sim".into(), base_url: base_url::parse(address).unwrap(), keys }
}

fn client<A: Api>(provider: Provider, api: A, limits: TimeLimits) -> Client<A> {
    let http = Http::with_connect_limit(Duration::from_secs(5)).unwrap();
    Client::new(provider, api, http, Arc::new(LocalFiles)).with_limits(limits).with_retry(recorded_retry().0)
}
