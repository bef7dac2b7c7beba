//! What every codec promises, whatever a server sends and a person does: it does not panic, what it sends is JSON, and nothing
//! of an answer is told once the answer is over or unwanted.

use std::collections::HashSet;

use parlance_core::realtime::{CallResult, RealtimeCommand, RealtimeEvent, SessionOptions, TurnId, TurnTaking};
use parlance_core::{AudioChunk, SampleRate, ToolOutput};
use serde::de::IgnoredAny;

use super::{Codec, Made, VoiceApi};

/// A conversation, one line a step. A line that begins with `>` and a letter is something that the person does,
/// any other is a frame of the server's. The first byte says who ends the turns.
///
/// # Panics
/// When a promise is broken.
pub(crate) fn check(api: &impl VoiceApi, data: &[u8]) {
    let Some((first, lines)) = data.split_first() else { return };
    let turns =
        if first % 2 == 0 { TurnTaking::Manual } else { TurnTaking::Silence(std::time::Duration::from_millis(500)) };
    let options = SessionOptions { turns, ..SessionOptions::default() };
    let mut talk = Talk { codec: api.codec("p".into(), &options), turn: TurnId(0), asked: None, over: HashSet::new() };
    talk.codec.hello();
    for line in lines.split(|byte| *byte == b'\n') {
        match line {
            [b'>', what, ..] => talk.act(*what),
            frame => {
                let Ok(frame) = std::str::from_utf8(frame) else { continue };
                let mut made = Made::default();
                if talk.codec.can_read() && talk.codec.decode(frame, &mut made).is_err() {
                    return;
                }
                talk.look(made);
            }
        }
    }
}

struct Talk<C> {
    codec: C,
    turn: TurnId,
    /// The turn whose tools are awaited.
    asked: Option<TurnId>,
    /// Turns of whose answers nothing more may be told.
    over: HashSet<TurnId>,
}

impl<C: Codec> Talk<C> {
    fn act(&mut self, what: u8) {
        let turn = self.turn;
        let mut next = || {
            self.turn.0 += 1;
            self.turn
        };
        let command = match what {
            b'a' => RealtimeCommand::AppendAudio(AudioChunk { samples: vec![1; 160], rate: SampleRate::HZ_16000 }),
            b'c' => RealtimeCommand::CommitAndRespond(next()),
            b'e' => RealtimeCommand::Expect(next()),
            b's' => RealtimeCommand::Say { turn: next(), text: "x".into() },
            b'f' => RealtimeCommand::ClearInput,
            b'x' => {
                self.over.insert(turn);
                RealtimeCommand::Cancel(turn)
            }
            b't' => RealtimeCommand::Truncate { turn, heard: std::time::Duration::from_millis(7), words: "x".into() },
            b'r' => {
                let Some(turn) = self.asked.take().filter(|turn| !self.over.contains(turn)) else { return };
                let output = ToolOutput::Text("x".into());
                RealtimeCommand::ToolResults {
                    turn,
                    results: vec![CallResult { id: "call_1".into(), name: "f".into(), output }],
                }
            }
            b'l' => {
                let mut made = Made::default();
                self.codec.lapsed(&mut made);
                return self.look(made);
            }
            _ => return,
        };
        let mut made = Made::default();
        self.codec.encode(command, &mut made);
        self.look(made);
    }

