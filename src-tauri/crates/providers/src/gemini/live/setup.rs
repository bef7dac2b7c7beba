//! The `setup` of a session. Pure.

use parlance_core::realtime::{Answers, Eagerness, SessionOptions, Transcription, TurnTaking};
use serde_json::{Value, json};

use super::super::request;

/// What differs between the models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ways {
    /// How words of the person's are written.
    pub(super) words: Words,
    /// How an answer in words is asked for.
    pub(super) written: Written,
}

/// How words of the person's are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// As `clientContent`, at any time.
    Content,
    /// As `realtimeInput`; `clientContent` is for what was said before the session.
    Input,
}

/// How an answer in words is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// As the modality of the session.
    Modality,
    /// The model can only speak: its transcript is taken, and its sound left.
    Transcript,
}

impl Ways {
    pub(super) fn of(model: &str) -> Self {
        let is_older = ["gemini-2", "gemini-live-2"].iter().any(|older| bare(model).starts_with(older));
        let speaks_only = !is_older || model.contains("native-audio");
        Self {
            words: if is_older { Words::Content } else { Words::Input },
            written: if speaks_only { Written::Transcript } else { Written::Modality },
        }
    }
}

/// The name without the list it stands in.
fn bare(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

/// What the session is told first.
pub(super) fn json(model: &str, ways: Ways, options: &SessionOptions) -> Value {
    let modality = match (options.answers, ways.written) {
        (Answers::Written, Written::Modality) => "TEXT",
        (Answers::Spoken, _) | (_, Written::Transcript) => "AUDIO",
    };
    let mut setup = json!({
        "model": format!("models/{}", bare(model)),
        "generationConfig": {"responseModalities": [modality]},
        "realtimeInputConfig": {"automaticActivityDetection": detection(options.turns)},
        // Without it a session ends when its window is full, after a quarter of an hour of sound.
        "contextWindowCompression": {"slidingWindow": {}},
        "sessionResumption": {},
    });
    if options.transcription == Transcription::On {
        setup["inputAudioTranscription"] = json!({});
    }
    if modality == "AUDIO" {
        setup["outputAudioTranscription"] = json!({});
    }
    if !options.instructions.is_empty() {
        setup["systemInstruction"] = json!({"parts": [{"text": options.instructions}]});
    }
    if let Some(voice) = &options.voice {
        setup["generationConfig"]["speechConfig"] =
            json!({"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}}});
    }
    if !options.tools.is_empty() {
        let declared: Vec<Value> = options.tools.iter().map(request::declaration).collect();
        setup["tools"] = json!([{ "functionDeclarations": declared }]);
    }
    match &options.resume {
        Some(handle) => setup["sessionResumption"] = json!({"handle": handle.0}),
        None if ways.words == Words::Input && !options.history.is_empty() => {
            setup["historyConfig"] = json!({"initialHistoryInClientContent": true});
        }
        None => {}
    }
    setup
}

/// Who ends the person's turns. It listens for silence only; how eagerly can be said.
fn detection(turns: TurnTaking) -> Value {
    match turns {
        TurnTaking::Manual => json!({"disabled": true}),
        TurnTaking::Silence(silence) => {
            json!({"disabled": false, "silenceDurationMs": u64::try_from(silence.as_millis()).unwrap_or(u64::MAX)})
        }
        TurnTaking::Meaning(Eagerness::Low) => {
            json!({"disabled": false, "endOfSpeechSensitivity": "END_SENSITIVITY_LOW"})
        }
        TurnTaking::Meaning(Eagerness::Auto) => json!({"disabled": false}),
        TurnTaking::Meaning(Eagerness::High) => {
            json!({"disabled": false, "endOfSpeechSensitivity": "END_SENSITIVITY_HIGH"})
        }
    }
}
