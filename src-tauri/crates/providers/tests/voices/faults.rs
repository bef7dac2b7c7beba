//! What goes wrong on the way, with every voice: each fault ends in an error that says so, or in nothing at all.

use std::time::Duration;

use parlance_core::realtime::{RealtimeCommand, RealtimeEvent};
use parlance_core::{AudioChunk, Category};
use parlance_simulator::voice::{FaultyConnections, VoiceFault, VoiceScript, VoiceServer};

use crate::setting::{ALL, TURN, Voice, answer, failure, next, open, say, script, told};

/// A server on which this goes wrong.
async fn faulty(fault: VoiceFault) -> VoiceServer {
    VoiceServer::start(VoiceScript { fault: Some(fault), ..script() }).await.unwrap()
}

#[tokio::test]
async fn a_cut_before_the_session_and_in_mid_utterance_is_a_cut() {
    for voice in ALL {
        for fault in [VoiceFault::CutBeforeSession, VoiceFault::CutInUtterance(Duration::from_millis(200))] {
            let server = faulty(fault).await;
            let mut session = open(voice, &server).await.unwrap();
            let rate = voice.client(&server).capabilities().input_rate;
            let chunk = AudioChunk { samples: vec![1; rate.hz() as usize / 50], rate };
            for _ in 0..50 {
                let more = RealtimeCommand::AppendAudio(chunk.clone());
                if session.commands.send(more).await.is_err() {
                    break;
                }
            }
            let error = failure(&mut session).await;
            assert_eq!(error.category, Category::Cut, "{voice:?} {fault:?}: {error}");
            assert!(server.heard()[0].turns.is_empty(), "{voice:?}: no turn was given");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_silent_in_mid_answer_is_there_and_one_that_is_gone_is_given_up() {
    for voice in ALL {
        let server = faulty(VoiceFault::HalfOpenAfter(1)).await;
        let mut session = open(voice, &server).await.unwrap();
        say(&mut session, voice, &server, TURN).await;
        while !matches!(next(&mut session).await.unwrap(), RealtimeEvent::AudioDelta { .. }) {}
        // The socket stands; only our own waiting is cut short.
        tokio::time::pause();
        let error = loop {
            match futures_util::StreamExt::next(&mut session.events).await.expect("an end") {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        tokio::time::resume();
        assert_eq!(error.category, Category::Timeout, "{voice:?}: {error}");
        assert!(error.message.contains("45 s"), "{voice:?}: {error}");
    }
}

#[tokio::test]
async fn frames_that_cannot_be_read_are_skipped_until_there_are_three_in_a_row() {
    for voice in ALL {
        for fault in [VoiceFault::Unknown, VoiceFault::Malformed(2)] {
            let server = faulty(fault).await;
            let mut session = open(voice, &server).await.unwrap();
            say(&mut session, voice, &server, TURN).await;
            let events = answer(&mut session).await;
            let is_whole = matches!(events.last(), Some(RealtimeEvent::ResponseDone { .. }));
            assert!(is_whole, "{voice:?} {fault:?}: {:?}", told(&events));
        }
        let server = faulty(VoiceFault::Malformed(3)).await;
        let mut session = open(voice, &server).await.unwrap();
        say(&mut session, voice, &server, TURN).await;
        let error = failure(&mut session).await;
        assert_eq!(error.category, Category::Protocol, "{voice:?}: {error}");
    }
}

#[tokio::test]
async fn a_session_that_has_lasted_its_time_says_so() {
    for voice in ALL {
        let server = faulty(VoiceFault::Capped(Duration::from_millis(300))).await;
        let mut session = open(voice, &server).await.unwrap();
        let error = failure(&mut session).await;
        assert!(error.message.contains("maximum duration"), "{voice:?}: {error}");
        assert!(
            matches!(error.category, Category::Server | Category::Cut | Category::InvalidRequest),
            "{voice:?}: {error:?}"
        );
    }
    let server =
        faulty(VoiceFault::GoesAway { after: Duration::from_millis(100), left: Duration::from_millis(400) }).await;
    let mut session = open(Voice::Gemini, &server).await.unwrap();
    loop {
        if let RealtimeEvent::GoingAway { left } = next(&mut session).await.expect("a warning first") {
            assert!(left <= Duration::from_millis(400), "{left:?}");
            break;
        }
    }
    failure(&mut session).await;
}

#[tokio::test]
async fn a_server_that_cannot_answer_ends_the_turn_or_the_session() {
    for voice in ALL {
        let server = faulty(VoiceFault::Fails).await;
        let mut session = open(voice, &server).await.unwrap();
        say(&mut session, voice, &server, TURN).await;
        if voice == Voice::Gemini {
            // Its protocol has no word for it but goodbye.
            let error = failure(&mut session).await;
            assert_eq!(error.category, Category::Overloaded, "{error}");
            continue;
        }
        let events = answer(&mut session).await;
        assert!(
            matches!(events.last(), Some(RealtimeEvent::ResponseFailed { turn: TURN, .. })),
            "{voice:?}: {:?}",
            told(&events)
        );
    }
}

#[tokio::test]
async fn a_slow_server_hears_everything_in_order() {
    for voice in ALL {
        let server = faulty(VoiceFault::Slow(Duration::from_millis(2))).await;
        let mut session = open(voice, &server).await.unwrap();
        let said = say(&mut session, voice, &server, TURN).await;
        answer(&mut session).await;
        assert_eq!(server.heard().remove(0).turns, [said], "{voice:?}");
    }
}

#[tokio::test]
async fn a_fault_of_the_first_connection_is_none_of_the_second() {
    let faulty = FaultyConnections::First(1);
    for voice in ALL {
        let server =
            VoiceServer::start(VoiceScript { fault: Some(VoiceFault::CutAfter(1)), faulty, ..script() }).await.unwrap();
        let mut session = open(voice, &server).await.unwrap();
        say(&mut session, voice, &server, TURN).await;
        failure(&mut session).await;
        let mut session = open(voice, &server).await.unwrap();
        say(&mut session, voice, &server, TURN).await;
        let events = answer(&mut session).await;
        assert!(matches!(events.last(), Some(RealtimeEvent::ResponseDone { .. })), "{voice:?}: {:?}", told(&events));
    }
}
