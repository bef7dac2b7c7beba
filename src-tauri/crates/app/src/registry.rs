//! The model services that Parlance knows. The one place where they are told apart; everybody else asks a
//! [`Client`].

mod ears;
mod headers;
mod mouths;
mod services;
mod voices;

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::ChatModel;
use parlance_core::realtime::RealtimeModel;
use parlance_core::{ChatRequest, ModelInfo, Msg, Origin, ProviderError, TokenCount};
use parlance_providers::anthropic::MessagesApi;
use parlance_providers::dashscope::GenerationApi;
use parlance_providers::dashscope::realtime::QwenRealtime;
use parlance_providers::gemini::GenerateContentApi;
use parlance_providers::gemini::live::GeminiLive;
use parlance_providers::http::Http;
use parlance_providers::media::{LocalFiles, MediaReader};
use parlance_providers::ollama::OllamaApi;
use parlance_providers::openai::realtime::OpenAiRealtime;
use parlance_providers::openai::realtime::manners::Manners;
use parlance_providers::openai::{AzureApi, ChatCompletionsApi, Dialect};
use parlance_providers::realtime::VoiceApi;
use parlance_providers::responses::ResponsesApi;
use parlance_providers::retry::Retry;
use parlance_providers::transport::Headers;
use parlance_providers::{Api, NoKey, Provider, RealtimeClient, base_url};
use url::Url;

use crate::api::ServiceView;
use crate::config::ProviderConfig;
pub(crate) use ears::{transcribes, transcription_of, usual_transcription_model};
pub(crate) use mouths::{speaks, speech_of, speech_voices, usual_speech_model};
use services::SERVICES;

/// A provider's client, whatever its family.
pub(crate) type Client = Arc<dyn Ask>;

/// What every family's client can be asked.
#[async_trait]
pub(crate) trait Ask: ChatModel {
    /// The models it offers, sorted by id.
    async fn models(&self) -> Result<Vec<ModelInfo>, ProviderError>;

    /// Messages with every medium that must come along inside.
    async fn bring_media(&self, messages: &[Msg]) -> Result<Vec<Msg>, ProviderError>;

    /// The tokens of a request as its server counts them; `None` where the protocol has no such question.
    async fn count(&self, request: &ChatRequest) -> Result<Option<TokenCount>, ProviderError>;
}

#[async_trait]
impl<A: Api> Ask for parlance_providers::Client<A> {
    async fn models(&self) -> Result<Vec<ModelInfo>, ProviderError> {
        parlance_providers::Client::models(self).await
    }

    async fn bring_media(&self, messages: &[Msg]) -> Result<Vec<Msg>, ProviderError> {
        parlance_providers::Client::bring_media(self, messages).await
    }

    async fn count(&self, request: &ChatRequest) -> Result<Option<TokenCount>, ProviderError> {
        parlance_providers::Client::count(self, request).await
    }
}

/// What every family's client is made of.
pub(crate) struct Parts {
    /// Who is asked.
    pub(crate) provider: Provider,
    /// How.
    pub(crate) http: Http,
    /// Where attachments come from.
    pub(crate) media: Arc<dyn MediaReader>,
    /// When it is asked again.
    pub(crate) retry: Retry,
}

fn speaking<A: Api>(api: A, parts: Parts, headers: Headers) -> Client {
    let Parts { provider, http, media, retry } = parts;
    Arc::new(parlance_providers::Client::new(provider, api, http, media).with_headers(headers).with_retry(retry))
}

fn voice<A: VoiceApi>(api: A, provider: Provider, http: Http) -> Arc<dyn RealtimeModel> {
    Arc::new(RealtimeClient::new(provider, api, http))
}

/// A model service that Parlance knows.
pub(crate) struct Family {
    /// Its id in the settings and in the terminal.
    pub(crate) id: &'static str,
    /// For people.
    pub(crate) name: &'static str,
    /// Where it is; empty where everybody has an address of their own.
    pub(crate) base_url: &'static str,
    /// The environment variable that its own programs read the key from, `None` where it needs none.
    pub(crate) variable: Option<&'static str>,
    /// Its own hosts: that variable goes there, to hosts below them, and to this computer only.
    pub(crate) hosts: &'static [&'static str],
    protocol: Protocol,
}

