//! OpenAI's Realtime words, and DashScope's older ones.

use serde_json::{Value, json};

use super::{Out, Speaker, Taken, VoiceScript, pieces, samples};

/// One session.
pub(super) struct Conversation {
    names: Names,
    /// Samples since the last commit, and how many 100 ms are.
    buffered: usize,
    least: usize,
    made: u32,
    /// The id of the answer that is being spoken.
    running: Option<String>,
    /// Milliseconds of sound in the last answer.
    length_ms: u64,
}

/// Which generation of names is spoken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Current,
    Older,
}

impl Conversation {
    pub(super) fn openai() -> Self {
        Self { names: Names::Current, buffered: 0, least: 2_400, made: 0, running: None, length_ms: 0 }
    }

    pub(super) fn dashscope() -> Self {
        Self { names: Names::Older, least: 1_600, ..Self::openai() }
    }

    fn answer(&mut self, script: &VoiceScript, out: &mut Out) {
        if self.running.is_some() {
            return out.now.push_back(error("conversation_already_has_active_response", Value::Null));
        }
        self.made += 1;
        let (response, item) = (format!("resp_{}", self.made), format!("item_a{}", self.made));
        let (audio, transcript) = match self.names {
            Names::Current => ("response.output_audio", "response.output_audio_transcript"),
            Names::Older => ("response.audio", "response.audio_transcript"),
        };
        let of = |kind: &str, fields: Value| {
            let mut event = json!({"type": kind, "response_id": response, "item_id": item, "output_index": 0,
                "content_index": 0});
            if let (Some(event), Value::Object(fields)) = (event.as_object_mut(), fields) {
                event.extend(fields);
            }
            event
        };
        let mut words = script.answer.split_inclusive(' ');
        out.now.push_back(json!({"type": "response.created", "response": {"id": response, "status": "in_progress"}}));
        out.now.push_back(of("response.output_item.added", json!({"item": {"id": item, "type": "message"}})));
        for piece in pieces(&script.sound) {
            if let Some(word) = words.next() {
                out.answer.push_back(of(&format!("{transcript}.delta"), json!({ "delta": word })));
            }
            out.answer.push_back(of(&format!("{audio}.delta"), json!({ "delta": piece })));
        }
        for word in words {
            out.answer.push_back(of(&format!("{transcript}.delta"), json!({ "delta": word })));
        }
        let (ins, outs) = ("input_tokens", "output_tokens");
        out.answer.push_back(of(&format!("{audio}.done"), json!({})));
        out.answer.push_back(of(&format!("{transcript}.done"), json!({"transcript": script.answer})));
        out.answer.push_back(json!({"type": "response.done", "response":
            {"id": response, "status": "completed", "usage": {ins: 10, outs: 20}}}));
        self.length_ms = script.sound.len() as u64 / 24;
        self.running = Some(response);
    }

    fn commit(&mut self, script: &VoiceScript, event_id: &Value, out: &mut Out) -> Taken {
        if std::mem::take(&mut self.buffered) < self.least {
            out.now.push_back(error("input_audio_buffer_commit_empty", event_id.clone()));
            return Taken::Cleared;
        }
        let item = format!("item_u{}", self.made + 1);
        let transcription = "conversation.item.input_audio_transcription";
        out.now.push_back(json!({"type": "input_audio_buffer.committed", "item_id": item}));
        out.now.push_back(match self.names {
            Names::Current => {
                json!({"type": format!("{transcription}.delta"), "item_id": item, "delta": script.question})
            }
            Names::Older => {
                json!({"type": format!("{transcription}.delta"), "item_id": item, "text": "", "stash": script.question})
            }
        });
        out.now.push_back(
            json!({"type": format!("{transcription}.completed"), "item_id": item, "transcript": script.question}),
        );
        Taken::TurnGiven
    }
}

impl Speaker for Conversation {
    fn hello(&mut self) -> Vec<Value> {
        vec![json!({"type": "session.created", "session": {"id": "sess_1"}})]
    }

    fn take(&mut self, frame: &Value, script: &VoiceScript, out: &mut Out) -> Taken {
        if out.answer.is_empty() {
            self.running = None;
        }
        match frame["type"].as_str().unwrap_or_default() {
            "session.update" => out.now.push_back(json!({"type": "session.updated", "session": frame["session"]})),
            "input_audio_buffer.append" => {
                let samples = samples(frame["audio"].as_str().unwrap_or_default());
                self.buffered += samples.len();
                return Taken::Sound(samples);
            }
            "input_audio_buffer.clear" => {
                self.buffered = 0;
                out.now.push_back(json!({"type": "input_audio_buffer.cleared"}));
                return Taken::Cleared;
            }
            "input_audio_buffer.commit" => return self.commit(script, &frame["event_id"], out),
            "response.create" => self.answer(script, out),
            "response.cancel" => match self.running.take() {
                Some(response) => {
                    out.answer.clear();
                    out.now.push_back(
                        json!({"type": "response.done", "response": {"id": response, "status": "cancelled"}}),
                    );
                }
                None => out.now.push_back(error("response_cancel_not_active", Value::Null)),
            },
            "conversation.item.truncate" if self.names == Names::Current => {
                let ms = frame["audio_end_ms"].as_u64().unwrap_or(0);
                out.now.push_back(if ms == 0 || ms > self.length_ms {
                    error("invalid_value", frame["event_id"].clone())
                } else {
                    json!({"type": "conversation.item.truncated", "item_id": frame["item_id"], "audio_end_ms": ms})
                });
            }
            "conversation.item.delete" => {
                out.now.push_back(json!({"type": "conversation.item.deleted", "item_id": frame["item_id"]}));
            }
            other => out.now.push_back(error("unknown_event", json!(other))),
        }
        Taken::Other
    }
}

fn error(code: &str, event_id: Value) -> Value {
    json!({"type": "error", "error":
        {"type": "invalid_request_error", "code": code, "message": format!("refused: {code}"), "event_id": event_id}})
}
