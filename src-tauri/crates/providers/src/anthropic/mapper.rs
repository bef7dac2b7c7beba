//! Wire events to the domain's: pure, with no more state than the wire forces one to remember. Fed by the decoder.

use std::collections::BTreeMap;
use std::sync::Arc;

use parlance_core::{Category, ModelEvent, ProviderError, Seal, StopReason, TokenUsage};
use serde_json::{Value, json};

use super::wire::{Block, Delta, Ending, Event, Message, Usage};
use crate::decoder::{Events, Step};
use crate::errors;
use crate::tally::Tally;
use crate::tool_calls::{Fragment, ToolCalls};

/// The state of one answer.
#[derive(Debug)]
pub(crate) struct Mapper {
    provider: Arc<str>,
    is_started: bool,
    /// Blocks that have begun and not ended, by the server's number.
    open: BTreeMap<u64, Open>,
    calls: ToolCalls,
    tally: Tally,
    has_text: bool,
    usage: Usage,
    counted: Option<TokenUsage>,
    ending: Ending,
}

/// A block that has begun.
#[derive(Debug)]
enum Open {
    Text,
    Thinking {
        signature: String,
    },
    /// `whole` holds the arguments that came at its beginning, until a delta brings them after all.
    Call {
        whole: Option<String>,
    },
    /// Of a kind this version does not know.
    Unknown,
}

impl Mapper {
    pub(crate) fn new(provider: Arc<str>) -> Self {
        Self {
            provider,
            is_started: false,
            open: BTreeMap::new(),
            calls: ToolCalls::default(),
            tally: Tally::default(),
            has_text: false,
            usage: Usage::default(),
            counted: None,
            ending: Ending::default(),
        }
    }

    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    pub(crate) fn map(&mut self, event: Event, out: &mut Events) -> Result<Step, ProviderError> {
        match event {
            Event::MessageStart { message } => self.start(&message, out),
            Event::ContentBlockStart { index, content_block } => self.begin(index, content_block, out)?,
            Event::ContentBlockDelta { index, delta } => self.go_on(index, delta, out)?,
            Event::ContentBlockStop { index } => self.close(index, out)?,
            Event::MessageDelta { delta, usage } => {
                self.ending = delta;
                self.count(usage, out);
            }
            Event::MessageStop => {
                self.finish(out)?;
                return Ok(Step::Finished);
            }
            Event::Error { error } => return Err(self.given_up(error)),
            Event::Unknown => {}
        }
        Ok(Step::More)
    }

    /// An answer in one piece.
    pub(crate) fn map_whole(&mut self, mut message: Message, out: &mut Events) -> Result<(), ProviderError> {
        if let Some(error) = message.error.take().filter(|error| !error.is_null()) {
            return Err(self.given_up(error));
        }
        let Some(blocks) = message.content.take() else {
            return Err(self.broken("the answer holds no content"));
        };
        self.start(&message, out);
        for (index, block) in (0u64..).zip(blocks) {
            self.begin(index, block, out)?;
            self.close(index, out)?;
        }
        self.ending = message.ending;
        self.finish(out)
    }

    fn start(&mut self, message: &Message, out: &mut Events) {
        if !self.is_started {
            self.is_started = true;
            out.push_back(ModelEvent::Started { id: message.id.clone(), model: message.model.clone() });
        }
        self.count(message.usage, out);
    }

    fn begin(&mut self, index: u64, block: Block, out: &mut Events) -> Result<(), ProviderError> {
        let open = match block {
            Block::Text { text } => {
                self.say(&text.unwrap_or_default(), out)?;
                Open::Text
            }
            Block::Thinking { thinking, signature } => {
                self.think(&thinking.unwrap_or_default(), out)?;
                Open::Thinking { signature: signature.unwrap_or_default() }
            }
            Block::RedactedThinking { data } => {
                self.tally.count_thinking(&data).map_err(|limit| errors::too_large(&self.provider, &limit))?;
                let opaque = Some(json!({ "redacted_thinking": data }));
                out.push_back(ModelEvent::Sealed { seal: Seal::Thinking { signature: None, opaque } });
                Open::Unknown
            }
            Block::ToolUse { id, name, input } => {
                self.take_call(Fragment { number: Some(index), id: &id, name: &name, ..Fragment::default() }, out)?;
                Open::Call { whole: (!input.is_empty()).then(|| Value::Object(input).to_string()) }
            }
            Block::Unknown => Open::Unknown,
        };
        self.open.insert(index, open);
        Ok(())
    }