/// How a service is spoken to.
#[derive(Debug, Clone, Copy)]
enum Protocol {
    Chat(Dialect),
    Azure,
    Responses(ResponsesApi),
    Messages,
    GenerateContent,
    Generation,
    Ollama,
}

/// Those that are in the settings from the start. Sources: each provider's API reference, read November 2026.
const FAMILIES: &[Family] = &[
    Family {
        id: "openai",
        name: "OpenAI",
        base_url: "https://api.openai.com/v1",
        variable: Some("OPENAI_API_KEY"),
        hosts: &["api.openai.com"],
        protocol: Protocol::Chat(Dialect::OPENAI),
    },
    Family {
        id: "openai-responses",
        name: "OpenAI (Responses)",
        base_url: "https://api.openai.com/v1",
        variable: Some("OPENAI_API_KEY"),
        hosts: &["api.openai.com"],
        protocol: Protocol::Responses(ResponsesApi::OPENAI),
    },
    Family {
        id: "anthropic",
        name: "Anthropic",
        base_url: "https://api.anthropic.com",
        variable: Some("ANTHROPIC_API_KEY"),
        hosts: &["api.anthropic.com"],
        protocol: Protocol::Messages,
    },
    Family {
        id: "gemini",
        name: "Google Gemini",
        base_url: "https://generativelanguage.googleapis.com",
        variable: Some("GEMINI_API_KEY"),
        hosts: &["generativelanguage.googleapis.com"],
        protocol: Protocol::GenerateContent,
    },
    Family {
        id: "dashscope",
        name: "DashScope",
        base_url: "https://dashscope.aliyuncs.com",
        variable: Some("DASHSCOPE_API_KEY"),
        hosts: &["dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com"],
        protocol: Protocol::Generation,
    },
    Family {
        id: "ollama",
        name: "Ollama",
        base_url: "http://localhost:11434",
        variable: None,
        hosts: &[],
        protocol: Protocol::Ollama,
    },
];

/// The family of this id, among those that are in the settings from the start.
pub(crate) fn family(id: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.id == id)
}

/// The service of this id, among all that are known.
pub(crate) fn service(id: &str) -> Option<&'static Family> {
    family(id).or_else(|| SERVICES.iter().find(|service| service.id == id))
}

/// The services that are not in the settings from the start: asked by their ids, and added to the settings by them. In the
/// order they are shown.
#[must_use]
pub fn known_services() -> Vec<ServiceView> {
    let view = |service: &Family| ServiceView {
        id: service.id.to_owned(),
        name: service.name.to_owned(),
        base_url: service.base_url.to_owned(),
    };
    SERVICES.iter().map(view).collect()
}

/// The service that a provider is one of: what its settings say, else what it is called, else who is at its address. `None` for
/// a server nothing is known about, which speaks OpenAI's protocol as most of them do.
pub(crate) fn service_of(provider: &ProviderConfig) -> Option<&'static Family> {
    let at_address = || {
        let origin = base_url::parse(&provider.base_url).ok().and_then(|url| Origin::of(&url).ok())?;
        SERVICES.iter().find(|service| service.is_at(&origin))
    };
    // “openai” is also how people call whatever speaks its protocol.
    let called = service(&provider.id).filter(|service| service.id != OPENAI);
    let told = provider.dialect.as_deref().filter(|dialect| *dialect != OPENAI).and_then(service);
    told.or(called).or_else(at_address).or_else(|| family(&provider.id))
}

/// The id of OpenAI, and of the protocol that many others speak as well.
pub(crate) const OPENAI: &str = "openai";

