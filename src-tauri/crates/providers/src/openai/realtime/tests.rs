//! What is sent and what is understood, frame by frame.

use std::sync::Arc;
use std::time::Duration;

use parlance_core::realtime::{RealtimeCommand, RealtimeEvent, SessionOptions, TurnId};
use parlance_core::{AudioChunk, Category, SampleRate, StopReason, TokenUsage};
use serde_json::{Value, json};

use super::OpenAiRealtime;
use super::conversation::Conversation;
use crate::realtime::{Codec, Made, VoiceApi};

const TURN: TurnId = TurnId(7);

fn session() -> Conversation {
    let options = SessionOptions { instructions: "Be brief.".into(), voice: Some("marin".into()), ..SessionOptions::default() };
    let mut session = OpenAiRealtime { model: "gpt-realtime-2.1".into() }.codec(Arc::from("openai"), &options);
    take(&mut session, json!({"type": "session.created", "session": {"id": "s"}}));
    session
}

fn take(session: &mut Conversation, event: Value) -> Made {
    let mut made = Made::default();
    session.decode(&event.to_string(), &mut made).expect("the session goes on");
    made
}

fn events(session: &mut Conversation, list: impl IntoIterator<Item = Value>) -> Vec<RealtimeEvent> {
    list.into_iter().flat_map(|event| take(session, event).events).collect()
}

fn sent(session: &mut Conversation, command: RealtimeCommand) -> Vec<Value> {
    session.encode(command).iter().map(|frame| serde_json::from_str(frame).expect("frames are JSON")).collect()
}

/// The answer to [`TURN`] begins, with an item that holds its sound.
fn begin(session: &mut Conversation) -> Vec<RealtimeEvent> {
    sent(session, RealtimeCommand::CommitAndRespond(TURN));
    events(
        session,
        [
            json!({"type": "input_audio_buffer.committed", "item_id": "u"}),
            json!({"type": "response.created", "response": {"id": "r"}}),
            json!({"type": "response.output_item.added", "response_id": "r", "item": {"id": "a", "type": "message"}}),
        ],
    )
}

/// 100 ms of nothing.
fn sound(response: &str) -> Value {
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.encode([0u8; 4_800]);
    json!({"type": "response.output_audio.delta", "response_id": response, "item_id": "a", "delta": data})
}

#[test]
fn the_session_is_push_to_talk_and_says_its_rates() {
    let mut session = session();
    let hello: Vec<Value> = session.hello().iter().map(|frame| serde_json::from_str(frame).unwrap()).collect();
    let format = json!({"type": "audio/pcm", "rate": 24_000});
    let expected = json!({"type": "session.update", "session": {
        "type": "realtime",
        "output_modalities": ["audio"],
        "audio": {
            "input": {"format": format, "transcription": {"model": "gpt-transcribe"}, "turn_detection": null},
            "output": {"format": format, "voice": "marin"},
        },
        "instructions": "Be brief.",
    }});
    assert_eq!(hello, [expected]);
}

