//! What is sent, frame by frame. Pure.

use parlance_core::AudioChunk;
use parlance_core::realtime::{CallResult, Remembered, Side, TurnId};
use serde_json::{Value, json};

use super::manners::Layout;
use crate::history;
use crate::realtime::pcm;

/// The id of a frame, by which the server says what an error is about.
fn event_id(what: &str, turn: TurnId) -> String {
    format!("{what}-{}", turn.0)
}

/// Written by hand: it is sent fifty times a second, and base64 needs no escapes.
pub(super) fn appended(chunk: &AudioChunk) -> String {
    format!(r#"{{"type":"input_audio_buffer.append","audio":"{}"}}"#, pcm::encode(chunk))
}

/// The sound so far is forgotten.
pub(super) fn clear() -> String {
    json!({"type": "input_audio_buffer.clear"}).to_string()
}

/// No more of this answer.
pub(super) fn cancel(response: &str) -> String {
    json!({"type": "response.cancel", "response_id": response}).to_string()
}

/// A message of the person's.
fn message(content: Value, event_id: Option<&str>) -> String {
    let item = json!({"type": "message", "role": "user", "content": [content]});
    let mut frame = json!({"type": "conversation.item.create", "item": item});
    if let Some(event_id) = event_id {
        frame["event_id"] = json!(event_id);
    }
    frame.to_string()
}

/// What came of a tool.
pub(super) fn result(result: &CallResult) -> String {
    let output = history::result_text(&result.output);
    let item = json!({"type": "function_call_output", "call_id": result.id, "output": output});
    json!({"type": "conversation.item.create", "item": item}).to_string()
}

/// A message of before. Sound of before cannot be told again, so it is told in words.
pub(super) fn remembered(layout: Layout, said: &Remembered) -> String {
    match said.by {
        Side::Person => words(&said.text),
        Side::Model => {
            let kind = match layout {
                Layout::Current | Layout::Grok => "output_text",
                Layout::Flat | Layout::Qwen => "text",
            };
            let item = json!({"type": "message", "role": "assistant", "content": [{"type": kind, "text": said.text}]});
            json!({"type": "conversation.item.create", "item": item}).to_string()
        }
    }
}

/// Words of the person's.
pub(super) fn words(text: &str) -> String {
    message(json!({"type": "input_text", "text": text}), None)
}

/// A picture of the person's, as a message.
pub(super) fn picture(event_id: &str, media_type: &str, base64: &str) -> String {
    let url = format!("data:{media_type};base64,{base64}");
    message(json!({"type": "input_image", "image_url": url}), Some(event_id))
}

/// A picture beside the sound.
pub(super) fn picture_beside(event_id: &str, base64: &str) -> String {
    json!({"type": "input_image_buffer.append", "event_id": event_id, "image": base64}).to_string()
}

/// The session, at the beginning or changed.
pub(super) fn update(session: &Value, event_id: Option<&str>) -> String {
    let mut frame = json!({"type": "session.update", "session": session});
    if let Some(event_id) = event_id {
        frame["event_id"] = json!(event_id);
    }
    frame.to_string()
}

/// The end of a turn.
pub(super) fn commit(turn: TurnId) -> String {
    json!({"type": "input_audio_buffer.commit", "event_id": event_id("commit", turn)}).to_string()
}

/// A question for the answer to a turn.
pub(super) fn respond(turn: TurnId) -> String {
    json!({"type": "response.create", "event_id": event_id("respond", turn)}).to_string()
}