impl Family {
    /// Whether an origin is its own: one of its hosts or one below them, encrypted, at the usual port.
    pub(crate) fn is_at(&self, origin: &Origin) -> bool {
        let host = origin.host();
        let below = |own: &&str| host.strip_suffix(*own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        // A port of its own would show after the host.
        self.hosts.iter().any(below) && origin.to_string() == format!("https://{host}")
    }

    /// It as a provider in the settings.
    pub(crate) fn configured(&self) -> ProviderConfig {
        ProviderConfig { name: self.name.into(), ..ProviderConfig::at(self.id, self.base_url) }
    }
}

/// A client for a provider.
///
/// # Errors
/// When a header of its settings cannot be sent.
pub(crate) fn client(config: &ProviderConfig, parts: Parts) -> Result<Client, ProviderError> {
    let headers = headers::of(config, &parts.provider)?;
    let protocol = match service_of(config) {
        Some(service) if service.id == OPENAI && !is_at_home(service, &parts.provider) => {
            Protocol::Chat(Dialect::CALLED_OPENAI)
        }
        Some(service) => service.protocol,
        None => Protocol::Chat(Dialect::COMPATIBLE),
    };
    Ok(match protocol {
        Protocol::Chat(dialect) => speaking(ChatCompletionsApi(dialect), parts, headers),
        Protocol::Azure => speaking(AzureApi::new(config.api_version()), parts, headers),
        Protocol::Responses(api) => speaking(api, parts, headers),
        Protocol::Messages => speaking(MessagesApi, parts, headers),
        Protocol::GenerateContent => speaking(GenerateContentApi, parts, headers),
        Protocol::Generation => speaking(GenerationApi::default(), parts, headers),
        Protocol::Ollama => speaking(OllamaApi, parts, headers),
    })
}

fn is_at_home(service: &Family, provider: &Provider) -> bool {
    Origin::of(&provider.base_url).is_ok_and(|origin| service.is_at(&origin))
}

/// A voice of a provider; `None` where its protocol has none. A server that somebody added may speak OpenAI's.
pub(crate) fn voice_of(
    config: &ProviderConfig,
    provider: Provider,
    model: String,
    http: Http,
) -> Option<Arc<dyn RealtimeModel>> {
    let service = service_of(config);
    match service.map(|service| service.protocol) {
        None | Some(Protocol::Chat(_) | Protocol::Responses(_)) => {
            let manners = realtime_manners(config, service);
            Some(voice(OpenAiRealtime { model, manners }, provider, http))
        }
        Some(Protocol::GenerateContent) => Some(voice(GeminiLive { model }, provider, http)),
        Some(Protocol::Generation) => Some(voice(QwenRealtime { model }, provider, http)),
        Some(Protocol::Azure | Protocol::Messages | Protocol::Ollama) => None,
    }
}

/// Which of OpenAI's realtime words a server speaks. Most servers that learned them learned the older ones; a server whose
/// settings call it `openai` speaks those of today.
fn realtime_manners(config: &ProviderConfig, service: Option<&Family>) -> Manners {
    match service.map(|service| service.id) {
        Some(OPENAI | "openai-responses") => Manners::OPENAI,
        Some("xai") => Manners::XAI,
        None if config.dialect.as_deref() == Some(OPENAI) => Manners::OPENAI,
        None | Some(_) => Manners::COMPATIBLE,
    }
}

/// The voices of a provider by name, as far as they are known; `None` where it has none.
pub(crate) fn voices(config: &ProviderConfig) -> Option<&'static [&'static str]> {
    let service = service_of(config);
    match service.map(|service| (service.id, service.protocol)) {
        Some((OPENAI | "openai-responses", _)) => Some(&voices::OPENAI),
        // Others that speak its protocol have voices of their own.
        None | Some((_, Protocol::Chat(_) | Protocol::Responses(_))) => Some(&[]),
        Some((_, Protocol::GenerateContent)) => Some(&voices::GEMINI),
        Some((_, Protocol::Generation)) => Some(&voices::QWEN),
        Some((_, Protocol::Azure | Protocol::Messages | Protocol::Ollama)) => None,
    }
}

/// How the tokens of requests to a provider are counted, unless the person has the model's own tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Its server has an endpoint for it.
    AtTheServer,
    /// By OpenAI's rules, whatever the model.
    ByOpenAisRules,
    /// By OpenAI's rules for a model of OpenAI's, by an estimate for every other.
    ByTheModel,
    /// Nobody has published a rule.
    Estimated,
}

/// How the tokens of requests to a provider are counted.
pub(crate) fn counts(config: &ProviderConfig) -> Counts {
    match service_of(config) {
        Some(service) if service.id == OPENAI => Counts::ByOpenAisRules,
        None => Counts::ByTheModel,
        Some(service) => match service.protocol {
            Protocol::Responses(api) if api == ResponsesApi::OPENAI => Counts::ByOpenAisRules,
            Protocol::Chat(_) | Protocol::Azure | Protocol::Responses(_) => Counts::ByTheModel,
            Protocol::Messages | Protocol::GenerateContent => Counts::AtTheServer,
            Protocol::Generation | Protocol::Ollama => Counts::Estimated,
        },
    }
}

