//! The domain's request as a body of Responses: pure, so that what is shown is exactly what is sent.

use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ProviderError, StructuredWay, Thinking, ToolChoice, ToolSpec};
use serde_json::{Map, Value, json};

use super::api::MessageForm;
use super::items;
use crate::history;
use crate::openai::dialect::is_reasoning_model;
use crate::openai::request::{effort, json_schema};
use crate::structured::{Offered, Ways};

/// How the server is asked for a shape.
pub(crate) const WAYS: Ways = &[StructuredWay::Native, StructuredWay::ForcedTool, StructuredWay::OfferedTool];

/// The body of a request. Media from files must stand in the messages already (see [`crate::media::resolve`]).
///
/// # Errors
/// [`parlance_core::Category::InvalidRequest`] when a message, a tool or a choice cannot be written.
pub fn body(provider: &str, request: &ChatRequest, form: MessageForm) -> Result<Map<String, Value>, ProviderError> {
    let input = items::write(provider, &request.messages, &request.model, form)?;
    history::check_asked(provider, &request.model, &input)?;
    let offered = Offered::of(provider, request, WAYS)?;
    let reasons = is_reasoning_model(&request.model);
    let mut body = Map::new();
    body.insert("model".into(), json!(request.model));
    body.insert("input".into(), Value::Array(input));
    body.insert("stream".into(), json!(request.delivery == Delivery::Streaming));
    // The conversation stays with the person: the provider keeps none, and gives its reasoning along under seal.
    body.insert("store".into(), json!(false));
    if reasons {
        body.insert("include".into(), json!(["reasoning.encrypted_content"]));
    }
    if let Some(shape) = offered.native {
        let mut format = Map::from_iter([("type".to_owned(), json!("json_schema"))]);
        format.extend(json_schema(shape));
        body.insert("text".into(), json!({ "format": format }));
    }
    if !offered.tools.is_empty() {
        body.insert("tools".into(), offered.tools.iter().map(flat).collect());
    }
    if let Some(choice) = &offered.choice {
        body.insert("tool_choice".into(), tool_choice(choice));
    }
    match request.thinking {
        // A model that cannot reason refuses even to be told not to.
        Some(Thinking::Off) if !reasons => {}
        Some(Thinking::Off) => {
            body.insert("reasoning".into(), json!({"effort": "none"}));
        }
        Some(Thinking::On) => {
            body.insert("reasoning".into(), json!({"summary": "auto"}));
        }
        Some(level) => {
            body.insert("reasoning".into(), json!({"effort": effort(level), "summary": "auto"}));
        }
        None => {}
    }
    if let Some(limit) = request.max_tokens {
        body.insert("max_output_tokens".into(), json!(limit));
    }
    let mut extra = request.extra.clone();
    take_reasoning(&mut extra, &mut body);
    history::write_extra(&extra, &mut body);
    Ok(body)
}

/// The names of Chat Completions for how to reason; a summary is given only of what was asked for.
fn take_reasoning(extra: &mut Map<String, Value>, body: &mut Map<String, Value>) {
    let (effort, summary) = (extra.shift_remove("reasoning_effort"), extra.shift_remove("reasoning_summary"));
    if let Some(effort) = effort {
        let mut reasoning = Map::from_iter([("effort".to_owned(), effort)]);
        reasoning.extend(summary.map(|summary| ("summary".to_owned(), summary)));
        body.insert("reasoning".into(), Value::Object(reasoning));
    }
}

/// A tool without the nesting of Chat Completions.
fn flat(ToolSpec::Function { function }: &ToolSpec) -> Value {
    let mut flat = json!({"type": "function"});
    if let (Value::Object(flat), Value::Object(fields)) = (&mut flat, json!(function)) {
        flat.extend(fields);
    }
    flat
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({"type": "function", "name": name}),
    }
}
