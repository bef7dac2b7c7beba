//! Gemini's Live API.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Out, Speaker, Taken, VoiceScript, pieces, samples};

/// What a server waits for that was not told how long.
const PATIENCE: Duration = Duration::from_millis(500);

/// One session.
pub(super) struct Live {
    /// Which connection it is, for handles.
    connection: usize,
    is_active: bool,
    patience: Option<Duration>,
    has_sound: bool,
    /// Whether the session can be gone on with.
    resumes: bool,
    /// Whether answers are words alone.
    writes: bool,
    turns: u32,
    /// The calls whose results are awaited.
    calls: Vec<String>,
    has_asked: bool,
}

impl Live {
    pub(super) fn new(connection: usize) -> Self {
        Self {
            connection,
            is_active: false,
            patience: Some(PATIENCE),
            has_sound: false,
            resumes: false,
            writes: false,
            turns: 0,
            calls: Vec::new(),
            has_asked: false,
        }
    }

    fn set_up(&mut self, setup: &Value, out: &mut Out) {
        let detection = &setup["realtimeInputConfig"]["automaticActivityDetection"];
        let silence = detection["silenceDurationMs"].as_u64().map_or(PATIENCE, Duration::from_millis);
        self.patience = (detection["disabled"] != true).then_some(silence);
        self.resumes = setup["sessionResumption"].is_object();
        self.writes = setup["generationConfig"]["responseModalities"] == json!(["TEXT"]);
        out.now.push_back(json!({"setupComplete": {"sessionId": "s1"}}));
        self.resumable(&mut out.now);
    }

    fn resumable(&self, frames: &mut std::collections::VecDeque<Value>) {
        if self.resumes {
            let handle = format!("handle-{}-{}", self.connection, self.turns);
            frames.push_back(json!({"sessionResumptionUpdate": {"newHandle": handle, "resumable": true}}));
        }
    }

    fn interrupt(&mut self, out: &mut Out) {
        if !self.calls.is_empty() {
            out.now.push_back(json!({"toolCallCancellation": {"ids": std::mem::take(&mut self.calls)}}));
        }
        if !out.answer.is_empty() {
            out.answer.clear();
            out.now.push_back(json!({"serverContent": {"interrupted": true}}));
            out.now.push_back(json!({"serverContent": {"turnComplete": true}, "usageMetadata": usage()}));
        }
    }

    /// The turn is given: it is answered, or its tools are asked for.
    fn answer(&mut self, script: &VoiceScript, out: &mut Out) {
        if !script.calls.is_empty() && !std::mem::replace(&mut self.has_asked, true) {
            let calls: Vec<Value> = script
                .calls
                .iter()
                .map(|call| json!({"id": call.id, "name": call.name, "args": call.arguments}))
                .collect();
            self.calls = script.calls.iter().map(|call| call.id.clone()).collect();
            out.now.push_back(json!({"toolCall": {"functionCalls": calls}}));
            return;
        }
        self.speak(script, out);
    }

