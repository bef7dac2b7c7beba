//! The families of providers that Parlance knows. The one place where they are told apart; everybody else asks a
//! [`Client`].

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::ChatModel;
use parlance_core::realtime::RealtimeModel;
use parlance_core::{ModelInfo, ProviderError};
use parlance_providers::anthropic::MessagesApi;
use parlance_providers::dashscope::GenerationApi;
use parlance_providers::dashscope::realtime::QwenRealtime;
use parlance_providers::gemini::GenerateContentApi;
use parlance_providers::gemini::live::GeminiLive;
use parlance_providers::http::Http;
use parlance_providers::media::LocalFiles;
use parlance_providers::ollama::OllamaApi;
use parlance_providers::openai::realtime::OpenAiRealtime;
use parlance_providers::openai::{ChatCompletionsApi, Dialect};
use parlance_providers::realtime::VoiceApi;
use parlance_providers::responses::ResponsesApi;
use parlance_providers::{Api, Provider, RealtimeClient};

use crate::config::ProviderConfig;

/// A provider's client, whatever its family.
pub(crate) type Client = Arc<dyn Ask>;

/// What every family's client can be asked.
#[async_trait]
pub(crate) trait Ask: ChatModel {
    /// The models it offers, sorted by id.
    async fn models(&self) -> Result<Vec<ModelInfo>, ProviderError>;
}

#[async_trait]
impl<A: Api> Ask for parlance_providers::Client<A> {
    async fn models(&self) -> Result<Vec<ModelInfo>, ProviderError> {
        parlance_providers::Client::models(self).await
    }
}

fn speaking<A: Api>(api: A, provider: Provider, http: Http) -> Client {
    Arc::new(parlance_providers::Client::new(provider, api, http, Arc::new(LocalFiles)))
}

fn voice<A: VoiceApi>(api: A, provider: Provider, http: Http) -> Arc<dyn RealtimeModel> {
    Arc::new(RealtimeClient::new(provider, api, http))
}

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
    /// Its realtime protocol, `None` where it has none.
    voice: Option<fn(Provider, String, Http) -> Arc<dyn RealtimeModel>>,
}

/// Sources: each provider's API reference, read November 2026.
const FAMILIES: &[Family] = &[
    Family {
        id: "openai",
        name: "OpenAI",
        base_url: "https://api.openai.com/v1",
        variable: Some("OPENAI_API_KEY"),
        hosts: &["api.openai.com"],
        client: |provider, http| speaking(ChatCompletionsApi(Dialect::OPENAI), provider, http),
        voice: Some(|provider, model, http| voice(OpenAiRealtime { model }, provider, http)),
    },
    Family {
        id: "openai-responses",
        name: "OpenAI (Responses)",
        base_url: "https://api.openai.com/v1",
        variable: Some("OPENAI_API_KEY"),
        hosts: &["api.openai.com"],
        client: |provider, http| speaking(ResponsesApi, provider, http),
        voice: Some(|provider, model, http| voice(OpenAiRealtime { model }, provider, http)),
    },
    Family {
        id: "anthropic",
        name: "Anthropic",
        base_url: "https://api.anthropic.com",
        variable: Some("ANTHROPIC_API_KEY"),
        hosts: &["api.anthropic.com"],
        client: |provider, http| speaking(MessagesApi, provider, http),
        voice: None,
    },
    Family {
        id: "gemini",
        name: "Google Gemini",
        base_url: "https://generativelanguage.googleapis.com",
        variable: Some("GEMINI_API_KEY"),
        hosts: &["generativelanguage.googleapis.com"],
        client: |provider, http| speaking(GenerateContentApi, provider, http),
        voice: Some(|provider, model, http| voice(GeminiLive { model }, provider, http)),
    },
    Family {
        id: "dashscope",
        name: "DashScope",
        base_url: "https://dashscope.aliyuncs.com",
        variable: Some("DASHSCOPE_API_KEY"),
        hosts: &["dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com"],
        client: |provider, http| speaking(GenerationApi::default(), provider, http),
        voice: Some(|provider, model, http| voice(QwenRealtime { model }, provider, http)),
    },
    Family {
        id: "ollama",
        name: "Ollama",
        base_url: "http://localhost:11434",
        variable: None,
        hosts: &[],
        client: |provider, http| speaking(OllamaApi, provider, http),
        voice: None,
    },
];

/// The family of this id.
pub(crate) fn family(id: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.id == id)
}

/// A client for a provider; a server that somebody added speaks OpenAI's dialect.
pub(crate) fn client(id: &str, provider: Provider, http: Http) -> Client {
    match family(id) {
        Some(family) => (family.client)(provider, http),
        None => speaking(ChatCompletionsApi(Dialect::COMPATIBLE), provider, http),
    }
}

/// A voice of a provider; `None` where its protocol has none. A server that somebody added may speak OpenAI's.
pub(crate) fn voice_of(id: &str, provider: Provider, model: String, http: Http) -> Option<Arc<dyn RealtimeModel>> {
    match family(id) {
        Some(family) => family.voice.map(|voice| voice(provider, model, http)),
        None => Some(voice(OpenAiRealtime { model }, provider, http)),
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
