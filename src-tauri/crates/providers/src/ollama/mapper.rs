//! Lines of an answer to the domain's events: pure. Fed by the decoder.

use std::sync::Arc;

use parlance_core::{ModelEvent, ProviderError, StopReason, TokenUsage};
use serde_json::json;

use super::wire::{Line, Message, ToolCall};
use crate::decoder::{Events, Step};
use crate::errors;
use crate::tally::Tally;
use crate::tool_calls::{Fragment, ToolCalls};

/// The state of one answer.
#[derive(Debug)]
pub struct Mapper {
    provider: Arc<str>,
    /// Makes ids for tool calls that come without one.
    id_seed: String,
    is_started: bool,
    calls: ToolCalls,
    tally: Tally,
}

impl Mapper {
    /// The state before the first line. `id_seed` makes ids for tool calls that come without one; it must be another for each
    /// answer.
    #[must_use]
    pub fn new(provider: Arc<str>, id_seed: String) -> Self {
        Self { provider, id_seed, is_started: false, calls: ToolCalls::default(), tally: Tally::default() }
    }

    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    pub(crate) fn map(&mut self, line: &Line<'_>, out: &mut Events) -> Result<Step, ProviderError> {
        if let Some(error) = line.error.as_ref().filter(|error| !error.is_null()) {
            return Err(errors::from_object(&self.provider, &json!({ "error": error })));
        }
        let is_done = line.done == Some(true);
        if line.message.is_none() && !is_done {
            tracing::debug!(provider = &*self.provider, "skipped a line of an unknown kind");
            return Ok(Step::More);
        }
        if !self.is_started {
            self.is_started = true;
            out.push_back(ModelEvent::Started { id: None, model: line.model.words().map(str::to_owned) });
        }
        if let Some(message) = &line.message {
            self.take(message, out)?;
        }
        if !is_done {
            return Ok(Step::More);
        }
        if let Some(usage) = counts(line) {
            out.push_back(ModelEvent::Usage { usage });
        }
        let reason = reason(line.done_reason.words(), !self.calls.is_empty());
        out.extend(self.calls.finish(&self.id_seed));
        out.push_back(ModelEvent::Finished { reason });
        Ok(Step::Finished)
    }

    fn take(&mut self, message: &Message<'_>, out: &mut Events) -> Result<(), ProviderError> {
        let too_long = |error| errors::too_large(&self.provider, &error);
        self.tally.think(message.thinking.words().unwrap_or_default(), out).map_err(too_long)?;
        self.tally.say(message.content.words().unwrap_or_default(), out).map_err(too_long)?;
        for call in message.tool_calls.iter().flatten() {
            let event =
                self.calls.take_whole(fragment(call)).map_err(|error| errors::too_large(&self.provider, &error))?;
            out.extend(event);
        }
        Ok(())
    }
}

fn fragment<'a>(call: &'a ToolCall<'_>) -> Fragment<'a> {
    let function = call.function.as_ref();
    Fragment {
        id: call.id.words().unwrap_or_default(),
        name: function.and_then(|function| function.name.words()).unwrap_or_default(),
        arguments: function.map(|function| &*function.arguments.0).unwrap_or_default(),
        ..Fragment::default()
    }
}

fn counts(line: &Line<'_>) -> Option<TokenUsage> {
    let output_tokens = line.eval_count?;
    Some(TokenUsage { input_tokens: line.prompt_eval_count.unwrap_or(0), output_tokens, ..TokenUsage::default() })
}

/// The server says `stop` although it waits for results.
fn reason(word: Option<&str>, has_calls: bool) -> StopReason {
    match word {
        Some("stop") | None if has_calls => StopReason::ToolCalls,
        Some("stop") | None => StopReason::Stop,
        Some("length") => StopReason::Length,
        Some(other) => StopReason::Other(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use parlance_core::{Category, ContentBlock, Reply};

    use super::*;
    use crate::lenient;

    fn map(lines: &[&str]) -> Result<Reply, ProviderError> {
        let (mut mapper, mut out) = (Mapper::new("p".into(), "seed".into()), Events::new());
        let mut step = Step::More;
        for line in lines {
            assert_eq!(step, Step::More, "nothing comes behind the end");
            step = mapper.map(&lenient::object(line).unwrap(), &mut out)?;
        }
        let mut reply = Reply::default();
        out.iter().for_each(|event| reply.apply(event));
        assert_eq!(reply.finish_reason.is_some(), step == Step::Finished);
        Ok(reply)
    }

    #[test]
    fn calls_of_one_tool_in_several_lines_stay_apart_and_get_ids_of_their_own() {
        let reply = map(&[
            r#"{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"index":0,"name":"f","arguments":{"a":1}}}]},"done":false}"#,
            r#"{"message":{"tool_calls":[{"function":{"index":0,"name":"f","arguments":{"a":2}}},{"id":"own","function":{"name":"g"}}]}}"#,
            r#"{"message":{"content":""},"done":true,"done_reason":"stop"}"#,
        ])
        .unwrap();
        let calls: Vec<_> = reply
            .content
            .iter()
            .map(|block| match block {
                ContentBlock::ToolUse(call) => (call.id.as_str(), call.name.as_str(), json!(call.input)),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected =
            [("call_seed_0", "f", json!({"a": 1})), ("call_seed_1", "f", json!({"a": 2})), ("own", "g", json!({}))];
        assert_eq!(calls, expected);
        assert_eq!(reply.finish_reason, Some(StopReason::ToolCalls));
    }

    #[test]
    fn the_end_says_why_and_how_much() {
        for (line, reason, usage) in [
            (
                r#"{"done":true,"done_reason":"length","prompt_eval_count":3,"eval_count":4}"#,
                StopReason::Length,
                Some((3, 4)),
            ),
            (r#"{"done":true,"done_reason":"stop","eval_count":4}"#, StopReason::Stop, Some((0, 4))),
            (r#"{"done":true,"done_reason":"load"}"#, StopReason::Other("load".into()), None),
            (r#"{"done":true}"#, StopReason::Stop, None),
        ] {
            let reply = map(&[line]).unwrap();
            assert_eq!(reply.finish_reason, Some(reason), "{line}");
            assert_eq!(reply.usage.map(|usage| (usage.input_tokens, usage.output_tokens)), usage, "{line}");
        }
    }

    #[test]
    fn an_error_in_a_line_ends_the_answer_and_an_unknown_line_is_skipped() {
        let error = map(&[r#"{"message":{"content":"half"}}"#, r#"{"error":"model runner has unexpectedly stopped"}"#]);
        let error = error.unwrap_err();
        assert_eq!(
            (error.category, error.message.as_str()),
            (Category::Server, "model runner has unexpectedly stopped")
        );
        let reply =
            map(&[r#"{"status":"pulling"}"#, r#"{"message":{"content":"a","new":[1]}}"#, "{}", r#"{"done":true}"#]);
        assert_eq!(reply.unwrap().text(), "a");
    }
}
