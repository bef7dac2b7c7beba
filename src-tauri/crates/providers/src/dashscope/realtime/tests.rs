//! What DashScope's sessions do otherwise than OpenAI's.

use std::sync::Arc;
use std::time::Duration;

use parlance_core::chat::FunctionSpec;
use parlance_core::realtime::{
    Answers, Eagerness, Picture, RealtimeCommand, RealtimeEvent, SessionOptions, TurnDetection, TurnId, TurnTaking,
};
use parlance_core::{AudioChunk, SampleRate};
use serde_json::{Map, Value, json};

use super::QwenRealtime;
use crate::openai::realtime::conversation::Conversation;
use crate::realtime::{Codec, Made, VoiceApi};

const TURN: TurnId = TurnId(7);
const NEW: &str = "qwen3.5-omni-plus-realtime";

fn model(name: &str) -> QwenRealtime {
    QwenRealtime { model: name.into() }
}

fn session(options: &SessionOptions) -> Conversation {
    let mut session = model(NEW).codec(Arc::from("dashscope"), options);
    take(&mut session, &json!({"type": "session.created"}));
    session
}

fn take(session: &mut Conversation, event: &Value) -> Made {
    let mut made = Made::default();
    session.decode(&event.to_string(), &mut made).expect("the session goes on");
    made
}

fn make(session: &mut Conversation, command: RealtimeCommand) -> Made {
    let mut made = Made::default();
    session.encode(command, &mut made);
    made
}

fn types(frames: &[String]) -> Vec<String> {
    let kind = |frame: &String| serde_json::from_str::<Value>(frame).unwrap()["type"].as_str().unwrap().to_owned();
    frames.iter().map(kind).collect()
}

fn sound() -> RealtimeCommand {
    RealtimeCommand::AppendAudio(AudioChunk { samples: vec![1, -2], rate: SampleRate::HZ_16000 })
}

#[test]
fn the_session_is_flat_with_formats_and_tools_of_its_own() {
    let tool = FunctionSpec { name: "f".into(), description: None, parameters: None, rest: Map::new() };
    let options = SessionOptions {
        instructions: "Be brief.".into(),
        voice: Some("Cherry".into()),
        turns: TurnTaking::Meaning(Eagerness::High),
        tools: vec![tool],
        ..SessionOptions::default()
    };
    let hello = |name: &str, options: &SessionOptions| {
        let frames = model(name).codec(Arc::from("p"), options).hello();
        serde_json::from_str::<Value>(&frames[0]).unwrap()["session"].clone()
    };
    let detection = json!({"type": "semantic_vad", "create_response": true, "interrupt_response": true});
    let wanted = json!({
        "modalities": ["text", "audio"], "input_audio_format": "pcm", "output_audio_format": "pcm",
        "input_audio_transcription": {"model": "qwen3-asr-flash-realtime"}, "turn_detection": detection,
        "instructions": "Be brief.", "voice": "Cherry",
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
    });
    assert_eq!(hello(NEW, &options), wanted);
    // The older models listen for silence only, and ask for no tools.
    let older = hello("qwen3-omni-flash-realtime", &options);
    assert_eq!((&older["turn_detection"]["type"], older.get("tools")), (&json!("server_vad"), None));
    for (ms, taken) in [(50, 200), (700, 700), (9_000, 6_000)] {
        let turns = TurnTaking::Silence(Duration::from_millis(ms));
        let session = hello(NEW, &SessionOptions { turns, answers: Answers::Written, ..options.clone() });
        assert_eq!(session["turn_detection"]["silence_duration_ms"], taken);
        assert_eq!(session["modalities"], json!(["text"]));
    }
}

#[test]
fn what_a_model_can_depends_on_its_generation() {
    for (name, turns, calls) in [
        ("qwen3.8-omni-flash-realtime", TurnDetection::Meaning, true),
        (NEW, TurnDetection::Meaning, true),
        ("qwen3-omni-flash-realtime", TurnDetection::Silence, false),
        ("qwen-omni-turbo-realtime", TurnDetection::Silence, false),
    ] {
        let can = model(name).capabilities();
        assert_eq!((can.turns, can.calls, can.sees), (turns, calls, true), "{name}");
        assert_eq!(can.longest_session, Some(Duration::from_secs(7_200)), "{name}");
        assert_eq!((can.input_rate, can.output_rate), (SampleRate::HZ_16000, SampleRate::HZ_24000));
    }
}

