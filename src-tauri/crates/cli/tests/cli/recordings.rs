//! Recorded answers of real servers, served over a socket and asked for by the real binary: what `--json` says of each is what
//! an independent, simple reader read (`*.expected.json`). Where we read otherwise, the file and the reason stand in
//! `docs/recordings.md`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use parlance_simulator::Answer;
use serde_json::{Value, json};

use crate::stage::Stage;

/// What is read otherwise, and deliberately so.
const READ_OTHERWISE: [&str; 7] = [
    "huggingface/chat-hf-model-instructions.json",
    "groq/stream-agent-tool-sessions-parallel-tool-calls-single-turn-streaming.sse",
    "openai/chat-completion-audio-output.json",
    "openrouter/stream-tools-streaming-variant-a.sse",
    "anthropic/chat-anthropic-refusal.json",
    "openai/stream-responses-openai-error-1.sse",
    "gemini-vertex/chat-google-model-armor-prompt-template-text-gets-blocked-x1.json",
];

/// As many calls at once as a small computer can carry.
const CALLERS: usize = 3;

struct Recording {
    name: String,
    /// The provider's name in the terminal.
    provider: &'static str,
    status: u16,
    body: Vec<u8>,
    expected: Value,
    /// Whether DashScope's frames are deltas; whoever asked knew.
    deltas: bool,
}

/// Ours, and the larger collection that `PARLANCE_RECORDINGS` names.
fn collections() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let larger = std::env::var_os("PARLANCE_RECORDINGS").map(PathBuf::from);
    std::iter::once(workspace.join("tests/recordings")).chain(larger).collect()
}

fn recordings(collection: &Path) -> Vec<Recording> {
    let manifest: Value = serde_json::from_slice(&std::fs::read(collection.join("MANIFEST.json")).unwrap()).unwrap();
    manifest["files"].as_array().unwrap().iter().filter_map(|about| recording(collection, about)).collect()
}

fn recording(collection: &Path, about: &Value) -> Option<Recording> {
    let name = about["file"].as_str().unwrap().to_owned();
    let (folder, file) = name.split_once('/').unwrap();
    if !matches!(file.split('-').next().unwrap(), "chat" | "stream" | "error") {
        return None;
    }
    let provider = provider(folder, about["dialect"].as_str().unwrap_or(folder))?;
    let path = collection.join(&name);
    let body = std::fs::read(&path).unwrap();
    // Answers of Ollama's older `/api/generate`, which is never asked here.
    if provider == "ollama" && !String::from_utf8_lossy(&body).contains("\"message\":") {
        return None;
    }
    let read = |ending: &str| -> Value {
        let bytes = std::fs::read(path.with_extension(ending)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    };
    let (expected, asked) = (read("expected.json"), read("request.json"));
    let told = asked.pointer("/parameters/incremental_output").or_else(|| expected.get("incremental_output_inferred"));
    let deltas = told == Some(&Value::Bool(true));
    let status = about["status"].as_u64().map_or(200, |status| u16::try_from(status).unwrap());
    Some(Recording { provider, status, body, deltas, expected, name: name.clone() })
}

/// By whom the terminal asks for such an answer; `None` for protocols of other things than chats.
fn provider(folder: &str, dialect: &str) -> Option<&'static str> {
    Some(match (folder, dialect) {
        (_, "openai-responses") => "openai-responses",
        (_, "anthropic") => "anthropic",
        (_, "gemini") => "gemini",
        (_, "dashscope") => "dashscope",
        (_, "ollama") => "ollama",
        ("azure-openai", "openai-chat") => "azure",
        ("cerebras", "openai-chat") => "cerebras",
        ("deepseek", "openai-chat") => "deepseek",
        ("groq", "openai-chat") => "groq",
        ("huggingface", "openai-chat") => "huggingface",
        ("llamacpp", "openai-chat") => "llamacpp",
        ("lmstudio", "openai-chat") => "lmstudio",
        ("mistral", "openai-chat") => "mistral",
        ("moonshot", "openai-chat") => "moonshot",
        ("openrouter", "openai-chat") => "openrouter",
        ("qwen-compatible", "openai-chat") => "dashscope-compatible",
        ("vllm", "openai-chat") => "vllm",
        ("xai", "openai-chat") => "xai",
        ("zai", "openai-chat") => "zai",
        (_, "openai-chat") => "openai",
        _ => return None,
    })
}

