//! Events and whole answers of Responses to the domain's events: pure. Fed by the decoder.

use std::sync::Arc;

use parlance_core::{Category, ModelEvent, ProviderError, Seal, StopReason, TokenUsage};
use serde_json::{Value, json};

use super::wire::{Event, Response, Usage};
use crate::decoder::{Events, Step};
use crate::errors;
use crate::tally::Tally;
use crate::tool_calls::{Fragment, TooMuch, ToolCalls};

/// Under this name the provider's own form of a piece of reasoning rides along.
pub(crate) const ITEM: &str = "responses_item";
/// And under this one the model that made it: no other can open it.
pub(crate) const MODEL: &str = "model";

/// The state of one answer.
#[derive(Debug)]
pub struct Mapper {
    provider: Arc<str>,
    /// Makes ids for tool calls that come without one.
    id_seed: String,
    is_started: bool,
    is_refused: bool,
    model: String,
    calls: ToolCalls,
    tally: Tally,
    /// The part of a summary that came last: the next one is a paragraph of its own.
    summary_part: Option<(Option<u64>, Option<u64>)>,
}

impl Mapper {
    /// The state before the first event. `id_seed` makes ids for tool calls that come without one; it must be another for
    /// each answer.
    #[must_use]
    pub fn new(provider: Arc<str>, id_seed: String) -> Self {
        Self {
            provider,
            id_seed,
            is_started: false,
            is_refused: false,
            model: String::new(),
            calls: ToolCalls::default(),
            tally: Tally::default(),
            summary_part: None,
        }
    }

    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    pub(crate) fn map(&mut self, event: &Event<'_>, out: &mut Events) -> Result<Step, ProviderError> {
        let delta = event.delta.words().unwrap_or_default();
        match event.kind.words().unwrap_or_default() {
            "response.created" | "response.in_progress" | "response.queued" => {
                if let Some(response) = &event.response {
                    self.start(response, out);
                }
            }
            "response.output_text.delta" => self.say(delta, out)?,
            "response.refusal.delta" => {
                self.is_refused = true;
                self.say(delta, out)?;
            }
            "response.reasoning_summary_text.delta" => {
                let part = (event.output_index, event.summary_index);
                if self.summary_part.replace(part).is_some_and(|last| last.0 == part.0 && last.1 != part.1) {
                    self.think("\n\n", out)?;
                }
                self.think(delta, out)?;
            }
            "response.reasoning_text.delta" => self.think(delta, out)?,
            "response.function_call_arguments.delta" => {
                let fragment = Fragment { number: event.output_index, arguments: delta, ..Fragment::default() };
                let event = self.calls.take(fragment);
                self.put(event, out)?;
            }
            "response.function_call_arguments.done" => {
                let arguments = event.arguments.words().unwrap_or_default();
                let fragment = Fragment { number: event.output_index, arguments, ..Fragment::default() };
                let event = self.calls.take_so_far(fragment);
                self.put(event, out)?;
            }
            "response.output_item.added" => {
                if let Some(item) = event.item.as_ref().filter(|item| item["type"] == "function_call") {
                    self.take_call(event.output_index, item, out)?;
                }
            }
            "response.output_item.done" => match event.item.as_ref() {
                Some(item) if item["type"] == "function_call" => self.take_call(event.output_index, item, out)?,
                Some(item) if item["type"] == "reasoning" => self.seal(item, out)?,
                Some(_) | None => {}
            },
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                let response = event.response.as_ref().ok_or_else(|| self.without_answer())?;
                self.start(response, out);
                return self.finish(response, out).map(|()| Step::Finished);
            }
            "error" => return Err(self.failed(event)),
            kind => tracing::debug!(provider = &*self.provider, kind, "skipped an event"),
        }
        Ok(Step::More)
    }

    /// An answer in one piece.
    pub(crate) fn map_whole(&mut self, response: &Response<'_>, out: &mut Events) -> Result<(), ProviderError> {
        if response.output.is_none() && response.error.as_ref().is_none_or(Value::is_null) {
            return Err(self.without_answer());
        }
        self.start(response, out);
        for (index, item) in (0..).zip(response.output.iter().flatten()) {
            match item["type"].as_str().unwrap_or_default() {
                "message" => self.take_message(item, out)?,
                "function_call" => self.take_call(Some(index), item, out)?,
                "reasoning" => {
                    let summary = texts(&item["summary"]).collect::<Vec<_>>().join("\n\n");
                    self.think(&summary, out)?;
                    texts(&item["content"]).try_for_each(|text| self.think(text, out))?;
                    self.seal(item, out)?;
                }
                _ => {}
            }
        }
        self.finish(response, out)
    }

    fn start(&mut self, response: &Response<'_>, out: &mut Events) {
        if self.is_started {
            return;
        }
        self.is_started = true;
        let model = response.model.words().map(str::to_owned);
        self.model = model.clone().unwrap_or_default();
        out.push_back(ModelEvent::Started { id: response.id.words().map(str::to_owned), model });
    }

    /// Something of the answer comes. A server that has not said which answer it is says so too late: a beginning would
    /// take back what is here.
    fn begin(&mut self, out: &mut Events) {
        if !std::mem::replace(&mut self.is_started, true) {
            out.push_back(ModelEvent::Started { id: None, model: None });
        }
    }

    fn take_message(&mut self, item: &Value, out: &mut Events) -> Result<(), ProviderError> {
        for part in item["content"].as_array().into_iter().flatten() {
            if let Some(refusal) = part["refusal"].as_str() {
                self.is_refused = true;
                self.say(refusal, out)?;
            }
            self.say(part["text"].as_str().unwrap_or_default(), out)?;
        }
        Ok(())
    }

    fn take_call(&mut self, number: Option<u64>, item: &Value, out: &mut Events) -> Result<(), ProviderError> {
        let word = |field: &str| item[field].as_str().unwrap_or_default();
        let fragment = Fragment {
            number,
            id: word("call_id"),
            name: word("name"),
            arguments: word("arguments"),
            ..Fragment::default()
        };
        let event = self.calls.take_so_far(fragment);
        self.put(event, out)
    }

    /// A piece of reasoning is whole. Sealed or not, it goes back as it came.
    fn seal(&mut self, item: &Value, out: &mut Events) -> Result<(), ProviderError> {
        let sealed = item["encrypted_content"].as_str().unwrap_or_default();
        self.begin(out);
        self.tally.count_thinking(sealed).map_err(|error| errors::too_large(&self.provider, &error))?;
        let opaque = Some(json!({ITEM: item, MODEL: self.model}));
        out.push_back(ModelEvent::Sealed { seal: Seal::Thinking { signature: None, opaque } });
        Ok(())
    }

    fn finish(&mut self, response: &Response<'_>, out: &mut Events) -> Result<(), ProviderError> {
        if let Some(error) = response.error.as_ref().filter(|error| !error.is_null()) {
            return Err(errors::from_object(&self.provider, &json!({ "error": error })));
        }
        let reason = match response.status.words() {
            Some("failed") => return Err(self.gave_up("the server gave up its answer without a reason")),
            Some("cancelled") => return Err(self.gave_up("the server cancelled its answer")),
            Some("incomplete") => match response.incomplete_details.as_ref().and_then(|why| why.reason.words()) {
                Some("max_output_tokens") => StopReason::Length,
                Some("content_filter") => StopReason::ContentFilter,
                why => StopReason::Other(why.unwrap_or("incomplete").to_owned()),
            },
            _ if self.is_refused => StopReason::Refusal,
            _ if !self.calls.is_empty() => StopReason::ToolCalls,
            _ => StopReason::Stop,
        };
        if let Some(usage) = response.usage {
            out.push_back(ModelEvent::Usage { usage: counts(usage) });
        }
        out.extend(self.calls.finish(&self.id_seed));
        out.push_back(ModelEvent::Finished { reason });
        Ok(())
    }

    fn failed(&self, event: &Event<'_>) -> ProviderError {
        let said = match event.error.as_ref().filter(|error| !error.is_null()) {
            Some(error) => json!({ "error": error }),
            None => json!({"code": event.code.words(), "message": event.message.words()}),
        };
        errors::from_object(&self.provider, &said)
    }

    fn say(&mut self, text: &str, out: &mut Events) -> Result<(), ProviderError> {
        self.begin(out);
        self.tally.say(text, out).map_err(|error| errors::too_large(&self.provider, &error))
    }

    fn think(&mut self, thinking: &str, out: &mut Events) -> Result<(), ProviderError> {
        self.begin(out);
        self.tally.think(thinking, out).map_err(|error| errors::too_large(&self.provider, &error))
    }

    fn put(&mut self, event: Result<Option<ModelEvent>, TooMuch>, out: &mut Events) -> Result<(), ProviderError> {
        self.begin(out);
        out.extend(event.map_err(|error| errors::too_large(&self.provider, &error))?);
        Ok(())
    }

    fn gave_up(&self, message: &str) -> ProviderError {
        ProviderError::new(&*self.provider, Category::Server, message)
    }

    fn without_answer(&self) -> ProviderError {
        ProviderError::new(&*self.provider, Category::Protocol, "the server ended its answer without one")
    }
}

fn texts(parts: &Value) -> impl Iterator<Item = &str> {
    parts.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str())
}

fn counts(usage: Usage) -> TokenUsage {
    TokenUsage {
        input_tokens: usage.input_tokens.unwrap_or(0),
        output_tokens: usage.output_tokens.unwrap_or(0),
        reasoning_tokens: usage.output_tokens_details.and_then(|details| details.reasoning_tokens),
        cached_tokens: usage.input_tokens_details.and_then(|details| details.cached_tokens),
    }
}

#[cfg(test)]
mod tests;
