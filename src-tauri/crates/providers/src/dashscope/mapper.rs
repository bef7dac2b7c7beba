//! Frames of an answer to the domain's events: pure. Fed by the decoder.

use std::sync::Arc;

use parlance_core::{ModelEvent, ProviderError, StopReason, TokenUsage};
use serde_json::json;

use super::wire::{Frame, Message, Usage};
use crate::decoder::Events;
use crate::errors;
use crate::lenient::Content;
use crate::tally::Tally;
use crate::tool_calls::ToolCalls;

/// What the words of a frame are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frames {
    /// What is new since the last frame (`incremental_output: true`).
    Deltas,
    /// Everything so far.
    Cumulative,
}

/// The state of one answer.
#[derive(Debug)]
pub struct Mapper {
    provider: Arc<str>,
    /// Makes ids for tool calls that come without one.
    id_seed: String,
    frames: Frames,
    is_started: bool,
    /// Bytes of the words and of the reasoning so far, for frames that hold everything.
    said: usize,
    thought: usize,
    calls: ToolCalls,
    tally: Tally,
    usage: Option<TokenUsage>,
    finish_reason: Option<String>,
}

impl Mapper {
    /// The state before the first frame. `id_seed` makes ids for tool calls that come without one; it must be another for each
    /// answer.
    #[must_use]
    pub fn new(provider: Arc<str>, id_seed: String, frames: Frames) -> Self {
        Self {
            provider,
            id_seed,
            frames,
            is_started: false,
            said: 0,
            thought: 0,
            calls: ToolCalls::default(),
            tally: Tally::default(),
            usage: None,
            finish_reason: None,
        }
    }

    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    /// Whether the server has said why the answer ends.
    pub(crate) fn has_finish_reason(&self) -> bool {
        self.finish_reason.is_some()
    }

    pub(crate) fn map(&mut self, frame: &Frame<'_>, out: &mut Events) -> Result<(), ProviderError> {
        if let Some(code) = frame.code.words() {
            let said = json!({"code": code, "message": frame.message.words()});
            return Err(errors::from_object(&self.provider, &said));
        }
        let Some(output) = &frame.output else {
            tracing::debug!(provider = &*self.provider, "skipped a frame of an unknown kind");
            return Ok(());
        };
        if !self.is_started {
            self.is_started = true;
            out.push_back(ModelEvent::Started { id: frame.request_id.words().map(str::to_owned), model: None });
        }
        self.say(output.text.words().unwrap_or_default(), out)?;
        let choice = output.choices.iter().flatten().next();
        if let Some(message) = choice.and_then(|choice| choice.message.as_ref()) {
            self.take(message, out)?;
        }
        // It is the word "null" until there is one.
        let reason = choice.map_or(&output.finish_reason, |choice| &choice.finish_reason);
        if let Some(reason) = reason.words().filter(|reason| *reason != "null") {
            self.finish_reason = Some(reason.to_owned());
        }
        self.count(frame.usage, out);
        Ok(())
    }

    /// The answer is over: the calls, and the end.
    pub(crate) fn finish(&mut self, out: &mut Events) {
        let reason = match self.finish_reason.as_deref() {
            Some("stop") | None if !self.calls.is_empty() => StopReason::ToolCalls,
            Some("stop") | None => StopReason::Stop,
            Some("length") => StopReason::Length,
            Some("tool_calls") => StopReason::ToolCalls,
            Some("content_filter") => StopReason::ContentFilter,
            Some(other) => StopReason::Other(other.to_owned()),
        };
        out.extend(self.calls.finish(&self.id_seed));
        out.push_back(ModelEvent::Finished { reason });
    }

    fn take(&mut self, message: &Message<'_>, out: &mut Events) -> Result<(), ProviderError> {
        self.think(message.reasoning_content.words().unwrap_or_default(), out)?;
        match &message.content {
            Content::Nothing => {}
            Content::Text(text) => self.say(text, out)?,
            Content::Parts(parts) => {
                self.say(&parts.iter().filter_map(|part| part.text.words()).collect::<String>(), out)?;
            }
        }
        for call in message.tool_calls.iter().flatten() {
            let event = match self.frames {
                Frames::Deltas => self.calls.take(call.fragment()),
                Frames::Cumulative => self.calls.take_so_far(call.fragment()),
            };
            out.extend(event.map_err(|error| errors::too_large(&self.provider, &error))?);
        }
        Ok(())
    }

    fn say(&mut self, text: &str, out: &mut Events) -> Result<(), ProviderError> {
        let news = news(self.frames, text, &mut self.said);
        self.tally.say(news, out).map_err(|error| errors::too_large(&self.provider, &error))
    }

