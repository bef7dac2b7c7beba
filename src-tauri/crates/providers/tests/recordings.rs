//! Recorded answers of real servers, read as an independent, simple reader read them (`*.expected.json`).
//!
//! The project's own copy is always read; a larger collection is read as well where there is one.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::{Path, PathBuf};

use parlance_core::chat::Delivery;
use parlance_core::{ContentBlock, ModelEvent, ProviderError, Reply, StopReason};
use parlance_providers::openai::mapper::Expectations;
use parlance_providers::openai::{ChatDecoder, Dialect, StreamEnd};
use parlance_providers::{errors, model_list};
use parlance_simulator::{Answer, Pace, Scenario, Simulator};
use serde_json::{Value, json};

#[path = "chat/setting.rs"]
#[expect(dead_code, reason = "only a part of it is needed here")]
mod setting;

/// The collections: ours, and the larger one, if it is there.
fn collections() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let larger =
        std::env::var_os("PARLANCE_RECORDINGS").map_or_else(|| workspace.join("../shared/recordings"), PathBuf::from);
    let mut found = vec![workspace.join("tests/recordings")];
    found.extend(larger.join("MANIFEST.json").is_file().then_some(larger));
    found
}

const PROVIDERS: [(&str, Dialect); 9] = [
    ("openai", Dialect::OPENAI),
    ("deepseek", Dialect::DEEPSEEK),
    ("openrouter", Dialect::OPENROUTER),
    ("groq", Dialect::GROQ),
    ("vllm", Dialect::VLLM),
    ("llamacpp", Dialect::LLAMA_CPP),
    ("lmstudio", Dialect::LM_STUDIO),
    ("xai", Dialect::XAI),
    ("mistral", Dialect::MISTRAL),
];

struct Recording {
    name: String,
    kind: &'static str,
    dialect: Dialect,
    status: u16,
    body: Vec<u8>,
    expected: Value,
}

/// Every recording of the dialects of Chat Completions.
fn recordings(collection: &Path) -> Vec<Recording> {
    let manifest: Value = serde_json::from_slice(&std::fs::read(collection.join("MANIFEST.json")).unwrap()).unwrap();
    let files = manifest["files"].as_array().unwrap();
    files.iter().filter_map(|file| recording(collection, file)).collect()
}

fn recording(collection: &Path, about: &Value) -> Option<Recording> {
    let file = about["file"].as_str().unwrap();
    let (provider, name) = file.split_once('/').unwrap();
    let (_, dialect) = PROVIDERS.into_iter().find(|(known, _)| *known == provider)?;
    let protocol = about["dialect"].as_str().unwrap_or_default();
    let kind = match (protocol, name.split('-').next().unwrap(), name.rsplit('.').next().unwrap()) {
        ("openai-chat", "chat", "json") => "chat",
        ("openai-chat", "stream", "sse") => "stream",
        ("openai-chat" | "openai-models", "error", "json") => "error",
        ("openai-models", "models", "json") => "models",
        _ => return None,
    };
    let path = collection.join(file);
    let expected = path.with_extension("expected.json");
    Some(Recording {
        name: file.to_owned(),
        kind,
        dialect,
        status: about["status"].as_u64().map_or(200, |status| u16::try_from(status).unwrap()),
        body: std::fs::read(&path).unwrap(),
        expected: serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap(),
    })
}

impl Recording {
    fn delivery(&self) -> Delivery {
        if self.kind == "stream" { Delivery::Streaming } else { Delivery::Whole }
    }

    /// The events and the error, when the body comes in pieces of `size` bytes.
    fn decode(&self, body: &[u8], size: usize, stream_end: StreamEnd) -> (Vec<ModelEvent>, Option<ProviderError>) {
        let expected = Expectations {
            provider: "p".into(),
            think_tags: self.dialect.think_tags,
            audio_media_type: "audio/wav".into(),
            id_seed: "seed".into(),
        };
        let mut decoder = ChatDecoder::new(self.delivery(), stream_end, expected);
        body.chunks(size).for_each(|piece| decoder.feed(piece));
        decoder.end();
        let mut events = Vec::new();
        while let Some(event) = decoder.next_event() {
            match event {
                Ok(event) => events.push(event),
                Err(error) => return (events, Some(error)),
            }
        }
        (events, None)
    }
}

