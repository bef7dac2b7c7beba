//! The voices of every provider against a local server that speaks their protocols, over real sockets.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::time::Duration;

use futures_util::StreamExt;
use parlance_core::realtime::{RealtimeCommand, RealtimeEvent, SoundTokens, TurnId};
use parlance_core::{Category, StopReason};
use parlance_simulator::voice::{VoiceFault, VoiceScript, VoiceServer};

#[path = "chat/setting.rs"]
#[expect(dead_code, reason = "only a part of it is needed here")]
mod chat_setting;
#[path = "voices/conversations.rs"]
mod conversations;
#[path = "voices/faults.rs"]
mod faults;
#[path = "voices/setting.rs"]
mod setting;

use chat_setting::KEY;
use setting::{ALL, TURN, Voice, answer, failure, next, open, say, script};

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
                RealtimeEvent::ResponseStarted(TURN)
                | RealtimeEvent::ResponseDone { turn: TURN, .. }
                | RealtimeEvent::RoundTrip(_)
                | RealtimeEvent::RateLimit { .. }
                | RealtimeEvent::Resumable(_) => {}
                other => panic!("{voice:?}: {other:?}"),
            }
        }
        assert_eq!((sound, words.as_str(), user.as_str()), (script().sound, "Yes, very well.", "Can you hear me?"));
        assert!(is_committed, "{voice:?}");
        let Some(RealtimeEvent::ResponseDone { reason: StopReason::Stop, usage: Some(usage), sound, .. }) =
            events.last()
        else {
            panic!("{voice:?}: {:?}", events.last());
        };
        assert_eq!((usage.input_tokens, usage.output_tokens), (10, 20));
        assert_eq!(*sound, Some(SoundTokens { input: 6, output: 12 }), "{voice:?}");
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
        let error = failure(&mut session).await;
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
        let error = failure(&mut session).await;
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