    fn think(&mut self, thinking: &str, out: &mut Events) -> Result<(), ProviderError> {
        let news = news(self.frames, thinking, &mut self.thought);
        self.tally.think(news, out).map_err(|error| errors::too_large(&self.provider, &error))
    }

    fn count(&mut self, usage: Option<Usage>, out: &mut Events) {
        let Some(usage) = usage.map(counts) else { return };
        if self.usage != Some(usage) {
            self.usage = Some(usage);
            out.push_back(ModelEvent::Usage { usage });
        }
    }
}

/// What of a text has not come before; `known` counts the bytes that have.
fn news<'a>(frames: Frames, text: &'a str, known: &mut usize) -> &'a str {
    match frames {
        Frames::Deltas => text,
        Frames::Cumulative => {
            // A server that takes words back cannot be followed: what was said stays.
            let news = text.get(*known..).unwrap_or_default();
            *known += news.len();
            news
        }
    }
}

fn counts(usage: Usage) -> TokenUsage {
    TokenUsage {
        input_tokens: usage.input_tokens.unwrap_or(0),
        output_tokens: usage.output_tokens.unwrap_or(0),
        reasoning_tokens: usage.output_tokens_details.and_then(|details| details.reasoning_tokens),
        cached_tokens: usage.prompt_tokens_details.and_then(|details| details.cached_tokens),
    }
}

#[cfg(test)]
mod tests {
    use parlance_core::{Category, ContentBlock, Reply};
    use serde_json::Value;

    use super::*;
    use crate::lenient;

    fn map(frames: Frames, outputs: &[Value]) -> Result<Reply, ProviderError> {
        let (mut mapper, mut out) = (Mapper::new("p".into(), "seed".into(), frames), Events::new());
        for output in outputs {
            mapper.map(&lenient::object(&output.to_string()).unwrap(), &mut out)?;
        }
        mapper.finish(&mut out);
        let mut reply = Reply::default();
        out.iter().for_each(|event| reply.apply(event));
        Ok(reply)
    }

    fn frame(message: Value, finish: &str) -> Value {
        json!({"output": {"choices": [{"message": message, "finish_reason": finish}]}, "request_id": "r"})
    }

    fn call(arguments: &str) -> Value {
        json!([{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}])
    }

    #[test]
    fn deltas_and_everything_so_far_give_the_same_reply() {
        let deltas = [
            frame(json!({"content": "", "reasoning_content": "h"}), "null"),
            frame(json!({"content": "Gr", "reasoning_content": "m"}), "null"),
            frame(json!({"content": [{"text": "üße"}], "tool_calls": call("{\"a\"")}), "null"),
            frame(json!({"content": "", "tool_calls": call(":1}")}), "stop"),
        ];
        let so_far = [
            frame(json!({"content": "", "reasoning_content": "h"}), "null"),
            frame(json!({"content": "Gr", "reasoning_content": "hm"}), "null"),
            frame(json!({"content": "Grüße", "reasoning_content": "hm", "tool_calls": call("{\"a\"")}), "null"),
            frame(json!({"content": "Grüße", "tool_calls": call("{\"a\":1}")}), "stop"),
        ];
        let reply = map(Frames::Deltas, &deltas).unwrap();
        assert_eq!(map(Frames::Cumulative, &so_far).unwrap(), reply);
        assert_eq!(reply.content[..2], [ContentBlock::thinking("hm"), ContentBlock::text("Grüße")]);
        assert!(matches!(&reply.content[2], ContentBlock::ToolUse(call) if json!(call.input) == json!({"a": 1})));
        assert_eq!((reply.id.as_deref(), reply.finish_reason), (Some("r"), Some(StopReason::ToolCalls)));
    }

    #[test]
    fn words_that_are_taken_back_stay_and_no_character_is_cut() {
        let frames = ["Grü", "Gr", "", "Grüße"].map(|text| json!({"output": {"text": text, "finish_reason": "null"}}));
        assert_eq!(map(Frames::Cumulative, &frames).unwrap().text(), "Grüße");
    }

    #[test]
    fn a_code_ends_the_answer_and_an_empty_one_does_not() {
        let fine = json!({"code": "", "message": "", "output": {"text": "hi", "finish_reason": "length"}});
        let reply = map(Frames::Deltas, &[fine, json!({"new": 1})]).unwrap();
        assert_eq!((reply.text().as_str(), reply.finish_reason), ("hi", Some(StopReason::Length)));
        let failed = json!({"code": "Throttling.RateQuota", "message": "slow down", "request_id": "r"});
        let error = map(Frames::Deltas, &[failed]).unwrap_err();
        assert_eq!(
            (error.category, error.code.as_deref(), error.message.as_str()),
            (Category::RateLimit, Some("Throttling.RateQuota"), "slow down")
        );
    }
}
