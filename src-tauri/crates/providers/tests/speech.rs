//! Every model that speaks, against a local server that speaks its protocol, over real sockets. The server says the same sound
//! for the same words, so that what is heard tells which words were spoken, and in which order.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "speech/asked.rs"]
mod asked;
#[path = "chat/setting.rs"]
#[expect(dead_code, reason = "only a part of it is needed here")]
mod chat_setting;
#[path = "speech/faults.rs"]
mod faults;
#[path = "speech/pieces.rs"]
mod pieces;
#[path = "speech/recorded.rs"]
mod recorded;
#[path = "speech/setting.rs"]
mod setting;
#[path = "speech/sockets.rs"]
mod sockets;

use parlance_core::synthesis::SpeechManner;
use parlance_simulator::speech::sound;
use setting::{ALL, Mouth, Server, end, hear};

/// Two sentences, one of them with characters of more than one byte.
const TEXT: &str = "Grüße aus Köln! 你好。";

#[tokio::test]
async fn a_text_is_heard_whole_and_its_cost_is_told() {
    for mouth in ALL {
        let server = Server::speaking(mouth).await;
        let heard = hear(mouth.at(&server).speak(TEXT, &SpeechManner::default()).await.unwrap()).await;
        assert_eq!(heard.samples, sound(TEXT), "{mouth:?}");
        assert_eq!(heard.rate, 24_000, "{mouth:?}");
        let usage = heard.usage.unwrap_or_else(|| panic!("{mouth:?}: no cost"));
        // DashScope counts a Chinese character twice.
        let characters = TEXT.chars().count() as u64 + if mouth.is_dashscopes() { 2 } else { 0 };
        assert_eq!(usage.characters, characters, "{mouth:?}");
        assert_eq!(heard.error, None, "{mouth:?}");
        assert!(server.keys().iter().all(|key| *key == mouth.key()), "{mouth:?}: {:?}", server.keys());
    }
}

#[tokio::test]
async fn a_text_with_nothing_to_say_is_no_request_and_no_sound() {
    for mouth in ALL {
        let server = Server::speaking(mouth).await;
        for text in ["", " \n", "…", "-- 🙂"] {
            let heard = hear(mouth.at(&server).speak(text, &SpeechManner::default()).await.unwrap()).await;
            assert_eq!((heard.samples.len(), heard.error), (0, None), "{mouth:?} {text:?}");
        }
        assert!(server.keys().is_empty(), "{mouth:?} was asked");
    }
}

#[tokio::test]
async fn the_sound_does_not_wait_for_its_end_and_nobody_is_asked_any_more_once_it_is_unwanted() {
    for mouth in ALL {
        let server = Server::slow(mouth).await;
        let mut sound = mouth.at(&server).speak(&"Word by word. ".repeat(40), &SpeechManner::default()).await.unwrap();
        let first = futures_util::StreamExt::next(&mut sound).await.unwrap().unwrap();
        assert!(matches!(first, parlance_core::synthesis::SpeechEvent::Audio(_)), "{mouth:?}: {first:?}");
        drop(sound);
        server.is_left_alone(mouth).await;
    }
}

#[tokio::test]
async fn a_long_text_is_asked_for_in_several_requests_and_heard_as_one() {
    for mouth in ALL {
        let Some(most) = mouth.at(&Server::speaking(mouth).await).capabilities().most_characters else { continue };
        let server = Server::speaking(mouth).await;
        let sentence = "It goes on and on. ";
        let text = sentence.repeat(most / sentence.len() + 2);
        let heard = hear(mouth.at(&server).speak(&text, &SpeechManner::default()).await.unwrap()).await;
        assert_eq!(heard.error, None, "{mouth:?}");
        assert_eq!(server.keys().len(), 2, "{mouth:?}");
        assert!(heard.samples.len().abs_diff(sound(&text).len()) <= 2 * 120, "{mouth:?}: but for a space at a cut");
        assert_eq!(end(&heard), "finished", "{mouth:?}");
    }
}

#[tokio::test]
async fn open_ais_sound_comes_in_events_where_they_are_asked_for() {
    let server = Server::speaking(Mouth::OpenAi).await;
    let extra = serde_json::json!({"stream_format": "sse"}).as_object().unwrap().clone();
    let manner = SpeechManner { extra, ..SpeechManner::default() };
    let heard = hear(Mouth::OpenAi.at(&server).speak(TEXT, &manner).await.unwrap()).await;
    assert_eq!(heard.samples, sound(TEXT));
    let usage = heard.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(9), Some(5)));
}
