//! What goes wrong: what came is kept, the error says what to do, nothing is asked twice that may have been paid for.

use std::sync::Arc;

use parlance_core::Category;
use parlance_providers::NoKey;
use parlance_simulator::{Answer, Body, Fault, Framing, HangUp, Piece, Scenario, Script, Simulator};
use serde_json::json;

use crate::family::Family;
use crate::setting::{HASTY, ask, simulator};

#[tokio::test]
async fn fault_f3_chat_a_web_page_is_no_answer() {
    for family in Family::ALL {
        for content_type in ["text/html", family.media_type()] {
            let server = simulator(Answer::bytes(content_type, "<!DOCTYPE html><html>Log in</html>")).await;
            let (reply, error) = ask(&*family.client(&server)).await;
            let error = error.unwrap();
            assert_eq!((error.category, reply.content.len()), (Category::Protocol, 0), "{family:?}");
            assert!(error.message.contains("web page, not the API"), "{family:?}: {error}");
        }
    }
}

#[tokio::test]
async fn fault_f4_chat_a_cut_before_the_first_byte_is_never_paid_twice() {
    for family in Family::ALL {
        for how in [HangUp::Close, HangUp::Reset] {
            let server = simulator(Answer::says("hi").with_fault(Fault::CutBeforeHead { how })).await;
            let error = ask(&*family.client(&server)).await.1.unwrap();
            assert_eq!((error.category, server.requests().len()), (Category::Cut, 1), "{family:?} {how:?}: {error}");
        }
    }
}

#[tokio::test]
async fn fault_f5_chat_a_cut_at_any_byte_is_an_error_and_keeps_what_came() {
    let script = Script::says("Grüße 東京");
    for family in Family::ALL {
        let length = family.stream(&script).len() as u64;
        let server = simulator(Answer::default()).await;
        let client = family.client(&server);
        for framing in [Framing::Chunked, Framing::UntilClose] {
            for after_bytes in 0..=length - family.tail() {
                let fault = Fault::Cut { after_bytes, how: HangUp::Close };
                let answer = Answer::script(script.clone()).with_framing(framing).with_fault(fault);
                server.set_scenario(Scenario::always(answer));
                let (reply, error) = ask(&*client).await;
                // Where only the end of the connection ends the body, what holds every event is whole.
                if framing == Framing::UntilClose && after_bytes == length - family.tail() {
                    assert_eq!((reply.text().as_str(), error), ("Grüße 東京", None), "{family:?}");
                    continue;
                }
                if after_bytes == length - family.tail() && family != Family::DashScope {
                    continue;
                }
                let error = error.unwrap_or_else(|| panic!("{family:?} cut at {after_bytes} of {length}: {reply:?}"));
                assert_eq!(error.category, Category::Cut, "{family:?} {after_bytes}: {error}");
                assert!("Grüße 東京".starts_with(&reply.text()), "{family:?} {after_bytes}: {reply:?}");
                assert_eq!(reply.finish_reason, None);
            }
        }
    }
}

