//! Where the provider is asked to remember the beginning of a prompt. Pure.
//!
//! Remembering costs a quarter more for what is new, reading what was remembered costs a tenth (the provider's page on
//! prompt caching, read November 2026). So it pays where the same beginning comes again: in a conversation that goes on. A
//! first question may be the last one and is not marked.

use serde_json::{Map, Value, json};

/// Shorter beginnings are remembered by no model: the provider says 1,024 to 4,096 tokens, by the model. Below a model's own
/// bound a mark does nothing and costs nothing.
const LEAST_TOKENS: usize = 1_024;
/// Bytes of text a token, on the safe side of what Anthropic's models take.
const BYTES_PER_TOKEN: usize = 4;
/// Fields whose length says nothing about tokens: bytes of pictures, and seals.
const NO_TEXT: [&str; 2] = ["data", "signature"];
/// Blocks that take no mark.
const UNMARKED: [&str; 2] = ["thinking", "redacted_thinking"];

/// Marks the end of what never changes (tools and instructions), and the end of the conversation.
pub(super) fn mark(body: &mut Map<String, Value>) {
    let goes_on = body["messages"].as_array().is_some_and(|said| said.iter().any(|msg| msg["role"] == "assistant"));
    if !goes_on {
        return;
    }
    let length = |field: &str| body.get(field).map_or(0, text_bytes);
    let frame = length("tools") + length("system");
    let whole = frame + length("messages");
    let is_long = |bytes: usize| bytes >= LEAST_TOKENS * BYTES_PER_TOKEN;
    if is_long(frame) {
        // What is remembered begins with the tools, so the instructions' end covers both.
        let field = if body.contains_key("system") { "system" } else { "tools" };
        mark_last(body.get_mut(field));
    }
    if is_long(whole) {
        let last = body.get_mut("messages").and_then(Value::as_array_mut).and_then(|said| said.last_mut());
        mark_last(last.map(|message| &mut message["content"]));
    }
}

fn mark_last(blocks: Option<&mut Value>) {
    let Some(block) = blocks.and_then(Value::as_array_mut).and_then(|blocks| blocks.last_mut()) else { return };
    let takes_it = block["type"].as_str().is_none_or(|kind| !UNMARKED.contains(&kind));
    if let Value::Object(fields) = block
        && takes_it
    {
        fields.insert("cache_control".into(), json!({"type": "ephemeral"}));
    }
}

fn text_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !NO_TEXT.contains(&name.as_str()))
            .map(|(name, value)| name.len() + text_bytes(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body with so many bytes of each, and where it was marked.
    fn marked(tools: usize, system: usize, said: &[(&str, usize)]) -> Vec<String> {
        let text = |bytes: usize| json!([{"type": "text", "text": "x".repeat(bytes)}]);
        let messages: Vec<Value> =
            said.iter().map(|(role, bytes)| json!({"role": role, "content": text(*bytes)})).collect();
        let mut body = Map::from_iter([("messages".to_owned(), json!(messages))]);
        if tools > 0 {
            body.insert("tools".into(), json!([{"name": "a"}, {"name": "b", "description": "x".repeat(tools)}]));
        }
        if system > 0 {
            body.insert("system".into(), text(system));
        }
        mark(&mut body);
        let is_marked = |block: &Value| block["cache_control"] == json!({"type": "ephemeral"});
        let last = |blocks: &Value| blocks.as_array().and_then(|blocks| blocks.last()).is_some_and(is_marked);
        let mut found: Vec<String> =
            ["tools", "system"].iter().filter(|field| body.get(**field).is_some_and(last)).map(|&f| f.into()).collect();
        let messages = body["messages"].as_array().unwrap().iter().enumerate();
        found.extend(messages.filter(|(_, message)| last(&message["content"])).map(|(at, _)| at.to_string()));
        found
    }

    #[test]
    fn long_conversations_that_go_on_are_marked_at_their_end_and_behind_what_never_changes() {
        let going_on = |first: usize| [("user", first), ("assistant", 10), ("user", 10)];
        for (tools, system, said, expected) in [
            (0, 0, &going_on(5_000)[..], &["2"][..]),
            (0, 5_000, &going_on(10), &["system", "2"]),
            (5_000, 0, &going_on(10), &["tools", "2"]),
            (5_000, 10, &going_on(10), &["system", "2"]),
            (1_500, 1_500, &going_on(1_500), &["2"]),
            // Too short to be remembered.
            (100, 100, &going_on(100), &[]),
            // Nothing says that it will go on.
            (5_000, 5_000, &[("user", 50_000)], &[]),
        ] {
            assert_eq!(marked(tools, system, said), expected, "{tools} {system} {said:?}");
        }
    }

    #[test]
    fn pictures_do_not_count_as_text_and_reasoning_takes_no_mark() {
        let picture = json!({"type": "image", "source": {"type": "base64", "data": "A".repeat(50_000)}});
        let end = json!({"type": "thinking", "thinking": "hm", "signature": "c".repeat(50_000)});
        let said = |first: Value| json!([{"role": "user", "content": [first]}, {"role": "assistant", "content": [end.clone()]}]);
        for first in [picture, json!({"type": "text", "text": "x".repeat(50_000)})] {
            let mut body = Map::from_iter([("messages".to_owned(), said(first))]);
            let before = body.clone();
            mark(&mut body);
            assert_eq!(body, before);
        }
    }
}
