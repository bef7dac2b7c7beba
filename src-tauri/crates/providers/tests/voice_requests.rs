//! What a reference implementation sent into voice sessions, and what we send for the same: what the session is told about
//! itself, and every piece of sound, words, pictures and results after that. Where ours differ, the file and the reason stand in
//! `docs/requests.md`.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_core::chat::ToolSpec;
use parlance_core::realtime::{
    CallResult, Picture, RealtimeCommand, SessionOptions, Transcription, TurnId, TurnTaking,
};
use parlance_core::{AudioChunk, SampleRate};
use parlance_providers::dashscope::realtime::QwenRealtime;
use parlance_providers::gemini::live::GeminiLive;
use parlance_providers::openai::realtime::OpenAiRealtime;
use parlance_providers::openai::realtime::manners::Manners;
use parlance_providers::realtime::{Codec, Made, VoiceApi};
use serde_json::{Value, json};

/// Where we say something else, and deliberately so. The reasons stand in `docs/requests.md`.
const SAID_OTHERWISE: &[&str] = &[
    "dashscope-realtime-image-base64",
    "dashscope-realtime-text",
    "dashscope-realtime-tool-result-blocks",
    "dashscope-realtime-tool-result-string",
    "gemini-realtime-tool-result-string",
    "openai-realtime-image-base64",
    "openai-realtime-image-url",
    "openai-realtime-tool-result-blocks",
];

#[test]
fn every_session_is_told_what_the_reference_tells_it() {
    let (mut equal, mut otherwise, mut wrong) = (0, 0, Vec::new());
    for (name, case) in cases() {
        let theirs = meaning(&case["logical_input"], &frames_of_theirs(&case));
        let ours = meaning(&case["logical_input"], &ours(&case));
        match (ours == theirs, SAID_OTHERWISE.contains(&name.as_str())) {
            (true, false) => equal += 1,
            (true, true) => wrong.push(format!("{name} is told as the reference does after all")),
            (false, true) => otherwise += 1,
            (false, false) => wrong.push(format!("{name}\n  ours   {ours}\n  theirs {theirs}")),
        }
    }
    println!("{equal} sessions are told what the reference tells them, {otherwise} otherwise on purpose");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(equal >= 3, "only {equal} sessions found");
}

/// All sessions, each once: ours, and those of the larger folder that `PARLANCE_REQUESTS` names.
fn cases() -> Vec<(String, Value)> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let larger = std::env::var_os("PARLANCE_REQUESTS").map(PathBuf::from);
    let folders = std::iter::once(workspace.join("tests/requests")).chain(larger);
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut cases: Vec<(String, Value)> = files
        .filter_map(|file| {
            let path = file.unwrap().path();
            let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).ok()?;
            (case["logical_input"]["api"] == "realtime").then(|| (case["name"].as_str().unwrap().to_owned(), case))
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases.dedup_by(|a, b| a.0 == b.0);
    cases
}

fn frames_of_theirs(case: &Value) -> Vec<Value> {
    let frames = case["request"]["frames"].as_array().unwrap();
    frames.iter().filter(|frame| frame["from"] == "client").map(|frame| frame["json"].clone()).collect()
}

/// What we send for the same.
fn ours(case: &Value) -> Vec<Value> {
    let input = &case["logical_input"];
    let model = input["model"].as_str().unwrap().to_owned();
    match case["provider"].as_str().unwrap() {
        "openai" => talk(&OpenAiRealtime { model, manners: Manners::OPENAI }, input),
        "gemini" => talk(&GeminiLive { model }, input),
        _ => talk(&QwenRealtime { model }, input),
    }
}