/// What we read, in the words of `expected.json`.
fn read(events: &[ModelEvent], error: Option<&ProviderError>, expected: &Value) -> Value {
    let mut reply = Reply::default();
    events.iter().for_each(|event| reply.apply(event));
    let thinking: String = reply
        .content
        .iter()
        .filter_map(|block| match block {
            ContentBlock::Thinking { thinking, .. } => Some(thinking.as_str()),
            _ => None,
        })
        .collect();
    let calls: Vec<Value> = reply
        .content
        .iter()
        .filter_map(|block| match block {
            ContentBlock::ToolUse(call) => Some(call),
            _ => None,
        })
        .zip(expected["tool_calls"].as_array().into_iter().flatten().chain(std::iter::repeat(&Value::Null)))
        .map(|(call, expected)| {
            let raw = call.raw_input.as_deref().unwrap_or_default();
            let unparsed = json!({"__unparsed__": raw});
            let arguments = if expected["arguments"] == unparsed { unparsed } else { json!(call.input) };
            json!({"name": call.name, "arguments": arguments})
        })
        .collect();
    json!({
        "words": reply.text(),
        "thinking": thinking,
        "tool_calls": calls,
        "finish_reason": reply.finish_reason.map(|reason| reason_word(&reason)),
        "tokens": reply.usage.map(|usage| [usage.input_tokens, usage.output_tokens]),
        "error": error.map(|error| json!({"code": error.code, "message": error.message})),
    })
}

/// The same from `expected.json`, for comparison: refusals are words here, and `stop` beside calls means that they wait.
fn wanted(expected: &Value) -> Value {
    let text = |field: &str| expected[field].as_str().unwrap_or_default().to_owned();
    let calls = expected["tool_calls"].as_array().cloned().unwrap_or_default();
    let refusal = text("refusal");
    let finish = match expected["finish_reason"].as_str() {
        Some(_) if !refusal.is_empty() => json!("refusal"),
        Some("stop" | "tool_calls" | "function_call") if !calls.is_empty() => json!("tool_calls"),
        Some(other) => json!(other),
        None => Value::Null,
    };
    let calls: Vec<Value> =
        calls.iter().map(|call| json!({"name": call["name"], "arguments": call["arguments"]})).collect();
    let usage = &expected["usage"];
    let error = expected.get("error").filter(|error| !error.is_null()).map(|error| {
        let code = if error["code"].is_null() { &error["type"] } else { &error["code"] };
        let code = code.as_u64().map_or_else(|| code.clone(), |number| json!(number.to_string()));
        json!({"code": code, "message": error["message"]})
    });
    json!({
        "words": text("text") + &refusal,
        "thinking": text("thinking"),
        "tool_calls": calls,
        "finish_reason": finish,
        "tokens": (!usage.is_null()).then(|| json!([usage["prompt_tokens"], usage["completion_tokens"]])),
        "error": error,
    })
}

fn reason_word(reason: &StopReason) -> String {
    match serde_json::to_value(reason).unwrap() {
        Value::String(word) => word,
        other => other.to_string(),
    }
}

/// What we read otherwise than the simple reader, and deliberately so: file, place, our reading. The reasons stand in
/// `docs/recordings.md`.
const READ_OTHERWISE: [(&str, &str, &str); 4] = [
    (GROQ_NULL_ARGUMENTS, "/tool_calls/0/arguments", "{}"),
    (GROQ_NULL_ARGUMENTS, "/tool_calls/1/arguments", "{}"),
    ("openai/chat-completion-audio-output.json", "/words", "\"Hello! How can I help you today?\""),
    ("openrouter/stream-tools-streaming-variant-a.sse", "/finish_reason", "\"tool_calls\""),
];
const GROQ_NULL_ARGUMENTS: &str = "groq/stream-agent-tool-sessions-parallel-tool-calls-single-turn-streaming.sse";