impl Recording {
    fn content_type(&self) -> &'static str {
        match self.name.rsplit('.').next().unwrap() {
            "sse" => "text/event-stream",
            "ndjson" => "application/x-ndjson",
            _ => "application/json",
        }
    }

    /// What the terminal says, in the words of the expected file.
    fn said(&self) -> Value {
        let answer = Answer { status: self.status, ..Answer::bytes(self.content_type(), self.body.clone()) };
        let stage = Stage::answering(answer);
        let base_url = match self.provider {
            "anthropic" | "gemini" | "dashscope" | "ollama" | "azure" => stage.server.origin(),
            _ => stage.server.base_url(),
        };
        let mut words =
            vec!["ask", "hi", "--json", "--provider", self.provider, "--model", "m", "--base-url", &base_url];
        if self.content_type() == "application/json" {
            words.push("--no-stream");
        }
        if self.provider == "dashscope" && !self.deltas {
            words.extend(["--set", "incremental_output=false"]);
        }
        let called = stage.call(&words);
        let said = called.json();
        let failed = !said["error"].is_null();
        assert_eq!(called.code, i32::from(failed), "{}: {called:?}", self.name);
        let of_kind = |kind: &str, field: &str| -> String {
            let blocks = said["content"].as_array().into_iter().flatten();
            blocks.filter(|block| block["type"] == kind).filter_map(|block| block[field].as_str()).collect()
        };
        let wanted_calls = self.expected["tool_calls"].as_array().into_iter().flatten();
        let calls: Vec<Value> = said["content"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|block| block["type"] == "tool_use")
            .zip(wanted_calls.chain(std::iter::repeat(&Value::Null)))
            .map(|(call, wanted)| {
                let unparsed = json!({"__unparsed__": call["raw_input"]});
                let arguments = if wanted["arguments"] == unparsed { unparsed } else { call["input"].clone() };
                json!({"name": call["name"], "arguments": arguments})
            })
            .collect();
        json!({
            "words": of_kind("text", "text"),
            "thinking": of_kind("thinking", "thinking"),
            "tool_calls": calls,
            "finish_reason": said["finish_reason"],
            "tokens": [said["usage"]["input_tokens"], said["usage"]["output_tokens"]],
            "failed": failed,
        })
    }

    /// The same from the expected file.
    fn wanted(&self) -> Value {
        let expected = &self.expected;
        let text = |field: &str| expected[field].as_str().unwrap_or_default().to_owned();
        let calls = expected["tool_calls"].as_array().cloned().unwrap_or_default();
        let has_calls = !calls.is_empty();
        let calls: Vec<Value> =
            calls.iter().map(|call| json!({"name": call["name"], "arguments": call["arguments"]})).collect();
        let refusal = text("refusal");
        json!({
            "words": text("text") + &refusal,
            "thinking": text("thinking"),
            "tool_calls": calls,
            "finish_reason": match expected["finish_reason"].as_str() {
                Some(_) if !refusal.is_empty() => json!("refusal"),
                Some(word) => json!(reason(word, has_calls)),
                None => Value::Null,
            },
            "tokens": tokens(self.provider, &expected["usage"]).map_or(json!([null, null]), |tokens| json!(tokens)),
            "failed": self.status >= 400 || expected.get("error").is_some_and(|error| !error.is_null()),
        })
    }
}

/// A server's word for why an answer ended, in ours.
fn reason(word: &str, has_calls: bool) -> &str {
    match (word, has_calls) {
        ("stop" | "STOP" | "completed" | "tool_calls" | "function_call" | "tool_use", true) => "tool_calls",
        ("STOP" | "completed" | "end_turn" | "stop_sequence", false) => "stop",
        ("max_tokens" | "MAX_TOKENS", _) => "length",
        ("SAFETY", _) => "content_filter",
        (other, _) => other,
    }
}

/// Tokens of prompt and answer, in each protocol's words; `None` where it does not count.
fn tokens(provider: &str, usage: &Value) -> Option<[u64; 2]> {
    let count = |field: &str| usage[field].as_u64();
    match provider {
        "openai-responses" | "dashscope" => Some([count("input_tokens")?, count("output_tokens")?]),
        // What was read from and written to the cache is counted beside the rest of the prompt.
        "anthropic" => {
            let parts = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
            let input = parts.iter().filter_map(|part| count(part)).sum();
            (!usage.is_null()).then(|| [input, count("output_tokens").unwrap_or(0)])
        }
        // The answer is what the total has beyond the prompt.
        "gemini" => {
            let input = count("promptTokenCount")? + count("toolUsePromptTokenCount").unwrap_or(0);
            Some([input, count("totalTokenCount")?.checked_sub(input)?])
        }
        // The prompt is left out when all of it was cached.
        "ollama" => Some([count("prompt_eval_count").unwrap_or(0), count("eval_count")?]),
        _ => Some([count("prompt_tokens")?, count("completion_tokens")?]),
    }
}

#[test]
fn every_recorded_answer_is_said_as_it_was_read_by_others() {
    let recordings: Vec<Recording> = collections().iter().flat_map(|collection| recordings(collection)).collect();
    let next = AtomicUsize::new(0);
    let caller = || {
        let mut wrong = Vec::new();
        while let Some(recording) = recordings.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (said, mut wanted) = (recording.said(), recording.wanted());
            // What came before a refusal is nothing, and a refusal counts nothing.
            if recording.status >= 400 {
                wanted = json!({"words": "", "thinking": "", "tool_calls": [], "finish_reason": null, "tokens": [null, null], "failed": true});
            }
            let is_equal = said == wanted;
            if is_equal == READ_OTHERWISE.contains(&recording.name.as_str()) {
                wrong.push(format!("{}\n  said   {said}\n  wanted {wanted}", recording.name));
            }
        }
        wrong
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(caller)).collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), recordings.len(), wrong.join("\n"));
    assert!(recordings.len() >= 60, "only {} recordings", recordings.len());
}
