//! OpenAI's rules, over the JSON that is sent: Chat Completions' `messages` and `tools`.
//!
//! What is known, and how well (docs/tokens.md says the same to users):
//!
//! * Words, roles and names: the rule of OpenAI's guide “How to count tokens with tiktoken” (read November 2026). Exact up to
//!   GPT-4.5, where recorded answers bear it out; reasoning models were a token below it in each.
//! * Pictures: the rule of OpenAI's guide “Images and vision”, exact for models that it names; see [`pictures`].
//! * Tools offered: the guide's rule, which it calls an estimate; see `tools`.
//! * Tool calls, sound, shapes of answers and everything else: no rule is published. Estimates.

mod pictures;
mod tools;

use parlance_core::TokenCount;
use serde_json::{Map, Value};

use crate::Prompt;
use crate::json::spaced;
use crate::media::sound_ms;
use crate::tally::Tally;
use crate::vocabulary::{Vocabulary, bare};

/// Every answer begins with tokens that the prompt is billed for.
const REPLY: u64 = 3;
/// What frames a message.
const MESSAGE: u64 = 3;
/// A name that is given in place of the role's.
const NAME: u64 = 1;
/// Sound in a message: one token in so many milliseconds (OpenAI's page on the costs of audio models).
const MS_PER_SOUND_TOKEN: u64 = 100;

/// Names of models whose messages are framed as the guide says. Of models that reason, recorded answers say otherwise.
const FRAMED_AS_PUBLISHED: &[&str] = &["gpt-4", "chatgpt-4o", "gpt-3.5-turbo", "gpt-35-turbo"];

/// The tokens of a prompt, for a model of OpenAI's or one that counts like them. A model that is none is counted in the
/// newest vocabulary, as an estimate.
#[must_use]
pub fn count(prompt: &Prompt) -> TokenCount {
    let counter = Counter::of(prompt.model);
    let mut tally = if is_framed_as_published(prompt.model) { Tally::exact() } else { Tally::estimate() };
    tally.add(REPLY);
    for message in prompt.messages {
        tally.add(MESSAGE);
        if let Value::Object(fields) = message {
            counter.message(fields, &mut tally);
        }
    }
    if !prompt.tools.is_empty() {
        tally.guess(tools::count(prompt.model, prompt.tools, counter.vocabulary));
    }
    if let Some(shape) = prompt.shape {
        tally.guess(counter.vocabulary.count(&spaced(shape)));
    }
    tally.count()
}

/// Models that hear and speak frame their messages otherwise: a recorded prompt was a token shorter than the rule.
fn is_framed_as_published(model: &str) -> bool {
    let name = bare(model);
    Vocabulary::of(model).is_some()
        && FRAMED_AS_PUBLISHED.iter().any(|family| name.starts_with(family))
        && !name.contains("audio")
}

struct Counter<'a> {
    model: &'a str,
    vocabulary: Vocabulary,
}

impl<'a> Counter<'a> {
    fn of(model: &'a str) -> Self {
        Self { model, vocabulary: Vocabulary::of(model).unwrap_or(Vocabulary::O200k) }
    }

    fn message(&self, fields: &Map<String, Value>, tally: &mut Tally) {
        for (field, value) in fields {
            match value {
                Value::Null => {}
                Value::String(text) => tally.add(self.vocabulary.count(text)),
                Value::Array(parts) if field == "content" => {
                    for part in parts {
                        self.part(part, tally);
                    }
                }
                other => tally.guess(self.vocabulary.count(&spaced(other))),
            }
            if field == "name" {
                tally.add(NAME);
            }
        }
    }