#[test]
fn pictures_wait_for_sound_and_must_be_small() {
    let picture = |media_type: &str, bytes: usize| {
        RealtimeCommand::Show(Picture { media_type: media_type.into(), bytes: vec![7; bytes] })
    };
    let mut session = session(&SessionOptions::default());
    assert_eq!(make(&mut session, picture("image/jpeg", 3)), Made::default());
    let frames = make(&mut session, sound()).frames;
    assert_eq!(types(&frames), ["input_audio_buffer.append", "input_image_buffer.append"]);
    assert_eq!(serde_json::from_str::<Value>(&frames[1]).unwrap()["image"], "BwcH");
    assert_eq!(types(&make(&mut session, picture("image/jpeg", 3)).frames), ["input_image_buffer.append"]);
    for (media_type, bytes) in [("image/png", 3), ("image/jpeg", 200 * 1024)] {
        let made = make(&mut session, picture(media_type, bytes));
        assert!(made.frames.is_empty(), "{media_type}");
        assert!(matches!(made.events[0], RealtimeEvent::PictureRefused(_)), "{media_type}");
    }
}

#[test]
fn that_it_was_interrupted_the_model_is_told_in_words() {
    for (words, told) in [
        ("The weather is", "(I interrupted your last answer. This is all I heard of it: “The weather is”)"),
        ("", "(I interrupted your last answer before I heard any of it.)"),
    ] {
        let mut session = session(&SessionOptions::default());
        make(&mut session, RealtimeCommand::CommitAndRespond(TURN));
        take(&mut session, &json!({"type": "response.created", "response": {"id": "r"}}));
        let item =
            json!({"type": "response.output_item.added", "response_id": "r", "item": {"id": "a", "type": "message"}});
        take(&mut session, &item);
        let heard = Duration::from_millis(400);
        let made = make(&mut session, RealtimeCommand::Truncate { turn: TURN, heard, words: words.into() });
        let frame: Value = serde_json::from_str(&made.frames[0]).unwrap();
        assert_eq!(frame["item"]["content"], json!([{"type": "input_text", "text": told}]));
        assert_eq!(made.frames.len(), 1);
    }
}

#[test]
fn a_cancelled_answer_is_over_with_its_last_item_or_after_five_seconds() {
    let busy = json!({"type": "error", "error": {"code": "conversation_already_has_active_response",
        "event_id": "respond-8", "message": "busy"}});
    for ends_by in ["item", "time"] {
        let mut session = session(&SessionOptions::default());
        make(&mut session, RealtimeCommand::CommitAndRespond(TURN));
        take(&mut session, &json!({"type": "response.created", "response": {"id": "r"}}));
        let cancelled = make(&mut session, RealtimeCommand::Cancel(TURN));
        assert_eq!(
            (types(&cancelled.frames), cancelled.lapse),
            (vec!["response.cancel".into()], Some(Duration::from_secs(5)))
        );
        make(&mut session, RealtimeCommand::CommitAndRespond(TurnId(8)));
        assert_eq!(take(&mut session, &busy), Made::default());
        let mut made = Made::default();
        match ends_by {
            "item" => made = take(&mut session, &json!({"type": "response.output_item.done", "response_id": "r"})),
            _ => session.lapsed(&mut made),
        }
        assert_eq!(types(&made.frames), ["response.create"], "{ends_by}");
    }
}

#[test]
fn a_little_silence_keeps_an_idle_session_alive_and_is_taken_back() {
    let mut manual = session(&SessionOptions::default());
    assert_eq!(types(&manual.keep_alive()), ["input_audio_buffer.append", "input_audio_buffer.clear"]);
    make(&mut manual, sound());
    assert!(manual.keep_alive().is_empty(), "what the person said is not taken back");
    let turns = TurnTaking::Silence(Duration::from_millis(800));
    let mut free = session(&SessionOptions { turns, ..SessionOptions::default() });
    assert_eq!(types(&free.keep_alive()), ["input_audio_buffer.append"]);
}
