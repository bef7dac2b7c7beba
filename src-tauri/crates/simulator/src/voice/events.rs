//! The events of OpenAI's realtime words, in each generation's names.

use serde_json::{Value, json};

use super::script::{VoiceCall, VoiceScript};
use super::{Out, pieces};

/// Whose names are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// OpenAI's of today.
    Current,
    /// OpenAI's before that.
    Older,
    /// DashScope's: the older ones with some of its own.
    Qwen,
}

/// What an answer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    Sound,
    Words,
}

impl Names {
    /// An item is there; today it is said twice.
    pub(super) fn item(self, item: &Value) -> Vec<Value> {
        std::iter::once(self.item_begun(item)).chain(self.item_ended(item)).collect()
    }

    fn item_begun(self, item: &Value) -> Value {
        let name = if self == Self::Current { "added" } else { "created" };
        json!({"type": format!("conversation.item.{name}"), "item": item})
    }

    fn item_ended(self, item: &Value) -> Option<Value> {
        (self == Self::Current).then(|| json!({"type": "conversation.item.done", "item": item}))
    }

    /// The turn was taken, and these were its words.
    pub(super) fn committed(self, item: &str, words: &str) -> Vec<Value> {
        let transcription = "conversation.item.input_audio_transcription";
        let mut events = vec![json!({"type": "input_audio_buffer.committed", "item_id": item})];
        events.extend(self.item(&json!({"id": item, "type": "message", "role": "user",
            "content": [{"type": "input_audio", "transcript": null}]})));
        events.push(match self {
            Self::Current | Self::Older => {
                json!({"type": format!("{transcription}.delta"), "item_id": item, "content_index": 0, "delta": words})
            }
            Self::Qwen => json!({"type": format!("{transcription}.delta"), "item_id": item, "content_index": 0,
                "text": "", "stash": words}),
        });
        events.push(json!({"type": format!("{transcription}.completed"), "item_id": item, "content_index": 0,
            "transcript": words}));
        events
    }

    /// An answer that asks for tools.
    pub(super) fn calls(self, response: &str, calls: &[VoiceCall], out: &mut Out) {
        out.now.push_back(self.created(response));
        let mut output = Vec::new();
        for (at, call) in calls.iter().enumerate() {
            let (item, arguments) = (format!("item_f{response}{at}"), call.arguments.to_string());
            let whole = json!({"id": item, "object": "realtime.item", "type": "function_call", "status": "completed",
                "call_id": call.id, "name": call.name, "arguments": arguments});
            let mut begun = whole.clone();
            begun["arguments"] = json!("");
            let of = |kind: &str, fields: Value| {
                with(
                    json!({"type": format!("response.function_call_arguments.{kind}"), "response_id": response,
                    "item_id": item, "output_index": at, "call_id": call.id}),
                    fields,
                )
            };
            out.answer.push_back(json!({"type": "response.output_item.added", "response_id": response,
                "output_index": at, "item": begun}));
            out.answer.push_back(self.item_begun(&begun));
            let middle = arguments.floor_char_boundary(arguments.len() / 2);
            for half in [&arguments[..middle], &arguments[middle..]] {
                out.answer.push_back(of("delta", json!({ "delta": half })));
            }
            out.answer.push_back(of("done", json!({"arguments": arguments, "name": call.name})));
            out.answer.push_back(json!({"type": "response.output_item.done", "response_id": response,
                "output_index": at, "item": whole}));
            out.answer.extend(self.item_ended(&whole));
            output.push(whole);
        }
        self.done(response, &output, out);
    }

