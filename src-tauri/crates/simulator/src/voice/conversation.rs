//! A session in OpenAI's realtime words, of either generation, or in DashScope's.

use std::time::Duration;

use serde_json::{Value, json};

use super::events::{Medium, Names, error};
use super::{Out, Speaker, Taken, VoiceScript, samples};

/// A turn of ours may be no shorter.
const LEAST_MS: usize = 100;
/// What a server waits for that was not told how long.
const PATIENCE: Duration = Duration::from_millis(500);
/// DashScope takes no larger pictures, in base64.
const LARGEST_PICTURE: usize = 256 * 1024;

/// One session.
pub(super) struct Conversation {
    names: Names,
    rate: u32,
    patience: Option<Duration>,
    medium: Medium,
    /// Samples since the last commit.
    buffered: usize,
    made: u32,
    /// The item that the person speaks into.
    item: u32,
    /// Whether the tools of the script were asked for.
    has_asked: bool,
    /// The id of the answer that is being spoken.
    running: Option<String>,
    /// Milliseconds of sound in the last answer.
    length_ms: u64,
}

impl Conversation {
    pub(super) fn openai() -> Self {
        Self {
            names: Names::Current,
            rate: 24_000,
            // What a server does that was told nothing.
            patience: Some(PATIENCE),
            medium: Medium::Sound,
            buffered: 0,
            made: 0,
            item: 0,
            has_asked: false,
            running: None,
            length_ms: 0,
        }
    }

    pub(super) fn older() -> Self {
        Self { names: Names::Older, ..Self::openai() }
    }

    pub(super) fn dashscope() -> Self {
        Self { names: Names::Qwen, rate: 16_000, ..Self::openai() }
    }

    /// Only what is said about the session changes.
    fn update(&mut self, session: &Value, out: &mut Out) {
        let detection = ["/audio/input/turn_detection", "/turn_detection"].iter().find_map(|at| session.pointer(at));
        if let Some(detection) = detection {
            let silence = detection["silence_duration_ms"].as_u64().map_or(PATIENCE, Duration::from_millis);
            self.patience = detection["type"].is_string().then_some(silence);
        }
        let modalities = session["output_modalities"].as_array().or_else(|| session["modalities"].as_array());
        if let Some(modalities) = modalities {
            self.medium = if modalities.contains(&json!("audio")) { Medium::Sound } else { Medium::Words };
        }
        out.now.push_back(json!({"type": "session.updated", "session": session}));
    }

    fn answer(&mut self, script: &VoiceScript, event_id: &Value, out: &mut Out) {
        if self.running.is_some() {
            let code = "conversation_already_has_active_response";
            return out.now.push_back(error("invalid_request_error", code, event_id.clone()));
        }
        self.made += 1;
        let response = format!("resp_{}", self.made);
        if script.calls.is_empty() || std::mem::replace(&mut self.has_asked, true) {
            self.names.answer(&response, &format!("item_a{}", self.made), self.medium, script, out);
            self.length_ms = script.sound.len() as u64 / 24;
        } else {
            self.names.calls(&response, &script.calls, out);
        }
        self.running = Some(response);
    }

    fn commit(&mut self, script: &VoiceScript, event_id: &Value, out: &mut Out) -> Taken {
        let least = self.rate as usize * LEAST_MS / 1_000;
        if std::mem::take(&mut self.buffered) < least {
            let code = "input_audio_buffer_commit_empty";
            out.now.push_back(error("invalid_request_error", code, event_id.clone()));
            return Taken::Cleared;
        }
        out.now.extend(self.names.committed(&format!("item_u{}", self.item), &script.question));
        self.item += 1;
        Taken::TurnGiven
    }

    fn stop(&mut self, reason: &str, out: &mut Out) -> bool {
        let Some(response) = self.running.take() else { return false };
        out.answer.clear();
        out.now.push_back(self.names.stopped(&response, reason));
        true
    }

