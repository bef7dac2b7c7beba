//! OpenAI's Realtime, as <https://platform.openai.com/docs/api-reference/realtime> describes it (read November 2026), and
//! the servers that speak it.
//!
//! * [`manners`] – how these servers differ, as data.
//! * `session` – what a session is told about itself.
//! * [`conversation`] – commands to frames, events to events.
//! * `answer` – what is known of the answer that comes now, and of the one before.
//! * `said` – what people said, as far as it is written down.
//! * `counts` – numbers and reasons of the server's.
//! * `frames` – what is sent, frame by frame.
//!
//! Deliberately absent: WebRTC, and sessions that only write down.

mod answer;
pub mod conversation;
mod counts;
mod frames;
pub mod manners;
mod said;
mod session;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use parlance_core::ProviderError;
use parlance_core::realtime::{RealtimeCapabilities, SessionOptions};
use url::Url;

use crate::provider::Provider;
use crate::realtime::{VoiceApi, check};
use crate::transport::{Headers, KeyHeader, Manner, header};
use conversation::Conversation;
use manners::{BetaHeader, Manners};

/// A model of OpenAI's Realtime, or of a server that speaks it.
#[derive(Debug, Clone)]
pub struct OpenAiRealtime {
    /// As the provider names it.
    pub model: String,
    /// How its server wants to be spoken to.
    pub manners: Manners,
}

impl VoiceApi for OpenAiRealtime {
    type Codec = Conversation;

    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Bearer, max_request_bytes: 0 }
    }

    fn capabilities(&self) -> RealtimeCapabilities {
        self.manners.capabilities()
    }

    fn door(&self, provider: &Provider) -> Result<(Url, Headers), ProviderError> {
        let mut url = provider.endpoint("realtime")?;
        url.query_pairs_mut().append_pair("model", &self.model);
        let headers = match self.manners.beta_header {
            BetaHeader::Sent => vec![header("openai-beta", "realtime=v1")],
            BetaHeader::Omitted => Vec::new(),
        };
        Ok((url, headers))
    }

    fn codec(&self, provider: Arc<str>, session: &SessionOptions) -> Conversation {
        Conversation::new(provider, self.manners, session.clone())
    }
}

/// For fuzzing: a conversation, one line a step; see `realtime::check`.
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    for manners in [Manners::OPENAI, Manners::COMPATIBLE, Manners::XAI] {
        check::check(&OpenAiRealtime { model: "m".into(), manners }, data);
    }
}