    fn speak(&mut self, script: &VoiceScript, out: &mut Out) {
        let mut words = script.answer.split_inclusive(' ');
        if self.writes {
            for word in words {
                out.answer.push_back(json!({"serverContent": {"modelTurn": {"parts": [{ "text": word }]}}}));
            }
        } else {
            for piece in pieces(&script.sound) {
                let mut content = json!({"modelTurn": {"parts":
                    [{"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": piece}}]}});
                if let Some(word) = words.next() {
                    content["outputTranscription"] = json!({ "text": word });
                }
                out.answer.push_back(json!({ "serverContent": content }));
            }
            let rest: String = words.collect();
            if !rest.is_empty() {
                out.answer.push_back(json!({"serverContent": {"outputTranscription": {"text": rest}}}));
            }
        }
        self.turns += 1;
        out.answer.push_back(json!({"serverContent": {"generationComplete": true}}));
        out.answer.push_back(json!({"serverContent": {"turnComplete": true}, "usageMetadata": usage()}));
        self.resumable(&mut out.answer);
    }

    fn said(&self, script: &VoiceScript, out: &mut Out) {
        out.now.push_back(json!({"serverContent": {"inputTranscription": {"text": script.question}}}));
    }

    /// What is said beside sound.
    fn input(&mut self, input: &Value, script: &VoiceScript, out: &mut Out) -> Taken {
        if let Some(base64) = input["audio"]["data"].as_str() {
            self.has_sound = true;
            return Taken::Sound(samples(base64));
        }
        if input["activityStart"].is_object() {
            self.is_active = true;
            self.interrupt(out);
            return Taken::Cleared;
        }
        let is_the_end = input["activityEnd"].is_object() && std::mem::take(&mut self.is_active);
        let is_closed = input["audioStreamEnd"] == true && std::mem::take(&mut self.has_sound);
        if is_the_end || is_closed {
            self.has_sound = false;
            self.said(script, out);
            self.answer(script, out);
            return Taken::TurnGiven;
        }
        if input["text"].is_string() && !self.is_active {
            self.interrupt(out);
            self.answer(script, out);
        }
        Taken::Other
    }
}

impl Speaker for Live {
    fn hello(&mut self) -> Vec<Value> {
        Vec::new()
    }

    fn take(&mut self, frame: &Value, script: &VoiceScript, out: &mut Out) -> Taken {
        // The vendor's own client mixes both spellings, and its servers take both.
        let frame = camel(frame.clone());
        if frame["setup"].is_object() {
            self.set_up(&frame["setup"], out);
        } else if frame["realtimeInput"].is_object() {
            return self.input(&frame["realtimeInput"], script, out);
        } else if frame["clientContent"].is_object() {
            let is_history = frame["clientContent"]["turns"]
                .as_array()
                .and_then(|turns| turns.last())
                .is_none_or(|turn| turn["role"] == "model");
            if frame["clientContent"]["turnComplete"] == true && !is_history {
                self.interrupt(out);
                self.answer(script, out);
            }
        } else if let Some(results) = frame["toolResponse"]["functionResponses"].as_array() {
            self.calls.retain(|call| !results.iter().any(|result| result["id"] == call.as_str()));
            if self.calls.is_empty() {
                self.speak(script, out);
            }
        }
        Taken::Other
    }

    fn rate(&self) -> u32 {
        16_000
    }

    fn patience(&self) -> Option<Duration> {
        self.patience
    }

    fn speech_began(&mut self, out: &mut Out) {
        self.interrupt(out);
    }

    fn speech_ended(&mut self, script: &VoiceScript, out: &mut Out) {
        self.has_sound = false;
        self.said(script, out);
        self.answer(script, out);
    }

    fn fails(&mut self) -> Result<Value, (u16, &'static str)> {
        Err((1011, "Internal error encountered."))
    }

    fn expires(&self) -> Vec<Value> {
        Vec::new()
    }

    fn goes_away(&self, left: Duration) -> Option<Value> {
        Some(json!({"goAway": {"timeLeft": format!("{}s", left.as_secs_f64())}}))
    }

    fn speaks_bytes(&self) -> bool {
        true
    }
}

fn usage() -> Value {
    json!({"promptTokenCount": 10, "responseTokenCount": 20, "totalTokenCount": 30,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 4}, {"modality": "AUDIO", "tokenCount": 6}],
        "responseTokensDetails": [{"modality": "TEXT", "tokenCount": 8}, {"modality": "AUDIO", "tokenCount": 12}]})
}

/// The same with all names in camelCase.
fn camel(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields.into_iter().map(|(name, value)| (camel_name(&name), camel(value))).collect::<Map<_, _>>(),
        ),
        Value::Array(list) => list.into_iter().map(camel).collect(),
        other => other,
    }
}

fn camel_name(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}
