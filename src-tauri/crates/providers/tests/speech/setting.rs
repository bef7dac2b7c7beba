//! A model that speaks of each provider, a local server that speaks its protocol, and somebody who listens.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use parlance_core::chat::Delivery;
use parlance_core::synthesis::{SpeechEvent, SpeechModel, SpeechStream, SpeechUsage};
use parlance_core::{Origin, ProviderError};
use parlance_providers::dashscope::speech::QwenSpeech;
use parlance_providers::dashscope::speech::cosyvoice::CosyVoice;
use parlance_providers::dashscope::speech::realtime::QwenRealtimeSpeech;
use parlance_providers::gemini::speech::GeminiSpeech;
use parlance_providers::http::{Http, TimeLimits};
use parlance_providers::openai::speech::OpenAiSpeech;
use parlance_providers::retry::Retry;
use parlance_providers::speech::{SpeechClient, SpeechSocketClient};
use parlance_providers::{Provider, base_url};
use parlance_simulator::voice::{VoiceFault, VoiceScript, VoiceServer};
use parlance_simulator::{Answer, Body, Pace, Scenario, Simulator};

use crate::chat_setting::{Canary, KEY, PATIENT};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mouth {
    OpenAi,
    Gemini,
    GeminiWhole,
    Qwen,
    QwenRealtime,
    CosyVoice,
}

pub(crate) const ALL: [Mouth; 6] =
    [Mouth::OpenAi, Mouth::Gemini, Mouth::GeminiWhole, Mouth::Qwen, Mouth::QwenRealtime, Mouth::CosyVoice];
pub(crate) const ASKED: [Mouth; 4] = [Mouth::OpenAi, Mouth::Gemini, Mouth::GeminiWhole, Mouth::Qwen];
pub(crate) const WRITTEN_TO: [Mouth; 2] = [Mouth::QwenRealtime, Mouth::CosyVoice];

/// A server of either kind.
pub(crate) enum Server {
    Asked(Simulator),
    WrittenTo(VoiceServer),
}

impl Mouth {
    pub(crate) fn is_written_to(self) -> bool {
        WRITTEN_TO.contains(&self)
    }

    pub(crate) fn is_dashscopes(self) -> bool {
        matches!(self, Self::Qwen | Self::QwenRealtime | Self::CosyVoice)
    }

    pub(crate) fn key(self) -> (String, String) {
        match self {
            Self::Gemini | Self::GeminiWhole => ("x-goog-api-key".into(), KEY.into()),
            _ => ("authorization".into(), format!("Bearer {KEY}")),
        }
    }

    pub(crate) fn at(self, server: &Server) -> Box<dyn SpeechModel> {
        self.within(&server.origin(), PATIENT)
    }

    /// With other limits; those of sockets are their own.
    pub(crate) fn within(self, origin: &str, limits: TimeLimits) -> Box<dyn SpeechModel> {
        let address = if self == Self::OpenAi { format!("{origin}/v1") } else { origin.to_owned() };
        let base_url = base_url::parse(&address).unwrap();
        let keys = Arc::new(Canary(Origin::of(&base_url).unwrap()));
        let provider = Provider { name: "sim".into(), base_url, keys };
        let http = Http::with_connect_limit(Duration::from_secs(5)).unwrap();
        let retry = Retry { sleep: Arc::new(|_| Box::pin(async {})), ..Retry::default() };
        match self {
            Self::OpenAi => {
                let api = OpenAiSpeech { model: "tts".into(), usual_voice: "alloy" };
                Box::new(SpeechClient::new(provider, api, http).with_limits(limits).with_retry(retry))
            }
            Self::Gemini | Self::GeminiWhole => {
                let delivery = if self == Self::Gemini { Delivery::Streaming } else { Delivery::Whole };
                let api = GeminiSpeech { model: "tts".into(), delivery };
                Box::new(SpeechClient::new(provider, api, http).with_limits(limits).with_retry(retry))
            }
            Self::Qwen => {
                let api = QwenSpeech { model: "tts".into() };
                Box::new(SpeechClient::new(provider, api, http).with_limits(limits).with_retry(retry))
            }
            Self::QwenRealtime => {
                let api = QwenRealtimeSpeech { model: "qwen3-tts-flash-realtime".into() };
                Box::new(SpeechSocketClient::new(provider, api, http).with_retry(retry))
            }
            Self::CosyVoice => {
                let api = CosyVoice { model: "cosyvoice-v3-plus".into() };
                Box::new(SpeechSocketClient::new(provider, api, http).with_retry(retry))
            }
        }
    }
}

