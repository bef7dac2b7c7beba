//! Sockets that break while a text is spoken, and what is said over them.

use std::time::Duration;

use parlance_core::synthesis::{SpeechManner, SpeechSession};
use parlance_simulator::speech::sound;
use parlance_simulator::voice::{FaultyConnections, VoiceFault, VoiceScript};
use serde_json::{Value, json};

use crate::setting::{Mouth, Server, WRITTEN_TO, end, hear};

/// Only the first connection is faulty.
async fn once(fault: VoiceFault) -> Server {
    let faulty = FaultyConnections::First(1);
    Server::talking(VoiceScript { fault: Some(fault), faulty, ..VoiceScript::default() }).await
}

#[tokio::test]
async fn a_socket_that_breaks_is_opened_again_for_what_was_not_spoken() {
    for mouth in WRITTEN_TO {
        for (fault, heard_first) in [
            (VoiceFault::CutBeforeSession, ""),
            (VoiceFault::Closed(1011, "try again"), ""),
            (VoiceFault::CutAfter(0), ""),
            // The first sentence is a piece, of the second comes one of two.
            (VoiceFault::CutAfter(2), "One. "),
        ] {
            let server = once(fault).await;
            let text = "One. Two is a rather longer sentence. Three.";
            let heard = hear(mouth.at(&server).speak(text, &SpeechManner::default()).await.unwrap()).await;
            assert_eq!(end(&heard), "finished", "{mouth:?} {fault:?}: {:?}", heard.error);
            let whole = sound(text);
            let rest = &whole[sound(heard_first).len().saturating_sub(120)..];
            assert!(
                heard.samples.ends_with(rest),
                "{mouth:?} {fault:?}: the rest is heard from a sentence's beginning"
            );
            assert!(heard.samples.len() < 2 * whole.len(), "{mouth:?} {fault:?}");
            assert_eq!(server.keys().len(), 2, "{mouth:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_socket_that_breaks_before_any_sound_is_heard_once() {
    for mouth in WRITTEN_TO {
        let server = once(VoiceFault::CutAfter(0)).await;
        let heard = hear(mouth.at(&server).speak("Hello there.", &SpeechManner::default()).await.unwrap()).await;
        assert_eq!(heard.samples, sound("Hello there."), "{mouth:?}: {:?}", heard.error);
    }
}

#[tokio::test]
async fn a_server_that_always_breaks_is_given_up() {
    for mouth in WRITTEN_TO {
        let server = Server::faulty(VoiceFault::CutAfter(0)).await;
        let heard = hear(mouth.at(&server).speak("Hello.", &SpeechManner::default()).await.unwrap()).await;
        assert_eq!(end(&heard), "Cut", "{mouth:?}");
        assert_eq!(server.keys().len(), 3, "{mouth:?}: one try and two more");
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_between_two_sentences_is_called_again_only_for_the_second() {
    for mouth in WRITTEN_TO {
        // Of the second sentence nothing comes over the first connection.
        let server = once(VoiceFault::CutAfter(1)).await;
        let SpeechSession { mut text, sound: heard } = mouth.at(&server).begin(&SpeechManner::default()).await.unwrap();
        text.push("One.").await.unwrap();
        let writing = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            text.push(" Two.").await.unwrap();
            text.finish().await.unwrap();
        });
        let heard = hear(heard).await;
        writing.await.unwrap();
        assert_eq!(heard.samples, sound("One. Two."), "{mouth:?}: {:?}", heard.error);
        assert_eq!(server.keys().len(), 2, "{mouth:?}");
    }
}

#[tokio::test]
async fn text_goes_out_as_it_is_written_and_the_end_is_said() {
    let said = async |mouth: Mouth| {
        let server = Server::speaking(mouth).await;
        let SpeechSession { mut text, sound } = mouth.at(&server).begin(&SpeechManner::default()).await.unwrap();
        for piece in ["Hello", ", this is", " a test."] {
            text.push(piece).await.unwrap();
            // Each goes out by itself before the next one is written.
            tokio::time::timeout(Duration::from_secs(5), async {
                while !server.frames().concat().iter().any(|frame| frame.to_string().contains(piece)) {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
            .await
            .unwrap();
        }
        text.finish().await.unwrap();
        hear(sound).await;
        server.frames().remove(0)
    };
    let kinds = |frames: &[Value], place: &str| -> Vec<String> {
        frames.iter().map(|frame| frame.pointer(place).unwrap().as_str().unwrap().to_owned()).collect()
    };
    let frames = said(Mouth::QwenRealtime).await;
    assert_eq!(
        kinds(&frames, "/type"),
        [
            "session.update",
            "input_text_buffer.append",
            "input_text_buffer.append",
            "input_text_buffer.append",
            "input_text_buffer.commit",
            "session.finish"
        ]
    );
    let frames = said(Mouth::CosyVoice).await;
    assert_eq!(
        kinds(&frames, "/header/action"),
        ["run-task", "continue-task", "continue-task", "continue-task", "finish-task"]
    );
    assert_eq!(frames[2]["payload"]["input"], json!({"text": ", this is"}));
    let tasks: std::collections::HashSet<_> = kinds(&frames, "/header/task_id").into_iter().collect();
    assert_eq!(tasks.len(), 1, "one task");
}
