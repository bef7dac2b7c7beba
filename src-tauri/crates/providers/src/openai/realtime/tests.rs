//! What is sent and what is understood, frame by frame.

use std::sync::Arc;
use std::time::Duration;

use parlance_core::chat::FunctionSpec;
use parlance_core::realtime::{
    Answers, CallResult, Eagerness, Picture, RealtimeCommand, RealtimeEvent, Remembered, SessionOptions, Side,
    SoundTokens, Transcription, TurnId, TurnTaking,
};
use parlance_core::{AudioChunk, Category, ContentBlock, SampleRate, StopReason, TokenUsage, ToolOutput};
use serde_json::{Map, Value, json};

use super::OpenAiRealtime;
use super::conversation::Conversation;
use super::manners::Manners;
use crate::realtime::{Codec, Made, Reading, VoiceApi};

const TURN: TurnId = TurnId(7);

fn session() -> Conversation {
    let options =
        SessionOptions { instructions: "Be brief.".into(), voice: Some("marin".into()), ..SessionOptions::default() };
    let mut session = OpenAiRealtime { model: "gpt-realtime-2.1".into(), manners: Manners::OPENAI }
        .codec(Arc::from("openai"), &options);
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
    let mut made = Made::default();
    session.encode(command, &mut made);
    assert_eq!(made.events, [], "commands tell nothing but names and refusals");
    made.frames.iter().map(|frame| serde_json::from_str(frame).expect("frames are JSON")).collect()
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
    let expected = json!({"type": "session.update", "event_id": "session", "session": {
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
                {"input_tokens": 5, "output_tokens": 9, "input_token_details": {"cached_tokens": 2, "audio_tokens": 3},
                "output_token_details": {"text_tokens": 2, "audio_tokens": 7}}}}),
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
            RealtimeEvent::ResponseDone {
                turn: TURN,
                reason: StopReason::Stop,
                usage: Some(usage),
                sound: Some(SoundTokens { input: 3, output: 7 })
            },
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
    // Some servers do not say which frame they mean.
    sent(&mut session, RealtimeCommand::CommitAndRespond(TurnId(8)));
    let nameless = json!({"type": "error", "error": {"code": "input_audio_buffer_commit_empty", "message": "x"}});
    let told = events(&mut session, [nameless]);
    assert!(matches!(&told[..], [RealtimeEvent::ResponseFailed { turn: TurnId(8), .. }]), "{told:?}");
    for harmless in ["response_cancel_not_active", "unknown_parameter"] {
        let error = json!({"type": "error", "error": {"code": harmless, "message": "x"}});
        assert_eq!(take(&mut session, error), Made::default(), "{harmless}");
    }
    for (code, category) in [
        ("session_expired", Category::Server),
        ("invalid_api_key", Category::Authentication),
        ("insufficient_quota", Category::Quota),
    ] {
        let error = json!({"type": "invalid_request_error", "code": code, "message": "over"});
        let frame = json!({"type": "error", "error": error}).to_string();
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
    ] {
        let mut session = session();
        begin(&mut session);
        let response = json!({"id": "r", "status": status, "status_details": {"reason": why}});
        let told = events(&mut session, [json!({"type": "response.done", "response": response})]);
        assert_eq!(told, [RealtimeEvent::ResponseDone { turn: TURN, reason, usage: None, sound: None }], "{status}");
    }
}