    fn look(&mut self, made: Made) {
        for frame in &made.frames {
            assert!(serde_json::from_str::<IgnoredAny>(frame).is_ok(), "no JSON: {frame}");
        }
        for event in &made.events {
            match event {
                RealtimeEvent::ResponseStarted(turn)
                | RealtimeEvent::AudioDelta { turn, .. }
                | RealtimeEvent::TranscriptDelta { turn, .. }
                | RealtimeEvent::ToolCall { turn, .. } => {
                    assert!(!self.over.contains(turn), "of a turn that is over: {event:?}");
                }
                RealtimeEvent::CallsComplete { turn, .. } => {
                    assert!(!self.over.contains(turn), "of a turn that is over: {event:?}");
                    self.asked = Some(*turn);
                }
                RealtimeEvent::ResponseDone { turn, .. }
                | RealtimeEvent::ResponseFailed { turn, .. }
                | RealtimeEvent::Interrupted(turn) => {
                    assert!(self.over.insert(*turn), "over twice: {event:?}");
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{dashscope, gemini, openai};

    const PERSON: [&str; 9] = [">a", ">c", ">e", ">s", ">f", ">x", ">t", ">r", ">l"];

    /// What servers of OpenAI's words say, of three answers.
    fn event() -> impl Strategy<Value = String> {
        let id = || prop_oneof![Just("r"), Just("r2"), Just("")];
        let turn = 1u64..6;
        prop_oneof![
            Just(r#"{"type":"session.created"}"#.to_owned()),
            Just(r#"{"type":"input_audio_buffer.committed","item_id":"u"}"#.to_owned()),
            Just(r#"{"type":"input_audio_buffer.speech_started","item_id":"u"}"#.to_owned()),
            id().prop_map(|id| format!(r#"{{"type":"response.created","response":{{"id":"{id}"}}}}"#)),
            id().prop_map(|id| format!(r#"{{"type":"response.audio.delta","response_id":"{id}","delta":"AQI="}}"#)),
            id().prop_map(|id| format!(r#"{{"type":"response.output_text.delta","response_id":"{id}","delta":"x"}}"#)),
            id().prop_map(|id| format!(
                r#"{{"type":"response.output_item.added","response_id":"{id}","item":{{"id":"a","type":"message"}}}}"#
            )),
            id().prop_map(|id| format!(
                r#"{{"type":"response.output_item.done","response_id":"{id}","item":{{"status":"incomplete","type":"message"}}}}"#
            )),
            id().prop_map(|id| format!(
                r#"{{"type":"response.function_call_arguments.done","response_id":"{id}","call_id":"call_1","name":"f","arguments":"{{}}"}}"#
            )),
            (id(), prop_oneof![Just("completed"), Just("cancelled"), Just("failed")]).prop_map(|(id, status)| format!(
                r#"{{"type":"response.done","response":{{"id":"{id}","status":"{status}"}}}}"#
            )),
            (turn, prop_oneof![Just("respond"), Just("commit"), Just("picture")], any::<bool>()).prop_map(
                |(turn, what, busy)| {
                    let code = if busy { "conversation_already_has_active_response" } else { "x" };
                    format!(r#"{{"type":"error","error":{{"code":"{code}","event_id":"{what}-{turn}","message":"m"}}}}"#)
                }
            ),
            Just(r#"{"type":"error","error":{"type":"server_error","message":"m"}}"#.to_owned()),
        ]
    }

    /// What Gemini says.
    fn message() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(r#"{"setupComplete":{}}"#),
            Just(r#"{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"data":"AQI="}}]}}}"#),
            Just(r#"{"serverContent":{"outputTranscription":{"text":"x"},"turnComplete":true}}"#),
            Just(r#"{"serverContent":{"inputTranscription":{"text":"x"}}}"#),
            Just(r#"{"serverContent":{"interrupted":true}}"#),
            Just(r#"{"serverContent":{"turnComplete":true},"usageMetadata":{"promptTokenCount":1}}"#),
            Just(r#"{"toolCall":{"functionCalls":[{"id":"call_1","name":"f"}]}}"#),
            Just(r#"{"toolCallCancellation":{"ids":["call_1"]}}"#),
        ]
        .prop_map(str::to_owned)
    }

    /// What the person does and what the server says, a line a step.
    fn steps(said: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        let person = prop::sample::select(&PERSON[..]).prop_map(str::to_owned);
        let noise = "[ -~]{0,40}".prop_map(|noise: String| noise);
        let step = prop_oneof![8 => said, 4 => person, 1 => noise];
        let first = prop_oneof![Just("0"), Just("1")];
        (first, prop::collection::vec(step, 0..40)).prop_map(|(first, steps)| format!("{first}{}", steps.join("\n")))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn openais_words_keep_their_promises(data in steps(event())) {
            openai::realtime::check(data.as_bytes());
        }

        #[test]
        fn dashscopes_words_keep_their_promises(data in steps(event())) {
            dashscope::realtime::check(data.as_bytes());
        }

        #[test]
        fn geminis_words_keep_their_promises(data in steps(message())) {
            gemini::live::check(data.as_bytes());
        }
    }
}
