//! What we read of an answer and what the simple reader read, in the same words.

use parlance_core::{ContentBlock, ModelEvent, ProviderError, Reply, StopReason};
use serde_json::{Value, json};

use crate::collection::Recording;
use crate::families::HasCalls;

/// What we read, in the words of `expected.json`.
pub(crate) fn read(events: &[ModelEvent], error: Option<&ProviderError>, expected: &Value) -> Value {
    let mut reply = Reply::default();
    events.iter().for_each(|event| reply.apply(event));
    let thinking: String = reply
        .content
        .iter()
        .filter_map(|block| match block {
            ContentBlock::Thinking { thinking, .. } => Some(thinking.as_str()),
            _ => None,
        })
        .collect();
    let calls: Vec<Value> = reply
        .content
        .iter()
        .filter_map(|block| match block {
            ContentBlock::ToolUse(call) => Some(call),
            _ => None,
        })
        .zip(expected["tool_calls"].as_array().into_iter().flatten().chain(std::iter::repeat(&Value::Null)))
        .map(|(call, expected)| {
            let raw = call.raw_input.as_deref().unwrap_or_default();
            let unparsed = json!({"__unparsed__": raw});
            let arguments = if expected["arguments"] == unparsed { unparsed } else { json!(call.input) };
            json!({"name": call.name, "arguments": arguments})
        })
        .collect();
    json!({
        "words": reply.text(),
        "thinking": thinking,
        "tool_calls": calls,
        "finish_reason": reply.finish_reason.map(|reason| reason_word(&reason)),
        "tokens": reply.usage.map(|usage| [usage.input_tokens, usage.output_tokens]),
        "error": error.map(|error| json!({"code": error.code, "message": error.message})),
    })
}

/// The same from `expected.json`, for comparison: refusals are words here.
pub(crate) fn wanted(recording: &Recording) -> Value {
    let (family, expected) = (recording.family, &recording.expected);
    let text = |field: &str| expected[field].as_str().unwrap_or_default().to_owned();
    let calls = expected["tool_calls"].as_array().cloned().unwrap_or_default();
    let has_calls = if calls.is_empty() { HasCalls::No } else { HasCalls::Yes };
    let refusal = text("refusal");
    let finish = match expected["finish_reason"].as_str() {
        Some(_) if !refusal.is_empty() => json!("refusal"),
        Some(word) => json!((family.finish)(word, has_calls)),
        None => Value::Null,
    };
    let calls: Vec<Value> =
        calls.iter().map(|call| json!({"name": call["name"], "arguments": call["arguments"]})).collect();
    let error = expected.get("error").filter(|error| !error.is_null()).map(|error| {
        let code = if error["code"].is_null() { &error["type"] } else { &error["code"] };
        let code = code.as_u64().map_or_else(|| code.clone(), |number| json!(number.to_string()));
        json!({"code": code, "message": error["message"]})
    });
    json!({
        "words": text("text") + &refusal,
        "thinking": text("thinking"),
        "tool_calls": calls,
        "finish_reason": finish,
        "tokens": (family.tokens)(&expected["usage"]),
        "error": error,
    })
}

fn reason_word(reason: &StopReason) -> String {
    match serde_json::to_value(reason).unwrap() {
        Value::String(word) => word,
        other => other.to_string(),
    }
}

/// What we read otherwise than the simple reader, and deliberately so: file, place, our reading. The reasons stand in
/// `docs/recordings.md`.
const READ_OTHERWISE: [(&str, &str, &str); 7] = [
    (GROQ_NULL_ARGUMENTS, "/tool_calls/0/arguments", "{}"),
    (GROQ_NULL_ARGUMENTS, "/tool_calls/1/arguments", "{}"),
    ("openai/chat-completion-audio-output.json", "/words", "\"Hello! How can I help you today?\""),
    ("openrouter/stream-tools-streaming-variant-a.sse", "/finish_reason", "\"tool_calls\""),
    ("anthropic/chat-anthropic-refusal.json", "/words", ANTHROPIC_REFUSAL),
    ("openai/stream-responses-openai-error-1.sse", "/finish_reason", "null"),
    (
        "gemini-vertex/chat-google-model-armor-prompt-template-text-gets-blocked-x1.json",
        "/error",
        "{\"code\":\"MODEL_ARMOR\",\"message\":\"The prompt violated Prompt Injection and Jailbreak filters.\"}",
    ),
];
const GROQ_NULL_ARGUMENTS: &str = "groq/stream-agent-tool-sessions-parallel-tool-calls-single-turn-streaming.sse";
const ANTHROPIC_REFUSAL: &str = "\"This request triggered restrictions on violative cyber content and was blocked under Anthropic's Usage Policy.\"";

/// Reasoning that stands inside the words, which the simple reader leaves there.
const REASONS_IN_WORDS: [&str; 1] = ["huggingface/chat-hf-model-instructions.json"];

/// The simple reader's reading with our deliberate differences.
pub(crate) fn ours(recording: &Recording) -> Value {
    let mut wanted = wanted(recording);
    for (_, place, reading) in READ_OTHERWISE.iter().filter(|(name, ..)| *name == recording.name) {
        let reading: Value = serde_json::from_str(reading).unwrap();
        let theirs = wanted.pointer_mut(place).unwrap();
        assert_ne!(*theirs, reading, "{} is read as expected after all", recording.name);
        *theirs = reading;
    }
    if REASONS_IN_WORDS.contains(&recording.name.as_str()) {
        let words = wanted["words"].as_str().unwrap().to_owned();
        let (thinking, words) = words.strip_prefix("<think>").unwrap().split_once("</think>").unwrap();
        (wanted["thinking"], wanted["words"]) =
            (json!(thinking.trim_start_matches('\n')), json!(words.trim_start_matches('\n')));
    }
    wanted
}