/// What a session is told first, with these manners and options.
fn opened(manners: Manners, options: SessionOptions) -> Vec<Value> {
    let mut session = OpenAiRealtime { model: "m".into(), manners }.codec(Arc::from("p"), &options);
    session.hello().iter().map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

fn weather() -> FunctionSpec {
    FunctionSpec {
        name: "get_weather".into(),
        description: Some("The weather of a city.".into()),
        parameters: Some(json!({"type": "object", "properties": {"city": {"type": "string"}}})),
        rest: Map::from_iter([("strict".to_owned(), json!(true))]),
    }
}

/// A session in which the server ends the turns.
fn hands_free() -> Conversation {
    let options =
        SessionOptions { turns: TurnTaking::Silence(Duration::from_millis(500)), ..SessionOptions::default() };
    let mut session = OpenAiRealtime { model: "m".into(), manners: Manners::OPENAI }.codec(Arc::from("p"), &options);
    take(&mut session, json!({"type": "session.created"}));
    session
}

#[test]
fn who_ends_the_turns_is_written_in_each_servers_words() {
    let (silence, low) = (TurnTaking::Silence(Duration::from_millis(650)), TurnTaking::Meaning(Eagerness::Low));
    let both = json!({"create_response": true, "interrupt_response": true});
    let with = |fields: Value| {
        let mut all = both.clone();
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        all
    };
    let vad = with(json!({"type": "server_vad", "silence_duration_ms": 650}));
    for (manners, place, turns, expected) in [
        (Manners::OPENAI, "/session/audio/input/turn_detection", TurnTaking::Manual, Value::Null),
        (Manners::OPENAI, "/session/audio/input/turn_detection", silence, vad.clone()),
        (
            Manners::OPENAI,
            "/session/audio/input/turn_detection",
            low,
            with(json!({"type": "semantic_vad", "eagerness": "low"})),
        ),
        (Manners::COMPATIBLE, "/session/turn_detection", TurnTaking::Manual, Value::Null),
        (Manners::COMPATIBLE, "/session/turn_detection", silence, vad.clone()),
        (Manners::COMPATIBLE, "/session/turn_detection", low, with(json!({"type": "server_vad"}))),
        (Manners::XAI, "/session/turn_detection", TurnTaking::Manual, json!({"type": null})),
        (Manners::XAI, "/session/turn_detection", silence, vad),
    ] {
        let hello = opened(manners, SessionOptions { turns, ..SessionOptions::default() });
        assert_eq!(hello[0].pointer(place), Some(&expected), "{manners:?} {turns:?}");
    }
}

#[test]
fn compatible_servers_are_told_the_session_in_the_older_words() {
    let options = SessionOptions {
        instructions: "Be brief.".into(),
        voice: Some("alloy".into()),
        tools: vec![weather()],
        transcription: Transcription::Off,
        answers: Answers::Written,
        history: vec![Remembered { by: Side::Model, text: "Hello.".into() }],
        ..SessionOptions::default()
    };
    let hello = opened(Manners::COMPATIBLE, options.clone());
    let tool = json!({"type": "function", "name": "get_weather", "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}});
    let session = json!({"type": "session.update", "event_id": "session", "session": {
        "modalities": ["text"], "input_audio_format": "pcm16", "output_audio_format": "pcm16",
        "input_audio_transcription": null, "turn_detection": null, "instructions": "Be brief.", "voice": "alloy",
        "tools": [tool]}});
    let said = |kind: &str| {
        json!({"type": "conversation.item.create", "item": {"type": "message", "role": "assistant",
            "content": [{"type": kind, "text": "Hello."}]}})
    };
    assert_eq!(hello, [session, said("text")]);
    let hello = opened(Manners::OPENAI, options);
    assert_eq!(hello[0].pointer("/session/output_modalities"), Some(&json!(["text"])));
    assert_eq!(hello[0].pointer("/session/tools"), Some(&json!([tool])));
    assert_eq!(hello[0].pointer("/session/audio/input/transcription"), Some(&Value::Null));
    assert_eq!(hello[1], said("output_text"));
}

#[test]
fn what_was_said_before_is_told_when_the_session_begins() {
    let history = [(Side::Person, "I am Alice."), (Side::Model, "Hello, Alice.")];
    let history = history.map(|(by, text)| Remembered { by, text: text.into() }).to_vec();
    let hello = opened(Manners::OPENAI, SessionOptions { history, ..SessionOptions::default() });
    let item = |role: &str, kind: &str, text: &str| {
        json!({"type": "conversation.item.create",
            "item": {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}})
    };
    assert_eq!(
        hello[1..],
        [item("user", "input_text", "I am Alice."), item("assistant", "output_text", "Hello, Alice.")]
    );
}

#[test]
fn the_session_can_be_changed_and_what_is_gone_is_taken_back() {
    let mut session = session();
    begin(&mut session);
    events(&mut session, [sound("r")]);
    let options = SessionOptions { voice: Some("cedar".into()), ..SessionOptions::default() };
    let frames = sent(&mut session, RealtimeCommand::Update(Box::new(options)));
    assert_eq!(frames[0].pointer("/session/instructions"), Some(&json!("")));
    assert_eq!(frames[0].pointer("/session/tools"), Some(&json!([])));
    assert_eq!(frames[0].pointer("/session/audio/output/voice"), None, "a voice that was heard cannot be changed");
}

#[test]
fn what_was_written_is_answered() {
    let mut session = session();
    let frames = sent(&mut session, RealtimeCommand::Say { turn: TURN, text: "Hello!".into() });
    assert_eq!(
        frames,
        [
            json!({"type": "conversation.item.create", "item":
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello!"}]}}),
            json!({"type": "response.create", "event_id": "respond-7"}),
        ]
    );
    let told = events(
        &mut session,
        [
            json!({"type": "response.created", "response": {"id": "r"}}),
            json!({"type": "response.output_text.delta", "response_id": "r", "delta": "Hi."}),
        ],
    );
    let words = RealtimeEvent::TranscriptDelta { turn: TURN, text: "Hi.".into() };
    assert_eq!(told, [RealtimeEvent::Committed(TURN), RealtimeEvent::ResponseStarted(TURN), words]);
}

#[test]
fn a_picture_is_shown_as_a_message_and_refused_where_none_is_taken() {
    let picture = || RealtimeCommand::Show(Picture { media_type: "image/png".into(), bytes: vec![1, 2, 3] });
    let mut session = session();
    assert_eq!(
        sent(&mut session, picture()),
        [
            json!({"type": "conversation.item.create", "event_id": "picture-1", "item": {"type": "message", "role": "user",
            "content": [{"type": "input_image", "image_url": "data:image/png;base64,AQID"}]}})
        ]
    );
    let refused = json!({"type": "error", "error": {"type": "invalid_request_error", "code": "invalid_value",
        "event_id": "picture-1", "message": "no picture"}});
    let told = events(&mut session, [refused]);
    assert!(matches!(&told[..], [RealtimeEvent::PictureRefused(error)] if error.message == "no picture"), "{told:?}");
    let mut blind = OpenAiRealtime { model: "m".into(), manners: Manners::COMPATIBLE }
        .codec(Arc::from("p"), &SessionOptions::default());
    let mut made = Made::default();
    blind.encode(picture(), &mut made);
    assert!(made.frames.is_empty() && matches!(made.events[0], RealtimeEvent::PictureRefused(_)), "{made:?}");
}

/// A call and what comes of it, by whatever the server sends of it.
#[track_caller]
fn check_call(sent_by_the_server: &[Value], arguments: Result<Value, &str>) {
    let mut session = session();
    begin(&mut session);
    let told = events(&mut session, sent_by_the_server.iter().cloned());
    let arguments = match arguments {
        Ok(object) => Ok(object.as_object().unwrap().clone()),
        Err(text) => Err(text.to_owned()),
    };
    let call = RealtimeEvent::ToolCall { turn: TURN, id: "call_1".into(), name: "get_weather".into(), arguments };
    assert_eq!(told, [call, RealtimeEvent::CallsComplete { turn: TURN, usage: None, sound: None }]);
}

#[test]
fn a_call_is_told_once_however_much_of_it_the_server_says() {
    let item = |arguments: &str| json!({"id": "f", "type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": arguments});
    let added = json!({"type": "response.output_item.added", "response_id": "r", "item": item("")});
    let delta = |text: &str| {
        json!({"type": "response.function_call_arguments.delta", "response_id": "r", "item_id": "f",
            "call_id": "call_1", "delta": text})
    };
    let done = |fields: Value| {
        let mut event = json!({"type": "response.function_call_arguments.done", "response_id": "r", "item_id": "f",
            "call_id": "call_1"});
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        event
    };
    let paris = r#"{"city":"Paris"}"#;
    let item_done = json!({"type": "response.output_item.done", "response_id": "r", "item": item(paris)});
    let over = |output: Value| json!({"type": "response.done", "response": {"id": "r", "status": "completed", "output": output}});
    let all = over(json!([item(paris)]));
    let wanted = || Ok(json!({"city": "Paris"}));
    // Everything, and everything twice.
    let whole = [
        added.clone(),
        delta(r#"{"city":"#),
        delta(r#""Paris"}"#),
        done(json!({"arguments": paris})),
        item_done.clone(),
        all.clone(),
    ];
    check_call(&whole, wanted());
    // No delta before the end; the name with the end or with the item.
    check_call(&[done(json!({"arguments": paris, "name": "get_weather"})), all.clone()], wanted());
    check_call(&[added.clone(), done(json!({"arguments": paris})), all.clone()], wanted());
    // No arguments with the end, but before it.
    check_call(&[added.clone(), delta(paris), done(json!({})), over(json!([]))], wanted());
    // The name comes last of all.
    check_call(&[delta(paris), done(json!({"arguments": paris})), item_done, over(json!([]))], wanted());
    // Nothing but the end of the answer.
    check_call(&[all], wanted());
    check_call(&[added.clone(), done(json!({"arguments": ""})), over(json!([]))], Ok(json!({})));
    check_call(&[added, done(json!({"arguments": "[1"})), over(json!([]))], Err("[1"));
}

#[test]
fn the_answer_goes_on_under_its_turn_after_its_tools() {
    let mut session = session();
    begin(&mut session);
    let item = json!({"id": "f", "type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"});
    let usage = json!({"input_tokens": 3, "output_tokens": 4});
    let done = json!({"type": "response.done", "response": {"id": "r", "status": "completed", "output": [item], "usage": usage}});
    let told = events(&mut session, [done]);
    let tokens = TokenUsage { input_tokens: 3, output_tokens: 4, ..TokenUsage::default() };
    assert_eq!(told[1], RealtimeEvent::CallsComplete { turn: TURN, usage: Some(tokens), sound: None });
    let output = ToolOutput::Blocks(vec![ContentBlock::text("Sunny"), ContentBlock::text("21 °C")]);
    let results = vec![CallResult { id: "call_1".into(), name: "f".into(), output }];
    let frames = sent(&mut session, RealtimeCommand::ToolResults { turn: TURN, results });
    assert_eq!(
        frames,
        [
            json!({"type": "conversation.item.create", "item":
                {"type": "function_call_output", "call_id": "call_1", "output": "- Sunny\n- 21 °C"}}),
            json!({"type": "response.create", "event_id": "respond-7"}),
        ]
    );
    let told = events(
        &mut session,
        [
            json!({"type": "response.created", "response": {"id": "r2"}}),
            json!({"type": "response.output_audio_transcript.delta", "response_id": "r2", "delta": "Sunny."}),
            json!({"type": "response.done", "response": {"id": "r2", "status": "completed"}}),
        ],
    );
    let words = RealtimeEvent::TranscriptDelta { turn: TURN, text: "Sunny.".into() };
    let done = RealtimeEvent::ResponseDone { turn: TURN, reason: StopReason::Stop, usage: None, sound: None };
    assert_eq!(told, [words, done], "an answer begins once");
}

#[test]
fn a_turn_that_the_server_ends_bears_the_name_that_was_expected() {
    let mut session = hands_free();
    assert_eq!(sent(&mut session, RealtimeCommand::Expect(TURN)), [Value::Null; 0]);
    let told = events(
        &mut session,
        [
            json!({"type": "input_audio_buffer.speech_started", "item_id": "u", "audio_start_ms": 10}),
            json!({"type": "conversation.item.input_audio_transcription.updated", "item_id": "u", "transcript": "Hel"}),
            json!({"type": "input_audio_buffer.speech_stopped", "item_id": "u", "audio_end_ms": 900}),
            json!({"type": "input_audio_buffer.committed", "item_id": "u"}),
            json!({"type": "conversation.item.input_audio_transcription.completed", "item_id": "u",
                "transcript": "Hello", "status": "in_progress"}),
            json!({"type": "conversation.item.input_audio_transcription.completed", "item_id": "u", "transcript": "Hello."}),
            json!({"type": "response.created", "response": {"id": "r", "status_details": "unimplemented", "usage": {}}}),
        ],
    );
    let user = |text: &str| RealtimeEvent::UserTranscript { turn: TURN, text: text.into() };
    assert_eq!(
        told,
        [
            RealtimeEvent::SpeechStarted,
            user("Hel"),
            RealtimeEvent::SpeechStopped,
            RealtimeEvent::Committed(TURN),
            user("Hello"),
            user("Hello."),
            RealtimeEvent::ResponseStarted(TURN),
        ]
    );
}

#[test]
fn a_turn_that_ends_before_it_has_a_name_waits_for_it() {
    let mut session = hands_free();
    assert!(session.can_read());
    assert_eq!(events(&mut session, [json!({"type": "input_audio_buffer.committed", "item_id": "u"})]), []);
    assert!(!session.can_read());
    let mut made = Made::default();
    session.encode(RealtimeCommand::Expect(TURN), &mut made);
    assert_eq!((made.events, session.can_read()), ([RealtimeEvent::Committed(TURN)].into(), true));
    let told = events(&mut session, [json!({"type": "response.created", "response": {"id": "r"}})]);
    assert_eq!(told, [RealtimeEvent::ResponseStarted(TURN)]);
}

#[test]
fn an_answer_that_the_server_interrupts_is_over_and_was_paid_for() {
    let mut session = hands_free();
    sent(&mut session, RealtimeCommand::Expect(TURN));
    events(
        &mut session,
        [
            json!({"type": "input_audio_buffer.committed", "item_id": "u"}),
            json!({"type": "response.created", "response": {"id": "r"}}),
            json!({"type": "response.output_item.added", "response_id": "r", "item": {"id": "a", "type": "message"}}),
            sound("r"),
        ],
    );
    let told = events(
        &mut session,
        [
            json!({"type": "input_audio_buffer.speech_started", "item_id": "u2"}),
            json!({"type": "response.done", "response": {"id": "r", "status": "cancelled",
                "status_details": {"reason": "turn_detected"}, "usage": {"input_tokens": 3, "output_tokens": 4}}}),
            sound("r"),
        ],
    );
    let usage = TokenUsage { input_tokens: 3, output_tokens: 4, ..TokenUsage::default() };
    let spent = RealtimeEvent::Spent { usage, sound: None };
    assert_eq!(told, [RealtimeEvent::SpeechStarted, spent, RealtimeEvent::Interrupted(TURN)]);
    let heard = RealtimeCommand::Truncate { turn: TURN, heard: Duration::from_millis(40), words: String::new() };
    assert_eq!(sent(&mut session, heard)[0]["audio_end_ms"], 40);
}

#[test]
fn an_answer_in_several_items_is_cut_where_it_was_heard() {
    for (heard_ms, expected) in [
        (0, vec![("delete", "a", None), ("delete", "b", None)]),
        (60, vec![("truncate", "a", Some(60)), ("delete", "b", None)]),
        (140, vec![("truncate", "b", Some(40))]),
        (500, vec![("truncate", "b", Some(100))]),
    ] {
        let mut session = session();
        begin(&mut session);
        let second =
            json!({"type": "response.output_item.added", "response_id": "r", "item": {"id": "b", "type": "message"}});
        events(&mut session, [sound("r"), second, sound("r")]);
        let heard = Duration::from_millis(heard_ms);
        let frames = sent(&mut session, RealtimeCommand::Truncate { turn: TURN, heard, words: String::new() });
        let expected: Vec<Value> = expected
            .into_iter()
            .map(|(what, item, ms): (&str, &str, Option<u64>)| {
                let mut frame = json!({"type": format!("conversation.item.{what}"), "item_id": item});
                if let Some(ms) = ms {
                    frame["content_index"] = json!(0);
                    frame["audio_end_ms"] = json!(ms);
                }
                frame
            })
            .collect();
        assert_eq!(frames, expected, "{heard_ms} ms");
    }
}

#[test]
fn limits_and_transcripts_that_fail_are_told() {
    let mut session = session();
    begin(&mut session);
    let told = events(
        &mut session,
        [
            json!({"type": "rate_limits.updated", "rate_limits": [
                {"name": "requests", "limit": 100, "remaining": 99, "reset_seconds": 0.5}, {"limit": 1}]}),
            json!({"type": "conversation.item.input_audio_transcription.failed", "item_id": "u",
                "error": {"code": "audio_unintelligible", "message": "not understood"}}),
        ],
    );
    let limit =
        RealtimeEvent::RateLimit { name: "requests".into(), remaining: 99, resets_in: Duration::from_millis(500) };
    assert_eq!(told[0], limit);
    assert!(
        matches!(&told[1..], [RealtimeEvent::TranscriptFailed { turn: TURN, error }] if error.message == "not understood"),
        "{told:?}"
    );
}

#[test]
fn what_the_server_could_not_do_ends_the_turn_that_waits_for_it() {
    let mut session = session();
    begin(&mut session);
    let error = json!({"type": "error", "error": {"type": "server_error", "message": "The server had an error"}});
    let told = events(&mut session, [error.clone(), sound("r")]);
    assert!(matches!(&told[..], [RealtimeEvent::ResponseFailed { turn: TURN, .. }]), "{told:?}");
    assert_eq!(events(&mut session, [error]), [], "nobody waits any more");
}

#[test]
fn a_session_that_is_refused_as_it_was_asked_for_ends() {
    let refused = |fields: Value| {
        let mut error = json!({"type": "invalid_request_error", "code": "invalid_value", "message": "no such voice"});
        error.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({"type": "error", "error": error}).to_string()
    };
    for fields in [json!({"event_id": "session"}), json!({"param": "session.audio.output.voice"})] {
        let mut one = session();
        let error = one.decode(&refused(fields.clone()), &mut Made::default()).expect_err("the session is over");
        assert_eq!((error.category, error.message.as_str()), (Category::InvalidRequest, "no such voice"));
        let mut settled = session();
        take(&mut settled, json!({"type": "session.updated"}));
        assert!(settled.decode(&refused(fields), &mut Made::default()).is_ok(), "what stood before still stands");
    }
}

#[test]
fn what_is_no_message_is_malformed_and_what_is_unknown_is_not() {
    let mut session = session();
    begin(&mut session);
    let mut read = |frame: &str| session.decode(frame, &mut Made::default()).expect("the session goes on");
    for frame in ["", "no JSON", "[]", "7", r#"{"type":"response.output_audio.delta","response_id":"r","delta":"…"}"#]
    {
        assert_eq!(read(frame), Reading::Malformed, "{frame}");
    }
    for frame in ["{}", r#"{"type":"never.heard.of"}"#, r#"{"type":"ping","response":"unimplemented","item":[]}"#] {
        assert_eq!(read(frame), Reading::Understood, "{frame}");
    }
}
