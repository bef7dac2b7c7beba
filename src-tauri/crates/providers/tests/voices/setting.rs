//! A voice of each provider, a local server that speaks its protocol, and a person who speaks.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use parlance_core::realtime::{RealtimeCommand, RealtimeEvent, RealtimeModel, RealtimeSession, SessionOptions, TurnId};
use parlance_core::{AudioChunk, Origin, ProviderError};
use parlance_providers::dashscope::realtime::QwenRealtime;
use parlance_providers::gemini::live::GeminiLive;
use parlance_providers::http::Http;
use parlance_providers::openai::realtime::OpenAiRealtime;
use parlance_providers::openai::realtime::manners::Manners;
use parlance_providers::{Provider, RealtimeClient, base_url};
use parlance_simulator::voice::{VoiceScript, VoiceServer};

use crate::chat_setting::{Canary, KEY};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    OpenAi,
    Gemini,
    Qwen,
}

pub(crate) const ALL: [Voice; 3] = [Voice::OpenAi, Voice::Gemini, Voice::Qwen];
pub(crate) const TURN: TurnId = TurnId(1);

impl Voice {
    pub(crate) fn client(self, server: &VoiceServer) -> Box<dyn RealtimeModel> {
        let address = match self {
            Self::OpenAi => format!("{}/v1", server.origin()),
            Self::Gemini | Self::Qwen => server.origin(),
        };
        let base_url = base_url::parse(&address).unwrap();
        let keys = Arc::new(Canary(Origin::of(&base_url).unwrap()));
        let provider = Provider { name: "sim".into(), base_url, keys };
        let http = Http::with_connect_limit(Duration::from_secs(5)).unwrap();
        let model = "voice-1".to_owned();
        match self {
            Self::OpenAi => {
                Box::new(RealtimeClient::new(provider, OpenAiRealtime { model, manners: Manners::OPENAI }, http))
            }
            Self::Gemini => Box::new(RealtimeClient::new(provider, GeminiLive { model }, http)),
            Self::Qwen => Box::new(RealtimeClient::new(provider, QwenRealtime { model }, http)),
        }
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/realtime?model=voice-1",
            Self::Gemini => "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
            Self::Qwen => "/api-ws/v1/realtime?model=voice-1",
        }
    }

    pub(crate) fn key_header(self) -> (String, String) {
        match self {
            Self::OpenAi | Self::Qwen => ("authorization".into(), format!("Bearer {KEY}")),
            Self::Gemini => ("x-goog-api-key".into(), KEY.into()),
        }
    }
}

pub(crate) fn script() -> VoiceScript {
    VoiceScript::default()
}

pub(crate) async fn open(voice: Voice, server: &VoiceServer) -> Result<RealtimeSession, ProviderError> {
    open_as(voice, server, SessionOptions::default()).await
}

pub(crate) async fn open_as(
    voice: Voice,
    server: &VoiceServer,
    options: SessionOptions,
) -> Result<RealtimeSession, ProviderError> {
    voice.client(server).connect(options).await
}

/// Says half a second; gives what was said.
pub(crate) async fn say(session: &mut RealtimeSession, voice: Voice, server: &VoiceServer, turn: TurnId) -> Vec<i16> {
    let rate = voice.client(server).capabilities().input_rate;
    let said: Vec<i16> = (0..rate.hz() / 2).map(|at| (at % 97) as i16 - 48).collect();
    for samples in said.chunks(rate.hz() as usize / 50) {
        let chunk = AudioChunk { samples: samples.to_vec(), rate };
        session.commands.send(RealtimeCommand::AppendAudio(chunk)).await.unwrap();
    }
    session.commands.send(RealtimeCommand::CommitAndRespond(turn)).await.unwrap();
    said
}

pub(crate) async fn next(session: &mut RealtimeSession) -> Result<RealtimeEvent, ProviderError> {
    let event = tokio::time::timeout(Duration::from_secs(20), session.events.next()).await.expect("an event in time");
    event.expect("the session goes on")
}

/// Why the session ends.
pub(crate) async fn failure(session: &mut RealtimeSession) -> ProviderError {
    loop {
        if let Err(error) = next(session).await {
            return error;
        }
    }
}

/// All events up to the end of the answer.
pub(crate) async fn answer(session: &mut RealtimeSession) -> Vec<RealtimeEvent> {
    let mut events = Vec::new();
    loop {
        events.push(next(session).await.expect("no error"));
        if matches!(events.last(), Some(RealtimeEvent::ResponseDone { .. } | RealtimeEvent::ResponseFailed { .. })) {
            return events;
        }
    }
}

/// The events without their sound, for people who read why a test failed.
pub(crate) fn told(events: &[RealtimeEvent]) -> Vec<&RealtimeEvent> {
    events.iter().filter(|event| !matches!(event, RealtimeEvent::AudioDelta { .. })).collect()
}
