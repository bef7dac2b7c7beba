//! What is told apart by the protocol in these tests, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use parlance_core::{ChatModel, ChatRequest, ProviderError};
use parlance_providers::dashscope::{DashScopeClient, Modality};
use parlance_providers::http::{Http, TimeLimits};
use parlance_providers::media::LocalFiles;
use parlance_providers::ollama::OllamaClient;
use parlance_providers::responses::ResponsesClient;
use parlance_providers::{KeySource, NoKey, Provider, base_url, dashscope, ollama, responses};
use parlance_simulator::{Script, Simulator};
use serde_json::{Map, Value};

use crate::setting::{PATIENT, recorded_retry};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Ollama,
    Responses,
    DashScope,
}

impl Family {
    pub(crate) const ALL: [Self; 3] = [Self::Ollama, Self::Responses, Self::DashScope];

    pub(crate) fn base_url(self, server: &Simulator) -> String {
        match self {
            Self::Ollama => server.origin(),
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
        }
    }

    pub(crate) fn client(self, server: &Simulator) -> Box<dyn ChatModel> {
        self.client_at(&self.base_url(server), Arc::new(NoKey), PATIENT)
    }

    pub(crate) fn client_at(self, address: &str, keys: Arc<dyn KeySource>, limits: TimeLimits) -> Box<dyn ChatModel> {
        let (provider, http) = (provider(address, keys), http());
        let (files, retry) = (Arc::new(LocalFiles), recorded_retry().0);
        match self {
            Self::Ollama => Box::new(OllamaClient::new(provider, http, files).with_limits(limits).with_retry(retry)),
            Self::Responses => {
                Box::new(ResponsesClient::new(provider, http, files).with_limits(limits).with_retry(retry))
            }
            Self::DashScope => {
                let client = DashScopeClient::new(provider, Modality::ByRequest, http, files);
                Box::new(client.with_limits(limits).with_retry(retry))
            }
        }
    }

    pub(crate) async fn models(self, address: &str, keys: Arc<dyn KeySource>) -> Result<Vec<String>, ProviderError> {
        let (provider, http, files) = (provider(address, keys), http(), Arc::new(LocalFiles));
        match self {
            Self::Ollama => OllamaClient::new(provider, http, files).models().await,
            Self::Responses => ResponsesClient::new(provider, http, files).models().await,
            Self::DashScope => DashScopeClient::new(provider, Modality::ByRequest, http, files).models().await,
        }
    }

    pub(crate) fn body(self, request: &ChatRequest) -> Result<Map<String, Value>, ProviderError> {
        match self {
            Self::Ollama => ollama::request::body("p", request),
            Self::Responses => responses::request::body("p", request),
            Self::DashScope => dashscope::request::body("p", request),
        }
    }

    /// The bytes in which the simulator streams a script.
    pub(crate) fn stream(self, script: &Script) -> Vec<u8> {
        match self {
            Self::Ollama => parlance_simulator::ollama::lines(script, "m").concat(),
            Self::Responses => parlance_simulator::openai::responses::events(script, "m").concat(),
            Self::DashScope => parlance_simulator::dashscope::frames(script).concat(),
        }
    }

    /// Bytes at the end of a stream without which it is still whole.
    pub(crate) fn tail(self) -> u64 {
        match self {
            Self::Ollama => 1,
            Self::Responses | Self::DashScope => 2,
        }
    }

    /// JSON as one event of a stream.
    pub(crate) fn frame(self, json: &str) -> String {
        match self {
            Self::Ollama => format!("{json}\n"),
            Self::Responses | Self::DashScope => format!("data: {json}\n\n"),
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Ollama => "application/x-ndjson",
            Self::Responses | Self::DashScope => "text/event-stream",
        }
    }
}

fn provider(address: &str, keys: Arc<dyn KeySource>) -> Provider {
    Provider { name: "sim".into(), base_url: base_url::parse(address).unwrap(), keys }
}

fn http() -> Http {
    Http::with_connect_limit(Duration::from_secs(5)).unwrap()
}
