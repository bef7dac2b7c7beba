//! Where a key may go: to the server it was saved for, in one header, and nowhere else.

use std::sync::Arc;

use parlance_core::{Category, Origin};
use parlance_providers::base_url;
use parlance_simulator::{Answer, Fault, HangUp, Scenario, Simulator, nowhere};
use serde_json::json;

use crate::family::Family;
use crate::setting::{Canary, KEY, PATIENT, ask, question, simulator};

/// The canary, as saved for an address.
fn saved_for(address: &str) -> Arc<Canary> {
    Arc::new(Canary(Origin::of(&base_url::parse(address).unwrap()).unwrap()))
}

#[tokio::test]
async fn a_key_goes_to_its_own_server_in_one_header() {
    for family in Family::ALL {
        let scenario = Scenario { key: Some(KEY.into()), ..Scenario::always(Answer::says("hi")) };
        let server = Simulator::start(scenario).await.unwrap();
        let address = family.base_url(&server);
        let client = family.client_at(&address, saved_for(&address), PATIENT);
        assert_eq!(ask(&*client).await.1, None, "{family:?}");
        family.models(&address, saved_for(&address)).await.unwrap();
        for request in server.requests() {
            let (header, value) = family.key_header(KEY);
            assert_eq!(request.header(header), Some(value.as_str()), "{family:?}");
            let mut elsewhere = request.headers.iter().filter(|(name, _)| name != header);
            assert!(!request.path.contains(KEY) && elsewhere.all(|(_, value)| !value.contains(KEY)), "{family:?}");
        }
        assert!(!serde_json::to_string(&client.request(&question()).unwrap()).unwrap().contains(KEY));
    }
}

#[tokio::test]
async fn k1_another_server_sees_no_byte_of_the_key() {
    for family in Family::ALL {
        let (own, other) = (simulator(Answer::says("hi")).await, simulator(Answer::says("hi")).await);
        let (own_address, other_address) = (family.base_url(&own), family.base_url(&other));
        let addresses = [
            other_address.clone(),
            other_address.replace("127.0.0.1", "localhost"),
            // The same host and port, another scheme: another origin.
            own_address.replace("http:", "https:"),
        ];
        for address in addresses {
            let client = family.client_at(&address, saved_for(&own_address), PATIENT);
            let error = ask(&*client).await.1.unwrap();
            assert_eq!(error.category, Category::WrongOrigin, "{family:?} {address}: {error}");
            let listed = family.models(&address, saved_for(&own_address)).await.unwrap_err();
            assert_eq!(listed.category, Category::WrongOrigin, "{family:?} {address}: {listed}");
            assert!(!error.to_string().contains(KEY));
        }
        assert_eq!((own.connections(), other.connections()), (0, 0), "nobody was even called");
    }
}

#[tokio::test]
async fn k2_no_redirect_is_followed() {
    for family in Family::ALL {
        let target = simulator(Answer::says("stolen")).await;
        for status in [301, 302, 303, 307, 308] {
            let location = format!("{}{}", target.origin(), family.path());
            let server = simulator(Answer::refuses(status, &json!({})).with_header("location", &location)).await;
            let address = family.base_url(&server);
            let error = ask(&*family.client_at(&address, saved_for(&address), PATIENT)).await.1.unwrap();
            assert_eq!((error.category, server.requests().len()), (Category::Protocol, 1), "{family:?} {status}");
        }
        assert_eq!(target.connections(), 0);
    }
}

#[tokio::test]
async fn k3_no_error_holds_the_key_or_the_address() {
    for family in Family::ALL {
        let echo = format!("Invalid API-key provided: {KEY}. Also {}", KEY.split_at(12).1);
        let in_stream = match family {
            Family::Ollama => json!({ "error": echo }),
            Family::Anthropic => json!({"type": "error", "error": {"type": KEY, "message": echo}}),
            Family::Gemini => json!({"error": {"code": 400, "message": echo, "status": KEY}}),
            Family::Responses => json!({"type": "error", "error": {"message": echo, "code": KEY}}),
            Family::DashScope => json!({"code": KEY, "message": echo}),
        };
        for answer in [
            Answer::refuses(401, &json!({"error": {"message": echo, "code": KEY}})),
            Answer::refuses(401, &json!({"code": KEY, "message": echo})),
            Answer::refuses(400, &json!({ "error": echo })),
            Answer::bytes(family.media_type(), family.frame(&in_stream.to_string())),
            Answer::says("x").with_fault(Fault::CutBeforeHead { how: HangUp::Reset }),
        ] {
            let server = simulator(answer).await;
            let address = family.base_url(&server);
            let error = ask(&*family.client_at(&address, saved_for(&address), PATIENT)).await.1.unwrap();
            let told = format!("{error} {error:?}");
            assert!(!told.contains(KEY) && !told.contains(&KEY[12..]) && !told.contains(family.path()), "{told}");
        }
        let nobody = format!("http://{}/v1", nowhere::refusing().await.unwrap());
        let error = ask(&*family.client_at(&nobody, saved_for(&nobody), PATIENT)).await.1.unwrap();
        assert_eq!(error.category, Category::Network);
        assert!(!format!("{error} {error:?}").contains(KEY), "{error}");
    }
}
