//! Gemini's Live API, as <https://ai.google.dev/api/live> describes it (read November 2026).
//!
//! * `setup` – what a session is told about itself.
//! * `messages` – what is sent, message by message.
//! * `codec` – commands to messages, messages to events; `turn` – what is known of one turn.
//!
//! Deliberately absent: moving pictures, and ephemeral keys.

mod codec;
mod messages;
mod setup;
#[cfg(test)]
mod tests;
mod turn;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use parlance_core::realtime::{RealtimeCapabilities, SessionOptions, TurnDetection};
use parlance_core::{ProviderError, SampleRate};
use url::Url;

use super::request;
use crate::base_url;
use crate::provider::Provider;
use crate::realtime::{VoiceApi, check};
use crate::transport::{Headers, KeyHeader, Manner};
pub use codec::LiveCodec;

/// It listens at this rate …
const INPUT_RATE: SampleRate = SampleRate::HZ_16000;
/// … and speaks at this one.
const OUTPUT_RATE: SampleRate = SampleRate::HZ_24000;
/// A connection is ended after about this long; the session goes on by its handle.
const LONGEST_CONNECTION: Duration = Duration::from_mins(10);
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
        RealtimeCapabilities {
            transcribes: true,
            turns: TurnDetection::Silence,
            sees: true,
            calls: true,
            longest_session: Some(LONGEST_CONNECTION),
            ..RealtimeCapabilities::at(INPUT_RATE, OUTPUT_RATE)
        }
    }

    fn door(&self, provider: &Provider) -> Result<(Url, Headers), ProviderError> {
        // A wrong name is said here; the server would only hang up.
        request::model_name(&provider.name, &self.model)?;
        let root = base_url::without(provider.base_url.clone(), &["v1/", "v1beta/", "v1alpha/"]);
        Ok((Provider { base_url: root, ..provider.clone() }.endpoint(PATH)?, Vec::new()))
    }

    fn codec(&self, provider: Arc<str>, session: &SessionOptions) -> LiveCodec {
        LiveCodec::new(provider, &self.model, session)
    }
}

/// For fuzzing: a conversation, one line a step; see `realtime::check`.
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    for model in ["gemini-2.5-flash-native-audio-latest", "gemini-3.1-flash-live-preview"] {
        check::check(&GeminiLive { model: model.into() }, data);
    }
}