#[test]
fn a_turn_is_appended_committed_and_answered() {
    let mut session = session();
    let chunk = AudioChunk { samples: vec![1, -2], rate: SampleRate::HZ_24000 };
    let frames: Vec<Value> =
        [RealtimeCommand::ClearInput, RealtimeCommand::AppendAudio(chunk), RealtimeCommand::CommitAndRespond(TURN)]
            .into_iter()
            .flat_map(|command| sent(&mut session, command))
            .collect();
    assert_eq!(
        frames,
        [
            json!({"type": "input_audio_buffer.clear"}),
            json!({"type": "input_audio_buffer.append", "audio": "AQD+/w=="}),
            json!({"type": "input_audio_buffer.commit", "event_id": "commit-7"}),
            json!({"type": "response.create", "event_id": "respond-7"}),
        ]
    );
    let told = events(
        &mut session,
        [
            json!({"type": "input_audio_buffer.committed", "item_id": "u", "previous_item_id": null}),
            json!({"type": "response.created", "response": {"id": "r", "status": "in_progress"}}),
            json!({"type": "conversation.item.input_audio_transcription.delta", "item_id": "u", "delta": "Hel"}),
            json!({"type": "conversation.item.input_audio_transcription.delta", "item_id": "u", "delta": "lo"}),
            json!({"type": "response.audio_transcript.delta", "response_id": "r", "delta": "Hi"}),
            json!({"type": "conversation.item.input_audio_transcription.completed", "item_id": "u", "transcript": "Hello!"}),
            json!({"type": "never.heard.of", "delta": {"x": 1}}),
            json!({"type": "response.done", "response": {"id": "r", "status": "completed", "usage":
                {"input_tokens": 5, "output_tokens": 9, "input_token_details": {"cached_tokens": 2}}}}),
        ],
    );
    let user = |text: &str| RealtimeEvent::UserTranscript { turn: TURN, text: text.into() };
    let usage = TokenUsage { input_tokens: 5, output_tokens: 9, reasoning_tokens: None, cached_tokens: Some(2) };
    assert_eq!(
        told,
        [
            RealtimeEvent::Committed(TURN),
            RealtimeEvent::ResponseStarted(TURN),
            user("Hel"),
            user("Hello"),
            RealtimeEvent::TranscriptDelta { turn: TURN, text: "Hi".into() },
            user("Hello!"),
            RealtimeEvent::ResponseDone { turn: TURN, reason: StopReason::Stop, usage: Some(usage), sound: None },
        ]
    );
}

#[test]
fn a_draft_of_what_was_said_replaces_the_one_before() {
    let mut session = session();
    begin(&mut session);
    let kind = "conversation.item.input_audio_transcription.text";
    let told = events(
        &mut session,
        [
            json!({"type": kind, "item_id": "u", "text": "今天", "stash": "天起"}),
            json!({"type": kind, "item_id": "u", "text": "今天天气", "stash": ""}),
        ],
    );
    let user = |text: &str| RealtimeEvent::UserTranscript { turn: TURN, text: text.into() };
    assert_eq!(told, [user("今天天起"), user("今天天气")]);
}