#[tokio::test]
async fn fault_f6_chat_silence_ends_at_its_limit_and_is_not_asked_again() {
    for family in Family::ALL {
        let server = simulator(Answer::says("one two").with_fault(Fault::StallBeforeHead)).await;
        let client = family.client_at(&family.base_url(&server), Arc::new(NoKey), HASTY);
        let error = ask(&*client).await.1.unwrap();
        assert_eq!(
            (error.category, error.message.as_str()),
            (Category::Timeout, "no answer within 500 ms"),
            "{family:?}"
        );
        let after_bytes = family.stream(&Script::says("one two")).len() as u64 - 5;
        server.set_scenario(Scenario::always(Answer::says("one two").with_fault(Fault::Stall { after_bytes })));
        let (reply, error) = ask(&*client).await;
        let error = error.unwrap();
        assert_eq!(
            (error.category, error.message.as_str(), reply.text().as_str()),
            (Category::Timeout, "the answer stood still for 300 ms", "one two"),
            "{family:?}"
        );
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn fault_f8_chat_unknown_events_are_skipped_and_garbage_ends_the_answer() {
    for family in Family::ALL {
        let frame = |json: &str| Piece::Frame(family.frame(json));
        let unknown = Script::of([
            Piece::Text("a".into()),
            frame(r#"{"type":"ping","new":{"x":[1]}}"#),
            frame("{}"),
            Piece::Frame("\n".into()),
            Piece::Text("b".into()),
        ]);
        let server = simulator(Answer::script(unknown)).await;
        let client = family.client(&server);
        let (reply, error) = ask(&*client).await;
        assert_eq!((reply.text().as_str(), error), ("ab", None), "{family:?}");
        for garbage in ["{\"output\":", "hello", "[1,2]", "\u{0}"] {
            let script = Script::of([Piece::Text("kept".into()), frame(garbage), Piece::Text("never".into())]);
            server.set_scenario(Scenario::always(Answer::script(script)));
            let (reply, error) = ask(&*client).await;
            let seen = (reply.text(), error.unwrap().category);
            assert_eq!(seen, ("kept".to_owned(), Category::Protocol), "{family:?} {garbage:?}");
        }
    }
}

#[tokio::test]
async fn fault_f8_chat_an_error_inside_the_stream_keeps_what_came() {
    for family in Family::ALL {
        let (error, category) = match family {
            Family::Ollama => (json!({"error": "the engine fell over"}), Category::Server),
            Family::Anthropic => (
                json!({"type": "error", "error": {"type": "overloaded_error", "message": "the engine fell over"}}),
                Category::Overloaded,
            ),
            Family::Gemini => {
                let status = "RESOURCE_EXHAUSTED";
                let error = json!({"code": 429, "message": "the engine fell over", "status": status});
                (json!({ "error": error }), Category::RateLimit)
            }
            Family::Responses => {
                (json!({"type": "error", "code": "server_error", "message": "the engine fell over"}), Category::Server)
            }
            Family::DashScope => {
                (json!({"code": "Throttling.RateQuota", "message": "the engine fell over"}), Category::RateLimit)
            }
        };
        let frame = Piece::Frame(family.frame(&error.to_string()));
        let script = Script::of([Piece::Text("half".into()), frame, Piece::Text("never".into())]);
        let server = simulator(Answer::script(script)).await;
        let (reply, error) = ask(&*family.client(&server)).await;
        let error = error.unwrap();
        assert_eq!(
            (reply.text().as_str(), error.category, error.message.as_str()),
            ("half", category, "the engine fell over"),
            "{family:?}"
        );
        assert_eq!(server.requests().len(), 1, "never again after the first event");
    }
}

#[tokio::test]
async fn fault_f9_chat_refusals_have_their_category_and_only_passing_ones_are_asked_again() {
    use Category::{
        Authentication, ContentFilter, ContextTooLong, InvalidRequest, NotFound, Overloaded, Quota, RateLimit,
    };
    let openai = |code: &str| json!({"error": {"message": "m", "code": code}});
    let native = |code: &str| json!({"code": code, "message": "m", "request_id": "r"});
    let anthropic = |kind: &str, message: &str| json!({"type": "error", "error": {"type": kind, "message": message}});
    let spent = json!({"type": "error", "error": {
        "type": "rate_limit_error", "message": "m", "details": {"error_code": "enforced_spend_limit_reached"}}});
    let google = |status: &str, message: &str| json!({"error": {"code": 400, "message": message, "status": status}});
    for (family, status, body, category, asked) in [
        (Family::Anthropic, 400, anthropic("invalid_request_error", "m"), InvalidRequest, 1),
        (
            Family::Anthropic,
            400,
            anthropic("invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
            ContextTooLong,
            1,
        ),
        (Family::Anthropic, 401, anthropic("authentication_error", "m"), Authentication, 1),
        (Family::Anthropic, 402, anthropic("billing_error", "m"), Quota, 1),
        (Family::Anthropic, 404, anthropic("not_found_error", "m"), NotFound, 1),
        (Family::Anthropic, 413, anthropic("request_too_large", "m"), ContextTooLong, 1),
        (Family::Anthropic, 429, anthropic("rate_limit_error", "m"), RateLimit, 3),
        (Family::Anthropic, 429, spent, Quota, 1),
        (Family::Anthropic, 500, anthropic("api_error", "m"), Category::Server, 3),
        (Family::Anthropic, 529, anthropic("overloaded_error", "m"), Overloaded, 3),
        (Family::Gemini, 400, google("INVALID_ARGUMENT", "m"), InvalidRequest, 1),
        (
            Family::Gemini,
            400,
            google("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
            Authentication,
            1,
        ),
        (Family::Gemini, 403, google("PERMISSION_DENIED", "m"), Authentication, 1),
        (Family::Gemini, 404, google("NOT_FOUND", "m"), NotFound, 1),
        (Family::Gemini, 429, google("RESOURCE_EXHAUSTED", "You exceeded your current quota"), RateLimit, 3),
        (Family::Gemini, 503, google("UNAVAILABLE", "m"), Overloaded, 3),
        (Family::Gemini, 504, json!([google("DEADLINE_EXCEEDED", "m")]), Category::Server, 3),
        (Family::Ollama, 400, json!({"error": "\"m\" does not support thinking"}), InvalidRequest, 1),
        (Family::Ollama, 401, json!({"error": "unauthorized"}), Authentication, 1),
        (Family::Ollama, 404, json!({"error": "model 'm' not found"}), NotFound, 1),
        (Family::Ollama, 503, json!({"error": "server busy, please try again"}), Overloaded, 3),
        (Family::Responses, 400, openai("context_length_exceeded"), ContextTooLong, 1),
        (Family::Responses, 401, openai("invalid_api_key"), Authentication, 1),
        (Family::Responses, 429, openai("insufficient_quota"), Quota, 1),
        (Family::Responses, 429, openai("rate_limit_exceeded"), RateLimit, 3),
        (Family::DashScope, 400, native("DataInspectionFailed"), ContentFilter, 1),
        (Family::DashScope, 400, native("Arrearage"), Quota, 1),
        (Family::DashScope, 400, json!({}), InvalidRequest, 1),
        (Family::DashScope, 401, native("InvalidApiKey"), Authentication, 1),
        (Family::DashScope, 404, native("ModelNotFound"), NotFound, 1),
        (Family::DashScope, 429, native("Throttling.RateQuota"), RateLimit, 3),
        (Family::DashScope, 500, native("InternalError.Timeout"), Category::Server, 3),
    ] {
        let server = simulator(Answer::refuses(status, &body)).await;
        let error = ask(&*family.client(&server)).await.1.unwrap();
        let seen = (error.category, error.status, server.requests().len());
        assert_eq!(seen, (category, Some(status), asked), "{family:?} {body}");
    }
}

#[tokio::test]
async fn fault_f11_chat_a_passing_fault_is_forgotten_when_the_next_try_goes_well() {
    for family in Family::ALL {
        let boom = || Answer::refuses(500, &json!({"error": "boom"}));
        let server = Simulator::start(Scenario::in_turn([boom(), boom(), Answer::says("well")])).await.unwrap();
        let (reply, error) = ask(&*family.client(&server)).await;
        assert_eq!((reply.text().as_str(), error, server.requests().len()), ("well", None, 3), "{family:?}");
    }
}

#[tokio::test]
async fn an_answer_without_one_is_an_error() {
    for family in Family::ALL {
        for (content_type, body) in [
            ("application/json", "{}"),
            ("application/json", "[]"),
            (family.media_type(), ""),
            (family.media_type(), "\n\n"),
        ] {
            let server = simulator(Answer::bytes(content_type, body)).await;
            let (_, error) = ask(&*family.client(&server)).await;
            let category = error.unwrap().category;
            assert!(matches!(category, Category::Protocol | Category::Cut), "{family:?} {body:?}: {category:?}");
        }
    }
}

#[tokio::test]
async fn n2_a_stream_without_an_end_stops_at_a_limit() {
    let words = "x".repeat(64);
    for (family, prefix, text, said) in [
        (Family::Ollama, "{\"x\":\"", "x".to_owned(), "one event of the answer is over 32 MiB"),
        (Family::Ollama, "", "\n".to_owned(), "the answer has over a million events"),
        (
            Family::Ollama,
            "",
            format!("{{\"message\":{{\"content\":\"{words}\"}}}}\n"),
            "the answer is over 8 MiB of text",
        ),
        (
            Family::Anthropic,
            "",
            format!(
                "data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"thinking_delta\",\"thinking\":\"{words}\"}}}}\n\n"
            ),
            "the answer is over 8 MiB of reasoning",
        ),
        (
            Family::Gemini,
            "",
            format!("data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{words}\"}}]}}}}]}}\r\n\r\n"),
            "the answer is over 8 MiB of text",
        ),
        (
            Family::Responses,
            "",
            format!("data: {{\"type\":\"response.output_text.delta\",\"delta\":\"{words}\"}}\n\n"),
            "the answer is over 8 MiB of text",
        ),
        (
            Family::DashScope,
            "",
            format!("data:{{\"output\":{{\"choices\":[{{\"message\":{{\"reasoning_content\":\"{words}\"}}}}]}}}}\n\n"),
            "the answer is over 8 MiB of reasoning",
        ),
    ] {
        let body = Body::Flood {
            content_type: family.media_type().into(),
            prefix: prefix.into(),
            text,
            bytes: 400 * 1024 * 1024,
        };
        let server = simulator(Answer { body, ..Answer::default() }).await;
        let error = ask(&*family.client(&server)).await.1.unwrap();
        assert_eq!((error.category, error.message.as_str()), (Category::TooLarge, said), "{family:?}");
    }
}