    fn picture(&self, frame: &Value, out: &mut Out) {
        let size = frame["image"].as_str().map_or(0, str::len);
        let message = match (self.buffered, size) {
            (0, _) => "Error append image before append audio.",
            (_, size) if size > LARGEST_PICTURE => "the image is too large",
            _ => return,
        };
        let mut refusal = error("invalid_request_error", "invalid_value", frame["event_id"].clone());
        refusal["error"]["message"] = json!(message);
        out.now.push_back(refusal);
    }
}

impl Speaker for Conversation {
    fn hello(&mut self) -> Vec<Value> {
        vec![
            json!({"type": "session.created", "event_id": "event_1", "session": {"id": "sess_1", "object": "realtime.session"}}),
        ]
    }

    fn take(&mut self, frame: &Value, script: &VoiceScript, out: &mut Out) -> Taken {
        match frame["type"].as_str().unwrap_or_default() {
            "session.update" => self.update(&frame["session"], out),
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
            "input_image_buffer.append" if self.names == Names::Qwen => self.picture(frame, out),
            "conversation.item.create" => {
                let mut item = frame["item"].clone();
                item["id"] = json!(format!("item_c{}", self.item));
                self.item += 1;
                out.now.extend(self.names.item(&item));
            }
            "response.create" => self.answer(script, &frame["event_id"], out),
            "response.cancel" => {
                if !self.stop("client_cancelled", out) {
                    let code = "response_cancel_not_active";
                    out.now.push_back(error("invalid_request_error", code, frame["event_id"].clone()));
                }
            }
            "conversation.item.truncate" if self.names != Names::Qwen => {
                let ms = frame["audio_end_ms"].as_u64().unwrap_or(0);
                out.now.push_back(if ms == 0 || ms > self.length_ms {
                    error("invalid_request_error", "invalid_value", frame["event_id"].clone())
                } else {
                    json!({"type": "conversation.item.truncated", "item_id": frame["item_id"], "content_index": 0,
                        "audio_end_ms": ms})
                });
            }
            "conversation.item.delete" => {
                out.now.push_back(json!({"type": "conversation.item.deleted", "item_id": frame["item_id"]}));
            }
            "session.finish" if self.names == Names::Qwen => out.now.push_back(json!({"type": "session.finished"})),
            _ => out.now.push_back(error("invalid_request_error", "unknown_event", frame["event_id"].clone())),
        }
        Taken::Other
    }

    fn rate(&self) -> u32 {
        self.rate
    }

    fn patience(&self) -> Option<Duration> {
        self.patience
    }

    fn speech_began(&mut self, out: &mut Out) {
        let item = format!("item_u{}", self.item);
        out.now.push_back(json!({"type": "input_audio_buffer.speech_started", "item_id": item, "audio_start_ms": 0}));
        self.stop("turn_detected", out);
    }

    fn speech_ended(&mut self, script: &VoiceScript, out: &mut Out) {
        let item = format!("item_u{}", self.item);
        self.item += 1;
        self.buffered = 0;
        out.now.push_back(json!({"type": "input_audio_buffer.speech_stopped", "item_id": item, "audio_end_ms": 0}));
        out.now.extend(self.names.committed(&item, &script.question));
        self.answer(script, &Value::Null, out);
    }

    fn answer_is_over(&mut self) {
        self.running = None;
    }

    fn fails(&mut self) -> Result<Value, (u16, &'static str)> {
        self.running = None;
        Ok(error("server_error", "server_error", Value::Null))
    }

    fn expires(&self) -> Vec<Value> {
        let mut expired = error("invalid_request_error", "session_expired", Value::Null);
        expired["error"]["message"] = json!("Your session hit the maximum duration of 60 minutes.");
        vec![expired]
    }

    fn goes_away(&self, _left: Duration) -> Option<Value> {
        None
    }

    fn speaks_bytes(&self) -> bool {
        false
    }
}
