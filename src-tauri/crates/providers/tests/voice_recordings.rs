//! Recorded voice sessions of real servers, read as an independent, simple reader read them (`*.expected.json`): what was sent
//! in the recording is said as commands, what came is decoded.
//!
//! The project's own copy is always read; a larger collection is read as well where there is one.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parlance_core::realtime::{CallResult, RealtimeCommand, RealtimeEvent, SessionOptions, TurnId, TurnTaking};
use parlance_core::{TokenUsage, ToolOutput};
use parlance_providers::dashscope::realtime::QwenRealtime;
use parlance_providers::gemini::live::GeminiLive;
use parlance_providers::openai::realtime::OpenAiRealtime;
use parlance_providers::openai::realtime::manners::Manners;
use parlance_providers::realtime::{Codec, Made, Reading, VoiceApi};
use serde_json::{Value, json};

/// The collections: ours, and the larger one, if it is there.
fn collections() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let larger = std::env::var_os("PARLANCE_RECORDINGS").map(PathBuf::from);
    std::iter::once(workspace.join("tests/recordings")).chain(larger).collect()
}

/// One recorded session.
struct Session {
    name: String,
    model: String,
    lines: Vec<Value>,
    expected: Value,
}

fn sessions() -> Vec<Session> {
    let mut sessions = Vec::new();
    for collection in collections() {
        let manifest: Value =
            serde_json::from_slice(&std::fs::read(collection.join("MANIFEST.json")).unwrap()).unwrap();
        for about in manifest["files"].as_array().unwrap() {
            let name = about["file"].as_str().unwrap();
            let Some(stem) = name.strip_suffix(".ws.jsonl").filter(|_| about["kind"] == "realtime") else { continue };
            let text = std::fs::read_to_string(collection.join(name)).unwrap();
            let expected = std::fs::read(collection.join(format!("{stem}.expected.json"))).unwrap();
            sessions.push(Session {
                name: name.to_owned(),
                model: about["model"].as_str().unwrap().to_owned(),
                lines: text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
                expected: serde_json::from_slice(&expected).unwrap(),
            });
        }
    }
    sessions.sort_by(|a, b| a.name.cmp(&b.name));
    sessions.dedup_by(|a, b| a.name == b.name);
    sessions
}

impl Session {
    fn codec(&self) -> Box<dyn Any> {
        let sends_sound = self.lines.iter().any(|line| line["data"]["type"] == "input_audio_buffer.append");
        let only_heard = self.lines.iter().all(|line| line["direction"] != "sent");
        let turns = if sends_sound || only_heard {
            TurnTaking::Silence(Duration::from_millis(500))
        } else {
            TurnTaking::Manual
        };
        let options = SessionOptions { turns, ..SessionOptions::default() };
        let (model, name) = (self.model.clone(), Arc::from("p"));
        match self.name.split('/').next().unwrap() {
            "gemini" => {
                // Behind a gateway the model has another name.
                let model = model.rsplit('/').next().unwrap().to_owned();
                Box::new(GeminiLive { model }.codec(name, &options))
            }
            "dashscope" => Box::new(QwenRealtime { model }.codec(name, &options)),
            "xai" => Box::new(OpenAiRealtime { model, manners: Manners::XAI }.codec(name, &options)),
            _ => Box::new(OpenAiRealtime { model, manners: Manners::OPENAI }.codec(name, &options)),
        }
    }

    /// All events, in order.
    fn replay(&self) -> Vec<RealtimeEvent> {
        let mut codec = self.codec();
        let (mut events, mut turn, mut results) = (Vec::new(), TurnId(1), Vec::new());
        codec.encode(RealtimeCommand::Expect(turn), &mut Made::default());
        for line in &self.lines {
            let data = &line["data"];
            let mut made = Made::default();
            if line["kind"] == "close" {
                codec = self.codec();
            } else if line["direction"] == "received" {
                let reading =
                    codec.decode(&data.to_string(), &mut made).unwrap_or_else(|error| panic!("{}: {error}", self.name));
                assert_eq!(reading, Reading::Understood, "{}: {data}", self.name);
            } else if let Some(command) = command(data, &mut turn, &mut results) {
                codec.encode(command, &mut made);
            }
            for event in made.events {
                if matches!(event, RealtimeEvent::Committed(_)) && data["type"] != "response.create" {
                    turn.0 += 1;
                    codec.encode(RealtimeCommand::Expect(turn), &mut Made::default());
                }
                events.push(event);
            }
        }
        events
    }
}

