//! Recorded answers of real servers, read as an independent, simple reader read them (`*.expected.json`).
//!
//! The project's own copy is always read; a larger collection is read as well where there is one.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use parlance_core::Reply;
use parlance_providers::errors;
use parlance_providers::models::complete;
use parlance_simulator::{Answer, Pace, Scenario, Simulator};
use serde_json::json;

#[path = "recordings/collection.rs"]
mod collection;
#[path = "recordings/families.rs"]
mod families;
#[path = "families/family.rs"]
#[expect(dead_code, reason = "only a part of it is needed here")]
mod family;
#[path = "recordings/reading.rs"]
mod reading;
#[path = "chat/setting.rs"]
#[expect(dead_code, reason = "only a part of it is needed here")]
mod setting;

use collection::{Ending, collections, recordings};
use reading::{ours, read, wanted};

#[test]
fn every_recorded_answer_is_read_as_expected() {
    let (mut read_well, mut wrong) = (0, Vec::new());
    for recording in collections().iter().flat_map(|collection| recordings(collection)) {
        if !recording.is_answer() {
            continue;
        }
        let (events, error) = recording.decode(&recording.body, usize::MAX, Ending::Usual);
        let (read, wanted) = (read(&events, error.as_ref(), &recording.expected), ours(&recording));
        if read == wanted {
            read_well += 1;
        } else {
            wrong.push(format!("{}\n  read   {read}\n  wanted {wanted}", recording.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), wrong.len() + read_well, wrong.join("\n"));
    assert!(read_well >= 40, "only {read_well} recordings found");
    println!("{read_well} recorded answers read as expected");
}

#[test]
fn every_recorded_answer_is_the_same_in_any_split() {
    for recording in recordings(&collections()[0]) {
        let whole = recording.decode(&recording.body, usize::MAX, Ending::Usual);
        for size in [1, 2, 3, 7, 61, 1_000] {
            let split = recording.decode(&recording.body, size, Ending::Usual);
            assert_eq!(split, whole, "{} in pieces of {size}", recording.name);
        }
    }
}

#[test]
fn every_short_recorded_answer_cut_at_any_byte_is_an_error() {
    let mut cuts = 0;
    for recording in recordings(&collections()[0]) {
        let ends_well = recording.decode(&recording.body, usize::MAX, Ending::Marked).1.is_none();
        if !ends_well || recording.body.len() > 3_000 || !recording.is_answer() {
            continue;
        }
        let whole = recording.body.trim_ascii_end();
        for cut in 0..whole.len() {
            let (_, error) = recording.decode(&whole[..cut], usize::MAX, Ending::Marked);
            assert!(error.is_some(), "{} cut at {cut} of {}", recording.name, whole.len());
            cuts += 1;
        }
    }
    assert!(cuts > 10_000, "only {cuts} cuts");
}

#[test]
fn every_recorded_refusal_keeps_its_words_and_code() {
    let mut seen = 0;
    for recording in collections().iter().flat_map(|collection| recordings(collection)) {
        if recording.kind != "error" {
            continue;
        }
        let error = errors::from_response("p", recording.status, None, &recording.body);
        let read = json!({"code": error.code, "message": error.message});
        let mut wanted = wanted(&recording);
        // What people see of a long sentence is cut.
        let words = wanted["error"]["message"].as_str().unwrap();
        if words.chars().count() > errors::MAX_MESSAGE_CHARS {
            let cut: String = words.chars().take(errors::MAX_MESSAGE_CHARS).collect();
            wanted["error"]["message"] = json!(cut.replace('\n', " ") + "…");
        } else {
            wanted["error"]["message"] = json!(words.trim().replace('\n', " "));
        }
        assert_eq!(read, wanted["error"], "{}", recording.name);
        seen += 1;
    }
    assert!(seen >= 8, "only {seen} refusals");
}

/// Words in the names of models that do something else than answer messages.
const DO_NOT_CHAT: [&str; 12] = [
    "embed",
    "whisper",
    "tts",
    "dall-e",
    "-image",
    "realtime",
    "moderation",
    "transcribe",
    "-live-",
    "rerank",
    "minilm",
    "veo",
];

#[test]
fn every_recorded_list_of_models_is_read() {
    let mut seen = 0;
    for recording in collections().iter().flat_map(|collection| recordings(collection)) {
        if recording.kind == "models" {
            let listed = (recording.family.models)(&recording.body).unwrap_or_else(|| panic!("{}", recording.name));
            let models = complete(listed);
            let bare = |name: &String| name.trim_start_matches("models/").to_owned();
            let wanted: Vec<String> = serde_json::from_value(recording.expected["models"].clone()).unwrap();
            let mut wanted: Vec<String> = wanted.iter().map(bare).collect();
            wanted.sort();
            wanted.dedup();
            let ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
            assert_eq!(ids, wanted, "{}", recording.name);
            for model in models.iter().filter(|model| model.capabilities.may_chat()) {
                let said = DO_NOT_CHAT.iter().find(|word| model.id.to_ascii_lowercase().contains(*word));
                assert_eq!(said, None, "{} in {}", model.id, recording.name);
            }
            seen += 1;
        }
    }
    assert!(seen >= 3, "only {seen} lists");
}

#[tokio::test]
async fn recorded_streams_come_through_a_socket_unchanged() {
    for recording in recordings(&collections()[0]) {
        if !recording.is_stream() {
            continue;
        }
        let pace = Pace { bytes_per_write: Some(53), ..Pace::default() };
        let answer = Answer::bytes("text/event-stream", recording.body.clone()).with_pace(pace);
        let server = Simulator::start(Scenario::always(answer)).await.unwrap();
        let client = (recording.family.client)(&server);
        let (reply, error) = setting::ask(&*client).await;
        let (events, expected_error) = recording.decode(&recording.body, usize::MAX, Ending::Usual);
        let mut expected = Reply::default();
        events.iter().for_each(|event| expected.apply(event));
        assert_eq!((reply.text(), reply.usage), (expected.text(), expected.usage), "{}", recording.name);
        assert_eq!(error.map(|error| error.message), expected_error.map(|error| error.message), "{}", recording.name);
    }
}
