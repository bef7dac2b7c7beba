//! The voices of every provider against a local server that speaks their protocols, over real sockets.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use parlance_core::realtime::{RealtimeCommand, RealtimeEvent, RealtimeModel, RealtimeSession, SessionOptions, TurnId};
use parlance_core::{AudioChunk, Category, Origin, ProviderError, StopReason};
use parlance_providers::dashscope::realtime::QwenRealtime;
use parlance_providers::gemini::live::GeminiLive;
use parlance_providers::http::Http;
use parlance_providers::openai::realtime::OpenAiRealtime;
use parlance_providers::{Provider, RealtimeClient, base_url};
use parlance_simulator::voice::{VoiceFault, VoiceScript, VoiceServer};

#[path = "chat/setting.rs"]
#[expect(dead_code, reason = "only a part of it is needed here")]
mod setting;

use setting::{Canary, KEY};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    OpenAi,
    Gemini,
    Qwen,
}

const ALL: [Voice; 3] = [Voice::OpenAi, Voice::Gemini, Voice::Qwen];
const TURN: TurnId = TurnId(1);

impl Voice {
    fn client(self, server: &VoiceServer) -> Box<dyn RealtimeModel> {
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
            Self::OpenAi => Box::new(RealtimeClient::new(provider, OpenAiRealtime { model }, http)),
            Self::Gemini => Box::new(RealtimeClient::new(provider, GeminiLive { model }, http)),
            Self::Qwen => Box::new(RealtimeClient::new(provider, QwenRealtime { model }, http)),
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/realtime?model=voice-1",
            Self::Gemini => "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
            Self::Qwen => "/api-ws/v1/realtime?model=voice-1",
        }
    }

    fn key_header(self) -> (String, String) {
        match self {
            Self::OpenAi | Self::Qwen => ("authorization".into(), format!("Bearer {KEY}")),
            Self::Gemini => ("x-goog-api-key".into(), KEY.into()),
        }
    }
}

fn script() -> VoiceScript {
    VoiceScript {
        question: "Can you hear me?".into(),
        answer: "Yes, very well.".into(),
        sound: (0..24_000).map(|at| (at % 311) as i16 * 7).collect(),
        pace: Duration::ZERO,
        fault: None,
    }
}

async fn open(voice: Voice, server: &VoiceServer) -> Result<RealtimeSession, ProviderError> {
    voice.client(server).connect(SessionOptions::default()).await
}

/// Says half a second; gives what was said.
async fn say(session: &mut RealtimeSession, voice: Voice, server: &VoiceServer, turn: TurnId) -> Vec<i16> {
    let rate = voice.client(server).capabilities().input_rate;
    let said: Vec<i16> = (0..rate.hz() / 2).map(|at| (at % 97) as i16 - 48).collect();
    for samples in said.chunks(rate.hz() as usize / 50) {
        let chunk = AudioChunk { samples: samples.to_vec(), rate };
        session.commands.send(RealtimeCommand::AppendAudio(chunk)).await.unwrap();
    }
    session.commands.send(RealtimeCommand::CommitAndRespond(turn)).await.unwrap();
    said
}

async fn next(session: &mut RealtimeSession) -> Result<RealtimeEvent, ProviderError> {
    let event = tokio::time::timeout(Duration::from_secs(20), session.events.next()).await.expect("an event in time");
    event.expect("the session goes on")
}

/// All events up to the end of the answer.
async fn answer(session: &mut RealtimeSession) -> Vec<RealtimeEvent> {
    let mut events = Vec::new();
    loop {
        events.push(next(session).await.expect("no error"));
        if matches!(events.last(), Some(RealtimeEvent::ResponseDone { .. } | RealtimeEvent::ResponseFailed { .. })) {
            return events;
        }
    }
}

#[tokio::test]
async fn what_is_said_arrives_whole_and_what_is_answered_is_heard_whole() {
    for voice in ALL {
        let server = VoiceServer::start(script()).await.unwrap();
        let mut session = open(voice, &server).await.unwrap();
        let said = say(&mut session, voice, &server, TURN).await;
        let events = answer(&mut session).await;
        let heard = server.heard().remove(0);
        assert_eq!(heard.turns, [said], "{voice:?}");
        assert_eq!(heard.path, voice.path());
        assert!(heard.headers.contains(&voice.key_header()), "{voice:?}");
        let (mut sound, mut words, mut user) = (Vec::new(), String::new(), String::new());
        let mut is_committed = false;
        for event in &events {
            match event {
                RealtimeEvent::AudioDelta { turn: TURN, chunk } => sound.extend_from_slice(&chunk.samples),
                RealtimeEvent::TranscriptDelta { turn: TURN, text } => words.push_str(text),
                RealtimeEvent::UserTranscript { turn: TURN, text } => user.clone_from(text),
                RealtimeEvent::Committed(TURN) => is_committed = true,
                RealtimeEvent::ResponseStarted(TURN) | RealtimeEvent::ResponseDone { turn: TURN, .. } => {}
                other => panic!("{voice:?}: {other:?}"),
            }
        }
        assert_eq!((sound, words.as_str(), user.as_str()), (script().sound, "Yes, very well.", "Can you hear me?"));
        assert!(is_committed, "{voice:?}");
        let Some(RealtimeEvent::ResponseDone { reason: StopReason::Stop, usage: Some(usage), .. }) = events.last()
        else {
            panic!("{voice:?}: {:?}", events.last());
        };
        assert_eq!((usage.input_tokens, usage.output_tokens), (10, 20));
    }
}

