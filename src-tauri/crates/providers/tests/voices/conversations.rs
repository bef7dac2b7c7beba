//! Whole conversations: tools, words, pictures, turns that the server ends, and a session that goes on.

use std::time::Duration;

use parlance_core::chat::FunctionSpec;
use parlance_core::realtime::{
    CallResult, Picture, RealtimeCommand, RealtimeEvent, RealtimeSession, Remembered, ResumeHandle, SessionOptions,
    Side, TurnId, TurnTaking,
};
use parlance_core::{AudioChunk, ToolOutput};
use parlance_simulator::voice::{VoiceCall, VoiceScript, VoiceServer};
use serde_json::{Map, Value, json};

use crate::setting::{ALL, TURN, Voice, answer, next, open, open_as, say, script, told};

fn weather() -> FunctionSpec {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    FunctionSpec { name: "get_weather".into(), description: None, parameters: Some(parameters), rest: Map::new() }
}

/// All events up to and with the first that `is_it`.
async fn until(session: &mut RealtimeSession, is_it: impl Fn(&RealtimeEvent) -> bool) -> Vec<RealtimeEvent> {
    let mut events = Vec::new();
    loop {
        events.push(next(session).await.expect("no error"));
        if events.last().is_some_and(&is_it) {
            return events;
        }
    }
}

/// The frames of the first connection that have this field or type.
fn frames(server: &VoiceServer, name: &str) -> Vec<Value> {
    let is_it = |frame: &Value| frame["type"] == name || frame.get(name).is_some();
    server.heard()[0].frames.iter().filter(|frame| is_it(frame)).cloned().collect()
}

#[tokio::test]
async fn a_tool_is_asked_for_and_the_answer_goes_on_with_what_came_of_it() {
    for voice in ALL {
        let server = VoiceServer::start(VoiceScript { calls: vec![VoiceCall::weather()], ..script() }).await.unwrap();
        let options = SessionOptions { tools: vec![weather()], ..SessionOptions::default() };
        let mut session = open_as(voice, &server, options).await.unwrap();
        say(&mut session, voice, &server, TURN).await;
        let asked = until(&mut session, |event| matches!(event, RealtimeEvent::CallsComplete { .. })).await;
        let call = asked.iter().find_map(|event| match event {
            RealtimeEvent::ToolCall { turn: TURN, id, name, arguments } => Some((id, name, arguments.clone())),
            _ => None,
        });
        let city = json!({"city": "Paris"}).as_object().unwrap().clone();
        assert_eq!(call, Some((&"call_1".to_owned(), &"get_weather".to_owned(), Ok(city))), "{voice:?}");
        let results = vec![CallResult {
            id: "call_1".into(),
            name: "get_weather".into(),
            output: ToolOutput::Text("21 degrees".into()),
        }];
        session.commands.send(RealtimeCommand::ToolResults { turn: TURN, results }).await.unwrap();
        let events = answer(&mut session).await;
        let begun = asked.iter().chain(&events).filter(|event| matches!(event, RealtimeEvent::ResponseStarted(_)));
        assert_eq!(begun.count(), 1, "{voice:?}: an answer begins once");
        assert!(
            matches!(events.last(), Some(RealtimeEvent::ResponseDone { turn: TURN, .. })),
            "{voice:?}: {:?}",
            told(&events)
        );
        let results = match voice {
            Voice::Gemini => {
                frames(&server, "toolResponse")[0]["toolResponse"]["functionResponses"][0]["response"].clone()
            }
            Voice::OpenAi | Voice::Qwen => frames(&server, "conversation.item.create")[0]["item"]["output"].clone(),
        };
        let wanted = if voice == Voice::Gemini { json!({"output": "21 degrees"}) } else { json!("21 degrees") };
        assert_eq!(results, wanted, "{voice:?}");
    }
}

#[tokio::test]
async fn what_is_written_in_the_middle_is_answered_and_what_was_said_before_is_known() {
    for voice in ALL {
        let server = VoiceServer::start(script()).await.unwrap();
        let history = vec![
            Remembered { by: Side::Person, text: "I am Alice.".into() },
            Remembered { by: Side::Model, text: "Hello, Alice.".into() },
        ];
        let mut session =
            open_as(voice, &server, SessionOptions { history, ..SessionOptions::default() }).await.unwrap();
        say(&mut session, voice, &server, TURN).await;
        answer(&mut session).await;
        let turn = TurnId(2);
        session.commands.send(RealtimeCommand::Say { turn, text: "Who am I?".into() }).await.unwrap();
        let events = answer(&mut session).await;
        assert!(events.contains(&RealtimeEvent::Committed(turn)), "{voice:?}: {:?}", told(&events));
        let all = serde_json::to_string(&server.heard()[0].frames).unwrap();
        let (before, written) = (all.find("Hello, Alice.").unwrap(), all.find("Who am I?").unwrap());
        assert!(before < written, "{voice:?}");
    }
}

