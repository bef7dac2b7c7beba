//! The domain's request as a body of `/api/chat`: pure, so that what is shown is exactly what is sent.

use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ProviderError, StructuredWay, Thinking, ToolChoice, ToolSpec};
use serde_json::{Map, Value, json};

use super::messages;
use crate::history;
use crate::structured::{Offered, Ways};

/// How the server is asked for a shape. It cannot be made to call a tool.
pub(crate) const WAYS: Ways = &[StructuredWay::Native, StructuredWay::OfferedTool];

/// The body of a request. Media from files must stand in the messages already (see [`crate::media::resolve`]).
///
/// # Errors
/// [`parlance_core::Category::InvalidRequest`] when a message, a tool or a choice cannot be written.
pub fn body(provider: &str, request: &ChatRequest) -> Result<Map<String, Value>, ProviderError> {
    let mut messages = messages::write(provider, &request.messages)?;
    history::check_asked(provider, &request.model, &messages)?;
    let offered = Offered::of(provider, request, WAYS)?;
    if let Some(instruction) = history::instruction(offered.choice.as_ref(), &offered.tools) {
        instruct(&mut messages, &instruction);
    }
    let mut body = Map::new();
    body.insert("model".into(), json!(request.model));
    body.insert("messages".into(), Value::Array(messages));
    body.insert("stream".into(), json!(request.delivery == Delivery::Streaming));
    if let Some(shape) = offered.native {
        body.insert("format".into(), shape.schema.clone());
    }
    let tools = allowed(&offered);
    if !tools.is_empty() {
        body.insert("tools".into(), json!(tools));
    }
    if let Some(thinking) = request.thinking {
        body.insert("think".into(), think(thinking, &request.model));
    }
    if let Some(limit) = request.max_tokens {
        body.insert("options".into(), json!({"num_predict": limit}));
    }
    let mut extra = request.extra.clone();
    // The name that Qwen's other servers have for it.
    if let Some(flag) = extra.shift_remove("enable_thinking") {
        extra.entry("think").or_insert(flag);
    }
    // Both sides may set options; neither takes the other's away.
    if let (Some(Value::Object(ours)), Some(Value::Object(theirs))) = (body.get_mut("options"), extra.get("options")) {
        ours.extend(theirs.clone());
        extra.remove("options");
    }
    history::write_extra(&extra, &mut body);
    Ok(body)
}

/// Adds to the instructions. Templates of many models know only one message of instructions, the first.
fn instruct(messages: &mut Vec<Value>, instruction: &str) {
    match messages.first_mut() {
        Some(first) if first["role"] == "system" => {
            let before = first["content"].as_str().unwrap_or_default();
            first["content"] = json!(format!("{before}\n\n{instruction}"));
        }
        _ => messages.insert(0, json!({"role": "system", "content": instruction})),
    }
}

/// The protocol has no `tool_choice`: what must not be asked for is not offered, and what must be is asked for in words.
fn allowed<'a>(offered: &'a Offered<'_>) -> Vec<&'a ToolSpec> {
    offered
        .tools
        .iter()
        .filter(|ToolSpec::Function { function }| match &offered.choice {
            Some(ToolChoice::None) => false,
            Some(ToolChoice::Named(name)) => function.name == *name,
            Some(ToolChoice::Auto | ToolChoice::Required) | None => true,
        })
        .collect()
}

/// `gpt-oss` knows levels and cannot do without; every other model is only switched on and off, and refuses a level.
fn think(thinking: Thinking, model: &str) -> Value {
    if !model.rsplit('/').next().unwrap_or(model).starts_with("gpt-oss") {
        return json!(thinking != Thinking::Off);
    }
    match thinking {
        Thinking::Off => json!("low"),
        level => json!(crate::openai::request::effort(level)),
    }
}