    fn part(&self, part: &Value, tally: &mut Tally) {
        match part["type"].as_str() {
            Some("text") => tally.add(self.vocabulary.count(part["text"].as_str().unwrap_or_default())),
            Some("image_url") => pictures::count(self.model, &part["image_url"], tally),
            Some("input_audio") => {
                let data = part["input_audio"]["data"].as_str().unwrap_or_default();
                let data = data.rsplit(',').next().unwrap_or_default();
                tally.guess(sound_ms(data).div_ceil(MS_PER_SOUND_TOKEN));
            }
            _ => tally.guess(self.vocabulary.count(&spaced(part))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn counted(model: &str, messages: &Value) -> TokenCount {
        count(&Prompt { model, messages: messages.as_array().unwrap(), tools: &[], shape: None })
    }

    #[track_caller]
    fn check(model: &str, messages: Value, tokens: u64, exact: bool) {
        assert_eq!(counted(model, &messages), TokenCount { tokens, exact }, "{model}");
    }

    #[test]
    fn the_guides_example_counts_as_the_service_answered() {
        // “How to count tokens with tiktoken”, section 6, with the counts that the service itself gave.
        let messages = json!([
            {"role": "system", "content":
                "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
            {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
            {"role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue."},
            {"role": "system", "name": "example_user", "content":
                "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage."},
            {"role": "system", "name": "example_assistant", "content": "Let's talk later when we're less busy about how to do better."},
            {"role": "user", "content":
                "This late pivot means we don't have time to boil the ocean for the client deliverable."},
        ]);
        for (model, tokens) in
            [("gpt-3.5-turbo", 129), ("gpt-4-0613", 129), ("gpt-4", 129), ("gpt-4o", 124), ("gpt-4o-mini", 124)]
        {
            check(model, messages.clone(), tokens, true);
        }
    }

    #[test]
    fn recorded_prompts_count_as_the_service_answered() {
        // `usage.prompt_tokens` of answers recorded in public test suites.
        let ask = |text: &str| json!([{"role": "user", "content": text}]);
        check("gpt-4", ask("Say this is a test"), 12, true);
        check("gpt-4.1", ask("Hello world"), 9, true);
        check("gpt-4.1-mini", ask("Work out 17 + 25 carefully, then answer with only the number."), 23, true);
        // Of models that reason the service said one less.
        check("gpt-5.2-chat", ask("Say hello in one sentence."), 12 + 1, false);
        check("gpt-5-mini", ask("What is 2 + 2?"), 14 + 1, false);
        check("gpt-5-nano", ask("What is 2 + 2? Just the number."), 18 + 1, false);
    }

    #[test]
    fn the_shape_of_an_answer_is_a_part_of_the_prompt() {
        let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello world"}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "city", "strict": true,
                "schema": {"type": "object", "properties": {"name": {"type": "string"}}}}}});
        let counted = count(&Prompt::of(&body));
        assert!(counted.tokens > 9 + 20 && !counted.exact, "{counted:?}");
    }

    #[test]
    fn parts_count_like_the_string_and_null_counts_nothing() {
        check("gpt-4o", json!([{"role": "user", "content": "Say this is a test"}]), 12, true);
        check(
            "gpt-4o",
            json!([{"role": "user", "content": [{"type": "text", "text": "Say this is a test"}]}]),
            12,
            true,
        );
        check("gpt-4o", json!([{"role": "user", "content": null}]), 7, true);
        check("gpt-4o", json!([]), 3, true);
    }

    #[test]
    fn what_no_rule_names_is_counted_and_marked() {
        let said = json!([{"role": "user", "content": "Say this is a test"}]);
        check("gpt-6-astra", said.clone(), 12, false);
        check("gpt-4o-audio-preview", said, 12, false);
        let sound = json!([{"role": "user", "content": [
            {"type": "input_audio", "input_audio": {"data": "AAAA".repeat(16_000), "format": "mp3"}}]}]);
        check("gpt-4o", sound, 7 + 30, false);
        let file = json!([{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]);
        assert!(!counted("gpt-4o", &file).exact);
        let call = json!([{"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Paris\"}"}}]}]);
        let counted = counted("gpt-4o", &call);
        assert!(!counted.exact && counted.tokens > 25, "{counted:?}");
    }
}
