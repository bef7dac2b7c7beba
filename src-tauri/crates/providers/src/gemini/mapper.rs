//! Wire events to the domain's: pure, with no more state than the wire forces one to remember. Fed by the decoder.

use std::sync::Arc;

use parlance_core::{Category, ModelEvent, ProviderError, Seal, StopReason, TokenUsage};
use serde_json::{Value, json};

use super::wire::{Chunk, FunctionCall, Part, PromptFeedback, Usage};
use crate::decoder::Events;
use crate::errors;
use crate::tally::Tally;
use crate::tool_calls::{Fragment, ToolCalls};

/// What a mapper must know of the request.
#[derive(Debug, Clone)]
pub struct Expectations {
    /// The provider's name, for errors.
    pub provider: Arc<str>,
    /// Makes ids for tool calls that come without one.
    pub id_seed: String,
}

/// The state of one answer.
#[derive(Debug)]
pub(crate) struct Mapper {
    expected: Expectations,
    is_started: bool,
    calls: ToolCalls,
    tally: Tally,
    usage: Option<TokenUsage>,
    finish_reason: Option<String>,
}

impl Mapper {
    pub(crate) fn new(expected: Expectations) -> Self {
        Self {
            expected,
            is_started: false,
            calls: ToolCalls::default(),
            tally: Tally::default(),
            usage: None,
            finish_reason: None,
        }
    }

    pub(crate) fn provider(&self) -> &str {
        &self.expected.provider
    }

    /// Whether the server has said why the answer ends.
    pub(crate) fn has_finish_reason(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// Whether anything of an answer has come.
    pub(crate) fn has_started(&self) -> bool {
        self.is_started
    }

    pub(crate) fn map(&mut self, chunk: Chunk, out: &mut Events) -> Result<(), ProviderError> {
        let Chunk { candidates, prompt_feedback, usage_metadata, model_version, response_id, error } = chunk;
        if let Some(error) = error.filter(|error| !error.is_null()) {
            return Err(errors::from_object(self.provider(), &json!({ "error": error })));
        }
        if let Some(reason) = prompt_feedback.as_ref().and_then(|feedback| feedback.block_reason.as_deref()) {
            return Err(self.blocked(reason, prompt_feedback.as_ref()));
        }
        if let Some(candidates) = candidates {
            if !self.is_started {
                self.is_started = true;
                out.push_back(ModelEvent::Started { id: response_id, model: model_version });
            }
            // More than one answer is never asked for.
            for candidate in candidates.into_iter().filter(|candidate| candidate.index.unwrap_or(0) == 0) {
                for part in candidate.content.and_then(|content| content.parts).into_iter().flatten() {
                    self.take_part(part, out)?;
                }
                self.finish_reason = candidate.finish_reason.or(self.finish_reason.take());
            }
        }
        self.count(usage_metadata, out);
        Ok(())
    }

    /// The answer is over: the calls, and the end.
    pub(crate) fn finish(&mut self, out: &mut Events) {
        let has_calls = !self.calls.is_empty();
        out.extend(self.calls.finish(&self.expected.id_seed));
        out.push_back(ModelEvent::Finished { reason: self.reason(has_calls) });
    }

    fn take_part(&mut self, part: Part, out: &mut Events) -> Result<(), ProviderError> {
        let too_large = |limit: &dyn std::error::Error| errors::too_large(&self.expected.provider, limit);
        let signature = part.thought_signature.filter(|signature| !signature.is_empty());
        if let Some(FunctionCall { id, name: Some(name), args }) = part.function_call {
            let arguments = Value::Object(args.unwrap_or_default()).to_string();
            let call = Fragment {
                number: None,
                id: id.as_deref().unwrap_or_default(),
                name: &name,
                arguments: &arguments,
                thought_signature: signature.as_deref(),
            };
            out.extend(self.calls.take_whole(call).map_err(|limit| too_large(&limit))?);
            return Ok(());
        }
        if let Some(data) = part.inline_data.filter(|data| data.mime_type.starts_with("audio/")) {
            out.push_back(ModelEvent::AudioDelta { media_type: data.mime_type, data: data.data });
        }
        let Some(text) = part.text else { return Ok(()) };
        if part.thought == Some(true) {
            return self.tally.think(&text, out).map_err(|limit| too_large(&limit));
        }
        self.tally.say(&text, out).map_err(|limit| too_large(&limit))?;
        if let Some(thought_signature) = signature {
            self.tally.count_thinking(&thought_signature).map_err(|limit| too_large(&limit))?;
            out.push_back(ModelEvent::Sealed { seal: Seal::Text { thought_signature } });
        }
        Ok(())
    }

    fn count(&mut self, usage: Option<Usage>, out: &mut Events) {
        // The last chunk of some models brings counts of nothing.
        let Some(usage) = usage.filter(|usage| usage.prompt_token_count.is_some()).map(counts) else { return };
        if self.usage != Some(usage) {
            self.usage = Some(usage);
            out.push_back(ModelEvent::Usage { usage });
        }
    }

    fn reason(&self, has_calls: bool) -> StopReason {
        match self.finish_reason.as_deref() {
            // The protocol has no word for waiting.
            Some("STOP") | None if has_calls => StopReason::ToolCalls,
            Some("STOP") | None => StopReason::Stop,
            Some("MAX_TOKENS") => StopReason::Length,
            Some("SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY") => {
                StopReason::ContentFilter
            }
            Some(other) => StopReason::Other(other.to_owned()),
        }
    }

    fn blocked(&self, reason: &str, feedback: Option<&PromptFeedback>) -> ProviderError {
        let words = feedback.and_then(|feedback| feedback.block_reason_message.as_deref());
        let message =
            words.map_or_else(|| format!("the provider's filter stopped the question: {reason}"), str::to_owned);
        let mut error = errors::from_object(self.provider(), &json!({"message": message, "code": reason}));
        error.category = Category::ContentFilter;
        error
    }
}

/// The provider counts reasoning apart from the rest of the answer.
fn counts(usage: Usage) -> TokenUsage {
    let sum = |one: Option<u64>, other: Option<u64>| one.unwrap_or(0).saturating_add(other.unwrap_or(0));
    TokenUsage {
        input_tokens: sum(usage.prompt_token_count, usage.tool_use_prompt_token_count),
        output_tokens: sum(usage.candidates_token_count, usage.thoughts_token_count),
        reasoning_tokens: usage.thoughts_token_count,
        cached_tokens: usage.cached_content_token_count,
    }
}

#[cfg(test)]
mod tests;