    /// An answer in sound, or in words alone.
    pub(super) fn answer(self, response: &str, item: &str, medium: Medium, script: &VoiceScript, out: &mut Out) {
        let name =
            |current: &str, older: &str| if self == Self::Current { current.to_owned() } else { older.to_owned() };
        let audio = name("response.output_audio", "response.audio");
        let words = match medium {
            Medium::Sound => name("response.output_audio_transcript", "response.audio_transcript"),
            Medium::Words => name("response.output_text", "response.text"),
        };
        let of = |kind: String, fields: Value| {
            with(
                json!({"type": kind, "response_id": response, "item_id": item, "output_index": 0, "content_index": 0}),
                fields,
            )
        };
        let message = |status: &str| {
            json!({"id": item, "object": "realtime.item", "type": "message",
            "status": status, "role": "assistant", "content": []})
        };
        out.now.push_back(self.created(response));
        out.now.push_back(json!({"type": "response.output_item.added", "response_id": response, "output_index": 0,
            "item": message("in_progress")}));
        out.now.push_back(self.item_begun(&message("in_progress")));
        let part = if medium == Medium::Sound {
            json!({"type": "audio", "transcript": ""})
        } else {
            json!({"type": "text", "text": ""})
        };
        out.now.push_back(of("response.content_part.added".into(), json!({ "part": part })));
        let mut said = script.answer.split_inclusive(' ');
        for piece in pieces(&script.sound).filter(|_| medium == Medium::Sound) {
            if let Some(word) = said.next() {
                out.answer.push_back(of(format!("{words}.delta"), json!({ "delta": word })));
            }
            out.answer.push_back(of(format!("{audio}.delta"), json!({ "delta": piece })));
        }
        for word in said {
            out.answer.push_back(of(format!("{words}.delta"), json!({ "delta": word })));
        }
        if medium == Medium::Sound {
            out.answer.push_back(of(format!("{audio}.done"), json!({})));
        }
        let whole = if medium == Medium::Sound { "transcript" } else { "text" };
        out.answer.push_back(of(format!("{words}.done"), json!({ whole: script.answer })));
        out.answer.push_back(of("response.content_part.done".into(), json!({ "part": part })));
        out.answer.push_back(json!({"type": "response.output_item.done", "response_id": response, "output_index": 0,
            "item": message("completed")}));
        out.answer.extend(self.item_ended(&message("completed")));
        self.done(response, &[message("completed")], out);
    }

    /// An answer that was stopped. DashScope may only say that its item is done.
    pub(super) fn stopped(self, response: &str, reason: &str) -> Value {
        match self {
            Self::Current | Self::Older => json!({"type": "response.done", "response": {"id": response,
                "object": "realtime.response", "status": "cancelled",
                "status_details": {"type": "cancelled", "reason": reason}, "output": [], "usage": self.usage()}}),
            Self::Qwen => json!({"type": "response.output_item.done", "response_id": response, "output_index": 0,
                "item": {"id": "item", "type": "message", "status": "incomplete", "role": "assistant"}}),
        }
    }

    fn created(self, response: &str) -> Value {
        json!({"type": "response.created", "response":
            {"id": response, "object": "realtime.response", "status": "in_progress", "output": []}})
    }

    fn done(self, response: &str, output: &[Value], out: &mut Out) {
        out.answer.push_back(json!({"type": "response.done", "response": {"id": response,
            "object": "realtime.response", "status": "completed", "output": output, "usage": self.usage()}}));
        if self != Self::Qwen {
            out.answer.push_back(json!({"type": "rate_limits.updated", "rate_limits":
                [{"name": "requests", "limit": 100, "remaining": 99, "reset_seconds": 0.5}]}));
        }
    }

    fn usage(self) -> Value {
        let (heard, spoken) = match self {
            Self::Current | Self::Older => ("input_token_details", "output_token_details"),
            Self::Qwen => ("input_tokens_details", "output_tokens_details"),
        };
        json!({"total_tokens": 30, "input_tokens": 10, "output_tokens": 20,
            heard: {"text_tokens": 4, "audio_tokens": 6, "cached_tokens": 0},
            spoken: {"text_tokens": 8, "audio_tokens": 12}})
    }
}

/// Something is wrong with what was sent, or with the server.
pub(super) fn error(kind: &str, code: &str, event_id: Value) -> Value {
    json!({"type": "error", "error":
        {"type": kind, "code": code, "message": format!("refused: {code}"), "param": null, "event_id": event_id}})
}

fn with(mut event: Value, fields: Value) -> Value {
    if let (Some(event), Value::Object(fields)) = (event.as_object_mut(), fields) {
        event.extend(fields);
    }
    event
}
