//! What the tests must know of each kind of server: how its answers are decoded, and what its own words mean.

use std::sync::Arc;

use parlance_core::chat::Delivery;
use parlance_core::{ChatModel, ModelEvent};
use parlance_providers::anthropic::MessagesDecoder;
use parlance_providers::dashscope::DashScopeDecoder;
use parlance_providers::dashscope::mapper::Frames;
use parlance_providers::gemini::{self, ContentDecoder};
use parlance_providers::models::{Listed, list};
use parlance_providers::ollama::OllamaDecoder;
use parlance_providers::openai::mapper::Expectations;
use parlance_providers::openai::{ChatDecoder, Dialect, StreamEnd};
use parlance_providers::responses::ResponsesDecoder;
use parlance_providers::transport::Decode;
use parlance_providers::{anthropic, dashscope, ollama, responses};
use parlance_simulator::Simulator;
use serde_json::{Value, json};

use crate::collection::Ending;
use crate::family::Family as Client;
use crate::setting;

/// One kind of server.
pub(crate) struct Family {
    /// The folder of its recordings.
    pub(crate) folder: &'static str,
    /// The protocols of its recordings that are meant.
    pub(crate) dialects: &'static [&'static str],
    pub(crate) decoder: fn(Delivery, Ending) -> Box<dyn Decode<Event = ModelEvent>>,
    /// Our word for why an answer ended, from the server's, and whether it has tool calls.
    pub(crate) finish: fn(&str, HasCalls) -> String,
    /// Tokens of prompt and answer, `None` where the server does not count.
    pub(crate) tokens: fn(&Value) -> Option<[u64; 2]>,
    pub(crate) models: fn(&[u8]) -> Option<Vec<Listed>>,
    /// A client at a simulator that answers with one of the recordings.
    pub(crate) client: fn(&Simulator) -> Box<dyn ChatModel>,
}

/// Whether an answer has tool calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HasCalls {
    Yes,
    No,
}

macro_rules! open_ai {
    ($folder:literal, $dialect:ident) => {
        open_ai!($folder, $dialect, &["openai-chat", "openai-models"])
    };
    ($folder:literal, $dialect:ident, $dialects:expr) => {
        Family {
            folder: $folder,
            dialects: $dialects,
            decoder: |delivery, ending| open_ai_decoder(Dialect::$dialect, delivery, ending),
            finish: open_ai_finish,
            tokens: |usage| Some([usage["prompt_tokens"].as_u64()?, usage["completion_tokens"].as_u64()?]),
            models: list::read,
            client: |server| Box::new(setting::client_at(&server.base_url(), Dialect::$dialect)),
        }
    };
}

macro_rules! gemini {
    ($folder:literal) => {
        Family {
            folder: $folder,
            dialects: &["gemini"],
            decoder: |delivery, _| Box::new(ContentDecoder::new(delivery, gemini_expectations())),
            finish: gemini_finish,
            tokens: gemini_tokens,
            models: gemini::models::read,
            client: |server| Client::Gemini.client(server),
        }
    };
}

macro_rules! responses {
    ($folder:literal) => {
        Family {
            folder: $folder,
            dialects: &["openai-responses"],
            decoder: |delivery, _| {
                Box::new(ResponsesDecoder::new(delivery, responses::mapper::Mapper::new("p".into(), "seed".into())))
            },
            finish: responses_finish,
            tokens: |usage| Some([usage["input_tokens"].as_u64()?, usage["output_tokens"].as_u64()?]),
            models: list::read,
            client: |server| Client::Responses.client(server),
        }
    };
}

macro_rules! dashscope {
    ($dialect:literal, $frames:ident) => {
        Family {
            folder: "dashscope",
            dialects: &[$dialect],
            decoder: |delivery, _| {
                let mapper = dashscope::mapper::Mapper::new("p".into(), "seed".into(), Frames::$frames);
                Box::new(DashScopeDecoder::new(delivery, mapper))
            },
            finish: open_ai_finish,
            tokens: |usage| Some([usage["input_tokens"].as_u64()?, usage["output_tokens"].as_u64()?]),
            models: |body| Some(dashscope::models::read(body)?.into_listed().collect()),
            client: |server| Client::DashScope.client(server),
        }
    };
}

