//! The `session` of `session.update`: what a session is told about itself, in each server's layout. Pure.

use std::time::Duration;

use parlance_core::chat::FunctionSpec;
use parlance_core::realtime::{Answers, Eagerness, SessionOptions, Transcription, TurnDetection, TurnTaking};
use serde_json::{Map, Value, json};

use super::manners::{Layout, Manners};

/// DashScope takes silences between these.
const QWEN_SILENCE_MS: std::ops::RangeInclusive<u64> = 200..=6_000;

/// When the session is told about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before anything else: what is not said stays the server's choice.
    Opening,
    /// Later: what was said before must be taken back, too. The voice can no longer be changed once it was heard.
    Later {
        /// Whether it was.
        voice_was_heard: bool,
    },
}

/// A session as its server wants to be told.
pub(super) fn json(manners: &Manners, options: &SessionOptions, moment: Moment) -> Value {
    let mut session = match manners.layout {
        Layout::Current => json!({
            "type": "realtime",
            "output_modalities": [if options.answers == Answers::Spoken { "audio" } else { "text" }],
            "audio": {"input": input(manners, options), "output": {"format": pcm(manners.output_rate.hz())}},
        }),
        Layout::Grok => {
            let mut input = input(manners, options);
            let turns = input.as_object_mut().and_then(|input| input.remove("turn_detection"));
            json!({
                "turn_detection": turns,
                "audio": {"input": input, "output": {"format": pcm(manners.output_rate.hz())}},
            })
        }
        Layout::Flat | Layout::Qwen => flat(manners, options),
    };
    let is_later = moment != Moment::Opening;
    if is_later || !options.instructions.is_empty() {
        session["instructions"] = json!(options.instructions);
    }
    if manners.calls && (is_later || !options.tools.is_empty()) {
        session["tools"] = options.tools.iter().map(|tool| function(manners.layout, tool)).collect();
    }
    match (&options.voice, moment) {
        (None, _) | (_, Moment::Later { voice_was_heard: true }) => {}
        (Some(voice), _) => match manners.layout {
            Layout::Current => session["audio"]["output"]["voice"] = json!(voice),
            Layout::Flat | Layout::Grok | Layout::Qwen => session["voice"] = json!(voice),
        },
    }
    session
}

fn input(manners: &Manners, options: &SessionOptions) -> Value {
    json!({
        "format": pcm(manners.input_rate.hz()),
        "transcription": transcription(manners, options),
        "turn_detection": turn_detection(manners, options.turns),
    })
}

fn flat(manners: &Manners, options: &SessionOptions) -> Value {
    let format = if manners.layout == Layout::Qwen { "pcm" } else { "pcm16" };
    json!({
        "modalities": if options.answers == Answers::Spoken { json!(["text", "audio"]) } else { json!(["text"]) },
        "input_audio_format": format,
        "output_audio_format": format,
        "input_audio_transcription": transcription(manners, options),
        "turn_detection": turn_detection(manners, options.turns),
    })
}

fn pcm(hz: u32) -> Value {
    json!({"type": "audio/pcm", "rate": hz})
}

fn transcription(manners: &Manners, options: &SessionOptions) -> Value {
    match options.transcription {
        Transcription::On => json!({"model": manners.transcriber}),
        Transcription::Off => Value::Null,
    }
}

/// Who ends the person's turns. A server that cannot listen to the meaning listens for silence.
fn turn_detection(manners: &Manners, turns: TurnTaking) -> Value {
    let mut detection = match turns {
        // This one knows no null.
        TurnTaking::Manual if manners.layout == Layout::Grok => return json!({"type": null}),
        TurnTaking::Manual => return Value::Null,
        TurnTaking::Silence(silence) => {
            json!({"type": "server_vad", "silence_duration_ms": silence_ms(manners, silence)})
        }
        TurnTaking::Meaning(_) if manners.turns < TurnDetection::Meaning => json!({"type": "server_vad"}),
        TurnTaking::Meaning(_) if manners.layout == Layout::Qwen => json!({"type": "semantic_vad"}),
        TurnTaking::Meaning(eagerness) => json!({"type": "semantic_vad", "eagerness": word(eagerness)}),
    };
    detection["create_response"] = json!(true);
    detection["interrupt_response"] = json!(true);
    detection
}

fn silence_ms(manners: &Manners, silence: Duration) -> u64 {
    let ms = u64::try_from(silence.as_millis()).unwrap_or(u64::MAX);
    match manners.layout {
        Layout::Qwen => ms.clamp(*QWEN_SILENCE_MS.start(), *QWEN_SILENCE_MS.end()),
        Layout::Current | Layout::Flat | Layout::Grok => ms,
    }
}

fn word(eagerness: Eagerness) -> &'static str {
    match eagerness {
        Eagerness::Low => "low",
        Eagerness::Auto => "auto",
        Eagerness::High => "high",
    }
}

/// A tool. Fields of other protocols such as `strict` are left out: they are refused here.
fn function(layout: Layout, tool: &FunctionSpec) -> Value {
    let mut function = Map::from_iter([("name".to_owned(), json!(tool.name))]);
    if let Some(description) = &tool.description {
        function.insert("description".into(), json!(description));
    }
    let nothing = || json!({"type": "object", "properties": {}});
    function.insert("parameters".into(), tool.parameters.clone().unwrap_or_else(nothing));
    match layout {
        Layout::Qwen => json!({"type": "function", "function": function}),
        Layout::Current | Layout::Flat | Layout::Grok => {
            function.insert("type".into(), json!("function"));
            Value::Object(function)
        }
    }
}
