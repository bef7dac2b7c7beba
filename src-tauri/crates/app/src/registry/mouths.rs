//! Which service has which model that speaks.

use std::sync::Arc;

use parlance_core::ProviderError;
use parlance_core::chat::Delivery;
use parlance_core::synthesis::SpeechModel;
use parlance_providers::dashscope::speech::QwenSpeech;
use parlance_providers::dashscope::speech::cosyvoice::CosyVoice;
use parlance_providers::dashscope::speech::realtime::QwenRealtimeSpeech;
use parlance_providers::gemini::speech::GeminiSpeech;
use parlance_providers::http::Http;
use parlance_providers::openai::speech::OpenAiSpeech;
use parlance_providers::speech::{SpeechApi, SpeechSocketApi, SpeechSocketClient};
use parlance_providers::transport::Headers;
use parlance_providers::{Provider, SpeechClient};

use super::{OPENAI, Protocol, headers, service_of, voices};
use crate::config::ProviderConfig;

/// Whose words a service takes to be spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mouth {
    /// OpenAI's own.
    OpenAi,
    /// OpenAI's, with models and voices of the server's own.
    Compatible,
    Gemini,
    DashScope,
}

fn mouth(config: &ProviderConfig) -> Option<Mouth> {
    let service = service_of(config);
    match service.map(|service| (service.id, service.protocol)) {
        Some((OPENAI | "openai-responses", _)) => Some(Mouth::OpenAi),
        None | Some((_, Protocol::Chat(_) | Protocol::Responses(_))) => Some(Mouth::Compatible),
        Some((_, Protocol::GenerateContent)) => Some(Mouth::Gemini),
        Some((_, Protocol::Generation)) => Some(Mouth::DashScope),
        Some((_, Protocol::Azure | Protocol::Messages | Protocol::Ollama)) => None,
    }
}

/// Whether a provider may have models that speak.
pub(crate) fn speaks(config: &ProviderConfig) -> bool {
    mouth(config).is_some()
}

/// The model that speaks where none is named; `None` where nobody knows the server's.
pub(crate) fn usual_speech_model(config: &ProviderConfig) -> Option<&'static str> {
    match mouth(config)? {
        Mouth::OpenAi => Some("gpt-4o-mini-tts"),
        Mouth::Compatible => None,
        Mouth::Gemini => Some("gemini-2.5-flash-preview-tts"),
        Mouth::DashScope => Some("qwen3-tts-flash"),
    }
}

/// The voices of a model that speaks, by name, as far as they are known; others can be named all the same.
pub(crate) fn speech_voices(config: &ProviderConfig, model: &str) -> &'static [&'static str] {
    match mouth(config) {
        Some(Mouth::OpenAi) => &voices::OPENAI_SPEECH,
        Some(Mouth::Gemini) => &voices::GEMINI,
        Some(Mouth::DashScope) if model.starts_with("cosyvoice") && model.contains("-v2") => &voices::COSYVOICE_V2,
        Some(Mouth::DashScope) if model.starts_with("cosyvoice") => &voices::COSYVOICE,
        Some(Mouth::DashScope) => &voices::QWEN_SPEECH,
        Some(Mouth::Compatible) | None => &[],
    }
}

/// A model of a provider that speaks; `None` where its protocol has none.
///
/// # Errors
/// When a header of its settings cannot be sent.
pub(crate) fn speech_of(
    config: &ProviderConfig,
    provider: Provider,
    model: &str,
    http: Http,
) -> Result<Option<Arc<dyn SpeechModel>>, ProviderError> {
    let headers = headers::of(config, &provider)?;
    let model = model.to_owned();
    Ok(match mouth(config) {
        // Most servers that speak OpenAI's protocol know its oldest voice by name.
        Some(Mouth::OpenAi | Mouth::Compatible) => {
            Some(whole(OpenAiSpeech { model, usual_voice: "alloy" }, provider, http, headers))
        }
        Some(Mouth::Gemini) => {
            Some(whole(GeminiSpeech { model, delivery: Delivery::Streaming }, provider, http, headers))
        }
        // Its three kinds of models are told apart by their names, as the service itself does.
        Some(Mouth::DashScope) if model.starts_with("cosyvoice") => {
            Some(written_to(CosyVoice { model }, provider, http, headers))
        }
        Some(Mouth::DashScope) if model.contains("realtime") => {
            Some(written_to(QwenRealtimeSpeech { model }, provider, http, headers))
        }
        Some(Mouth::DashScope) => Some(whole(QwenSpeech { model }, provider, http, headers)),
        None => None,
    })
}

fn whole(api: impl SpeechApi, provider: Provider, http: Http, headers: Headers) -> Arc<dyn SpeechModel> {
    Arc::new(SpeechClient::new(provider, api, http).with_headers(headers))
}

fn written_to(api: impl SpeechSocketApi, provider: Provider, http: Http, headers: Headers) -> Arc<dyn SpeechModel> {
    Arc::new(SpeechSocketClient::new(provider, api, http).with_headers(headers))
}
