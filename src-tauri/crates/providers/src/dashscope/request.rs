//! The domain's request as a body of the generation endpoints: pure, so that what is shown is exactly what is sent.

use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ContentBlock, ProviderError, StructuredWay, Thinking, ToolChoice, ToolSpec};
use serde_json::{Map, Value, json};

use super::mapper::Frames;
use super::messages;
use crate::history;
use crate::structured::{Offered, Ways};

/// Which of the two endpoints is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Modality {
    /// By the model's name, and by what is asked: pictures, sound and video go to the endpoint that takes them.
    #[default]
    ByRequest,
    /// Always the one for text.
    Text,
    /// Always the one for everything.
    Multimodal,
}

/// A request's own name for the endpoint: `true` for the one that takes everything.
const MODALITY: &str = "multimodality";

/// The path below the base address.
#[must_use]
pub fn path(request: &ChatRequest, modality: Modality) -> &'static str {
    let asked = request.extra.get(MODALITY).and_then(Value::as_bool);
    let is_multimodal = match modality {
        _ if asked.is_some() => asked == Some(true),
        Modality::Text => false,
        Modality::Multimodal => true,
        Modality::ByRequest => {
            sees(&request.model) || request.messages.iter().any(|msg| msg.content.iter().any(is_medium))
        }
    };
    if is_multimodal {
        "services/aigc/multimodal-generation/generation"
    } else {
        "services/aigc/text-generation/generation"
    }
}

fn sees(model: &str) -> bool {
    model.starts_with("qvq") || model.contains("-vl")
}

fn is_medium(block: &ContentBlock) -> bool {
    matches!(block, ContentBlock::Image { .. } | ContentBlock::Audio { .. } | ContentBlock::Video { .. })
}

/// How the answer is asked for: models reason only in a stream.
#[must_use]
pub fn delivery(request: &ChatRequest) -> Delivery {
    let thinks = match request.extra.get("enable_thinking") {
        Some(flag) => *flag == true,
        None => !matches!(request.thinking, Some(Thinking::Off) | None),
    };
    if thinks { Delivery::Streaming } else { request.delivery }
}

/// What the frames of the answer to `body` will hold.
#[must_use]
pub fn frames(body: &Map<String, Value>) -> Frames {
    let is_incremental = body.get("parameters").is_some_and(|parameters| parameters["incremental_output"] == true);
    if is_incremental { Frames::Deltas } else { Frames::Cumulative }
}

/// The body of a request. Media from files must stand in the messages already (see [`crate::media::resolve`]).
///
/// # Errors
/// [`parlance_core::Category::InvalidRequest`] when a message, a tool or a choice cannot be written.
pub fn body(provider: &str, request: &ChatRequest) -> Result<Map<String, Value>, ProviderError> {
    let messages = messages::write(provider, &request.messages)?;
    history::check_asked(provider, &request.model, &messages)?;
    let offered = Offered::of(provider, request, ways(request))?;
    let mut parameters = Map::new();
    parameters.insert("result_format".into(), json!("message"));
    parameters.insert("incremental_output".into(), json!(delivery(request) == Delivery::Streaming));
    if !offered.tools.is_empty() {
        parameters.insert("tools".into(), json!(offered.tools));
    }
    if let Some(choice) = &offered.choice {
        parameters.insert("tool_choice".into(), tool_choice(choice, &offered.tools));
    }
    if let Some(thinking) = request.thinking {
        parameters.insert("enable_thinking".into(), json!(thinking != Thinking::Off));
        if let Some(budget) = history::budget(thinking) {
            parameters.insert("thinking_budget".into(), json!(budget));
        }
    }
    if let Some(limit) = request.max_tokens {
        parameters.insert("max_tokens".into(), json!(limit));
    }
    history::write_extra(&request.extra, &mut parameters);
    parameters.shift_remove(MODALITY);
    Ok(Map::from_iter([
        ("model".to_owned(), json!(request.model)),
        ("input".to_owned(), json!({ "messages": messages })),
        ("parameters".to_owned(), Value::Object(parameters)),
    ]))
}

/// How the server is asked for a shape. A model that reasons cannot be made to call a tool.
pub(crate) fn ways(request: &ChatRequest) -> Ways {
    match request.thinking {
        Some(Thinking::Off) | None => &[StructuredWay::ForcedTool, StructuredWay::OfferedTool],
        Some(_) => &[StructuredWay::OfferedTool],
    }
}

/// The protocol cannot say that any tool must be asked for. Where there is only one, it can be named.
fn tool_choice(choice: &ToolChoice, tools: &[ToolSpec]) -> Value {
    match (choice, tools) {
        (ToolChoice::Required, [ToolSpec::Function { function }]) => {
            crate::openai::request::tool_choice(&ToolChoice::Named(function.name.clone()))
        }
        (ToolChoice::Required, _) => json!("auto"),
        (other, _) => crate::openai::request::tool_choice(other),
    }
}
