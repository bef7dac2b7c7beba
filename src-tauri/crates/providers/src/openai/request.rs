//! The domain's request as a body of Chat Completions: pure, so that what is shown is exactly what is sent.

use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ProviderError, Structured, StructuredWay, Thinking, ToolChoice};
use serde_json::{Map, Value, json};

use super::dialect::{Dialect, ReasoningSwitch, Shapes, StreamUsage, TokenLimit, is_reasoning_model};
use super::messages;
use crate::history;
use crate::structured::{Offered, Ways, schema};

/// The body of a request. Media from files must stand in the messages already (see [`crate::media::resolve`]).
///
/// # Errors
/// [`parlance_core::Category::InvalidRequest`] when a message, a tool or a choice cannot be written.
pub fn body(provider: &str, request: &ChatRequest, dialect: &Dialect) -> Result<Map<String, Value>, ProviderError> {
    let messages = messages::write(provider, &request.messages, &request.model, dialect)?;
    history::check_asked(provider, &request.model, &messages)?;
    let offered = Offered::of(provider, request, ways(dialect))?;
    let mut body = Map::new();
    body.insert("model".into(), json!(request.model));
    body.insert("messages".into(), Value::Array(messages));
    body.insert("stream".into(), json!(request.delivery == Delivery::Streaming));
    if request.delivery == Delivery::Streaming && dialect.stream_usage == StreamUsage::Asked {
        body.insert("stream_options".into(), json!({"include_usage": true}));
    }
    if let Some(shape) = offered.native {
        body.insert("response_format".into(), json!({"type": "json_schema", "json_schema": json_schema(shape)}));
    }
    if !offered.tools.is_empty() {
        body.insert("tools".into(), json!(offered.tools));
    }
    if let Some(choice) = &offered.choice {
        body.insert("tool_choice".into(), tool_choice(choice));
    }
    if let Some(thinking) = request.thinking {
        write_thinking(thinking, &request.model, dialect.reasoning_switch, &mut body);
    }
    if let Some(limit) = request.max_tokens {
        body.insert(limit_field(&request.model, dialect.token_limit).into(), json!(limit));
    }
    history::write_extra(&request.extra, &mut body);
    Ok(body)
}

/// How a server of this dialect is asked for a shape.
pub(crate) fn ways(dialect: &Dialect) -> Ways {
    use StructuredWay::{ForcedTool, Native, OfferedTool};
    match dialect.shapes {
        Shapes::Schema => &[Native, ForcedTool, OfferedTool],
        Shapes::ToolOnly => &[ForcedTool, OfferedTool],
    }
}

/// A shape in the protocol's words. One that cannot be made strict is still asked for, and checked when it comes.
pub(crate) fn json_schema(shape: &Structured) -> Map<String, Value> {
    let strict = schema::strict(&shape.schema);
    Map::from_iter([
        ("name".to_owned(), json!(shape.name)),
        ("strict".to_owned(), json!(strict.is_some())),
        ("schema".to_owned(), strict.unwrap_or_else(|| shape.schema.clone())),
    ])
}

/// What the sound of an answer will be, by what the request asks for.
pub(crate) fn audio_media_type(body: &Map<String, Value>) -> String {
    let format = body.get("audio").and_then(|audio| audio["format"].as_str());
    match format {
        Some("pcm16") => "audio/pcm;rate=24000".to_owned(),
        Some("mp3") => "audio/mpeg".to_owned(),
        Some(format) => format!("audio/{format}"),
        None => "audio/wav".to_owned(),
    }
}

/// A choice in the words of Chat Completions.
pub(crate) fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
    }
}

fn limit_field(model: &str, limit: TokenLimit) -> &'static str {
    match limit {
        TokenLimit::MaxTokens => "max_tokens",
        TokenLimit::CompletionTokens => "max_completion_tokens",
        TokenLimit::CompletionTokensForReasoning if is_reasoning_model(model) => "max_completion_tokens",
        TokenLimit::CompletionTokensForReasoning => "max_tokens",
    }
}

fn write_thinking(thinking: Thinking, model: &str, switch: ReasoningSwitch, body: &mut Map<String, Value>) {
    let mut set = |field: &str, value: Value| {
        body.insert(field.to_owned(), value);
    };
    match switch {
        ReasoningSwitch::Effort => match thinking {
            // A model that cannot reason refuses even to be told not to.
            Thinking::Off if !is_reasoning_model(model) => {}
            Thinking::Off => set("reasoning_effort", json!("none")),
            Thinking::On => {}
            _ => set("reasoning_effort", json!(effort(thinking))),
        },
        ReasoningSwitch::Object => set(
            "reasoning",
            match thinking {
                Thinking::Off => json!({"enabled": false}),
                Thinking::On => json!({"enabled": true}),
                Thinking::Budget(tokens) => json!({"max_tokens": tokens}),
                _ => json!({"effort": effort(thinking)}),
            },
        ),
        ReasoningSwitch::ThinkingType => {
            set("thinking", json!({"type": if thinking == Thinking::Off { "disabled" } else { "enabled" }}));
            if !matches!(thinking, Thinking::Off | Thinking::On) {
                set("reasoning_effort", json!(effort(thinking)));
            }
        }
        ReasoningSwitch::Flag => {
            set("enable_thinking", json!(thinking != Thinking::Off));
            if let Some(budget) = history::budget(thinking) {
                set("thinking_budget", json!(budget));
            }
        }
        ReasoningSwitch::TemplateFlag => {
            set("chat_template_kwargs", json!({"enable_thinking": thinking != Thinking::Off}));
            if !matches!(thinking, Thinking::Off | Thinking::On) {
                set("reasoning_effort", json!(effort(thinking)));
            }
        }
    }
}

/// A level in the protocol's words. The bounds for budgets are ours: the protocol has none.
pub(crate) fn effort(thinking: Thinking) -> &'static str {
    match thinking {
        Thinking::Off => "none",
        Thinking::Low | Thinking::Budget(0..=2_048) => "low",
        Thinking::On | Thinking::Medium | Thinking::Budget(2_049..=8_192) => "medium",
        Thinking::High | Thinking::Budget(_) => "high",
    }
}