impl Server {
    /// Speaks what it is given.
    pub(crate) async fn speaking(mouth: Mouth) -> Self {
        Self::of(mouth, Answer::default(), VoiceScript::default()).await
    }

    /// The same, a piece every 50 ms.
    pub(crate) async fn slow(mouth: Mouth) -> Self {
        let pace = Pace { between_ms: 50, ..Pace::default() };
        // An answer in one piece has no middle.
        let pace = if mouth == Mouth::GeminiWhole { Pace::default() } else { pace };
        let script = VoiceScript { pace: Duration::from_millis(50), ..VoiceScript::default() };
        Self::of(mouth, Answer { body: Body::Repeat, pace, ..Answer::default() }, script).await
    }

    pub(crate) async fn answering(answer: Answer) -> Self {
        Self::Asked(Simulator::start(Scenario::always(answer)).await.unwrap())
    }

    pub(crate) async fn faulty(fault: VoiceFault) -> Self {
        Self::talking(VoiceScript { fault: Some(fault), ..VoiceScript::default() }).await
    }

    pub(crate) async fn talking(script: VoiceScript) -> Self {
        Self::WrittenTo(VoiceServer::start(script).await.unwrap())
    }

    async fn of(mouth: Mouth, answer: Answer, script: VoiceScript) -> Self {
        if mouth.is_written_to() { Self::talking(script).await } else { Self::answering(answer).await }
    }

    pub(crate) fn origin(&self) -> String {
        match self {
            Self::Asked(server) => server.origin(),
            Self::WrittenTo(server) => server.origin(),
        }
    }

    /// The key of each request or connection.
    pub(crate) fn keys(&self) -> Vec<(String, String)> {
        let key = |headers: Vec<(String, String)>| {
            let is_key = |(name, _): &(String, String)| name == "authorization" || name == "x-goog-api-key";
            headers.into_iter().find(is_key).unwrap_or_default()
        };
        match self {
            Self::Asked(server) => server.requests().into_iter().map(|asked| key(asked.headers)).collect(),
            Self::WrittenTo(server) => server.heard().into_iter().map(|heard| key(heard.headers)).collect(),
        }
    }

    /// The frames of each connection.
    pub(crate) fn frames(&self) -> Vec<Vec<serde_json::Value>> {
        match self {
            Self::Asked(_) => Vec::new(),
            Self::WrittenTo(server) => server.heard().into_iter().map(|heard| heard.frames).collect(),
        }
    }

    /// Waits until the client has hung up, or has said that it wants no more.
    pub(crate) async fn is_left_alone(&self, mouth: Mouth) {
        let left = async {
            loop {
                let is_left = match self {
                    Self::Asked(server) => server.open_connections() == 0 || mouth == Mouth::GeminiWhole,
                    Self::WrittenTo(_) => {
                        let said = self.frames().concat();
                        said.iter().any(|frame| {
                            frame["type"] == "response.cancel" || frame["payload"]["input"]["directive"] == "cancel"
                        })
                    }
                };
                if is_left {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), left).await.unwrap_or_else(|_| panic!("{mouth:?} is still there"));
    }
}

/// What was heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) samples: Vec<i16>,
    pub(crate) rate: u32,
    pub(crate) usage: Option<SpeechUsage>,
    pub(crate) is_finished: bool,
    pub(crate) error: Option<ProviderError>,
}

pub(crate) async fn hear(mut sound: SpeechStream) -> Heard {
    let mut heard = Heard::default();
    let all = async {
        while let Some(event) = sound.next().await {
            assert!(!heard.is_finished && heard.error.is_none(), "nothing comes after the end");
            match event {
                Ok(SpeechEvent::Audio(chunk)) => {
                    heard.rate = chunk.rate.hz();
                    heard.samples.extend(chunk.samples);
                }
                Ok(SpeechEvent::Usage(usage)) => heard.usage = Some(usage),
                Ok(SpeechEvent::Finished) => heard.is_finished = true,
                Err(error) => heard.error = Some(error),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("the speech ends");
    heard
}

/// How it ended.
pub(crate) fn end(heard: &Heard) -> String {
    match (&heard.error, heard.is_finished) {
        (Some(error), _) => format!("{:?}", error.category),
        (None, true) => "finished".to_owned(),
        (None, false) => "nothing".to_owned(),
    }
}