/// A client that writes requests as Chat Completions, which is what the rules of `parlance-tokens` read: the provider's own
/// where it speaks that protocol. The others are never asked to send anything.
pub(crate) fn chat_completions(config: &ProviderConfig, own: &Client, http: Http) -> Client {
    let dialect = match service_of(config).map(|service| service.protocol) {
        None | Some(Protocol::Chat(_) | Protocol::Azure) => return Arc::clone(own),
        Some(Protocol::Responses(_)) => Dialect::OPENAI,
        Some(Protocol::Messages | Protocol::GenerateContent | Protocol::Generation | Protocol::Ollama) => {
            Dialect::COMPATIBLE
        }
    };
    let base_url = Url::parse("http://localhost/").expect("BUG: this is an address");
    let provider = Provider { name: config.id.clone(), base_url, keys: Arc::new(NoKey) };
    let parts = Parts { provider, http, media: Arc::new(LocalFiles), retry: Retry::default() };
    speaking(ChatCompletionsApi(dialect), parts, Vec::new())
}

/// The providers that come with Parlance, in the order they are shown.
pub(crate) fn configured() -> Vec<ProviderConfig> {
    FAMILIES.iter().map(Family::configured).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_settings_its_name_or_its_address() {
        for (id, dialect, base_url, known) in [
            ("openai", None, "https://api.openai.com/v1", Some("openai")),
            ("openai", None, "http://127.0.0.1:8000/v1", Some("openai")),
            ("openai", None, "https://api.deepseek.com/v1", Some("deepseek")),
            ("anthropic", None, "https://api.deepseek.com/anthropic", Some("anthropic")),
            ("deepseek", None, "http://127.0.0.1:1/v1", Some("deepseek")),
            ("mine", None, "https://api.deepseek.com", Some("deepseek")),
            ("mine", None, "https://eu.openai.azure.com", Some("azure")),
            ("mine", Some("openai"), "https://openrouter.ai/api/v1", Some("openrouter")),
            ("mine", Some("vllm"), "https://openrouter.ai/api/v1", Some("vllm")),
            ("mine", None, "https://api.deepseek.com.evil.test", None),
            ("mine", None, "http://api.deepseek.com", None),
            ("mine", None, "http://localhost:1234/v1", None),
        ] {
            let config = ProviderConfig { dialect: dialect.map(str::to_owned), ..ProviderConfig::at(id, base_url) };
            assert_eq!(service_of(&config).map(|service| service.id), known, "{id} {dialect:?} {base_url}");
        }
    }

    #[test]
    fn each_server_is_spoken_to_in_the_realtime_words_it_knows() {
        for (id, dialect, base_url, manners) in [
            ("openai", None, "https://api.openai.com/v1", Manners::OPENAI),
            ("openai-responses", None, "https://api.openai.com/v1", Manners::OPENAI),
            ("xai", None, "https://api.x.ai/v1", Manners::XAI),
            ("mine", None, "https://api.x.ai/v1", Manners::XAI),
            ("mine", None, "http://localhost:8000/v1", Manners::COMPATIBLE),
            ("mine", Some("openai"), "http://localhost:8000/v1", Manners::OPENAI),
        ] {
            let config = ProviderConfig { dialect: dialect.map(str::to_owned), ..ProviderConfig::at(id, base_url) };
            assert_eq!(realtime_manners(&config, service_of(&config)), manners, "{id} {dialect:?} {base_url}");
        }
    }

    #[test]
    fn every_service_has_an_id_and_hosts_of_its_own() {
        let all: Vec<&Family> = FAMILIES.iter().chain(SERVICES).collect();
        for (at, service) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| other.id != service.id), "{}", service.id);
            if !service.base_url.is_empty() {
                let url = base_url::parse(service.base_url).unwrap();
                let origin = Origin::of(&url).unwrap();
                assert!(origin.is_loopback() || service.is_at(&origin), "{} is at its own host", service.id);
            }
        }
    }
}
