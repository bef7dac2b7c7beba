//! DashScope's protocols of speech over a socket: Qwen's buffer of text, and CosyVoice's tasks. Both speak a sentence as soon as
//! it is written, and count what they have spoken.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{bytes, characters, sound};
use crate::voice::{VoiceFault, VoiceScript};

/// Bytes of a piece of sound: 100 ms, and half a sample.
const PIECE_BYTES: usize = 4_801;

/// Whether a socket at this path speaks: CosyVoice's, and Qwen's for models that do.
pub(crate) fn is_asked(path: &str) -> bool {
    path.contains("/api-ws/v1/inference") || (path.contains("/api-ws/v1/realtime") && path.contains("tts"))
}

/// One connection, until either side is done. `note` is told every frame of the client's.
pub(crate) async fn speak(
    mut socket: WebSocketStream<TcpStream>,
    path: &str,
    script: VoiceScript,
    note: impl Fn(Value),
) {
    let mut mouth = if path.contains("inference") { Mouth::task() } else { Mouth::buffer() };
    if script.fault != Some(VoiceFault::Mute) && mouth.kind == Kind::Buffer {
        mouth.out.push_back(Said::event(json!({"type": "session.created", "session": {"id": "sess_1"}})));
    }
    let mut next_piece = Instant::now();
    loop {
        let is_piece = mouth.out.front().is_some_and(|said| said.is_sound);
        tokio::select! {
            biased;
            frame = socket.next() => {
                let Some(Ok(frame)) = frame else { return };
                let Message::Text(text) = frame else { continue };
                let Ok(frame) = serde_json::from_str::<Value>(&text) else { return };
                note(frame.clone());
                if script.fault != Some(VoiceFault::Mute) {
                    mouth.take(&frame, &script);
                }
            }
            () = sleep_until(if is_piece { next_piece } else { Instant::now() }), if !mouth.out.is_empty() => {
                match script.fault {
                    Some(VoiceFault::CutAfter(pieces)) if is_piece && mouth.spoken == pieces => return,
                    Some(VoiceFault::StallAfter(pieces)) if is_piece && mouth.spoken == pieces => {
                        mouth.out.clear();
                        mouth.is_over = false;
                        continue;
                    }
                    Some(VoiceFault::Malformed(frames)) if mouth.spoken == 1 && !mouth.has_erred => {
                        mouth.has_erred = true;
                        for _ in 0..frames {
                            let _ = socket.send(Message::text("{\"type\":")).await;
                        }
                    }
                    Some(VoiceFault::Unknown) if mouth.spoken == 1 && !mouth.has_erred => {
                        mouth.has_erred = true;
                        let unknown = json!({"type": "something.new", "delta": 1, "header": {"event": "something-new"}});
                        let _ = socket.send(Message::text(unknown.to_string())).await;
                    }
                    _ => {}
                }
                let Some(said) = mouth.out.pop_front() else { continue };
                if is_piece {
                    mouth.spoken += 1;
                    next_piece = Instant::now() + script.pace;
                }
                if socket.send(said.message).await.is_err() {
                    return;
                }
                if mouth.is_over && mouth.out.is_empty() {
                    let _ = socket.close(None).await;
                    // Whoever hangs up waits for the other's goodbye, or the last words may be lost.
                    while let Some(Ok(_)) = socket.next().await {}
                    return;
                }
            }
            // A socket that has nothing to say waits; this keeps the branch above from spinning.
            () = sleep(std::time::Duration::from_secs(3_600)), if mouth.out.is_empty() => {}
        }
    }
}

/// A frame that waits to be said.
struct Said {
    message: Message,
    is_sound: bool,
}

