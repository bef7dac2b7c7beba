//! Texts that are still being written while they are spoken.

use std::time::Duration;

use parlance_core::synthesis::{ColdStart, SpeechManner, SpeechSession};
use parlance_simulator::speech::sound;
use parlance_simulator::{Answer, Body, Pace};

use crate::setting::{ALL, ASKED, Mouth, Server, WRITTEN_TO, end, hear};

#[tokio::test]
async fn pieces_are_spoken_in_their_order_and_end_in_one_end() {
    for mouth in ALL {
        let server = Server::speaking(mouth).await;
        let SpeechSession { mut text, sound: heard } = mouth.at(&server).begin(&SpeechManner::default()).await.unwrap();
        let writing = tokio::spawn(async move {
            for piece in ["One. ", "Two. ", "", " ", "Three."] {
                text.push(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            text.finish().await.unwrap();
            assert!(text.push("more").await.is_err(), "it is over");
        });
        let heard = hear(heard).await;
        writing.await.unwrap();
        assert_eq!(heard.samples, sound("One. Two.  Three."), "{mouth:?}");
        assert_eq!(end(&heard), "finished", "{mouth:?}");
        assert_eq!(heard.usage.unwrap().characters, 17, "{mouth:?}");
    }
}

#[tokio::test]
async fn the_first_words_are_heard_before_the_last_ones_are_written() {
    for mouth in ALL {
        let server = Server::speaking(mouth).await;
        let SpeechSession { mut text, sound: mut heard } =
            mouth.at(&server).begin(&SpeechManner::default()).await.unwrap();
        text.push("One two three. ").await.unwrap();
        let first = tokio::time::timeout(Duration::from_secs(5), futures_util::StreamExt::next(&mut heard)).await;
        assert!(first.is_ok_and(|first| first.is_some_and(|first| first.is_ok())), "{mouth:?}");
        text.push("Four.").await.unwrap();
        text.finish().await.unwrap();
        assert_eq!(end(&hear(heard).await), "finished", "{mouth:?}");
    }
}

#[tokio::test]
async fn nothing_goes_out_before_there_is_enough_to_begin_with() {
    for mouth in ALL {
        let server = Server::speaking(mouth).await;
        let manner = SpeechManner { cold_start: ColdStart { characters: 8, words: 3 }, ..SpeechManner::default() };
        let SpeechSession { mut text, sound: heard } = mouth.at(&server).begin(&manner).await.unwrap();
        for piece in ["Hello", ", this", " is", " a test."] {
            text.push(piece).await.unwrap();
        }
        text.finish().await.unwrap();
        let heard = hear(heard).await;
        assert_eq!(heard.samples, sound("Hello, this is a test."), "{mouth:?}");
        let first = first_piece(mouth, &server);
        assert!(first.starts_with("Hello, this is"), "{mouth:?}: {first}");
    }
}

fn first_piece(mouth: Mouth, server: &Server) -> String {
    match server {
        Server::Asked(server) => {
            let asked = server.requests()[0].json();
            let place = match mouth {
                Mouth::OpenAi => "/input",
                Mouth::Qwen => "/input/text",
                _ => "/contents/0/parts/0/text",
            };
            asked.pointer(place).and_then(|text| text.as_str()).unwrap().to_owned()
        }
        Server::WrittenTo(_) => {
            let frames = server.frames().remove(0);
            let text = |frame: &serde_json::Value| {
                let text = frame.get("text").or_else(|| frame.pointer("/payload/input/text"))?;
                text.as_str().map(str::to_owned)
            };
            frames.iter().find_map(text).unwrap()
        }
    }
}

#[tokio::test]
async fn the_next_piece_is_asked_for_while_the_last_one_sounds() {
    for mouth in [Mouth::OpenAi, Mouth::Gemini, Mouth::Qwen] {
        let pace = Pace { between_ms: 300, ..Pace::default() };
        let server = Server::answering(Answer { body: Body::Repeat, pace, ..Answer::default() }).await;
        let SpeechSession { mut text, sound: mut heard } =
            mouth.at(&server).begin(&SpeechManner::default()).await.unwrap();
        text.push("This takes a while to say.").await.unwrap();
        text.push("Then this.").await.unwrap();
        text.push("And at last this.").await.unwrap();
        let first = futures_util::StreamExt::next(&mut heard).await.unwrap();
        assert!(first.is_ok());
        // Six words are not over yet; the next piece was asked for, and only the next.
        let Server::Asked(simulator) = &server else { unreachable!() };
        tokio::time::timeout(Duration::from_secs(1), async {
            while simulator.requests().len() < 2 {
                let _ =
                    tokio::time::timeout(Duration::from_millis(10), futures_util::StreamExt::next(&mut heard)).await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{mouth:?}: {} requests", simulator.requests().len()));
        assert_eq!(simulator.requests().len(), 2, "{mouth:?}");
    }
}

#[tokio::test]
async fn a_speech_that_nobody_wants_any_more_is_over_for_its_writer_too() {
    for mouth in ASKED.into_iter().chain(WRITTEN_TO) {
        let server = Server::slow(mouth).await;
        let SpeechSession { mut text, sound: mut heard } =
            mouth.at(&server).begin(&SpeechManner::default()).await.unwrap();
        text.push("One two three four five six seven eight nine ten eleven twelve. ").await.unwrap();
        futures_util::StreamExt::next(&mut heard).await.unwrap().unwrap();
        drop(heard);
        server.is_left_alone(mouth).await;
        let over = async {
            while text.push("More. ").await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), over).await.unwrap_or_else(|_| panic!("{mouth:?} goes on"));
    }
}