#[test]
fn after_a_cancel_nothing_of_that_answer_is_told_and_it_is_cut_at_what_was_heard() {
    let mut session = session();
    begin(&mut session);
    assert_eq!(events(&mut session, [sound("r"), sound("r")]).len(), 2);
    let cancel = json!({"type": "response.cancel", "response_id": "r"});
    assert_eq!(sent(&mut session, RealtimeCommand::Cancel(TURN)), [cancel]);
    let heard = RealtimeCommand::Truncate { turn: TURN, heard: Duration::from_millis(999), words: String::new() };
    let truncate =
        json!({"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 200});
    assert_eq!(sent(&mut session, heard.clone()), [truncate], "no more than came can have been heard");
    assert_eq!(sent(&mut session, heard), [Value::Null; 0], "once is enough");
    let late = [
        sound("r"),
        json!({"type": "response.output_audio_transcript.delta", "response_id": "r", "delta": "late"}),
        json!({"type": "response.done", "response": {"id": "r", "status": "cancelled"}}),
    ];
    assert_eq!(events(&mut session, late), []);
}

#[test]
fn an_answer_of_which_nothing_was_heard_is_deleted() {
    let mut session = session();
    begin(&mut session);
    let nothing = RealtimeCommand::Truncate { turn: TURN, heard: Duration::ZERO, words: String::new() };
    assert_eq!(sent(&mut session, nothing), [json!({"type": "conversation.item.delete", "item_id": "a"})]);
}

#[test]
fn an_answer_that_was_cancelled_before_it_began_is_cancelled_when_it_does() {
    let mut session = session();
    sent(&mut session, RealtimeCommand::CommitAndRespond(TURN));
    assert_eq!(sent(&mut session, RealtimeCommand::Cancel(TURN)), [Value::Null; 0]);
    sent(&mut session, RealtimeCommand::CommitAndRespond(TurnId(8)));
    let made = take(&mut session, json!({"type": "response.created", "response": {"id": "old"}}));
    assert!(made.events.is_empty());
    assert_eq!(made.frames, [json!({"type": "response.cancel", "response_id": "old"}).to_string()]);
    let next = [
        json!({"type": "response.done", "response": {"id": "old", "status": "cancelled"}}),
        json!({"type": "response.created", "response": {"id": "new"}}),
    ];
    assert_eq!(events(&mut session, next), [RealtimeEvent::ResponseStarted(TurnId(8))]);
}

#[test]
fn a_question_that_comes_while_an_answer_runs_is_asked_again_after_it() {
    let mut session = session();
    begin(&mut session);
    sent(&mut session, RealtimeCommand::CommitAndRespond(TurnId(8)));
    let busy = json!({"type": "error", "error": {"code": "conversation_already_has_active_response",
        "event_id": "respond-8", "message": "busy"}});
    assert_eq!(take(&mut session, busy), Made::default());
    let made = take(&mut session, json!({"type": "response.done", "response": {"id": "r", "status": "completed"}}));
    assert_eq!(made.frames, [json!({"type": "response.create", "event_id": "respond-8"}).to_string()]);
    let next = [json!({"type": "response.created", "response": {"id": "r2"}})];
    assert_eq!(events(&mut session, next), [RealtimeEvent::ResponseStarted(TurnId(8))]);
}

#[test]
fn an_error_about_a_turn_fails_the_turn_and_one_about_the_session_ends_it() {
    let mut session = session();
    sent(&mut session, RealtimeCommand::CommitAndRespond(TURN));
    let too_short = json!({"type": "error", "error": {"type": "invalid_request_error",
        "code": "input_audio_buffer_commit_empty", "event_id": "commit-7", "message": "buffer too small"}});
    let told = events(&mut session, [too_short]);
    assert!(matches!(&told[..], [RealtimeEvent::ResponseFailed { turn: TURN, error }]
        if error.category == Category::InvalidRequest && error.message == "buffer too small"));
    for harmless in ["response_cancel_not_active", "unknown_parameter"] {
        let error = json!({"type": "error", "error": {"code": harmless, "message": "x"}});
        assert_eq!(take(&mut session, error), Made::default(), "{harmless}");
    }
    for (code, category) in [
        ("session_expired", Category::Server),
        ("invalid_api_key", Category::Authentication),
        ("insufficient_quota", Category::Quota),
    ] {
        let frame = json!({"type": "error", "error": {"code": code, "message": "over"}}).to_string();
        let error = session.decode(&frame, &mut Made::default()).expect_err(code);
        assert_eq!(error.category, category, "{code}");
    }
}

#[test]
fn an_answer_that_fails_says_why() {
    let mut session = session();
    begin(&mut session);
    let failed = json!({"type": "response.done", "response": {"id": "r", "status": "failed", "status_details":
        {"type": "failed", "error": {"code": "rate_limit_exceeded", "message": "slow down"}}}});
    let told = events(&mut session, [failed]);
    assert!(
        matches!(&told[..], [RealtimeEvent::ResponseFailed { turn: TURN, error }]
        if error.category == Category::RateLimit && error.message == "slow down"),
        "{told:?}"
    );
}

#[test]
fn why_an_answer_ended_is_told_in_our_words() {
    for (status, why, reason) in [
        ("completed", None, StopReason::Stop),
        ("incomplete", Some("max_output_tokens"), StopReason::Length),
        ("incomplete", Some("content_filter"), StopReason::ContentFilter),
        ("cancelled", Some("turn_detected"), StopReason::Other("turn_detected".into())),
    ] {
        let mut session = session();
        begin(&mut session);
        let response = json!({"id": "r", "status": status, "status_details": {"reason": why}});
        let told = events(&mut session, [json!({"type": "response.done", "response": response})]);
        assert_eq!(told, [RealtimeEvent::ResponseDone { turn: TURN, reason, usage: None, sound: None }], "{status}");
    }
}
