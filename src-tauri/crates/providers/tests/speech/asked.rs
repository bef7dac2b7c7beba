//! What a reference implementation asks speech for, and what we ask for the same. Where ours differ, the file and the reason
//! stand in `docs/requests.md`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parlance_core::asked::Asked;
use parlance_core::chat::Delivery;
use parlance_core::synthesis::{SpeechManner, SpeechModel};
use parlance_providers::dashscope::speech::QwenSpeech;
use parlance_providers::dashscope::speech::cosyvoice::CosyVoice;
use parlance_providers::dashscope::speech::realtime::QwenRealtimeSpeech;
use parlance_providers::gemini::speech::GeminiSpeech;
use parlance_providers::http::Http;
use parlance_providers::openai::speech::OpenAiSpeech;
use parlance_providers::speech::SpeechClient;
use parlance_providers::speech::socket::{SpeechCodec, SpeechSocketApi};
use parlance_providers::{NoKey, Provider, base_url};
use serde_json::{Value, json};

/// Where we ask otherwise, and deliberately so. The reasons stand in `docs/requests.md`.
const ASKED_OTHERWISE: [&str; 1] = ["dashscope-cosyvoice-nostream"];

#[test]
fn every_speech_is_asked_for_as_the_reference_does() {
    let (mut equal, mut otherwise, mut wrong) = (0, 0, Vec::new());
    for (name, case) in cases() {
        let theirs = theirs(&case);
        let ours = ours(&case);
        match (ours == theirs, ASKED_OTHERWISE.contains(&name.as_str())) {
            (true, false) => equal += 1,
            (true, true) => wrong.push(format!("{name} is asked for as the reference does after all")),
            (false, true) => otherwise += 1,
            (false, false) => wrong.push(format!("{name}\n  ours   {ours}\n  theirs {theirs}")),
        }
    }
    println!("{equal} speeches are asked for as the reference does, {otherwise} otherwise on purpose");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(equal >= 4, "only {equal} speeches found");
}

/// All of them, each once: ours, and those of the larger folder that `PARLANCE_REQUESTS` names.
fn cases() -> Vec<(String, Value)> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let larger = std::env::var_os("PARLANCE_REQUESTS").map(PathBuf::from);
    let folders = std::iter::once(workspace.join("tests/requests")).chain(larger);
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut cases: Vec<(String, Value)> = files
        .filter_map(|file| {
            let path = file.unwrap().path();
            let case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).ok()?;
            let is_speech = matches!(case["logical_input"]["api"].as_str(), Some("tts" | "tts-realtime"));
            is_speech.then(|| (case["name"].as_str().unwrap().to_owned(), case))
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases.dedup_by(|a, b| a.0 == b.0);
    cases
}

fn theirs(case: &Value) -> Value {
    let request = &case["request"];
    match request["transport"].as_str() {
        None => Value::Null,
        Some("http") => json!({"path": request["path"], "query": request["query"], "body": camel(&request["body"])}),
        Some(_) => {
            let frames = request["frames"].as_array().unwrap();
            let frames = frames.iter().filter(|frame| frame["from"] == "client").map(|frame| bare(&frame["json"]));
            json!({"path": request["path"], "query": request["query"], "frames": frames.collect::<Vec<_>>()})
        }
    }
}

/// A frame without what is different each time.
fn bare(frame: &Value) -> Value {
    let mut frame = frame.clone();
    frame.as_object_mut().unwrap().remove("event_id");
    if let Some(header) = frame.get_mut("header").and_then(Value::as_object_mut) {
        header.remove("task_id");
    }
    frame
}

/// Gemini's servers take both ways of writing; the reference mixes them.
fn camel(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let name = match name.as_str() {
                    "voice_config" => "voiceConfig",
                    "prebuilt_voice_config" => "prebuiltVoiceConfig",
                    "voice_name" => "voiceName",
                    other => other,
                };
                (name.to_owned(), camel(value))
            })
            .collect(),
        Value::Array(items) => items.iter().map(camel).collect(),
        other => other.clone(),
    }
}

