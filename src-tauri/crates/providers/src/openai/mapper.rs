//! Wire events to the domain's: pure, with no more state than the wire forces one to remember. Fed by the decoder.

use std::collections::VecDeque;
use std::sync::Arc;

use parlance_core::{ModelEvent, ProviderError, StopReason, TokenUsage};
use serde_json::{Map, Value, json};

use super::dialect::ThinkTags;
use super::think_tags::{Kind, ThinkSplitter};
use super::wire::{Audio, Choice, Chunk, Delta, Usage};
use crate::errors;
use crate::lenient::{Content, Part, Text};
use crate::tally::{MAX_TEXT_BYTES, Tally, TooLong};
use crate::tool_calls::{Fragment, ToolCalls};

/// What a mapper must know of the request.
#[derive(Debug, Clone)]
pub struct Expectations {
    /// The provider's name, for errors.
    pub provider: Arc<str>,
    /// Whether reasoning stands inside the text.
    pub think_tags: ThinkTags,
    /// What the sound of the answer is.
    pub audio_media_type: String,
    /// Makes ids for tool calls that come without one.
    pub id_seed: String,
}

/// The state of one answer.
#[derive(Debug)]
pub struct Mapper {
    expected: Expectations,
    is_started: bool,
    is_refused: bool,
    splitter: Option<ThinkSplitter>,
    calls: ToolCalls,
    /// OpenRouter's form of the reasoning, its pieces joined.
    details: Vec<Value>,
    usage: Option<TokenUsage>,
    finish_reason: Option<String>,
    details_bytes: usize,
    tally: Tally,
}

impl Mapper {
    /// The state before the first event.
    #[must_use]
    pub fn new(expected: Expectations) -> Self {
        let splitter = (expected.think_tags == ThinkTags::Split).then(ThinkSplitter::default);
        Self {
            expected,
            is_started: false,
            is_refused: false,
            splitter,
            calls: ToolCalls::default(),
            details: Vec::new(),
            usage: None,
            finish_reason: None,
            details_bytes: 0,
            tally: Tally::default(),
        }
    }

    pub(crate) fn provider(&self) -> &str {
        &self.expected.provider
    }

    /// Whether the server has said why the answer ends.
    #[must_use]
    pub fn has_finish_reason(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// Whether anything of an answer has come.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.is_started
    }

    pub(crate) fn map(&mut self, chunk: Chunk<'_>, out: &mut VecDeque<ModelEvent>) -> Result<(), ProviderError> {
        let Chunk { id, model, choices, usage, error } = chunk;
        if let Some(error) = error.filter(|error| !error.is_null()) {
            return Err(errors::from_object(&self.expected.provider, &json!({ "error": error })));
        }
        let Some(choices) = choices else {
            // No chunk of an answer: an event this version does not know. Its usage, if any, counts.
            tracing::debug!(provider = &*self.expected.provider, "skipped an event of an unknown kind");
            self.count(usage, out);
            return Ok(());
        };
        if !self.is_started {
            self.is_started = true;
            let owned = |text: Option<std::borrow::Cow<'_, str>>| text.map(std::borrow::Cow::into_owned);
            out.push_back(ModelEvent::Started { id: owned(id.into_words()), model: owned(model.into_words()) });
        }
        if let Some(choice) = choices.0 {
            self.take_choice(*choice, out)?;
        }
        self.count(usage, out);
        Ok(())
    }

    /// The answer is over: what was held back, the calls, and the end.
    pub(crate) fn finish(&mut self, out: &mut VecDeque<ModelEvent>) {
        if let Some(mut splitter) = self.splitter.take() {
            splitter.finish(|kind, piece| out.push_back(delta(kind, piece)));
        }
        let details = std::mem::take(&mut self.details);
        if !details.is_empty() {
            out.push_back(ModelEvent::ThinkingOpaque { opaque: json!({ "reasoning_details": details }) });
        }
        let has_calls = !self.calls.is_empty();
        out.extend(self.calls.finish(&self.expected.id_seed));
        out.push_back(ModelEvent::Finished { reason: self.reason(has_calls) });
    }

    fn take_choice(&mut self, choice: Choice<'_>, out: &mut VecDeque<ModelEvent>) -> Result<(), ProviderError> {
        if let Some(error) = choice.error.filter(|error| !error.is_null()) {
            return Err(errors::from_object(&self.expected.provider, &json!({ "error": error })));
        }
        if let Some(delta) = choice.delta {
            self.take_delta(delta, out)?;
        }
        if let Some(text) = words(choice.text.as_deref()) {
            self.say(text, out)?;
        }
        if let Some(reason) = words(choice.finish_reason.as_deref()) {
            self.finish_reason = Some(reason.to_owned());
        }
        self.count(choice.usage, out);
        Ok(())
    }

    fn take_delta(&mut self, delta: Delta<'_>, out: &mut VecDeque<ModelEvent>) -> Result<(), ProviderError> {
        if let Some(thinking) = delta.reasoning_content.words().or_else(|| words(delta.reasoning.as_deref())) {
            self.think(thinking, out)?;
        }
        for detail in delta.reasoning_details.into_iter().flatten() {
            self.join_detail(detail)?;
        }
        self.take_content(delta.content, out)?;
        if let Some(refusal) = words(delta.refusal.as_deref()) {
            self.is_refused = true;
            self.say(refusal, out)?;
        }
        if let Some(audio) = delta.audio {
            self.take_audio(&audio, out)?;
        }
        for call in delta.tool_calls.iter().flatten() {
            self.take_call(call.fragment(), out)?;
        }
        match &delta.function_call {
            // Of the old form an answer holds one.
            Some(function) => self.take_call(function.fragment(Some(0)), out),
            None => Ok(()),
        }
    }

