//! Servers that send too much.

use parlance_core::Category;
use parlance_providers::openai::Dialect;
use parlance_simulator::{Answer, Body, Scenario, Simulator};

use crate::setting::{ask, client_at, simulator};

fn flood(content_type: &str, prefix: &str, text: &str, mib: u64) -> Answer {
    let body = Body::Flood {
        content_type: content_type.into(),
        prefix: prefix.into(),
        text: text.into(),
        bytes: mib * 1024 * 1024,
    };
    Answer { body, ..Answer::default() }
}

#[tokio::test]
async fn n2_a_stream_without_an_end_stops_at_a_limit() {
    let content =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}}]}\n\n";
    for (prefix, text, said) in [
        ("data: ", "x", "one event of the answer is over 32 MiB"),
        ("", "data:\n", "one event of the answer is over 32 MiB"),
        ("", "\n", "the answer has over a million events"),
        (":", "x", "a comment in the answer is over 64 KiB"),
        ("", content, "the answer is over 8 MiB of text"),
    ] {
        let server = simulator(flood("text/event-stream", prefix, text, 400)).await;
        let error = ask(&client_at(&server.base_url(), Dialect::OPENAI)).await.1.unwrap();
        assert_eq!((error.category, error.message.as_str()), (Category::TooLarge, said), "{text:?}");
    }
}

#[tokio::test]
async fn n2_a_whole_answer_and_a_list_of_models_stop_at_their_limits() {
    let server = simulator(flood("application/json", "{\"choices\":[", " ", 100)).await;
    let error = ask(&client_at(&server.base_url(), Dialect::OPENAI)).await.1.unwrap();
    assert_eq!((error.category, error.message.as_str()), (Category::TooLarge, "the answer is larger than 64 MiB"));

    let models = vec!["m".repeat(1024 * 1024).into(); 9];
    let server = Simulator::start(Scenario { models, ..Scenario::default() }).await.unwrap();
    let error = client_at(&server.base_url(), Dialect::OPENAI).models().await.unwrap_err();
    assert_eq!((error.category, error.message.as_str()), (Category::TooLarge, "the answer is larger than 8 MiB"));
}

#[tokio::test]
async fn n2_an_endless_error_page_is_read_no_further_than_needed() {
    let server = simulator(Answer { status: 400, ..flood("text/plain", "", "no ", 400) }).await;
    let error = ask(&client_at(&server.base_url(), Dialect::OPENAI)).await.1.unwrap();
    assert_eq!((error.category, error.message.chars().count()), (Category::InvalidRequest, 501));
}

#[tokio::test]
async fn n3_a_compressed_answer_is_refused_at_its_head() {
    for encoding in ["gzip", "br", "zstd", "deflate", "x-unheard-of", "gzip, identity"] {
        // The body is none: it must not matter.
        let server =
            simulator(Answer::bytes("text/event-stream", [0x1f, 0x8b]).with_header("content-encoding", encoding)).await;
        let error = ask(&client_at(&server.base_url(), Dialect::OPENAI)).await.1.unwrap();
        assert_eq!(error.category, Category::Protocol, "{encoding}");
        assert!(error.message.contains("compressed"), "{error}");
        assert_eq!(server.requests()[0].header("accept-encoding"), Some("identity"));
    }
}
