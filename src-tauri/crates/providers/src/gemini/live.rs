//! Gemini's Live API, as <https://ai.google.dev/api/live> describes it (read November 2026), push-to-talk: activity begins
//! with the first sound of a turn and ends with the commit.
//!
//! Deliberately absent: turns that the server ends by itself, tools, pictures, resumption.

mod codec;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use parlance_core::realtime::{RealtimeCapabilities, SessionOptions};
use parlance_core::{ProviderError, SampleRate};
use serde_json::{Value, json};
use url::Url;

use super::request;
use crate::base_url;
use crate::provider::Provider;
use crate::realtime::VoiceApi;
use crate::transport::{Headers, KeyHeader, Manner};
pub use codec::LiveCodec;

/// It listens at this rate …
const INPUT_RATE: SampleRate = SampleRate::HZ_16000;
/// … and speaks at this one.
const OUTPUT_RATE: SampleRate = SampleRate::HZ_24000;
/// Where sessions are opened, below the host.
const PATH: &str = "ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";

/// A model of the Live API.
#[derive(Debug, Clone)]
pub struct GeminiLive {
    /// As the provider names it.
    pub model: String,
}

impl VoiceApi for GeminiLive {
    type Codec = LiveCodec;

    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Named("x-goog-api-key"), max_request_bytes: 0 }
    }

    fn capabilities(&self) -> RealtimeCapabilities {
        RealtimeCapabilities { transcribes: true, ..RealtimeCapabilities::at(INPUT_RATE, OUTPUT_RATE) }
    }

    fn door(&self, provider: &Provider) -> Result<(Url, Headers), ProviderError> {
        // A wrong name is said here; the server would only hang up.
        request::model_name(&provider.name, &self.model)?;
        let root = base_url::without(provider.base_url.clone(), &["v1/", "v1beta/", "v1alpha/"]);
        Ok((Provider { base_url: root, ..provider.clone() }.endpoint(PATH)?, Vec::new()))
    }

    fn codec(&self, provider: Arc<str>, session: &SessionOptions) -> LiveCodec {
        LiveCodec::new(provider, setup(&self.model, session))
    }
}

fn setup(model: &str, options: &SessionOptions) -> Value {
    let name = model.strip_prefix("models/").unwrap_or(model);
    let mut setup = json!({
        "model": format!("models/{name}"),
        "generationConfig": {"responseModalities": ["AUDIO"]},
        "realtimeInputConfig": {"automaticActivityDetection": {"disabled": true}},
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
    });
    if !options.instructions.is_empty() {
        setup["systemInstruction"] = json!({"parts": [{"text": options.instructions}]});
    }
    if let Some(voice) = &options.voice {
        setup["generationConfig"]["speechConfig"] =
            json!({"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}}});
    }
    setup
}