fn ours(recording: &Recording) -> Value {
    let mut wanted = wanted(&recording.expected);
    for (_, place, reading) in READ_OTHERWISE.iter().filter(|(name, ..)| *name == recording.name) {
        let reading: Value = serde_json::from_str(reading).unwrap();
        let theirs = wanted.pointer_mut(place).unwrap();
        assert_ne!(*theirs, reading, "{} is read as expected after all", recording.name);
        *theirs = reading;
    }
    wanted
}

#[test]
fn every_recorded_answer_is_read_as_expected() {
    let (mut read_well, mut wrong) = (0, Vec::new());
    for recording in collections().iter().flat_map(|collection| recordings(collection)) {
        if !matches!(recording.kind, "chat" | "stream") {
            continue;
        }
        let (events, error) = recording.decode(&recording.body, usize::MAX, recording.dialect.stream_end);
        let (read, wanted) = (read(&events, error.as_ref(), &recording.expected), ours(&recording));
        if read == wanted {
            read_well += 1;
        } else {
            wrong.push(format!("{}\n  read   {read}\n  wanted {wanted}", recording.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), wrong.len() + read_well, wrong.join("\n"));
    assert!(read_well >= 25, "only {read_well} recordings found");
    println!("{read_well} recorded answers read as expected");
}

#[test]
fn every_recorded_answer_is_the_same_in_any_split() {
    for recording in recordings(&collections()[0]) {
        let whole = recording.decode(&recording.body, usize::MAX, recording.dialect.stream_end);
        for size in [1, 2, 3, 7, 61, 1_000] {
            let split = recording.decode(&recording.body, size, recording.dialect.stream_end);
            assert_eq!(split, whole, "{} in pieces of {size}", recording.name);
        }
    }
}

#[test]
fn every_short_recorded_answer_cut_at_any_byte_is_an_error() {
    let mut cuts = 0;
    for recording in recordings(&collections()[0]) {
        let ends_well = recording.decode(&recording.body, usize::MAX, StreamEnd::Done).1.is_none();
        if !ends_well || recording.body.len() > 3_000 || !matches!(recording.kind, "chat" | "stream") {
            continue;
        }
        let whole = recording.body.trim_ascii_end();
        for cut in 0..whole.len() {
            let (_, error) = recording.decode(&whole[..cut], usize::MAX, StreamEnd::Done);
            assert!(error.is_some(), "{} cut at {cut} of {}", recording.name, whole.len());
            cuts += 1;
        }
    }
    assert!(cuts > 5_000, "only {cuts} cuts");
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
        let wanted = wanted(&recording.expected);
        assert_eq!(read, wanted["error"], "{}", recording.name);
        seen += 1;
    }
    assert!(seen >= 5, "only {seen} refusals");
}

#[test]
fn every_recorded_list_of_models_is_read() {
    let mut seen = 0;
    for recording in collections().iter().flat_map(|collection| recordings(collection)) {
        if recording.kind == "models" {
            let ids = model_list::read(&recording.body).unwrap_or_else(|| panic!("{}", recording.name));
            let mut wanted: Vec<String> = serde_json::from_value(recording.expected["models"].clone()).unwrap();
            wanted.sort();
            wanted.dedup();
            assert_eq!(ids, wanted, "{}", recording.name);
            seen += 1;
        }
    }
    assert!(seen >= 2, "only {seen} lists");
}

#[tokio::test]
async fn recorded_streams_come_through_a_socket_unchanged() {
    for recording in recordings(&collections()[0]) {
        if recording.kind != "stream" {
            continue;
        }
        let pace = Pace { bytes_per_write: Some(53), ..Pace::default() };
        let answer = Answer::bytes("text/event-stream", recording.body.clone()).with_pace(pace);
        let server = Simulator::start(Scenario::always(answer)).await.unwrap();
        let (reply, error) = setting::ask(&setting::client_at(&server.base_url(), recording.dialect)).await;
        let (events, expected_error) = recording.decode(&recording.body, usize::MAX, recording.dialect.stream_end);
        let mut expected = Reply::default();
        events.iter().for_each(|event| expected.apply(event));
        assert_eq!((reply.text(), reply.usage), (expected.text(), expected.usage), "{}", recording.name);
        assert_eq!(error.map(|error| error.message), expected_error.map(|error| error.message), "{}", recording.name);
    }
}
