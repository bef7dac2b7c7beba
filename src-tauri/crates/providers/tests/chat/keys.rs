//! Where a key may go: to the server it was saved for, in one header, and nowhere else.

use parlance_core::{Category, ChatModel};
use parlance_simulator::{Answer, Fault, HangUp, Scenario, Simulator, nowhere};
use serde_json::json;

use crate::setting::{KEY, ask, client_with_key, question, simulator};

#[tokio::test]
async fn a_key_goes_to_its_own_server_in_one_header() {
    let server =
        Simulator::start(Scenario { key: Some(KEY.into()), ..Scenario::always(Answer::says("hi")) }).await.unwrap();
    let client = client_with_key(&server.base_url(), &server.base_url());
    assert_eq!(ask(&client).await.1, None);
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    let elsewhere = request.headers.iter().filter(|(name, _)| name != "authorization");
    assert!(!request.path.contains(KEY) && elsewhere.into_iter().all(|(_, value)| !value.contains(KEY)));
    assert!(!serde_json::to_string(&client.request(&question()).unwrap()).unwrap().contains(KEY));
}

#[tokio::test]
async fn k1_another_server_sees_no_byte_of_the_key() {
    let (own, other) = (simulator(Answer::says("hi")).await, simulator(Answer::says("hi")).await);
    let other_port = other.address().port();
    for address in [
        other.base_url(),
        format!("http://localhost:{other_port}/v1"),
        format!("http://127.1:{other_port}/v1"),
        format!("http://LOCALHOST.:{other_port}/v1"),
        // The same host and port, another scheme: another origin.
        own.base_url().replace("http:", "https:"),
    ] {
        let error = ask(&client_with_key(&address, &own.base_url())).await.1.unwrap();
        assert_eq!(error.category, Category::WrongOrigin, "{address}: {error}");
        assert!(!error.to_string().contains(KEY));
    }
    assert_eq!((own.connections(), other.connections()), (0, 0), "nobody was even called");
}

#[tokio::test]
async fn k2_no_redirect_is_followed() {
    let target = simulator(Answer::says("stolen")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/chat/completions", target.base_url());
        let server = simulator(Answer::refuses(status, &json!({})).with_header("location", &location)).await;
        let error = ask(&client_with_key(&server.base_url(), &server.base_url())).await.1.unwrap();
        assert_eq!((error.category, server.requests().len()), (Category::Protocol, 1), "{status}: {error}");
        assert!(error.message.contains("sent us elsewhere: 127.0.0.1"), "{error}");
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn k3_no_error_holds_the_key_or_the_address() {
    let echo = format!("Incorrect API key provided: {KEY}. Also {}", KEY.split_at(12).1);
    let in_stream = format!("data: {{\"error\":{{\"message\":\"bad key {KEY}\",\"code\":\"{KEY}\"}}}}\n\n");
    for answer in [
        Answer::refuses(401, &json!({"error": {"message": echo, "code": "invalid_api_key"}})),
        Answer::refuses(401, &json!({"error": {"message": "no", "code": KEY}})),
        Answer::refuses(400, &json!(format!("what is {KEY}?"))),
        Answer::bytes("text/event-stream", in_stream),
        Answer::says("x").with_fault(Fault::CutBeforeHead { how: HangUp::Reset }),
        Answer::says("x").with_header("content-encoding", KEY),
    ] {
        let server = simulator(answer.clone()).await;
        let error = ask(&client_with_key(&server.base_url(), &server.base_url())).await.1.unwrap();
        let told = format!("{error} {error:?}");
        assert!(!told.contains(KEY) && !told.contains(&KEY[12..]) && !told.contains("/chat"), "{told}");
    }
    for address in [format!("http://{}/v1", nowhere::refusing().await.unwrap()), "http://nobody.invalid/v1".to_owned()]
    {
        let error = ask(&client_with_key(&address, &address)).await.1.unwrap();
        let told = format!("{error} {error:?}");
        assert!(!told.contains(KEY) && !told.contains("/chat"), "{told}");
    }
}

#[tokio::test]
async fn listing_models_guards_the_key_too() {
    let (own, other) = (simulator(Answer::default()).await, simulator(Answer::default()).await);
    let error = client_with_key(&other.base_url(), &own.base_url()).models().await.unwrap_err();
    assert_eq!((error.category, other.connections()), (Category::WrongOrigin, 0));
}
