//! What is sent and what is understood, message by message.

use std::sync::Arc;

use parlance_core::realtime::{RealtimeCommand, RealtimeEvent, SessionOptions, TurnId};
use parlance_core::{AudioChunk, Category, SampleRate, StopReason, TokenUsage};
use serde_json::{Value, json};

use super::{GeminiLive, LiveCodec};
use crate::realtime::{Codec, Made, VoiceApi};

const TURN: TurnId = TurnId(3);

fn session() -> LiveCodec {
    let options = SessionOptions { instructions: "Be brief.".into(), voice: Some("Kore".into()), ..SessionOptions::default() };
    GeminiLive { model: "gemini-live-x".into() }.codec(Arc::from("gemini"), &options)
}

fn sent(session: &mut LiveCodec, command: RealtimeCommand) -> Vec<Value> {
    session.encode(command).iter().map(|frame| serde_json::from_str(frame).expect("frames are JSON")).collect()
}

fn told(session: &mut LiveCodec, messages: impl IntoIterator<Item = Value>) -> Vec<RealtimeEvent> {
    let mut made = Made::default();
    for message in messages {
        session.decode(&message.to_string(), &mut made).expect("the session goes on");
    }
    made.events.into()
}

fn sound() -> Value {
    json!({"serverContent": {"modelTurn": {"parts": [
        {"text": "thought", "thought": true},
        {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": "AQD+/w=="}}]}}})
}

fn chunk() -> AudioChunk {
    AudioChunk { samples: vec![1, -2], rate: SampleRate::HZ_24000 }
}

#[test]
fn the_session_is_set_up_before_anything_else() {
    let mut session = session();
    let hello: Vec<Value> = session.hello().iter().map(|frame| serde_json::from_str(frame).unwrap()).collect();
    let expected = json!({"setup": {
        "model": "models/gemini-live-x",
        "generationConfig": {
            "responseModalities": ["AUDIO"],
            "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
        },
        "realtimeInputConfig": {"automaticActivityDetection": {"disabled": true}},
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
    }});
    assert_eq!(hello, [expected]);
    assert!(!session.is_ready());
    told(&mut session, [json!({"setupComplete": {}})]);
    assert!(session.is_ready());
}

#[test]
fn activity_begins_with_the_first_sound_and_ends_with_the_turn() {
    let mut session = session();
    let said = AudioChunk { samples: vec![1, -2], rate: SampleRate::HZ_16000 };
    let audio = json!({"realtimeInput": {"audio": {"mimeType": "audio/pcm;rate=16000", "data": "AQD+/w=="}}});
    let (start, end) = (json!({"realtimeInput": {"activityStart": {}}}), json!({"realtimeInput": {"activityEnd": {}}}));
    assert_eq!(sent(&mut session, RealtimeCommand::ClearInput), [Value::Null; 0]);
    assert_eq!(sent(&mut session, RealtimeCommand::AppendAudio(said.clone())), [start.clone(), audio.clone()]);
    assert_eq!(sent(&mut session, RealtimeCommand::AppendAudio(said.clone())), vec![audio.clone()]);
    assert_eq!(sent(&mut session, RealtimeCommand::CommitAndRespond(TURN)), vec![end.clone()]);
    // Words that were taken back end as a turn nobody answers to.
    assert_eq!(sent(&mut session, RealtimeCommand::AppendAudio(said)), [start, audio]);
    assert_eq!(sent(&mut session, RealtimeCommand::ClearInput), [end]);
}

#[test]
fn all_that_stands_in_one_message_is_told() {
    let mut session = session();
    sent(&mut session, RealtimeCommand::CommitAndRespond(TURN));
    let mut last = sound();
    last["serverContent"]["outputTranscription"] = json!({"text": "Hi"});
    last["serverContent"]["turnComplete"] = json!(true);
    last["usageMetadata"] = json!({"promptTokenCount": 4, "responseTokenCount": 6, "thoughtsTokenCount": 1});
    let events = told(
        &mut session,
        [
            json!({"serverContent": {"inputTranscription": {"text": "Hel"}}}),
            json!({"serverContent": {"inputTranscription": {"text": "lo"}}, "neverHeardOf": 1}),
            sound(),
            last,
        ],
    );
    let user = |text: &str| RealtimeEvent::UserTranscript { turn: TURN, text: text.into() };
    let usage = TokenUsage { input_tokens: 4, output_tokens: 7, reasoning_tokens: Some(1), cached_tokens: None };
    assert_eq!(
        events,
        [
            user("Hel"),
            user("Hello"),
            RealtimeEvent::Committed(TURN),
            RealtimeEvent::ResponseStarted(TURN),
            RealtimeEvent::AudioDelta { turn: TURN, chunk: chunk() },
            RealtimeEvent::AudioDelta { turn: TURN, chunk: chunk() },
            RealtimeEvent::TranscriptDelta { turn: TURN, text: "Hi".into() },
            RealtimeEvent::ResponseDone { turn: TURN, reason: StopReason::Stop, usage: Some(usage), sound: None },
        ]
    );
}

#[test]
fn a_cancelled_turn_is_unheard_until_it_is_complete_and_the_next_one_is_not() {
    let mut session = session();
    sent(&mut session, RealtimeCommand::CommitAndRespond(TURN));
    sent(&mut session, RealtimeCommand::Cancel(TURN));
    sent(&mut session, RealtimeCommand::CommitAndRespond(TurnId(4)));
    let complete = || json!({"serverContent": {"turnComplete": true}});
    let interrupted = json!({"serverContent": {"interrupted": true}});
    assert_eq!(told(&mut session, [sound(), interrupted, complete()]), []);
    let events = told(&mut session, [sound(), complete()]);
    assert_eq!(events.len(), 4, "{events:?}");
    assert_eq!(events[3], RealtimeEvent::ResponseDone { turn: TurnId(4), reason: StopReason::Stop, usage: None, sound: None });
}

#[test]
fn a_turn_without_an_answer_has_failed() {
    let mut session = session();
    sent(&mut session, RealtimeCommand::CommitAndRespond(TURN));
    let events = told(&mut session, [json!({"serverContent": {"turnComplete": true}})]);
    assert!(matches!(&events[..], [RealtimeEvent::ResponseFailed { turn: TURN, .. }]), "{events:?}");
}

#[test]
fn a_goodbye_says_what_is_wrong() {
    let session = session();
    for (code, reason, category) in [
        (1007, "API key not valid. Please pass a valid API key.", Category::Authentication),
        (1008, "models/x is not found for API version v1beta", Category::NotFound),
        (1011, "You exceeded your current quota", Category::Quota),
        (1011, "Internal error", Category::Overloaded),
        (1006, "", Category::Cut),
    ] {
        assert_eq!(session.closed(code, reason).category, category, "{reason}");
    }
}
