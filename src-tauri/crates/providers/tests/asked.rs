//! Requests that a reference implementation sent for the same conversations: address, headers and body. Where ours differ, the
//! file and the reason stand in `docs/requests.md`.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "asked/case.rs"]
mod case;
#[path = "asked/normal.rs"]
mod normal;

use parlance_providers::http::Http;
use serde_json::{Value, json};

use case::{cases, place_of_ours, place_of_theirs};
use normal::normalised;

/// Where we ask otherwise, and deliberately so. The reasons stand in `docs/requests.md`.
const ASKED_OTHERWISE: &[&str] = &[
    "dashscope-tool-result-image-base64",
    "gemini-image-jpg-url-rejected",
    "gemini-tool-result-image-promoted",
    "ollama-structured-overrides-tools",
    "ollama-tool-result-image-base64",
    "ollama-tools-choice-none",
    "ollama-tools-choice-specific",
    "openai-responses-structured",
    "openai-responses-tools-allowed-list",
    "openai-tool-result-image-base64",
];

#[tokio::test]
async fn every_conversation_is_asked_as_the_reference_asks_it() {
    let http = Http::new().unwrap();
    let (mut equal, mut otherwise, mut wrong) = (0, 0, Vec::new());
    for case in cases() {
        let theirs = match case.sent.is_null() {
            // The reference refuses some conversations before it sends them.
            true => Value::Null,
            false => json!([place_of_theirs(&case.sent), normalised(case.protocol, case.sent["body"].clone())]),
        };
        let ours = case.asked(http.clone()).await.map(|asked| {
            json!([place_of_ours(&asked), normalised(case.protocol, asked.body.clone().unwrap_or_default())])
        });
        let is_equal = ours.as_ref().is_ok_and(|ours| *ours == theirs);
        match (is_equal, ASKED_OTHERWISE.contains(&case.name.as_str())) {
            (true, false) => equal += 1,
            (true, true) => wrong.push(format!("{} is asked as the reference does after all", case.name)),
            (false, true) => otherwise += 1,
            (false, false) => wrong.push(format!("{}\n  ours   {ours:?}\n  theirs {theirs}", case.name)),
        }
    }
    println!("{equal} requests are equal to the reference's, {otherwise} differ on purpose");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(equal >= 20, "only {equal} requests found");
}
