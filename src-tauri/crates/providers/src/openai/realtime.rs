//! OpenAI's Realtime, as <https://platform.openai.com/docs/api-reference/realtime> describes it (read November 2026), and
//! the servers that speak it.
//!
//! Deliberately absent: turns that the server ends by itself, tools, pictures.

pub mod conversation;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use parlance_core::realtime::{RealtimeCapabilities, SessionOptions};
use parlance_core::{ProviderError, SampleRate};
use serde_json::{Value, json};
use url::Url;

use crate::provider::Provider;
use crate::realtime::VoiceApi;
use crate::transport::{Headers, KeyHeader, Manner};
use conversation::{Conversation, Manners, Truncation};

/// It listens and speaks at this rate, and no other.
const RATE: SampleRate = SampleRate::HZ_24000;
/// What people say is written down by this model, the provider's own choice for conversations.
const TRANSCRIBER: &str = "gpt-transcribe";

/// A model of OpenAI's Realtime.
#[derive(Debug, Clone)]
pub struct OpenAiRealtime {
    /// As the provider names it.
    pub model: String,
}

impl VoiceApi for OpenAiRealtime {
    type Codec = Conversation;

    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Bearer, max_request_bytes: 0 }
    }

    fn capabilities(&self) -> RealtimeCapabilities {
        RealtimeCapabilities { transcribes: true, ..RealtimeCapabilities::at(RATE, RATE) }
    }

    fn door(&self, provider: &Provider) -> Result<(Url, Headers), ProviderError> {
        let mut url = provider.endpoint("realtime")?;
        url.query_pairs_mut().append_pair("model", &self.model);
        Ok((url, Vec::new()))
    }

    fn codec(&self, provider: Arc<str>, session: &SessionOptions) -> Conversation {
        let manners = Manners { session: session_json(session), output_rate: RATE, truncation: Truncation::Known };
        Conversation::new(provider, manners)
    }
}

/// The session, push-to-talk.
fn session_json(options: &SessionOptions) -> Value {
    let format = json!({"type": "audio/pcm", "rate": RATE.hz()});
    let mut session = json!({
        "type": "realtime",
        "output_modalities": ["audio"],
        "audio": {
            "input": {"format": format, "transcription": {"model": TRANSCRIBER}, "turn_detection": null},
            "output": {"format": format},
        },
    });
    if !options.instructions.is_empty() {
        session["instructions"] = json!(options.instructions);
    }
    if let Some(voice) = &options.voice {
        session["audio"]["output"]["voice"] = json!(voice);
    }
    session
}