#[tokio::test]
async fn a_picture_is_seen_along_with_what_is_said() {
    for voice in ALL {
        let server = VoiceServer::start(script()).await.unwrap();
        let mut session = open(voice, &server).await.unwrap();
        let picture = Picture { media_type: "image/jpeg".into(), bytes: vec![1, 2, 3] };
        session.commands.send(RealtimeCommand::Show(picture)).await.unwrap();
        say(&mut session, voice, &server, TURN).await;
        let events = answer(&mut session).await;
        let is_refused = events.iter().any(|event| matches!(event, RealtimeEvent::PictureRefused(_)));
        assert!(!is_refused, "{voice:?}: {:?}", told(&events));
        let seen = server.heard()[0].frames.iter().filter(|frame| frame.to_string().contains("AQID")).count();
        assert_eq!(seen, 1, "{voice:?}");
    }
}

/// Half a second of speech, then silence.
async fn speak(session: &mut RealtimeSession, voice: Voice, server: &VoiceServer) {
    let rate = voice.client(server).capabilities().input_rate;
    let samples = |loud: i16| vec![loud; rate.hz() as usize / 50];
    for loud in std::iter::repeat_n(4_000, 25).chain(std::iter::repeat_n(0, 40)) {
        let chunk = AudioChunk { samples: samples(loud), rate };
        session.commands.send(RealtimeCommand::AppendAudio(chunk)).await.unwrap();
    }
}

#[tokio::test]
async fn turns_that_the_server_ends_are_answered_under_the_names_they_were_given_and_can_be_interrupted() {
    for voice in ALL {
        let script = VoiceScript { pace: Duration::from_millis(20), ..script() };
        let server = VoiceServer::start(script).await.unwrap();
        let turns = TurnTaking::Silence(Duration::from_millis(400));
        let mut session = open_as(voice, &server, SessionOptions { turns, ..SessionOptions::default() }).await.unwrap();
        session.commands.send(RealtimeCommand::Expect(TURN)).await.unwrap();
        speak(&mut session, voice, &server).await;
        until(&mut session, |event| matches!(event, RealtimeEvent::Committed(TURN))).await;
        session.commands.send(RealtimeCommand::Expect(TurnId(2))).await.unwrap();
        until(&mut session, |event| matches!(event, RealtimeEvent::AudioDelta { turn: TURN, .. })).await;
        // The person speaks over the answer.
        speak(&mut session, voice, &server).await;
        let events = until(&mut session, |event| matches!(event, RealtimeEvent::Committed(TurnId(2)))).await;
        let is_over = events.iter().any(|event| matches!(event, RealtimeEvent::Interrupted(TURN)));
        assert!(is_over, "{voice:?}: {:?}", told(&events));
        let events = answer(&mut session).await;
        let is_old = |event: &&RealtimeEvent| matches!(event, RealtimeEvent::AudioDelta { turn: TURN, .. });
        assert_eq!(events.iter().filter(is_old).count(), 0, "{voice:?}");
        assert!(
            matches!(events.last(), Some(RealtimeEvent::ResponseDone { turn: TurnId(2), .. })),
            "{voice:?}: {:?}",
            told(&events)
        );
        let heard = server.heard().remove(0).turns;
        assert_eq!(heard.len(), 2, "{voice:?}");
        assert!(heard.iter().all(|turn| turn.iter().filter(|sample| **sample == 4_000).count() > 7_000), "{voice:?}");
    }
}

#[tokio::test]
async fn a_session_goes_on_by_its_handle() {
    let server = VoiceServer::start(script()).await.unwrap();
    let mut session = open(Voice::Gemini, &server).await.unwrap();
    let told = until(&mut session, |event| matches!(event, RealtimeEvent::Resumable(_))).await;
    let Some(RealtimeEvent::Resumable(handle)) = told.last().cloned() else { panic!("{told:?}") };
    assert_eq!(handle, ResumeHandle("handle-0-0".into()));
    drop(session);
    let options = SessionOptions { resume: Some(handle), ..SessionOptions::default() };
    let mut session = open_as(Voice::Gemini, &server, options).await.unwrap();
    until(&mut session, |event| matches!(event, RealtimeEvent::Resumable(_))).await;
    assert_eq!(server.heard()[1].frames[0]["setup"]["sessionResumption"], json!({"handle": "handle-0-0"}));
}

#[tokio::test]
async fn how_long_the_way_is_is_measured() {
    for voice in ALL {
        let server = VoiceServer::start(script()).await.unwrap();
        let mut session = open(voice, &server).await.unwrap();
        let told = until(&mut session, |event| matches!(event, RealtimeEvent::RoundTrip(_))).await;
        let Some(RealtimeEvent::RoundTrip(time)) = told.last() else { panic!("{told:?}") };
        assert!(*time < Duration::from_secs(2), "{voice:?}: {time:?}");
    }
}