fn ours(case: &Value) -> Value {
    let input = &case["logical_input"];
    let constructor = &input["constructor"];
    let mut manner = SpeechManner {
        voice: constructor["voice"].as_str().map(str::to_owned),
        language: (constructor["language_type"] == "English").then(|| "en".to_owned()),
        ..SpeechManner::default()
    };
    manner.cold_start.characters = constructor["cold_start_length"].as_u64().map_or(0, |n| n.try_into().unwrap());
    manner.cold_start.words = constructor["cold_start_words"].as_u64().map_or(0, |n| n.try_into().unwrap());
    if let Some(extra) = constructor["generate_kwargs"].as_object() {
        manner.extra.clone_from(extra);
    }
    let text = input["text"].as_str().unwrap_or_default();
    let delivery = if constructor["stream"] == false { Delivery::Whole } else { Delivery::Streaming };
    match input["class"].as_str().unwrap() {
        "OpenAITTSModel" => {
            asked(OpenAiSpeech { model: "gpt-4o-mini-tts".into(), usual_voice: "alloy" }, text, &manner)
        }
        "GeminiTTSModel" => {
            asked(GeminiSpeech { model: "gemini-2.5-flash-preview-tts".into(), delivery }, text, &manner)
        }
        "DashScopeTTSModel" => asked(QwenSpeech { model: "qwen3-tts-flash".into() }, text, &manner),
        "DashScopeRealtimeTTSModel" => {
            written(&QwenRealtimeSpeech { model: "qwen3-tts-flash-realtime".into() }, input, &manner)
        }
        "DashScopeCosyVoiceTTSModel" | "DashScopeCosyVoiceRealtimeTTSModel" => {
            written(&CosyVoice { model: "cosyvoice-v3-plus".into() }, input, &manner)
        }
        other => panic!("nobody knows {other}"),
    }
}

fn provider(address: &str) -> Provider {
    Provider { name: "p".into(), base_url: base_url::parse(address).unwrap(), keys: Arc::new(NoKey) }
}

fn asked<A: parlance_providers::speech::SpeechApi>(api: A, text: &str, manner: &SpeechManner) -> Value {
    // A text with nothing to say is no request; see `speech::a_text_with_nothing_to_say_is_no_request_and_no_sound`.
    if text.is_empty() {
        return Value::Null;
    }
    let is_open_ais = std::any::type_name::<A>().contains("openai");
    let address = if is_open_ais { "http://127.0.0.1/v1" } else { "http://127.0.0.1" };
    let client = SpeechClient::new(provider(address), api, Http::new().unwrap());
    let Asked::Http(request) = client.request(text, manner).unwrap() else { panic!("no question") };
    let url: url::Url = request.url.parse().unwrap();
    json!({"path": url.path(), "query": query(&url), "body": request.body})
}

fn query(url: &url::Url) -> Value {
    url.query_pairs().map(|(name, value)| (name.into_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into()
}

/// What is said over a socket while a text is written, each push giving all of it so far.
fn written(api: &impl SpeechSocketApi, input: &Value, manner: &SpeechManner) -> Value {
    let url = api.door(&provider("http://127.0.0.1")).unwrap();
    let mut codec = api.codec("p".into(), manner);
    let mut frames = codec.hello();
    frames.extend(codec.begin());
    let pushes = input["pushes_accumulative_text_of_one_msg_id"].as_array().map_or(&[][..], Vec::as_slice);
    let whole = input["synthesize_final_text"].as_str().or_else(|| input["text"].as_str()).unwrap();
    let (mut text, mut sent) = (String::new(), 0);
    for (at, push) in pushes.iter().map(|push| push.as_str().unwrap()).chain([whole]).enumerate() {
        text = push.to_owned();
        let is_enough = text.chars().count() >= manner.cold_start.characters
            && text.split_whitespace().count() >= manner.cold_start.words;
        if (sent > 0 || is_enough || at == pushes.len()) && sent < text.len() {
            frames.extend(codec.say(&text[sent..]));
            sent = text.len();
        }
    }
    assert_eq!(text, whole);
    frames.extend(codec.finish());
    let frames: Vec<Value> = frames.iter().map(|frame| bare(&serde_json::from_str(frame).unwrap())).collect();
    json!({"path": url.path(), "query": query(&url), "frames": frames})
}
