//! Gemini's Live API.

use serde_json::{Value, json};

use super::{Out, Speaker, Taken, VoiceScript, pieces, samples};

/// One session.
#[derive(Default)]
pub(super) struct Live {
    is_active: bool,
}

impl Speaker for Live {
    fn hello(&mut self) -> Vec<Value> {
        Vec::new()
    }

    fn take(&mut self, frame: &Value, script: &VoiceScript, out: &mut Out) -> Taken {
        if !frame["setup"].is_null() {
            out.now.push_back(json!({"setupComplete": {"sessionId": "s1"}}));
            return Taken::Other;
        }
        let input = &frame["realtimeInput"];
        if let Some(base64) = input["audio"]["data"].as_str() {
            return Taken::Sound(samples(base64));
        }
        if !input["activityStart"].is_null() {
            self.is_active = true;
            if !out.answer.is_empty() {
                out.answer.clear();
                out.now.push_back(json!({"serverContent": {"interrupted": true}}));
                out.now.push_back(json!({"serverContent": {"turnComplete": true}}));
            }
            return Taken::Other;
        }
        if !input["activityEnd"].is_null() && std::mem::take(&mut self.is_active) {
            out.now.push_back(json!({"serverContent": {"inputTranscription": {"text": script.question}}}));
            let mut words = script.answer.split_inclusive(' ');
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
            out.answer.push_back(json!({"serverContent": {"generationComplete": true}}));
            out.answer.push_back(json!({"serverContent": {"turnComplete": true},
                "usageMetadata": {"promptTokenCount": 10, "responseTokenCount": 20}}));
            return Taken::TurnGiven;
        }
        Taken::Other
    }
}
