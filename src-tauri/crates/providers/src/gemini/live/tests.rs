//! What is sent and what is understood, message by message.

use std::sync::Arc;
use std::time::Duration;

use parlance_core::chat::FunctionSpec;
use parlance_core::realtime::{
    Answers, CallResult, Eagerness, Picture, RealtimeCommand, RealtimeEvent, Remembered, ResumeHandle, SessionOptions,
    Side, SoundTokens, Transcription, TurnId, TurnTaking,
};
use parlance_core::{AudioChunk, Category, SampleRate, StopReason, TokenUsage, ToolOutput};
use serde_json::{Map, Value, json};

use super::{GeminiLive, LiveCodec};
use crate::realtime::{Codec, Made, Reading, VoiceApi};

const TURN: TurnId = TurnId(3);

fn session() -> LiveCodec {
    let options =
        SessionOptions { instructions: "Be brief.".into(), voice: Some("Kore".into()), ..SessionOptions::default() };
    GeminiLive { model: "gemini-live-x".into() }.codec(Arc::from("gemini"), &options)
}

fn sent(session: &mut LiveCodec, command: RealtimeCommand) -> Vec<Value> {
    let mut made = Made::default();
    session.encode(command, &mut made);
    made.frames.iter().map(|frame| serde_json::from_str(frame).expect("frames are JSON")).collect()
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
        "contextWindowCompression": {"slidingWindow": {}},
        "sessionResumption": {},
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
    told(&mut session, [sound()]);
    sent(&mut session, RealtimeCommand::Cancel(TURN));
    sent(&mut session, RealtimeCommand::CommitAndRespond(TurnId(4)));
    let complete = || json!({"serverContent": {"turnComplete": true}});
    let interrupted = json!({"serverContent": {"interrupted": true}});
    assert_eq!(told(&mut session, [sound(), interrupted, complete()]), []);
    let events = told(&mut session, [sound(), complete()]);
    assert_eq!(events.len(), 4, "{events:?}");
    assert_eq!(
        events[3],
        RealtimeEvent::ResponseDone { turn: TurnId(4), reason: StopReason::Stop, usage: None, sound: None }
    );
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

fn with(model: &str, options: &SessionOptions) -> LiveCodec {
    let mut session = GeminiLive { model: model.into() }.codec(Arc::from("gemini"), options);
    let mut made = Made::default();
    session.decode(&json!({"setupComplete": {}}).to_string(), &mut made).unwrap();
    session
}

/// A session in which the server ends the turns.
fn hands_free(model: &str) -> LiveCodec {
    with(model, &SessionOptions { turns: TurnTaking::Silence(Duration::from_millis(500)), ..SessionOptions::default() })
}

fn call(id: &str) -> Value {
    json!({"toolCall": {"functionCalls": [{"id": id, "name": "get_weather", "args": {"city": "Paris"}}]}})
}

fn complete() -> Value {
    json!({"serverContent": {"turnComplete": true}})
}

fn words(text: &str) -> Value {
    json!({"serverContent": {"outputTranscription": {"text": text}}})
}

fn results(id: &str, output: &str) -> RealtimeCommand {
    let output = ToolOutput::Text(output.into());
    RealtimeCommand::ToolResults {
        turn: TURN,
        results: vec![CallResult { id: id.into(), name: "get_weather".into(), output }],
    }
}

#[test]
fn who_ends_the_turns_is_written_as_automatic_detection() {
    for (turns, expected) in [
        (TurnTaking::Manual, json!({"disabled": true})),
        (TurnTaking::Silence(Duration::from_millis(650)), json!({"disabled": false, "silenceDurationMs": 650})),
        (TurnTaking::Meaning(Eagerness::Auto), json!({"disabled": false})),
        (
            TurnTaking::Meaning(Eagerness::Low),
            json!({"disabled": false, "endOfSpeechSensitivity": "END_SENSITIVITY_LOW"}),
        ),
        (
            TurnTaking::Meaning(Eagerness::High),
            json!({"disabled": false, "endOfSpeechSensitivity": "END_SENSITIVITY_HIGH"}),
        ),
    ] {
        let mut session = with("gemini-x", &SessionOptions { turns, ..SessionOptions::default() });
        let setup: Value = serde_json::from_str(&session.hello()[0]).unwrap();
        assert_eq!(setup["setup"]["realtimeInputConfig"]["automaticActivityDetection"], expected, "{turns:?}");
    }
}

#[test]
fn tools_and_what_is_not_wanted_are_in_the_setup() {
    let schema = json!({"type": "object", "properties": {"at": {"$ref": "#/$defs/Place"}},
        "$defs": {"Place": {"type": "string"}}});
    let tool = FunctionSpec { name: "f".into(), description: None, parameters: Some(schema), rest: Map::new() };
    let options = SessionOptions {
        tools: vec![tool],
        transcription: Transcription::Off,
        answers: Answers::Written,
        resume: Some(ResumeHandle("h1".into())),
        history: vec![Remembered { by: Side::Person, text: "Hi".into() }],
        ..SessionOptions::default()
    };
    let setup = |model: &str| {
        let mut session = GeminiLive { model: model.into() }.codec(Arc::from("p"), &options);
        serde_json::from_str::<Value>(&session.hello()[0]).unwrap()["setup"].take()
    };
    let older = setup("gemini-live-2.5-flash-preview");
    let inlined = json!({"type": "object", "properties": {"at": {"type": "string"}}});
    assert_eq!(older["tools"], json!([{"functionDeclarations": [{"name": "f", "parametersJsonSchema": inlined}]}]));
    assert_eq!(older["sessionResumption"], json!({"handle": "h1"}));
    assert_eq!((older.get("inputAudioTranscription"), older.get("historyConfig")), (None, None));
    assert_eq!(older["generationConfig"]["responseModalities"], json!(["TEXT"]));
    // These can only speak; their words are taken, and their sound is left.
    for model in ["gemini-2.5-flash-native-audio-latest", "gemini-3.1-flash-live-preview"] {
        let speaks = setup(model);
        assert_eq!(speaks["generationConfig"]["responseModalities"], json!(["AUDIO"]), "{model}");
        assert_eq!(speaks["outputAudioTranscription"], json!({}), "{model}");
        let mut session = with(model, &options);
        sent(&mut session, RealtimeCommand::CommitAndRespond(TURN));
        let events = told(&mut session, [sound(), words("Hi")]);
        let written = RealtimeEvent::TranscriptDelta { turn: TURN, text: "Hi".into() };
        assert_eq!(events[2..], [written], "{model}");
    }
}

#[test]
fn what_was_said_before_is_told_once_the_session_stands() {
    let history =
        [(Side::Person, "I am Alice."), (Side::Model, "Hello.")].map(|(by, text)| Remembered { by, text: text.into() });
    let options = SessionOptions { history: history.to_vec(), ..SessionOptions::default() };
    for (model, is_complete, announced) in
        [("gemini-2.5-flash-native-audio-latest", false, None), ("gemini-3.1-flash-live-preview", true, Some(true))]
    {
        let mut session = GeminiLive { model: model.into() }.codec(Arc::from("p"), &options);
        let setup: Value = serde_json::from_str(&session.hello()[0]).unwrap();
        let said = setup.pointer("/setup/historyConfig/initialHistoryInClientContent").and_then(Value::as_bool);
        assert_eq!(said, announced, "{model}");
        let mut made = Made::default();
        session.decode(&json!({"setupComplete": {}}).to_string(), &mut made).unwrap();
        let frame: Value = serde_json::from_str(&made.frames[0]).unwrap();
        let turns = json!([{"role": "user", "parts": [{"text": "I am Alice."}]}, {"role": "model", "parts": [{"text": "Hello."}]}]);
        assert_eq!(frame, json!({"clientContent": {"turns": turns, "turnComplete": is_complete}}), "{model}");
    }
}

#[test]
fn what_was_written_is_a_turn() {
    let say = || RealtimeCommand::Say { turn: TURN, text: "Hello!".into() };
    let mut older = with("gemini-2.5-flash-native-audio-latest", &SessionOptions::default());
    let content =
        json!({"clientContent": {"turns": [{"role": "user", "parts": [{"text": "Hello!"}]}], "turnComplete": true}});
    assert_eq!(sent(&mut older, say()), [content]);
    let mut newer = session();
    assert_eq!(
        sent(&mut newer, say()),
        [
            json!({"realtimeInput": {"activityStart": {}}}),
            json!({"realtimeInput": {"text": "Hello!"}}),
            json!({"realtimeInput": {"activityEnd": {}}}),
        ]
    );
    let mut free = hands_free("gemini-3.1-flash-live-preview");
    assert_eq!(sent(&mut free, say()), [json!({"realtimeInput": {"text": "Hello!"}})]);
    let events = told(&mut newer, [words("Hi"), complete()]);
    assert_eq!(events[..2], [RealtimeEvent::Committed(TURN), RealtimeEvent::ResponseStarted(TURN)]);
}

#[test]
fn a_picture_waits_until_the_person_speaks() {
    let picture = || RealtimeCommand::Show(Picture { media_type: "image/jpeg".into(), bytes: vec![1, 2, 3] });
    let frame = json!({"realtimeInput": {"video": {"mimeType": "image/jpeg", "data": "AQID"}}});
    let mut session = session();
    assert_eq!(sent(&mut session, picture()), [Value::Null; 0]);
    let said = AudioChunk { samples: vec![1], rate: SampleRate::HZ_16000 };
    assert_eq!(sent(&mut session, RealtimeCommand::AppendAudio(said))[1], frame);
    assert_eq!(sent(&mut session, picture()), std::slice::from_ref(&frame));
    assert_eq!(sent(&mut hands_free("gemini-x"), picture()), [frame]);
}

#[test]
fn calls_are_told_once_and_the_answer_goes_on_however_the_server_parts_it() {
    for parts in [true, false] {
        let mut session = session();
        sent(&mut session, RealtimeCommand::CommitAndRespond(TURN));
        let city = json!({"city": "Paris"}).as_object().unwrap().clone();
        let mut twice = call("c1");
        twice["toolCall"]["functionCalls"].as_array_mut().unwrap().push(json!({"id": "c1", "name": "get_weather"}));
        assert_eq!(
            told(&mut session, [twice]),
            [
                RealtimeEvent::Committed(TURN),
                RealtimeEvent::ResponseStarted(TURN),
                RealtimeEvent::ToolCall {
                    turn: TURN,
                    id: "c1".into(),
                    name: "get_weather".into(),
                    arguments: Ok(city)
                },
                RealtimeEvent::CallsComplete { turn: TURN, usage: None, sound: None },
            ]
        );
        let response = |response: Value| json!({"toolResponse": {"functionResponses": [{"id": "c1", "name": "get_weather", "response": response}]}});
        let frames = sent(&mut session, results("c1", "Sunny"));
        assert_eq!(frames, [response(json!({"output": "Sunny"}))]);
        assert_eq!(sent(&mut session, results("c1", r#"{"temp": 21}"#)), [response(json!({"temp": 21}))]);
        let used = |input: u64| json!({"promptTokenCount": input, "responseTokenCount": 2});
        if parts {
            let mut part = complete();
            part["usageMetadata"] = used(10);
            assert_eq!(told(&mut session, [part]), []);
        }
        let mut last = complete();
        last["usageMetadata"] = used(20);
        let events = told(&mut session, [words("Sunny."), last]);
        let Some(RealtimeEvent::ResponseDone { reason: StopReason::Stop, usage: Some(usage), .. }) = events.last()
        else {
            panic!("{events:?}")
        };
        assert_eq!((events.len(), usage.input_tokens), (2, if parts { 30 } else { 20 }));
    }
}

#[test]
fn a_call_without_an_id_is_answered_by_its_name_and_one_that_is_withdrawn_is_told() {
    let mut session = session();
    sent(&mut session, RealtimeCommand::CommitAndRespond(TURN));
    let events = told(&mut session, [json!({"toolCall": {"functionCalls": [{"name": "get_weather"}]}})]);
    let RealtimeEvent::ToolCall { id, .. } = &events[2] else { panic!("{events:?}") };
    let frames = sent(&mut session, results(id, "x"));
    assert_eq!(frames[0]["toolResponse"]["functionResponses"][0].get("id"), None);
    let withdrawn = json!({"toolCallCancellation": {"ids": ["c1", "c2"]}});
    let ids = vec!["c1".to_owned(), "c2".to_owned()];
    assert_eq!(told(&mut session, [withdrawn]), [RealtimeEvent::CallsWithdrawn { ids }]);
}

#[test]
fn a_turn_that_the_server_ends_bears_the_name_that_was_expected() {
    let mut session = hands_free("gemini-2.5-flash-native-audio-latest");
    assert_eq!(sent(&mut session, RealtimeCommand::Expect(TURN)), [Value::Null; 0]);
    let said = AudioChunk { samples: vec![1], rate: SampleRate::HZ_16000 };
    assert_eq!(sent(&mut session, RealtimeCommand::AppendAudio(said)).len(), 1, "no activity is announced");
    let events = told(
        &mut session,
        [
            json!({"voiceActivity": {"voiceActivityType": "ACTIVITY_START"}}),
            json!({"serverContent": {"inputTranscription": {"text": "Hel"}}}),
            json!({"voiceActivity": {"voiceActivityType": "ACTIVITY_END"}}),
            words("Hi"),
            json!({"serverContent": {"inputTranscription": {"text": "lo"}}}),
            complete(),
        ],
    );
    let user = |text: &str| RealtimeEvent::UserTranscript { turn: TURN, text: text.into() };
    assert_eq!(
        events,
        [
            RealtimeEvent::SpeechStarted,
            user("Hel"),
            RealtimeEvent::SpeechStopped,
            RealtimeEvent::Committed(TURN),
            RealtimeEvent::ResponseStarted(TURN),
            RealtimeEvent::TranscriptDelta { turn: TURN, text: "Hi".into() },
            user("Hello"),
            RealtimeEvent::ResponseDone { turn: TURN, reason: StopReason::Stop, usage: None, sound: None },
        ]
    );
    // The next one has no name yet, and waits for it.
    assert_eq!(told(&mut session, [words("Ah")]), []);
    assert!(!session.can_read());
    let mut made = Made::default();
    session.encode(RealtimeCommand::Expect(TurnId(4)), &mut made);
    assert_eq!(made.events[0], RealtimeEvent::Committed(TurnId(4)));
    assert_eq!((made.events.len(), session.can_read()), (3, true));
    // Whoever does not want to wait for silence says so.
    let frames = sent(&mut session, RealtimeCommand::CommitAndRespond(TurnId(5)));
    assert_eq!(frames, [json!({"realtimeInput": {"audioStreamEnd": true}})]);
}

#[test]
fn an_answer_that_the_server_interrupts_is_over_and_was_paid_for() {
    let mut session = hands_free("gemini-x");
    sent(&mut session, RealtimeCommand::Expect(TURN));
    told(&mut session, [sound()]);
    let mut last = complete();
    last["usageMetadata"] = json!({"promptTokenCount": 4, "responseTokenCount": 6,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1}, {"modality": "AUDIO", "tokenCount": 3}],
        "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 6}]});
    let mut both = sound();
    both["serverContent"]["interrupted"] = json!(true);
    let usage = TokenUsage { input_tokens: 4, output_tokens: 6, reasoning_tokens: None, cached_tokens: None };
    let spent = RealtimeEvent::Spent { usage, sound: Some(SoundTokens { input: 3, output: 6 }) };
    assert_eq!(told(&mut session, [both, sound(), last]), [RealtimeEvent::Interrupted(TURN), spent]);
}

#[test]
fn that_it_was_interrupted_the_model_is_told_in_words_where_it_can_be() {
    let heard = || RealtimeCommand::Truncate { turn: TURN, heard: Duration::from_millis(40), words: "It is".into() };
    let told = "(I interrupted your last answer. This is all I heard of it: “It is”)";
    let said = || RealtimeCommand::AppendAudio(AudioChunk { samples: vec![1], rate: SampleRate::HZ_16000 });
    let content =
        json!({"clientContent": {"turns": [{"role": "user", "parts": [{"text": told}]}], "turnComplete": false}});
    let mut older = with("gemini-2.5-flash-native-audio-latest", &SessionOptions::default());
    assert_eq!(sent(&mut older, heard()), [Value::Null; 0]);
    let frames = sent(&mut older, said());
    assert_eq!(frames[..2], [content.clone(), json!({"realtimeInput": {"activityStart": {}}})]);
    let mut newer = with("gemini-3.1-flash-live-preview", &SessionOptions::default());
    sent(&mut newer, heard());
    assert_eq!(sent(&mut newer, said())[1], json!({"realtimeInput": {"text": told}}));
    assert_eq!(sent(&mut hands_free("gemini-2.5-flash-native-audio-latest"), heard()), [content]);
    // Any words would be answered there.
    assert_eq!(sent(&mut hands_free("gemini-3.1-flash-live-preview"), heard()), [Value::Null; 0]);
}

#[test]
fn a_turn_that_was_cancelled_before_anything_came_may_get_no_answer_at_all() {
    let mut session = session();
    sent(&mut session, RealtimeCommand::CommitAndRespond(TURN));
    sent(&mut session, RealtimeCommand::Cancel(TURN));
    sent(&mut session, RealtimeCommand::CommitAndRespond(TurnId(4)));
    let events = told(&mut session, [sound(), complete()]);
    assert_eq!(events[0], RealtimeEvent::Committed(TurnId(4)));
    assert!(matches!(events.last(), Some(RealtimeEvent::ResponseDone { turn: TurnId(4), .. })), "{events:?}");
}

#[test]
fn the_newer_models_hear_nothing_while_they_wait_for_tools() {
    let said = || RealtimeCommand::AppendAudio(AudioChunk { samples: vec![1], rate: SampleRate::HZ_16000 });
    let mut session = hands_free("gemini-3.1-flash-live-preview");
    sent(&mut session, RealtimeCommand::Expect(TURN));
    told(&mut session, [call("c1")]);
    assert_eq!(sent(&mut session, said()), [Value::Null; 0]);
    assert_eq!(sent(&mut session, results("c1", "x")).len(), 2, "what was held back follows the results");
    assert_eq!(sent(&mut session, said()).len(), 1);
}

#[test]
fn how_a_session_goes_on_and_when_it_ends_is_told() {
    let mut session = session();
    let events = told(
        &mut session,
        [
            json!({"sessionResumptionUpdate": {"newHandle": "h1", "resumable": true}}),
            json!({"sessionResumptionUpdate": {"newHandle": "", "resumable": false}}),
            json!({"goAway": {"timeLeft": "9.5s"}, "sessionResumptionUpdate": {"newHandle": "h2"}}),
        ],
    );
    assert_eq!(
        events,
        [
            RealtimeEvent::Resumable(ResumeHandle("h1".into())),
            RealtimeEvent::Resumable(ResumeHandle("h2".into())),
            RealtimeEvent::GoingAway { left: Duration::from_millis(9_500) },
        ]
    );
}

#[test]
fn what_is_no_message_is_malformed_and_what_is_unknown_is_not() {
    let mut session = session();
    sent(&mut session, RealtimeCommand::CommitAndRespond(TURN));
    let mut read = |frame: &str| session.decode(frame, &mut Made::default()).expect("the session goes on");
    let no_sound = r#"{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"data":"…"}}]}}}"#;
    for frame in ["", "no JSON", "[]", "7", no_sound] {
        assert_eq!(read(frame), Reading::Malformed, "{frame}");
    }
    for frame in
        ["{}", r#"{"neverHeardOf":1}"#, r#"{"serverContent":[],"toolCall":7,"goAway":"x","usageMetadata":null}"#]
    {
        assert_eq!(read(frame), Reading::Understood, "{frame}");
    }
}
