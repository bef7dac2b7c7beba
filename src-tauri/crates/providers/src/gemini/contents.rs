//! The conversation as `generateContent` wants it. Pure: media from files are in the messages already (see `media`).

use parlance_core::{ContentBlock, Msg, ProviderError, Role, Source, ToolEnd, ToolOutput, ToolUse};
use serde_json::{Map, Value, json};

use super::family::Family;
use crate::history::{self, Shown};

/// Stands in for the proof of a call that another provider's model made. The provider documents it for this purpose.
const NO_PROOF: &str = "skip_thought_signature_validator";

/// A conversation, its instructions apart.
pub(crate) struct Written {
    pub(crate) system: Vec<Value>,
    pub(crate) contents: Vec<Value>,
}

/// Instructions at the beginning become the `systemInstruction` of the request, later ones are said by the user. All results
/// of a turn stand together behind the calls, in the order of the calls.
pub(crate) fn write(provider: &str, messages: &[Msg], family: Family) -> Result<Written, ProviderError> {
    let mut writer = Writer { provider, family, system: Vec::new(), turns: Vec::new(), shown: Vec::new() };
    for msg in messages {
        writer.write(msg)?;
    }
    writer.show_images();
    Ok(Written { system: writer.system, contents: writer.turns.into_iter().map(Turn::into_json).collect() })
}

struct Writer<'a> {
    provider: &'a str,
    family: Family,
    system: Vec<Value>,
    turns: Vec<Turn>,
    /// Pictures of tool results. They wait until all results of a turn are written.
    shown: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    User,
    Model,
    /// Tools, whose results are a turn of their own.
    Tools,
}

struct Turn {
    voice: Voice,
    parts: Vec<Value>,
    /// Of a model's turn: the ids of its calls.
    calls: Vec<String>,
}

impl Turn {
    fn new(voice: Voice) -> Self {
        Self { voice, parts: Vec::new(), calls: Vec::new() }
    }

    fn into_json(self) -> Value {
        let role = if self.voice == Voice::Model { "model" } else { "user" };
        json!({"role": role, "parts": self.parts})
    }
}

/// What the provider fetches by itself: its own store of files, and videos of YouTube.
fn is_at_google(url: &str) -> bool {
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    ["generativelanguage.googleapis.com", "www.youtube.com", "youtube.com", "youtu.be"].contains(&host.as_str())
}

impl Writer<'_> {
    fn write(&mut self, msg: &Msg) -> Result<(), ProviderError> {
        let voice = if msg.role == Role::Assistant { Voice::Model } else { Voice::User };
        let mut turn = Turn::new(voice);
        for block in &msg.content {
            match block {
                ContentBlock::ToolResult { id, name, output, end } => self.write_result(id, name, output, *end)?,
                ContentBlock::ToolUse(call) => self.write_call(call, &mut turn),
                block => turn.parts.extend(self.part(block, voice)?),
            }
        }
        if turn.parts.is_empty() {
            return Ok(());
        }
        self.show_images();
        if msg.role == Role::System && self.turns.is_empty() {
            self.system.extend(turn.parts);
            return Ok(());
        }
        match self.turns.last_mut() {
            Some(last) if last.voice == voice => {
                last.parts.extend(turn.parts);
                last.calls.extend(turn.calls);
            }
            _ => self.turns.push(turn),
        }
        Ok(())
    }

    fn part(&self, block: &ContentBlock, voice: Voice) -> Result<Option<Value>, ProviderError> {
        Ok(match block {
            ContentBlock::Text { text, thought_signature: Some(proof) } if voice == Voice::Model => {
                Some(json!({"text": text, "thoughtSignature": proof}))
            }
            ContentBlock::Text { text, .. } => (!text.is_empty()).then(|| json!({ "text": text })),
            // Only people send pictures, sound and moving pictures; a model's own are not taken back.
            ContentBlock::Image { source } | ContentBlock::Audio { source } | ContentBlock::Video { source }
                if voice == Voice::User =>
            {
                Some(self.medium(source)?)
            }
            // Reasoning is asked back only in the form of proofs, which lie on words and calls.
            _ => None,
        })
    }

    fn medium(&self, source: &Source) -> Result<Value, ProviderError> {
        match source {
            Source::Base64 { media_type, data } => {
                let media_type = match media_type.as_str() {
                    "audio/mpeg" => "audio/mp3",
                    "audio/x-wav" | "audio/wave" => "audio/wav",
                    "video/quicktime" => "video/mov",
                    other => history::usual_type(other),
                };
                Ok(json!({"inlineData": {"mimeType": media_type, "data": data}}))
            }
            Source::Url { url } if is_at_google(url) => Ok(json!({"fileData": {"fileUri": url}})),
            // Other addresses the provider does not fetch.
            Source::Url { url } if history::is_web(url) => Ok(json!({"text": history::elsewhere(url)})),
            Source::Url { url } => Err(history::unresolved(self.provider, url)),
        }
    }

    fn write_call(&self, call: &ToolUse, turn: &mut Turn) {
        let mut function = Map::from_iter([
            ("name".to_owned(), json!(call.name)),
            ("args".to_owned(), Value::Object(call.input.clone())),
        ]);
        if !call.id.is_empty() {
            function.insert("id".into(), json!(call.id));
        }
        let mut part = json!({ "functionCall": function });
        // Of several calls at once only the first has a proof, and only the first needs one.
        let missing = (self.family.wants_proof() && turn.calls.is_empty()).then_some(NO_PROOF);
        if let Some(proof) = call.thought_signature.as_deref().or(missing) {
            part["thoughtSignature"] = json!(proof);
        }
        turn.parts.push(part);
        turn.calls.push(call.id.clone());
    }

    fn write_result(&mut self, id: &str, name: &str, output: &ToolOutput, end: ToolEnd) -> Result<(), ProviderError> {
        // The provider knows two words: what a function gave, and why it gave nothing.
        let word = if end.is_done() { "output" } else { "error" };
        let response = json!({word: history::result_text(output)});
        let part = json!({"functionResponse": {"id": id, "name": name, "response": response}});
        for shown in history::shown_images(name, output, |source| matches!(source, Source::Base64 { .. })) {
            let part = match shown {
                Shown::Words(words) => json!({ "text": words }),
                Shown::Image(source) => self.medium(source)?,
            };
            self.shown.push(part);
        }
        let asked = self.turns.iter().rposition(|turn| turn.calls.iter().any(|call| call == id));
        let at = asked.map_or(self.turns.len(), |at| at + 1);
        if self.turns.get(at).is_none_or(|turn| turn.voice != Voice::Tools) {
            self.turns.insert(at, Turn::new(Voice::Tools));
        }
        self.turns[at].parts.push(part);
        if let Some(asked) = asked {
            let calls = self.turns[asked].calls.clone();
            let place = |part: &Value| calls.iter().position(|call| part["functionResponse"]["id"] == call.as_str());
            self.turns[at].parts.sort_by_key(|part| place(part).unwrap_or(usize::MAX));
        }
        Ok(())
    }

    fn show_images(&mut self) {
        if !self.shown.is_empty() {
            self.turns.push(Turn { parts: std::mem::take(&mut self.shown), ..Turn::new(Voice::User) });
        }
    }
}