/// What is to be said for a frame that was sent, if anything.
fn command(sent: &Value, turn: &mut TurnId, results: &mut Vec<CallResult>) -> Option<RealtimeCommand> {
    let result = |id: &Value, output: &Value| CallResult {
        id: id.as_str().unwrap().to_owned(),
        name: "tool".into(),
        output: ToolOutput::Text(output.to_string()),
    };
    let mut answer = |results: &mut Vec<CallResult>| {
        if results.is_empty() {
            turn.0 += 1;
            return RealtimeCommand::Say { turn: *turn, text: "…".into() };
        }
        RealtimeCommand::ToolResults { turn: *turn, results: std::mem::take(results) }
    };
    if sent["type"] == "response.create" {
        return Some(answer(results));
    }
    let item = &sent["item"];
    if item["type"] == "function_call_output" {
        results.push(result(&item["call_id"], &item["output"]));
    }
    let responses =
        sent.pointer("/tool_response/functionResponses").or_else(|| sent.pointer("/toolResponse/functionResponses"));
    for response in responses.and_then(Value::as_array).into_iter().flatten() {
        results.push(result(&response["id"], &response["response"]));
    }
    let is_turn = sent["client_content"]["turnComplete"] == true || sent["clientContent"]["turnComplete"] == true;
    (is_turn || responses.is_some()).then(|| answer(results))
}

/// What both readers say of a session, in one form.
fn ours(events: &[RealtimeEvent]) -> Value {
    let (mut words, mut calls, mut samples, mut user) = (String::new(), Vec::new(), 0, Vec::<(TurnId, String)>::new());
    let (mut input, mut output) = (0, 0);
    let mut count = |usage: &Option<TokenUsage>| {
        input += usage.map_or(0, |usage| usage.input_tokens);
        output += usage.map_or(0, |usage| usage.output_tokens);
    };
    for event in events {
        match event {
            RealtimeEvent::TranscriptDelta { text, .. } => words.push_str(text),
            RealtimeEvent::ToolCall { name, arguments, .. } => {
                calls.push(json!({"name": name, "arguments": arguments.as_ref().unwrap()}));
            }
            RealtimeEvent::AudioDelta { chunk, .. } => samples += chunk.samples.len(),
            RealtimeEvent::UserTranscript { turn, text } => {
                user.retain(|(of, _)| of != turn);
                user.push((*turn, text.clone()));
            }
            RealtimeEvent::CallsComplete { usage, .. } | RealtimeEvent::ResponseDone { usage, .. } => count(usage),
            RealtimeEvent::Spent { usage, .. } => count(&Some(*usage)),
            RealtimeEvent::ResponseFailed { error, .. } => panic!("{error}"),
            _ => {}
        }
    }
    let user: Vec<String> = user.into_iter().map(|(_, text)| text).collect();
    json!({"words": words, "calls": calls, "has_sound": samples > 0, "tokens": [input, output], "last_said": user.last()})
}

fn theirs(expected: &Value) -> Value {
    let turns = expected["turns"].as_array().unwrap();
    let words: String = turns.iter().filter_map(|turn| turn["text"].as_str()).collect();
    let calls: Vec<Value> =
        turns.iter().flat_map(|turn| turn["tool_calls"].as_array().cloned().unwrap_or_default()).collect();
    let has_sound = turns.iter().any(|turn| turn["audio_base64_chars"].as_u64().unwrap_or(0) > 0);
    let sum = |names: &[&str]| -> u64 {
        let of = |turn: &Value| names.iter().filter_map(|name| turn["usage"][*name].as_u64()).sum::<u64>();
        turns.iter().map(of).sum()
    };
    let input = sum(&["input_tokens", "promptTokenCount"]);
    let output = sum(&["output_tokens", "responseTokenCount", "candidatesTokenCount", "thoughtsTokenCount"]);
    let said = expected["user_transcripts"].as_array().and_then(|said| said.last());
    json!({"words": words, "calls": calls, "has_sound": has_sound, "tokens": [input, output], "last_said": said})
}

#[test]
fn every_recorded_session_is_read_as_expected() {
    let (mut read_well, mut wrong) = (0, Vec::new());
    for session in sessions() {
        let (read, wanted) = (ours(&session.replay()), theirs(&session.expected));
        if read == wanted {
            read_well += 1;
        } else {
            wrong.push(format!("{}\n  read   {read}\n  wanted {wanted}", session.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), wrong.len() + read_well, wrong.join("\n"));
    assert!(read_well >= 6, "only {read_well} sessions found");
    println!("{read_well} recorded voice sessions read as expected");
}

/// A codec, whatever its protocol.
trait Any {
    fn encode(&mut self, command: RealtimeCommand, made: &mut Made);
    fn decode(&mut self, frame: &str, made: &mut Made) -> Result<Reading, parlance_core::ProviderError>;
}

impl<C: Codec> Any for C {
    fn encode(&mut self, command: RealtimeCommand, made: &mut Made) {
        Codec::encode(self, command, made);
    }

    fn decode(&mut self, frame: &str, made: &mut Made) -> Result<Reading, parlance_core::ProviderError> {
        Codec::decode(self, frame, made)
    }
}