    fn take_call(&mut self, fragment: Fragment<'_>, out: &mut VecDeque<ModelEvent>) -> Result<(), ProviderError> {
        let event = self.calls.take(fragment).map_err(|error| self.too_large(error))?;
        out.extend(event);
        Ok(())
    }

    fn take_content(&mut self, content: Content<'_>, out: &mut VecDeque<ModelEvent>) -> Result<(), ProviderError> {
        match content {
            Content::Nothing => Ok(()),
            Content::Text(text) => self.say(&text, out),
            Content::Parts(parts) => parts.into_iter().try_for_each(|part| self.take_part(part, out)),
        }
    }

    fn take_part(&mut self, part: Part<'_>, out: &mut VecDeque<ModelEvent>) -> Result<(), ProviderError> {
        match part.thinking {
            Content::Nothing => {}
            Content::Text(thinking) => self.think(&thinking, out)?,
            Content::Parts(parts) => {
                for thought in parts.iter().filter_map(|part| part.text.words()) {
                    self.think(thought, out)?;
                }
            }
        }
        part.text.words().map_or(Ok(()), |text| self.say(text, out))
    }

    fn take_audio(&mut self, audio: &Audio<'_>, out: &mut VecDeque<ModelEvent>) -> Result<(), ProviderError> {
        if let Some(data) = audio.data.words() {
            let media_type = self.expected.audio_media_type.clone();
            out.push_back(ModelEvent::AudioDelta { media_type, data: data.to_owned() });
        }
        audio.transcript.words().map_or(Ok(()), |transcript| self.say(transcript, out))
    }

    fn say(&mut self, text: &str, out: &mut VecDeque<ModelEvent>) -> Result<(), ProviderError> {
        if text.is_empty() {
            return Ok(());
        }
        self.tally.count_text(text).map_err(|error| self.too_large(error))?;
        match &mut self.splitter {
            Some(splitter) => splitter.push(text, |kind, piece| out.push_back(self::delta(kind, piece))),
            None => out.push_back(delta(Kind::Text, text)),
        }
        Ok(())
    }

    fn think(&mut self, thinking: &str, out: &mut VecDeque<ModelEvent>) -> Result<(), ProviderError> {
        self.tally.think(thinking, out).map_err(|error| self.too_large(error))
    }

    /// Pieces of one detail have the same `index` and `type`; their texts are joined, other fields come once.
    fn join_detail(&mut self, piece: Value) -> Result<(), ProviderError> {
        let Value::Object(piece) = piece else { return Ok(()) };
        let size: usize = piece.values().filter_map(Value::as_str).map(str::len).sum();
        self.details_bytes += size;
        if self.details_bytes > MAX_TEXT_BYTES {
            return Err(self.too_large(TooLong::Thinking));
        }
        let is_same = |last: &Map<String, Value>| {
            ["index", "type"].iter().all(|field| last.get(*field) == piece.get(*field)) && piece.contains_key("index")
        };
        match self.details.last_mut() {
            Some(Value::Object(last)) if is_same(last) => {
                for (field, value) in piece {
                    let known = last.entry(field.clone()).or_insert(Value::Null);
                    match (field.as_str(), &mut *known, value) {
                        ("text" | "summary" | "data", Value::String(known), Value::String(more)) => {
                            known.push_str(&more)
                        }
                        (_, _, Value::Null) => {}
                        (_, known, value) => *known = value,
                    }
                }
            }
            _ => self.details.push(Value::Object(piece)),
        }
        Ok(())
    }

    fn count(&mut self, usage: Option<Box<Usage>>, out: &mut VecDeque<ModelEvent>) {
        let Some(usage) = usage.map(|usage| counts(*usage)) else { return };
        if self.usage != Some(usage) {
            self.usage = Some(usage);
            out.push_back(ModelEvent::Usage { usage });
        }
    }

    fn reason(&self, has_calls: bool) -> StopReason {
        match self.finish_reason.as_deref() {
            _ if self.is_refused => StopReason::Refusal,
            // Some servers say `stop` although they wait for results.
            Some("stop") | None if has_calls => StopReason::ToolCalls,
            Some("stop") | None => StopReason::Stop,
            Some("length") => StopReason::Length,
            Some("tool_calls" | "function_call") => StopReason::ToolCalls,
            Some("content_filter") => StopReason::ContentFilter,
            Some(other) => StopReason::Other(other.to_owned()),
        }
    }

    fn too_large(&self, limit: impl std::error::Error) -> ProviderError {
        errors::too_large(&self.expected.provider, &limit)
    }
}

fn words<'a>(text: Option<&'a Text<'_>>) -> Option<&'a str> {
    text.and_then(Text::words)
}

fn delta(kind: Kind, piece: &str) -> ModelEvent {
    match kind {
        Kind::Text => ModelEvent::TextDelta { text: piece.to_owned() },
        Kind::Thinking => ModelEvent::ThinkingDelta { thinking: piece.to_owned() },
    }
}

fn counts(usage: Usage) -> TokenUsage {
    TokenUsage {
        input_tokens: usage.prompt_tokens.unwrap_or(0),
        output_tokens: usage.completion_tokens.unwrap_or(0),
        reasoning_tokens: usage.completion_tokens_details.and_then(|details| details.reasoning_tokens),
        cached_tokens: usage
            .prompt_tokens_details
            .and_then(|details| details.cached_tokens)
            .or(usage.prompt_cache_hit_tokens),
    }
}

#[cfg(test)]
mod tests;
