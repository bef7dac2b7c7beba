//! Qwen-Omni-Realtime, as <https://help.aliyun.com/zh/model-studio/realtime> describes it (read November 2026): OpenAI's
//! older realtime words with a session of its own form, and no word for how much of an answer was heard.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use parlance_core::realtime::{RealtimeCapabilities, SessionOptions, TurnDetection};
use parlance_core::{ProviderError, SampleRate};
use url::Url;

use crate::base_url;
use crate::openai::realtime::conversation::Conversation;
use crate::openai::realtime::manners::{BetaHeader, Cancelled, Idle, Layout, Manners, Pictures, Truncation};
use crate::provider::Provider;
use crate::realtime::{VoiceApi, check};
use crate::transport::{Headers, KeyHeader, Manner};

/// Of the newer models, which listen to the meaning and ask for tools, these are the older ones.
const OLDER: [&str; 2] = ["qwen-omni-turbo", "qwen3-omni"];

/// A model of Qwen-Omni-Realtime.
#[derive(Debug, Clone)]
pub struct QwenRealtime {
    /// As the provider names it.
    pub model: String,
}

impl QwenRealtime {
    fn manners(&self) -> Manners {
        let is_newer = !OLDER.iter().any(|older| self.model.starts_with(older));
        Manners {
            layout: Layout::Qwen,
            beta_header: BetaHeader::Omitted,
            transcriber: "qwen3-asr-flash-realtime",
            input_rate: SampleRate::HZ_16000,
            output_rate: SampleRate::HZ_24000,
            turns: if is_newer { TurnDetection::Meaning } else { TurnDetection::Silence },
            calls: is_newer,
            pictures: Pictures::Beside { max_base64: 256 * 1024 },
            truncation: Truncation::InWords,
            cancelled: Cancelled::Unsaid,
            // An idle session is cut after about 300 s, and pings are no sign of life to it.
            idle: Idle::Silence,
            longest_session: Some(Duration::from_mins(120)),
        }
    }
}

impl VoiceApi for QwenRealtime {
    type Codec = Conversation;

    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Bearer, max_request_bytes: 0 }
    }

    fn capabilities(&self) -> RealtimeCapabilities {
        self.manners().capabilities()
    }

    fn door(&self, provider: &Provider) -> Result<(Url, Headers), ProviderError> {
        let root = base_url::without(provider.base_url.clone(), &["api/v1/", "api-ws/v1/"]);
        let mut url = Provider { base_url: root, ..provider.clone() }.endpoint("api-ws/v1/realtime")?;
        url.query_pairs_mut().append_pair("model", &self.model);
        Ok((url, Vec::new()))
    }

    fn codec(&self, provider: Arc<str>, session: &SessionOptions) -> Conversation {
        Conversation::new(provider, self.manners(), session.clone())
    }
}

/// For fuzzing: a conversation, one line a step; see `realtime::check`.
///
/// # Panics
/// When a promise is broken.
pub fn check(data: &[u8]) {
    check::check(&QwenRealtime { model: "m".into() }, data);
}
