//! What goes wrong with a chat, one test a fault: what came is kept, the error says what to do, nothing is asked twice that
//! may have been paid for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use parlance_core::{Category, ProviderError, StopReason};
use parlance_providers::http::TimeLimits;
use parlance_providers::openai::Dialect;
use parlance_providers::retry::Retry;
use parlance_simulator::nowhere::{self, Deaf};
use parlance_simulator::openai::chat;
use parlance_simulator::{Answer, Fault, Framing, HangUp, Pace, Piece, Scenario, Script, Simulator};
use serde_json::{Value, json};

use crate::setting::{HASTY, ask, client_at, connecting_within, recorded_retry, simulator};

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer::refuses(status, &json!({"error": {"message": message, "type": "t", "param": null, "code": code}}))
}

#[tokio::test]
async fn fault_f1_chat_refused_is_tried_twice_more_and_names_the_host() {
    let address = nowhere::refusing().await.unwrap();
    let (retry, pauses) = recorded_retry();
    let client = client_at(&format!("http://{address}/v1"), Dialect::OPENAI).with_retry(retry);
    let error = ask(&client).await.1.unwrap();
    assert_eq!(error.category, Category::Network);
    assert!(error.message.starts_with("could not reach 127.0.0.1: "), "{error}");
    assert_eq!(*pauses.lock().unwrap(), [Duration::from_millis(500), Duration::from_millis(1_000)]);
}

#[tokio::test]
async fn fault_f1_chat_no_such_host_names_the_host_and_no_path() {
    let error = ask(&client_at("http://nobody.invalid/v1", Dialect::OPENAI)).await.1.unwrap();
    assert_eq!(error.category, Category::Network);
    assert!(error.message.contains("nobody.invalid") && !error.message.contains("/v1"), "{error}");
}

