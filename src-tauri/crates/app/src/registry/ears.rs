//! Which service has which model that writes down what is said.

use std::sync::Arc;

use parlance_core::ProviderError;
use parlance_core::transcription::TranscriptionModel;
use parlance_providers::dashscope::transcription::QwenTranscription;
use parlance_providers::gemini::transcription::GeminiTranscription;
use parlance_providers::http::Http;
use parlance_providers::openai::transcription::OpenAiTranscription;
use parlance_providers::transcription::TranscriptionApi;
use parlance_providers::transport::Headers;
use parlance_providers::{Provider, TranscriptionClient};

use super::{OPENAI, Protocol, headers, service_of};
use crate::config::ProviderConfig;

/// Whose words a service takes recordings in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ear {
    /// OpenAI's own.
    OpenAi,
    /// OpenAI's, with models of the server's own.
    Compatible,
    Gemini,
    DashScope,
}

fn ear(config: &ProviderConfig) -> Option<Ear> {
    let service = service_of(config);
    match service.map(|service| (service.id, service.protocol)) {
        Some((OPENAI | "openai-responses", _)) => Some(Ear::OpenAi),
        None | Some((_, Protocol::Chat(_) | Protocol::Responses(_))) => Some(Ear::Compatible),
        Some((_, Protocol::GenerateContent)) => Some(Ear::Gemini),
        Some((_, Protocol::Generation)) => Some(Ear::DashScope),
        Some((_, Protocol::Azure | Protocol::Messages | Protocol::Ollama)) => None,
    }
}

/// Whether a provider may have models that write down what is said.
pub(crate) fn transcribes(config: &ProviderConfig) -> bool {
    ear(config).is_some()
}

/// The model that writes down speech where none is named; `None` where nobody knows the server's.
pub(crate) fn usual_transcription_model(config: &ProviderConfig) -> Option<&'static str> {
    match ear(config)? {
        Ear::OpenAi => Some("gpt-transcribe"),
        Ear::Compatible => None,
        Ear::Gemini => Some("gemini-2.5-flash"),
        Ear::DashScope => Some("qwen3-asr-flash"),
    }
}

/// A model of a provider that writes down what is said; `None` where its protocol has none.
///
/// # Errors
/// When a header of its settings cannot be sent.
pub(crate) fn transcription_of(
    config: &ProviderConfig,
    provider: Provider,
    model: &str,
    http: Http,
) -> Result<Option<Arc<dyn TranscriptionModel>>, ProviderError> {
    let headers = headers::of(config, &provider)?;
    let model = model.to_owned();
    Ok(ear(config).map(|ear| match ear {
        Ear::OpenAi | Ear::Compatible => asked(OpenAiTranscription { model }, provider, http, headers),
        Ear::Gemini => asked(GeminiTranscription { model }, provider, http, headers),
        Ear::DashScope => asked(QwenTranscription { model }, provider, http, headers),
    }))
}

fn asked(api: impl TranscriptionApi, provider: Provider, http: Http, headers: Headers) -> Arc<dyn TranscriptionModel> {
    Arc::new(TranscriptionClient::new(provider, api, http).with_headers(headers))
}