#[tokio::test]
async fn a_cancelled_answer_is_silent_and_the_next_turn_is_answered() {
    for voice in ALL {
        let server = VoiceServer::start(VoiceScript { pace: Duration::from_millis(20), ..script() }).await.unwrap();
        let mut session = open(voice, &server).await.unwrap();
        say(&mut session, voice, &server, TURN).await;
        while !matches!(next(&mut session).await.unwrap(), RealtimeEvent::AudioDelta { .. }) {}
        session.commands.send(RealtimeCommand::Cancel(TURN)).await.unwrap();
        let heard = Duration::from_millis(80);
        session.commands.send(RealtimeCommand::Truncate { turn: TURN, heard, words: String::new() }).await.unwrap();
        session.commands.send(RealtimeCommand::ClearInput).await.unwrap();
        say(&mut session, voice, &server, TurnId(2)).await;
        let mut events = answer(&mut session).await;
        // What was on its way when the cancel was sent may still come; after it nothing does.
        let second =
            events.iter().position(|event| matches!(event, RealtimeEvent::ResponseStarted(TurnId(2)))).unwrap();
        let late = events.split_off(second).into_iter().filter(|event| {
            matches!(
                event,
                RealtimeEvent::AudioDelta { turn: TURN, .. } | RealtimeEvent::TranscriptDelta { turn: TURN, .. }
            )
        });
        assert_eq!(late.count(), 0, "{voice:?}");
        let truncations = server.heard()[0].frames.iter().filter(|frame| frame["audio_end_ms"] == 80).count();
        assert_eq!(truncations, usize::from(voice == Voice::OpenAi), "{voice:?}");
    }
}

#[tokio::test]
async fn a_refused_handshake_says_why_without_the_key() {
    for voice in ALL {
        for (status, category) in
            [(401, Category::Authentication), (404, Category::NotFound), (429, Category::RateLimit)]
        {
            let fault = Some(VoiceFault::Refused(status));
            let server = VoiceServer::start(VoiceScript { fault, ..script() }).await.unwrap();
            let error = open(voice, &server).await.err().expect("a refusal");
            assert_eq!((error.category, error.status), (category, Some(status)), "{voice:?}: {error}");
            assert!(!error.to_string().contains(KEY));
        }
    }
}

#[tokio::test]
async fn a_goodbye_and_a_cut_end_the_session_with_their_reason() {
    for voice in ALL {
        let fault = Some(VoiceFault::Closed(1007, "API key not valid."));
        let server = VoiceServer::start(VoiceScript { fault, ..script() }).await.unwrap();
        let mut session = open(voice, &server).await.unwrap();
        let error = next(&mut session).await.expect_err("a goodbye");
        assert_eq!((error.category, error.message.as_str()), (Category::Authentication, "API key not valid."));
        assert!(session.events.next().await.is_none(), "{voice:?}: nothing comes after it");

        let server =
            VoiceServer::start(VoiceScript { fault: Some(VoiceFault::CutAfter(2)), ..script() }).await.unwrap();
        let mut session = open(voice, &server).await.unwrap();
        say(&mut session, voice, &server, TURN).await;
        let mut pieces = 0;
        let error = loop {
            match next(&mut session).await {
                Ok(RealtimeEvent::AudioDelta { .. }) => pieces += 1,
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!((pieces, error.category), (2, Category::Cut), "{voice:?}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_never_opens_the_session_is_given_up() {
    for voice in ALL {
        let server = VoiceServer::start(VoiceScript { fault: Some(VoiceFault::Mute), ..script() }).await.unwrap();
        let mut session = open(voice, &server).await.unwrap();
        // The socket stands; only our own waiting is cut short.
        tokio::time::pause();
        let error = session.events.next().await.expect("an end").expect_err("an error");
        assert_eq!(error.category, Category::Timeout, "{voice:?}: {error}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn dropping_a_session_closes_its_socket() {
    for voice in ALL {
        let server = VoiceServer::start(script()).await.unwrap();
        let mut session = open(voice, &server).await.unwrap();
        let mut commands = session.commands;
        drop(std::mem::replace(&mut session.events, Box::pin(futures_util::stream::empty())));
        let closed = tokio::time::timeout(Duration::from_secs(10), async {
            while commands.send(RealtimeCommand::ClearInput).await.is_ok() {
                tokio::task::yield_now().await;
            }
        });
        assert!(closed.await.is_ok(), "{voice:?}");
    }
}