    fn go_on(&mut self, index: u64, delta: Delta, out: &mut Events) -> Result<(), ProviderError> {
        match delta {
            Delta::Text { text } => self.say(&text, out),
            Delta::Thinking { thinking } => self.think(&thinking, out),
            Delta::Signature { signature: new } => {
                if let Some(Open::Thinking { signature }) = self.open.get_mut(&index) {
                    *signature = new;
                }
                Ok(())
            }
            Delta::InputJson { partial_json } => match self.open.get_mut(&index) {
                Some(Open::Call { .. }) if partial_json.is_empty() => Ok(()),
                Some(Open::Call { whole }) => {
                    *whole = None;
                    let fragment = Fragment { number: Some(index), arguments: &partial_json, ..Fragment::default() };
                    self.take_call(fragment, out)
                }
                // Arguments of a tool that runs at the provider.
                Some(_) => Ok(()),
                None => Err(self.broken("arguments came for a tool call that never began")),
            },
            Delta::Unknown => Ok(()),
        }
    }

    fn close(&mut self, index: u64, out: &mut Events) -> Result<(), ProviderError> {
        match self.open.remove(&index) {
            Some(Open::Thinking { signature }) if !signature.is_empty() => {
                self.tally.count_thinking(&signature).map_err(|limit| errors::too_large(&self.provider, &limit))?;
                let seal = Seal::Thinking { signature: Some(signature), opaque: None };
                out.push_back(ModelEvent::Sealed { seal });
                Ok(())
            }
            Some(Open::Call { whole: Some(arguments) }) => {
                self.take_call(Fragment { number: Some(index), arguments: &arguments, ..Fragment::default() }, out)
            }
            Some(Open::Text | Open::Thinking { .. } | Open::Call { .. } | Open::Unknown) | None => Ok(()),
        }
    }

    fn finish(&mut self, out: &mut Events) -> Result<(), ProviderError> {
        if !self.is_started {
            return Err(self.broken("the server ended its answer without one"));
        }
        if !self.open.is_empty() {
            return Err(self.broken("the answer ended in the middle of a block"));
        }
        let explanation = self.ending.stop_details.take().and_then(|details| details.explanation);
        if self.ending.stop_reason.as_deref() == Some("refusal")
            && !self.has_text
            && let Some(explanation) = explanation
        {
            self.say(&explanation, out)?;
        }
        let has_calls = !self.calls.is_empty();
        // Every call of this protocol has an id.
        out.extend(self.calls.finish(""));
        out.push_back(ModelEvent::Finished { reason: self.reason(has_calls) });
        Ok(())
    }

    fn reason(&self, has_calls: bool) -> StopReason {
        match self.ending.stop_reason.as_deref() {
            Some("end_turn" | "stop_sequence") | None if has_calls => StopReason::ToolCalls,
            Some("end_turn" | "stop_sequence") | None => StopReason::Stop,
            Some("tool_use") => StopReason::ToolCalls,
            Some("max_tokens" | "model_context_window_exceeded") => StopReason::Length,
            Some("refusal") => StopReason::Refusal,
            Some(other) => StopReason::Other(other.to_owned()),
        }
    }

    fn say(&mut self, text: &str, out: &mut Events) -> Result<(), ProviderError> {
        self.has_text |= !text.is_empty();
        self.tally.say(text, out).map_err(|limit| errors::too_large(&self.provider, &limit))
    }

    fn think(&mut self, thinking: &str, out: &mut Events) -> Result<(), ProviderError> {
        self.tally.think(thinking, out).map_err(|limit| errors::too_large(&self.provider, &limit))
    }

    fn take_call(&mut self, fragment: Fragment<'_>, out: &mut Events) -> Result<(), ProviderError> {
        out.extend(self.calls.take(fragment).map_err(|limit| errors::too_large(&self.provider, &limit))?);
        Ok(())
    }

    fn count(&mut self, usage: Option<Usage>, out: &mut Events) {
        let Some(usage) = usage else { return };
        self.usage = usage.over(self.usage);
        let counted = counts(self.usage);
        if self.counted != Some(counted) {
            self.counted = Some(counted);
            out.push_back(ModelEvent::Usage { usage: counted });
        }
    }

    fn given_up(&self, error: Value) -> ProviderError {
        errors::from_object(&self.provider, &json!({ "error": error }))
    }

    fn broken(&self, message: &str) -> ProviderError {
        ProviderError::new(&*self.provider, Category::Protocol, message)
    }
}

/// The provider counts what it read from and wrote to the cache apart from the rest of the prompt.
fn counts(usage: Usage) -> TokenUsage {
    let cached = usage.cache_read_input_tokens;
    let parts = [usage.input_tokens, usage.cache_creation_input_tokens, cached];
    TokenUsage {
        input_tokens: parts.into_iter().flatten().fold(0, u64::saturating_add),
        output_tokens: usage.output_tokens.unwrap_or(0),
        reasoning_tokens: usage.output_tokens_details.and_then(|details| details.thinking_tokens),
        cached_tokens: cached,
    }
}

#[cfg(test)]
mod tests;