fn talk(api: &impl VoiceApi, input: &Value) -> Vec<Value> {
    let tools = input.get("tools").map(|tools| serde_json::from_value::<Vec<ToolSpec>>(tools.clone()).unwrap());
    let constructor = &input["constructor"];
    let options = SessionOptions {
        instructions: input["instructions"].as_str().unwrap_or_default().to_owned(),
        voice: constructor["voice"].as_str().map(str::to_owned),
        turns: TurnTaking::Silence(Duration::from_millis(800)),
        transcription: match constructor["enable_input_audio_transcription"].as_bool() {
            Some(false) => Transcription::Off,
            _ => Transcription::On,
        },
        tools: tools.into_iter().flatten().map(|ToolSpec::Function { function }| function).collect(),
        ..SessionOptions::default()
    };
    let mut codec = api.codec(Arc::from("p"), &options);
    let mut made = Made { frames: codec.hello(), ..Made::default() };
    for block in input["send_blocks"].as_array().unwrap() {
        codec.encode(command(block, &input["media_at_url"]), &mut made);
    }
    made.frames.iter().map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

fn command(block: &Value, served: &Value) -> RealtimeCommand {
    let source = &block["source"];
    let bytes = || {
        let data = source["url"].as_str().map_or(&source["data"], |url| &served[url]);
        BASE64.decode(data.as_str().unwrap()).unwrap()
    };
    let turn = TurnId(1);
    match block["type"].as_str().unwrap() {
        "audio" => {
            let samples = bytes().chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
            RealtimeCommand::AppendAudio(AudioChunk { samples, rate: SampleRate::HZ_16000 })
        }
        "text" => RealtimeCommand::Say { turn, text: block["text"].as_str().unwrap().to_owned() },
        "image" => RealtimeCommand::Show(Picture { media_type: "image/png".into(), bytes: bytes() }),
        "tool_result" => {
            let text = |name: &str| block[name].as_str().unwrap().to_owned();
            let output = serde_json::from_value(block["output"].clone()).unwrap();
            let results = vec![CallResult { id: text("id"), name: text("name"), output }];
            RealtimeCommand::ToolResults { turn, results }
        }
        other => panic!("nobody knows {other}"),
    }
}

/// What frames mean, in one form for all three protocols: theirs ask for no answer in words, and name models and formats of their
/// own choice.
fn meaning(input: &Value, frames: &[Value]) -> Value {
    let asks_for_a_voice = input["constructor"]["voice"].is_string();
    let first = |places: &[&str]| places.iter().find_map(|place| frames[0].pointer(place)).cloned().unwrap_or_default();
    let transcription = first(&[
        "/session/audio/input/transcription",
        "/session/input_audio_transcription",
        "/setup/inputAudioTranscription",
    ]);
    let detection = first(&[
        "/session/audio/input/turn_detection/type",
        "/session/turn_detection/type",
        "/setup/realtimeInputConfig/automaticActivityDetection/disabled",
    ]);
    let voice = first(&[
        "/session/audio/output/voice",
        "/session/voice",
        "/setup/generationConfig/speechConfig/voiceConfig/prebuiltVoiceConfig/voiceName",
    ]);
    json!({
        "instructions": first(&["/session/instructions", "/setup/systemInstruction/parts/0/text"]),
        "tools": tools(&first(&["/session/tools", "/setup/tools/0/functionDeclarations", "/setup/tools/0/function_declarations"])),
        "is_transcribed": !transcription.is_null(),
        // Gemini's server ends the turns unless it is told not to.
        "server_ends_turns": detection == "server_vad" || (frames[0].get("setup").is_some() && detection != true),
        "voice": if asks_for_a_voice { voice } else { Value::Null },
        "said": frames[1..].iter().filter_map(said).collect::<Vec<Value>>(),
    })
}

fn tools(tools: &Value) -> Vec<Value> {
    let bare = |tool: &Value| {
        let tool = tool.get("function").unwrap_or(tool);
        let parameters = tool.get("parameters").or_else(|| tool.get("parametersJsonSchema"));
        json!([tool["name"], tool["description"], parameters])
    };
    tools.as_array().into_iter().flatten().map(bare).collect()
}

/// What one frame says; `None` for those that only ask for an answer.
fn said(frame: &Value) -> Option<Value> {
    let item = &frame["item"];
    let at = |place: &str| frame.pointer(place).filter(|value| !value.is_null());
    if let Some(sound) = at("/audio").or_else(|| at("/realtimeInput/audio/data")) {
        return Some(json!({"sound": sound}));
    }
    if let Some(words) = at("/item/content/0/text").or_else(|| at("/clientContent/turns/0/parts/0/text")) {
        return Some(json!({"words": words}));
    }
    if let Some(picture) =
        at("/image").or_else(|| at("/realtimeInput/video/data")).or_else(|| at("/item/content/0/image_url"))
    {
        return Some(json!({"picture": picture}));
    }
    if item["type"] == "function_call_output" {
        return Some(json!({"result": item["output"]}));
    }
    if let Some(response) = at("/toolResponse/functionResponses/0/response") {
        return Some(json!({"result": response}));
    }
    at("/response/instructions").map(|instructions| json!({"instructions": instructions}))
}
