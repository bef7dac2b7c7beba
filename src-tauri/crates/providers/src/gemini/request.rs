//! The domain's request as a body of `generateContent`: pure, so that what is shown is exactly what is sent.

use parlance_core::chat::FunctionSpec;
use parlance_core::{ChatRequest, ProviderError, StructuredWay, Thinking, ToolChoice, ToolSpec};
use serde_json::{Map, Value, json};

use super::contents::{self, Written};
use super::family::Family;
use super::{references, schema};
use crate::history;
use crate::structured::{Offered, Ways};

/// How the server is asked for a shape.
pub(crate) const WAYS: Ways = &[StructuredWay::Native, StructuredWay::ForcedTool];

/// Parameters of the provider's own that stand beside the settings of the answer; every other is one of these settings.
const BESIDE: [&str; 10] = [
    "safetySettings",
    "safety_settings",
    "cachedContent",
    "cached_content",
    "systemInstruction",
    "system_instruction",
    "tools",
    "toolConfig",
    "tool_config",
    "labels",
];

/// The body of a request. Media from files must stand in the messages already (see [`crate::media::resolve`]).
///
/// # Errors
/// [`parlance_core::Category::InvalidRequest`] when a message, a tool or a choice cannot be written.
pub fn body(provider: &str, request: &ChatRequest) -> Result<Map<String, Value>, ProviderError> {
    let offered = Offered::of(provider, request, WAYS)?;
    let model = model_name(provider, &request.model)?;
    let Written { system, contents } = contents::write(provider, &request.messages, Family::of(model))?;
    history::check_asked(provider, model, &contents)?;
    let mut body = Map::new();
    if !system.is_empty() {
        body.insert("systemInstruction".into(), json!({ "parts": system }));
    }
    body.insert("contents".into(), Value::Array(contents));
    if !offered.tools.is_empty() {
        let declared: Vec<Value> =
            offered.tools.iter().map(|ToolSpec::Function { function }| declaration(function)).collect();
        body.insert("tools".into(), json!([{ "functionDeclarations": declared }]));
        if let Some(choice) = &offered.choice {
            body.insert("toolConfig".into(), json!({ "functionCallingConfig": calling(choice) }));
        }
    }
    let mut settings = Map::new();
    if let Some(limit) = request.max_tokens {
        settings.insert("maxOutputTokens".into(), json!(limit));
    }
    if let Some(thinking) = request.thinking.and_then(|thinking| thinking_config(thinking, Family::of(model))) {
        settings.insert("thinkingConfig".into(), thinking);
    }
    if let Some(shape) = offered.native {
        settings.insert("responseMimeType".into(), json!("application/json"));
        // The form that every model knows, where it can say what the schema says.
        let (field, schema) = match schema::own(&shape.schema) {
            Some(own) => ("responseSchema", own),
            None => ("responseJsonSchema", shape.schema.clone()),
        };
        settings.insert(field.into(), schema);
    }
    write_extra(&request.extra, &mut settings, &mut body);
    if !settings.is_empty() {
        body.insert("generationConfig".into(), Value::Object(settings));
    }
    Ok(body)
}

/// The model's name as it stands in the address, without `models/`.
pub(crate) fn model_name<'a>(provider: &str, model: &'a str) -> Result<&'a str, ProviderError> {
    let name = model.trim();
    let name = name.strip_prefix("models/").unwrap_or(name);
    if name.is_empty() {
        return Err(history::refuse(provider, "no model is chosen"));
    }
    // The name becomes a part of the address.
    if name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) && !name.starts_with('.') {
        return Ok(name);
    }
    Err(history::refuse(provider, "the model's name may hold letters, digits, dots, hyphens and underscores only"))
}

pub(super) fn declaration(function: &FunctionSpec) -> Value {
    let mut declaration = Map::from_iter([("name".to_owned(), json!(function.name))]);
    if let Some(description) = &function.description {
        declaration.insert("description".into(), json!(description));
    }
    if let Some(parameters) = &function.parameters {
        declaration.insert("parametersJsonSchema".into(), references::inlined(parameters));
    }
    Value::Object(declaration)
}

fn calling(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!({"mode": "AUTO"}),
        ToolChoice::None => json!({"mode": "NONE"}),
        ToolChoice::Required => json!({"mode": "ANY"}),
        ToolChoice::Named(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    }
}

fn thinking_config(thinking: Thinking, family: Family) -> Option<Value> {
    match family {
        Family::NoReasoning => None,
        Family::Budget { zero, least, most } => {
            let shown = |budget: i64| json!({"includeThoughts": true, "thinkingBudget": budget});
            Some(match thinking {
                Thinking::Off => json!({ "thinkingBudget": zero }),
                // The model decides.
                Thinking::On => shown(-1),
                // The levels are ours: these models have none.
                Thinking::Low => shown(2_048),
                Thinking::Medium => shown(8_192),
                Thinking::High => shown(most),
                Thinking::Budget(tokens) => shown(i64::from(tokens).clamp(least, most)),
            })
        }
        Family::Level { lowest, medium } => {
            let shown = |level: &str| json!({"includeThoughts": true, "thinkingLevel": level});
            Some(match thinking {
                Thinking::Off => json!({ "thinkingLevel": lowest }),
                Thinking::On => json!({"includeThoughts": true}),
                Thinking::Low | Thinking::Budget(0..=2_048) => shown("LOW"),
                Thinking::Medium | Thinking::Budget(2_049..=8_192) => shown(medium),
                Thinking::High | Thinking::Budget(_) => shown("HIGH"),
            })
        }
    }
}

/// The caller's own parameters, which win.
fn write_extra(extra: &Map<String, Value>, settings: &mut Map<String, Value>, body: &mut Map<String, Value>) {
    for (field, value) in extra {
        match (field.as_str(), value) {
            ("generationConfig" | "generation_config", Value::Object(fields)) => settings.extend(fields.clone()),
            ("extra_body", Value::Object(fields)) => body.extend(fields.clone()),
            (field, value) if BESIDE.contains(&field) => {
                body.insert(field.to_owned(), value.clone());
            }
            (field, value) => {
                settings.insert(field.to_owned(), value.clone());
            }
        }
    }
}