impl Said {
    fn event(event: Value) -> Self {
        Self { message: Message::text(event.to_string()), is_sound: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Qwen's.
    Buffer,
    /// CosyVoice's.
    Task,
}

struct Mouth {
    kind: Kind,
    out: VecDeque<Said>,
    /// What was written and is not spoken yet.
    buffer: String,
    /// Whether sentences are spoken as they are whole, or only when the client says so.
    by_itself: bool,
    /// The task that runs.
    task: Option<String>,
    /// Characters that were spoken.
    counted: u64,
    /// Pieces that were said.
    spoken: usize,
    answers: usize,
    has_erred: bool,
    /// After what waits to be said it hangs up.
    is_over: bool,
}

impl Mouth {
    fn buffer() -> Self {
        Self {
            kind: Kind::Buffer,
            out: VecDeque::new(),
            buffer: String::new(),
            by_itself: true,
            task: None,
            counted: 0,
            spoken: 0,
            answers: 0,
            has_erred: false,
            is_over: false,
        }
    }

    fn task() -> Self {
        Self { kind: Kind::Task, ..Self::buffer() }
    }

    fn say(&mut self, event: Value) {
        self.out.push_back(Said::event(event));
    }

    fn take(&mut self, frame: &Value, script: &VoiceScript) {
        match self.kind {
            Kind::Buffer => self.take_event(frame, script),
            Kind::Task => self.take_action(frame, script),
        }
    }

    fn take_event(&mut self, frame: &Value, script: &VoiceScript) {
        match frame["type"].as_str().unwrap_or_default() {
            "session.update" => {
                self.by_itself = frame["session"]["mode"] != "commit";
                self.say(json!({"type": "session.updated", "session": frame["session"]}));
            }
            "input_text_buffer.append" => {
                self.buffer.push_str(frame["text"].as_str().unwrap_or_default());
                if self.by_itself {
                    self.speak_sentences(script);
                }
            }
            "input_text_buffer.commit" if self.buffer.is_empty() => {
                let error = json!({"type": "invalid_request_error", "code": "invalid_value", "message": "Error committing input text buffer: buffer is empty.", "event_id": frame["event_id"]});
                self.say(json!({"type": "error", "error": error}));
            }
            "input_text_buffer.commit" => {
                self.say(json!({"type": "input_text_buffer.committed", "item_id": "item_1"}));
                self.speak_rest(script);
            }
            "input_text_buffer.clear" => {
                self.buffer.clear();
                self.say(json!({"type": "input_text_buffer.cleared"}));
            }
            "response.cancel" => self.out.clear(),
            "session.finish" => {
                self.speak_rest(script);
                self.say(json!({"type": "session.finished"}));
                self.is_over = true;
            }
            other => {
                let error = json!({"type": "invalid_request_error", "code": "invalid_value", "message": format!("Invalid value: '{other}'.")});
                self.say(json!({"type": "error", "error": error}));
            }
        }
    }

    fn take_action(&mut self, frame: &Value, script: &VoiceScript) {
        let task = frame["header"]["task_id"].as_str().unwrap_or_default().to_owned();
        let input = &frame["payload"]["input"];
        match frame["header"]["action"].as_str().unwrap_or_default() {
            "run-task" => {
                self.task = Some(task);
                self.tell("task-started", json!({}));
            }
            _ if self.task.as_deref() != Some(&task) => {
                self.task = Some(task);
                self.fail("InvalidParameter", "task can not be null");
            }
            "continue-task" => {
                self.buffer.push_str(input["text"].as_str().unwrap_or_default());
                if input["flush"] == true { self.speak_rest(script) } else { self.speak_sentences(script) }
            }
            "finish-task" if input["directive"] == "cancel" => {
                self.out.clear();
                self.end_task();
            }
            "finish-task" => {
                self.speak_rest(script);
                self.end_task();
            }
            other => self.fail("InvalidParameter", &format!("no such action: {other}")),
        }
    }

    fn tell(&mut self, event: &str, payload: Value) {
        let header = json!({"task_id": self.task, "event": event, "attributes": {}});
        self.say(json!({"header": header, "payload": payload}));
    }

    fn fail(&mut self, code: &str, message: &str) {
        let header = json!({"task_id": self.task, "event": "task-failed", "error_code": code, "error_message": message, "attributes": {}});
        self.say(json!({"header": header, "payload": {}}));
        self.is_over = true;
    }

    /// The socket stays: another task may follow.
    fn end_task(&mut self) {
        self.tell("task-finished", json!({"output": {}, "usage": {"characters": self.counted}}));
    }

    fn speak_sentences(&mut self, script: &VoiceScript) {
        while let Some(end) = self.buffer.find(['.', '!', '?', '。', '！', '？']) {
            let end = end + self.buffer[end..].chars().next().map_or(0, char::len_utf8);
            let rest = self.buffer.split_off(end);
            let sentence = std::mem::replace(&mut self.buffer, rest);
            self.answer(&sentence, script);
        }
    }

    fn speak_rest(&mut self, script: &VoiceScript) {
        let rest = std::mem::take(&mut self.buffer);
        if !rest.is_empty() {
            self.answer(&rest, script);
        }
    }

    /// Speaks a piece of the text.
    fn answer(&mut self, words: &str, script: &VoiceScript) {
        if script.fault == Some(VoiceFault::Fails) {
            return match self.kind {
                Kind::Buffer => {
                    let error =
                        json!({"type": "server_error", "code": "InternalError", "message": "the script says so"});
                    self.say(json!({"type": "error", "error": error}));
                }
                Kind::Task => self.fail("InternalError", "the script says so"),
            };
        }
        self.answers += 1;
        let id = format!("resp_{}", self.answers);
        let sound = bytes(&sound(words));
        let cost = characters(words);
        self.counted += cost;
        if self.kind == Kind::Task {
            let pieces = sound
                .chunks(PIECE_BYTES)
                .map(|piece| Said { message: Message::binary(piece.to_vec()), is_sound: true });
            self.out.extend(pieces);
            let output = json!({"sentence": {"index": self.answers - 1, "words": []}});
            return self.tell("result-generated", json!({"output": output, "usage": {"characters": self.counted}}));
        }
        let about = |kind: &str| json!({"type": kind, "response_id": id, "item_id": "item_1", "output_index": 0, "content_index": 0});
        self.say(json!({"type": "response.created", "response": {"id": id, "status": "in_progress"}}));
        self.say(about("response.output_item.added"));
        self.say(about("response.content_part.added"));
        for piece in sound.chunks(PIECE_BYTES) {
            let mut event = about("response.audio.delta");
            event["delta"] = json!(BASE64.encode(piece));
            self.out.push_back(Said { message: Message::text(event.to_string()), is_sound: true });
        }
        for kind in ["response.audio.done", "response.content_part.done", "response.output_item.done"] {
            self.say(about(kind));
        }
        let usage = json!({"characters": cost});
        self.say(json!({"type": "response.done", "response": {"id": id, "status": "completed", "usage": usage}}));
    }
}
