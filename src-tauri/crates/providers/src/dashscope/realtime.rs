//! Qwen-Omni-Realtime, as <https://help.aliyun.com/zh/model-studio/realtime> describes it (read November 2026): OpenAI's
//! older realtime words with a session of its own form, and no word for how much of an answer was heard.

use std::sync::Arc;

use parlance_core::realtime::{RealtimeCapabilities, SessionOptions};
use parlance_core::{ProviderError, SampleRate};
use serde_json::{Value, json};
use url::Url;

use crate::base_url;
use crate::openai::realtime::conversation::{Conversation, Manners, Truncation};
use crate::provider::Provider;
use crate::realtime::VoiceApi;
use crate::transport::{Headers, KeyHeader, Manner};

/// What people say is written down by this model.
const TRANSCRIBER: &str = "qwen3-asr-flash-realtime";

/// A model of Qwen-Omni-Realtime.
#[derive(Debug, Clone)]
pub struct QwenRealtime {
    /// As the provider names it.
    pub model: String,
}

impl VoiceApi for QwenRealtime {
    type Codec = Conversation;

    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Bearer, max_request_bytes: 0 }
    }

    fn capabilities(&self) -> RealtimeCapabilities {
        RealtimeCapabilities {
            transcribes: true,
            ..RealtimeCapabilities::at(SampleRate::HZ_16000, SampleRate::HZ_24000)
        }
    }

    fn door(&self, provider: &Provider) -> Result<(Url, Headers), ProviderError> {
        let root = base_url::without(provider.base_url.clone(), &["api/v1/", "api-ws/v1/"]);
        let mut url = Provider { base_url: root, ..provider.clone() }.endpoint("api-ws/v1/realtime")?;
        url.query_pairs_mut().append_pair("model", &self.model);
        Ok((url, Vec::new()))
    }

    fn codec(&self, provider: Arc<str>, session: &SessionOptions) -> Conversation {
        let manners = Manners {
            session: session_json(session),
            output_rate: SampleRate::HZ_24000,
            truncation: Truncation::Unknown,
        };
        Conversation::new(provider, manners)
    }
}

/// The session, push-to-talk. A voice is sent only where one was chosen: an empty one is refused.
fn session_json(options: &SessionOptions) -> Value {
    let mut session = json!({
        "modalities": ["text", "audio"],
        "input_audio_format": "pcm",
        "output_audio_format": "pcm",
        "input_audio_transcription": {"model": TRANSCRIBER},
        "turn_detection": null,
    });
    if !options.instructions.is_empty() {
        session["instructions"] = json!(options.instructions);
    }
    if let Some(voice) = &options.voice {
        session["voice"] = json!(voice);
    }
    session
}