#[tokio::test]
async fn fault_f2_chat_a_connection_that_hangs_ends_at_its_limit() {
    let deaf = Deaf::open().await.unwrap();
    let address = format!("http://{}/v1", deaf.address().unwrap());
    let client = connecting_within(Duration::from_millis(400), &address, Dialect::OPENAI);
    let start = std::time::Instant::now();
    let error = ask(&client).await.1.unwrap();
    // The test's limits: 400 ms to connect, three tries.
    assert!(matches!(error.category, Category::Network), "{error}");
    assert!(error.message.contains("no connection in time"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn fault_f3_chat_a_login_page_is_not_an_answer() {
    let page = "\n <!DOCTYPE html><html><body>Please log in</body></html>";
    for answer in [
        Answer::bytes("text/html; charset=utf-8", page),
        Answer::bytes("text/event-stream", page),
        Answer::bytes("application/octet-stream", page).with_pace(Pace { bytes_per_write: Some(3), ..Pace::default() }),
    ] {
        let server = simulator(answer).await;
        let client = client_at(&server.base_url(), Dialect::OPENAI);
        let (reply, error) = ask(&client).await;
        let error = error.unwrap();
        assert_eq!((error.category, reply.content.len()), (Category::Protocol, 0));
        assert!(error.message.contains("web page, not the API"), "{error}");
    }
}

#[tokio::test]
async fn fault_f3_chat_a_redirect_names_where_it_leads() {
    let answer = refusal(302, "", "").with_header("location", "http://login.example.test/x?y=z");
    let server = simulator(answer).await;
    let error = ask(&client_at(&server.base_url(), Dialect::OPENAI)).await.1.unwrap();
    assert_eq!(error.category, Category::Protocol);
    assert!(error.message.contains("login.example.test") && !error.message.contains("y=z"), "{error}");
}

#[tokio::test]
async fn fault_f3_chat_plain_http_where_tls_is_spoken_says_so() {
    let server = simulator(Answer::says("hi")).await;
    let error = ask(&client_at(&server.base_url().replace("http:", "https:"), Dialect::OPENAI)).await.1.unwrap();
    assert_eq!(error.category, Category::Network, "{error}");
}

#[tokio::test]
async fn fault_f3_chat_a_certificate_nobody_vouches_for_gets_nothing() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = tokio_rustls::rustls::pki_types::PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let handshakes = tokio::spawn(async move {
        let mut outcomes = Vec::new();
        for _ in 0..3 {
            let (stream, _) = listener.accept().await.unwrap();
            outcomes.push(acceptor.accept(stream).await.map(|_| ()).is_err());
        }
        outcomes
    });
    let error = ask(&client_at(&format!("https://localhost:{port}/v1"), Dialect::OPENAI)).await.1.unwrap();
    assert_eq!(error.category, Category::Network);
    assert!(error.message.contains("localhost") && error.message.contains("certificate"), "{error}");
    assert_eq!(handshakes.await.unwrap(), [true; 3], "no handshake was completed, so nothing was said");
}

#[tokio::test]
async fn fault_f4_chat_a_cut_before_the_first_byte_is_never_paid_twice() {
    for how in [HangUp::Close, HangUp::Reset] {
        let server = simulator(Answer::says("hi").with_fault(Fault::CutBeforeHead { how })).await;
        let error = ask(&client_at(&server.base_url(), Dialect::OPENAI)).await.1.unwrap();
        assert_eq!((error.category, server.requests().len()), (Category::Cut, 1), "{how:?}: {error}");
    }
}

#[tokio::test]
async fn fault_f5_chat_a_cut_at_any_byte_is_an_error_and_keeps_what_came() {
    let script = Script::says("Grüße aus 東京");
    let body = chat::events(&script, "m").concat();
    let whole = "Grüße aus 東京";
    let server = simulator(Answer::default()).await;
    let client = client_at(&server.base_url(), Dialect::OPENAI);
    for (framing, how) in
        [(Framing::Chunked, HangUp::Close), (Framing::UntilClose, HangUp::Close), (Framing::Chunked, HangUp::Reset)]
    {
        // The last three bytes are the closing bracket of `[DONE]` and its line ends: without them it is still there.
        for after_bytes in 0..(body.len() as u64 - 2) {
            let fault = Fault::Cut { after_bytes, how };
            server
                .set_scenario(Scenario::always(Answer::script(script.clone()).with_framing(framing).with_fault(fault)));
            let (reply, error) = ask(&client).await;
            let error = error.unwrap_or_else(|| panic!("cut at {after_bytes} of {}: {reply:?}", body.len()));
            assert_eq!(error.category, Category::Cut, "{after_bytes}: {error}");
            assert!(whole.starts_with(&reply.text()), "{after_bytes}: {reply:?}");
            assert_eq!(reply.finish_reason, None);
        }
    }
    assert!(server.requests().len() > 3 * 500, "every cut was asked once");
}

#[tokio::test]
async fn fault_f5_chat_a_lenient_dialect_takes_an_end_only_between_events_behind_the_reason() {
    let script = Script { ends: false, usage: None, ..Script::says("all of it") };
    let body = chat::events(&script, "m").concat();
    let server = simulator(Answer::default()).await;
    let client = client_at(&server.base_url(), Dialect::COMPATIBLE);
    for after_bytes in 0..=(body.len() as u64) {
        let fault = Fault::Cut { after_bytes, how: HangUp::Close };
        let answer = Answer::script(script.clone()).with_framing(Framing::UntilClose).with_fault(fault);
        server.set_scenario(Scenario::always(answer));
        let (reply, error) = ask(&client).await;
        // The last event may lack its two line ends, not more.
        let is_whole = after_bytes >= body.len() as u64 - 2;
        assert_eq!(error.is_none(), is_whole, "cut at {after_bytes} of {}: {error:?}", body.len());
        if is_whole {
            assert_eq!((reply.text().as_str(), reply.finish_reason), ("all of it", Some(StopReason::Stop)));
        }
    }
}

#[tokio::test]
async fn fault_f6_chat_silence_ends_at_its_limit_and_is_not_asked_again() {
    let server = simulator(Answer::says("one two").with_fault(Fault::StallBeforeHead)).await;
    let client = client_at(&server.base_url(), Dialect::OPENAI).with_limits(HASTY);
    let error = ask(&client).await.1.unwrap();
    assert_eq!((error.category, error.message.as_str()), (Category::Timeout, "no answer within 500 ms"));

    server.set_scenario(Scenario::always(Answer::says("one two").with_fault(Fault::Stall { after_bytes: 0 })));
    let error = ask(&client).await.1.unwrap();
    assert_eq!((error.category, error.message.as_str()), (Category::Timeout, "no answer within 500 ms"));

    server.set_scenario(Scenario::always(Answer::says("one two three").with_fault(Fault::Stall { after_bytes: 700 })));
    let (reply, error) = ask(&client).await;
    let error = error.unwrap();
    assert_eq!((error.category, error.message.as_str()), (Category::Timeout, "the answer stood still for 300 ms"));
    assert!("one two three".starts_with(&reply.text()) && !reply.text().is_empty(), "{reply:?}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn fault_f6_chat_comments_keep_a_silent_answer_alive() {
    let mut pieces = vec![Piece::Frame(": thinking\n\n".into()); 24];
    pieces.push(Piece::Text("done".into()));
    // Silent for longer than the limit in all, never in one piece.
    let limits =
        TimeLimits { first_byte: Duration::from_millis(1_000), stall: Duration::from_millis(1_000), total: None };
    let pace = Pace { between_ms: 50, ..Pace::default() };
    let server = simulator(Answer::script(Script::of(pieces)).with_pace(pace)).await;
    let (reply, error) = ask(&client_at(&server.base_url(), Dialect::OPENAI).with_limits(limits)).await;
    assert_eq!((reply.text().as_str(), error), ("done", None));
}

#[tokio::test]
async fn fault_f8_chat_unknown_events_are_skipped_and_garbage_ends_the_answer() {
    let frame = |text: &str| Piece::Frame(text.to_owned());
    let unknown = Script::of([
        Piece::Text("a".into()),
        frame("event: ping\ndata: {\"type\":\"ping\",\"cost\":0.1}\n\n"),
        frame("data: {\"object\":\"chat.completion.chunk\",\"choices\":[],\"new\":{\"x\":[1]}}\n\n"),
        frame("data: {\"choices\":[{\"index\":0,\"delta\":null,\"finish_reason\":null}]}\n\n"),
        frame(
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":{\"x\":1},\"reasoning\":7},\"finish_reason\":null}]}\n\n",
        ),
        frame("data:\n\n"),
        Piece::Text("b".into()),
    ]);
    let server = simulator(Answer::script(unknown)).await;
    let client = client_at(&server.base_url(), Dialect::OPENAI);
    let (reply, error) = ask(&client).await;
    assert_eq!((reply.text().as_str(), error), ("ab", None));

    for garbage in ["data: {\"choices\":[{\"delta\":\n\n", "data: hello\n\n", "data: \u{0}\n\n", "data: [1,2]\n\n"] {
        let script = Script::of([Piece::Text("kept".into()), frame(garbage), Piece::Text("never".into())]);
        server.set_scenario(Scenario::always(Answer::script(script)));
        let (reply, error) = ask(&client).await;
        assert_eq!((reply.text().as_str(), error.unwrap().category), ("kept", Category::Protocol), "{garbage:?}");
    }
}

#[tokio::test]
async fn fault_f8_chat_an_error_inside_the_stream_keeps_what_came() {
    let error =
        "data: {\"error\":{\"message\":\"the engine fell over\",\"type\":\"server_error\",\"code\":\"boom\"}}\n\n";
    let script = Script::of([Piece::Text("half".into()), Piece::Frame(error.into()), Piece::Text("never".into())]);
    let server = simulator(Answer::script(script)).await;
    let (reply, error) = ask(&client_at(&server.base_url(), Dialect::OPENAI)).await;
    let error = error.unwrap();
    assert_eq!(reply.text(), "half");
    assert_eq!(
        (error.category, error.code.as_deref(), error.message.as_str()),
        (Category::Server, Some("boom"), "the engine fell over")
    );
    assert_eq!(server.requests().len(), 1, "never again after the first event");
}

#[tokio::test]
async fn fault_f9_chat_a_wrong_key_is_not_tried_again() {
    for status in [401, 403] {
        let server = simulator(refusal(status, "invalid_api_key", "Incorrect API key provided")).await;
        let error = ask(&client_at(&server.base_url(), Dialect::OPENAI)).await.1.unwrap();
        assert_eq!((error.category, error.status), (Category::Authentication, Some(status)));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn fault_f10_chat_a_full_bucket_is_waited_for_as_asked_and_an_empty_purse_is_not() {
    let busy = |wait: &str| refusal(429, "rate_limit_exceeded", "slow down").with_header("retry-after", wait);
    let server = Simulator::start(Scenario::in_turn([busy("3"), busy("0.5"), Answer::says("at last")])).await.unwrap();
    let (retry, pauses) = recorded_retry();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let hear = move |error: &ProviderError, wait| heard.lock().unwrap().push((error.category, wait));
    let retry = Retry { told: Arc::new(hear), ..retry };
    let client = client_at(&server.base_url(), Dialect::OPENAI).with_retry(retry);
    let (reply, error) = ask(&client).await;
    assert_eq!((reply.text().as_str(), error), ("at last", None));
    let waits = [Duration::from_secs(3), Duration::from_millis(500)];
    assert_eq!(*pauses.lock().unwrap(), waits);
    assert_eq!(*told.lock().unwrap(), waits.map(|wait| (Category::RateLimit, wait)), "whoever waits is told why");

    for (answer, category, wait) in [
        (busy("600"), Category::RateLimit, Some(Duration::from_secs(600))),
        (refusal(429, "insufficient_quota", "You exceeded your current quota"), Category::Quota, None),
        (refusal(402, "", "Insufficient Balance"), Category::Quota, None),
        (refusal(429, "rate_limit_exceeded", "no").with_header("x-should-retry", "false"), Category::RateLimit, None),
    ] {
        let server = simulator(answer).await;
        let error = ask(&client_at(&server.base_url(), Dialect::OPENAI)).await.1.unwrap();
        assert_eq!((error.category, error.retry_after, server.requests().len()), (category, wait, 1));
    }
}

#[tokio::test]
async fn fault_f11_chat_a_server_fault_is_tried_twice_more() {
    for (status, category) in
        [(500, Category::Server), (502, Category::Server), (503, Category::Overloaded), (529, Category::Overloaded)]
    {
        let server = Simulator::start(Scenario::in_turn([
            refusal(status, "", "boom"),
            refusal(status, "", "boom"),
            Answer::says("well"),
        ]))
        .await
        .unwrap();
        let client = client_at(&server.base_url(), Dialect::OPENAI);
        assert_eq!(ask(&client).await.1, None, "{status}");

        let server = simulator(refusal(status, "", "boom")).await;
        let error = ask(&client_at(&server.base_url(), Dialect::OPENAI)).await.1.unwrap();
        assert_eq!((error.category, error.status, server.requests().len()), (category, Some(status), 3));
    }
}

#[tokio::test]
async fn fault_f13_chat_filters_refusals_and_full_contexts_are_what_they_are() {
    let server = simulator(Answer::default()).await;
    let client = client_at(&server.base_url(), Dialect::OPENAI);
    let filtered = Script { finish: Some("content_filter".into()), ..Script::says("some") };
    let refused = Script::of([Piece::Refusal("I will not.".into())]);
    for (script, text, reason) in [
        (filtered, "some", StopReason::ContentFilter),
        (refused, "I will not.", StopReason::Refusal),
        (Script { finish: Some("length".into()), ..Script::says("too lo") }, "too lo", StopReason::Length),
    ] {
        server.set_scenario(Scenario::always(Answer::script(script)));
        let (reply, error) = ask(&client).await;
        assert_eq!((reply.text().as_str(), reply.finish_reason, error), (text, Some(reason), None));
    }
    for (code, message, category) in [
        ("context_length_exceeded", "too long", Category::ContextTooLong),
        ("content_policy_violation", "no", Category::ContentFilter),
    ] {
        let server = simulator(refusal(400, code, message)).await;
        let error = ask(&client_at(&server.base_url(), Dialect::OPENAI)).await.1.unwrap();
        assert_eq!((error.category, server.requests().len()), (category, 1));
    }
}

#[tokio::test]
async fn an_answer_without_a_choice_is_an_error() {
    for (content_type, body) in [
        ("application/json", "{}".to_owned()),
        ("application/json", Value::Array(vec![]).to_string()),
        ("application/json", "{\"choices\":[]}".to_owned()),
        ("text/event-stream", "data: [DONE]\n\n".to_owned()),
        ("text/event-stream", String::new()),
    ] {
        let server = simulator(Answer::bytes(content_type, body.clone())).await;
        let (_, error) = ask(&client_at(&server.base_url(), Dialect::COMPATIBLE)).await;
        assert!(matches!(error.unwrap().category, Category::Protocol | Category::Cut), "{body}");
    }
}