pub(crate) static FAMILIES: [Family; 31] = [
    responses!("openai"),
    responses!("azure-openai"),
    responses!("deepseek"),
    responses!("lmstudio"),
    responses!("openrouter"),
    responses!("vllm"),
    responses!("xai"),
    dashscope!("dashscope", Cumulative),
    dashscope!("dashscope-deltas", Deltas),
    Family {
        folder: "ollama",
        dialects: &["ollama"],
        decoder: |delivery, _| {
            Box::new(OllamaDecoder::new(delivery, ollama::mapper::Mapper::new("p".into(), "seed".into())))
        },
        finish: open_ai_finish,
        tokens: ollama_tokens,
        models: ollama::models::read,
        client: |server| Client::Ollama.client(server),
    },
    open_ai!("openai", OPENAI),
    open_ai!("deepseek", DEEPSEEK),
    open_ai!("openrouter", OPENROUTER),
    open_ai!("groq", GROQ),
    open_ai!("vllm", VLLM),
    open_ai!("llamacpp", LLAMA_CPP),
    open_ai!("lmstudio", LM_STUDIO),
    open_ai!("xai", XAI),
    open_ai!("mistral", MISTRAL),
    open_ai!("azure-openai", OPENAI),
    open_ai!("cerebras", CEREBRAS),
    open_ai!("huggingface", COMPATIBLE),
    open_ai!("mistralrs", COMPATIBLE),
    open_ai!("moonshot", MOONSHOT),
    open_ai!("qwen-compatible", QWEN),
    open_ai!("zai", ZAI),
    // Both have a second protocol besides their own.
    open_ai!("gemini", COMPATIBLE, &["openai-chat"]),
    open_ai!("ollama", COMPATIBLE, &["openai-chat"]),
    Family {
        folder: "anthropic",
        dialects: &["anthropic"],
        decoder: |delivery, _| Box::new(MessagesDecoder::new(delivery, "p".into())),
        finish: anthropic_finish,
        tokens: anthropic_tokens,
        models: anthropic::models::read,
        client: |server| Client::Anthropic.client(server),
    },
    gemini!("gemini"),
    gemini!("gemini-vertex"),
];

fn open_ai_decoder(dialect: Dialect, delivery: Delivery, ending: Ending) -> Box<dyn Decode<Event = ModelEvent>> {
    let expected = Expectations {
        provider: "p".into(),
        think_tags: dialect.think_tags,
        audio_media_type: "audio/wav".into(),
        id_seed: "seed".into(),
    };
    let stream_end = if ending == Ending::Marked { StreamEnd::Done } else { dialect.stream_end };
    Box::new(ChatDecoder::new(delivery, stream_end, expected))
}

fn gemini_expectations() -> gemini::decoder::Expectations {
    gemini::decoder::Expectations { provider: Arc::from("p"), id_seed: "seed".into() }
}

/// `stop` beside calls means that they wait.
fn open_ai_finish(word: &str, calls: HasCalls) -> String {
    match (word, calls) {
        ("stop" | "tool_calls" | "function_call", HasCalls::Yes) => "tool_calls",
        (other, _) => other,
    }
    .to_owned()
}

fn anthropic_finish(word: &str, _: HasCalls) -> String {
    match word {
        "end_turn" | "stop_sequence" => "stop",
        "max_tokens" => "length",
        "tool_use" => "tool_calls",
        other => other,
    }
    .to_owned()
}

fn gemini_finish(word: &str, calls: HasCalls) -> String {
    match (word, calls) {
        ("STOP", HasCalls::Yes) => "tool_calls",
        ("STOP", HasCalls::No) => "stop",
        ("MAX_TOKENS", _) => "length",
        ("SAFETY", _) => "content_filter",
        (other, _) => other,
    }
    .to_owned()
}

fn responses_finish(word: &str, calls: HasCalls) -> String {
    match (word, calls) {
        ("completed", HasCalls::Yes) => "tool_calls",
        ("completed", HasCalls::No) => "stop",
        (other, _) => other,
    }
    .to_owned()
}

/// The prompt is left out when all of it was cached.
fn ollama_tokens(usage: &Value) -> Option<[u64; 2]> {
    Some([usage["prompt_eval_count"].as_u64().unwrap_or(0), usage["eval_count"].as_u64()?])
}

/// What was read from and written to the cache is counted beside the rest of the prompt.
fn anthropic_tokens(usage: &Value) -> Option<[u64; 2]> {
    let count = |field: &str| usage[field].as_u64().unwrap_or(0);
    let input = count("input_tokens") + count("cache_creation_input_tokens") + count("cache_read_input_tokens");
    (*usage != json!(null)).then(|| [input, count("output_tokens")])
}

/// The answer is what the total has beyond the prompt.
fn gemini_tokens(usage: &Value) -> Option<[u64; 2]> {
    let input = usage["promptTokenCount"].as_u64()? + usage["toolUsePromptTokenCount"].as_u64().unwrap_or(0);
    Some([input, usage["totalTokenCount"].as_u64()?.checked_sub(input)?])
}
