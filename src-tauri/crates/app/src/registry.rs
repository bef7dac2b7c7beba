//! The families of providers that Parlance knows. The one place where they are told apart; everybody else asks a
//! [`Client`].

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::ProviderError;
use parlance_core::chat::ChatModel;
use parlance_providers::Provider;
use parlance_providers::anthropic::AnthropicClient;
use parlance_providers::dashscope::{DashScopeClient, Modality};
use parlance_providers::gemini::GeminiClient;
use parlance_providers::http::Http;
use parlance_providers::media::LocalFiles;
use parlance_providers::ollama::OllamaClient;
use parlance_providers::openai::{Dialect, OpenAiClient};
use parlance_providers::responses::ResponsesClient;
use url::Url;

use crate::config::ProviderConfig;

/// A provider's client, whatever its family.
pub(crate) type Client = Arc<dyn Ask>;

/// What every family's client can be asked.
#[async_trait]
pub(crate) trait Ask: ChatModel {
    /// The models it offers.
    async fn models(&self) -> Result<Vec<String>, ProviderError>;
}

macro_rules! ask {
    ($($client:ty),*) => { $(
        #[async_trait]
        impl Ask for $client {
            async fn models(&self) -> Result<Vec<String>, ProviderError> {
                <$client>::models(self).await
            }
        }
    )* };
}
ask!(OpenAiClient, ResponsesClient, AnthropicClient, GeminiClient, DashScopeClient, OllamaClient);

/// A family as it comes with Parlance.
pub(crate) struct Family {
    /// Its id in the settings and in the terminal.
    pub(crate) id: &'static str,
    /// For people.
    pub(crate) name: &'static str,
    /// Where its own service is.
    pub(crate) base_url: &'static str,
    /// The environment variable that its own programs read the key from, `None` where it needs none.
    pub(crate) variable: Option<&'static str>,
    /// Its own hosts: that variable goes there, to hosts below them, and to this computer only.
    pub(crate) hosts: &'static [&'static str],
    client: fn(Provider, Http) -> Client,
}

/// Sources: each provider's API reference, read November 2026.
const FAMILIES: &[Family] = &[
    Family {
        id: "openai",
        name: "OpenAI",
        base_url: "https://api.openai.com/v1",
        variable: Some("OPENAI_API_KEY"),
        hosts: &["api.openai.com"],
        client: |provider, http| Arc::new(OpenAiClient::new(provider, Dialect::OPENAI, http, Arc::new(LocalFiles))),
    },
    Family {
        id: "openai-responses",
        name: "OpenAI (Responses)",
        base_url: "https://api.openai.com/v1",
        variable: Some("OPENAI_API_KEY"),
        hosts: &["api.openai.com"],
        client: |provider, http| Arc::new(ResponsesClient::new(provider, http, Arc::new(LocalFiles))),
    },
    Family {
        id: "anthropic",
        name: "Anthropic",
        base_url: "https://api.anthropic.com",
        variable: Some("ANTHROPIC_API_KEY"),
        hosts: &["api.anthropic.com"],
        client: |provider, http| Arc::new(AnthropicClient::new(provider, http, Arc::new(LocalFiles))),
    },
    Family {
        id: "gemini",
        name: "Google Gemini",
        base_url: "https://generativelanguage.googleapis.com",
        variable: Some("GEMINI_API_KEY"),
        hosts: &["generativelanguage.googleapis.com"],
        client: |provider, http| Arc::new(GeminiClient::new(provider, http, Arc::new(LocalFiles))),
    },
    Family {
        id: "dashscope",
        name: "DashScope",
        base_url: "https://dashscope.aliyuncs.com",
        variable: Some("DASHSCOPE_API_KEY"),
        hosts: &["dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com"],
        client: |mut provider, http| {
            provider.base_url = ending_in(&provider.base_url, "api/v1/");
            Arc::new(DashScopeClient::new(provider, Modality::ByRequest, http, Arc::new(LocalFiles)))
        },
    },
    Family {
        id: "ollama",
        name: "Ollama",
        base_url: "http://localhost:11434",
        variable: None,
        hosts: &[],
        client: |mut provider, http| {
            provider.base_url = root_of(&provider.base_url, &["v1/", "api/"]);
            Arc::new(OllamaClient::new(provider, http, Arc::new(LocalFiles)))
        },
    },
];

/// An address that ends in a path, whether or not it was typed along. Addresses end with a stroke.
fn ending_in(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    if !url.path().ends_with(&format!("/{path}")) {
        url.set_path(&format!("{}{path}", base.path()));
    }
    url
}

/// An address without the path of another protocol of the same server, where it was typed along.
fn root_of(base: &Url, paths: &[&str]) -> Url {
    let mut url = base.clone();
    if let Some(root) = paths.iter().find_map(|path| base.path().strip_suffix(path)) {
        url.set_path(root);
    }
    url
}

/// The family of this id.
pub(crate) fn family(id: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.id == id)
}

/// A client for a provider; a server that somebody added speaks OpenAI's dialect.
pub(crate) fn client(id: &str, provider: Provider, http: Http) -> Client {
    match family(id) {
        Some(family) => (family.client)(provider, http),
        None => Arc::new(OpenAiClient::new(provider, Dialect::COMPATIBLE, http, Arc::new(LocalFiles))),
    }
}

/// The providers that come with Parlance, in the order they are shown.
pub(crate) fn configured() -> Vec<ProviderConfig> {
    FAMILIES
        .iter()
        .map(|family| ProviderConfig {
            id: family.id.into(),
            name: family.name.into(),
            base_url: family.base_url.into(),
            model: String::new(),
            plain_http_allowed: Vec::new(),
        })
        .collect()
}
