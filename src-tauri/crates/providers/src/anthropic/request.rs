//! The domain's request as a body of Messages: pure, so that what is shown is exactly what is sent.

use parlance_core::chat::{Delivery, FunctionSpec};
use parlance_core::{ChatRequest, ProviderError, StructuredWay, Thinking, ToolChoice, ToolSpec};
use serde_json::{Map, Value, json};

use super::cache;
use super::family::Family;
use super::messages::{self, Written};
use crate::history;
use crate::structured::{Offered, Ways, schema};

/// The least budget that the provider takes.
const LEAST_BUDGET: u32 = 1_024;

/// The body of a request. Media from files must stand in the messages already (see [`crate::media::resolve`]).
///
/// A model that must use a tool cannot reason to a budget: then it does not. Models that cannot be forced are told in words.
///
/// # Errors
/// [`parlance_core::Category::InvalidRequest`] when a message, a tool or a choice cannot be written.
pub fn body(provider: &str, request: &ChatRequest) -> Result<Map<String, Value>, ProviderError> {
    let offered = Offered::of(provider, request, ways(request))?;
    let Written { mut system, messages } = messages::write(provider, &request.messages)?;
    history::check_asked(provider, &request.model, &messages)?;
    if !Family::takes_forced_tools(&request.model)
        && let Some(instruction) = history::instruction(offered.choice.as_ref(), &offered.tools)
    {
        system.push(json!({"type": "text", "text": instruction}));
    }
    let mut body = Map::new();
    body.insert("model".into(), json!(request.model));
    body.insert("messages".into(), Value::Array(messages));
    if !system.is_empty() {
        body.insert("system".into(), Value::Array(system));
    }
    let choice = offered.choice.as_ref().filter(|_| !offered.tools.is_empty());
    let reasoning = Reasoning::of(request, choice.is_some_and(is_forced));
    body.insert("max_tokens".into(), json!(reasoning.max_tokens(provider, request)?));
    body.insert("stream".into(), json!(request.delivery == Delivery::Streaming));
    if !offered.tools.is_empty() {
        body.insert(
            "tools".into(),
            offered.tools.iter().map(|ToolSpec::Function { function }| tool(function)).collect(),
        );
    }
    if let Some(choice) = choice {
        body.insert("tool_choice".into(), tool_choice(choice, &request.model));
    }
    reasoning.write(&mut body);
    if let Some(schema) = offered.native.and_then(|shape| schema::closed(&shape.schema)) {
        let format = json!({"type": "json_schema", "schema": schema});
        match body.get_mut("output_config") {
            Some(Value::Object(config)) => drop(config.insert("format".into(), format)),
            _ => drop(body.insert("output_config".into(), json!({ "format": format }))),
        }
    }
    // Whoever says what is to be remembered is not interfered with.
    if !request.extra.contains_key("cache_control") {
        cache::mark(&mut body);
    }
    history::write_extra(&request.extra, &mut body);
    Ok(body)
}

/// How the server is asked for a shape. A tool cannot be forced on a model that reasons to a budget, nor on some at all; newer
/// models that reason take a schema instead.
pub(crate) fn ways(request: &ChatRequest) -> Ways {
    use StructuredWay::{ForcedTool, Native, OfferedTool};
    if !Family::reasons(&request.model, request.thinking) && Family::takes_forced_tools(&request.model) {
        return &[ForcedTool, OfferedTool];
    }
    let shape = request.structured.as_ref();
    if Family::takes_schemas(&request.model) && shape.is_some_and(|shape| schema::closed(&shape.schema).is_some()) {
        &[Native, OfferedTool]
    } else {
        &[OfferedTool]
    }
}

fn tool(function: &FunctionSpec) -> Value {
    let schema = function.parameters.clone().unwrap_or_else(|| json!({"type": "object", "properties": {}}));
    let mut tool = Map::from_iter([("name".to_owned(), json!(function.name)), ("input_schema".to_owned(), schema)]);
    if let Some(description) = &function.description {
        tool.insert("description".into(), json!(description));
    }
    tool.extend(function.rest.clone());
    Value::Object(tool)
}

fn is_forced(choice: &ToolChoice) -> bool {
    matches!(choice, ToolChoice::Required | ToolChoice::Named(_))
}

fn tool_choice(choice: &ToolChoice, model: &str) -> Value {
    match choice {
        ToolChoice::None => json!({"type": "none"}),
        ToolChoice::Auto => json!({"type": "auto"}),
        _ if !Family::takes_forced_tools(model) => json!({"type": "auto"}),
        ToolChoice::Required => json!({"type": "any"}),
        ToolChoice::Named(name) => json!({"type": "tool", "name": name}),
    }
}

/// What is said about reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reasoning {
    /// Nothing: the model does as it usually does.
    Unsaid,
    Disabled,
    /// At most so many tokens.
    Budget(u32),
    /// The model decides; `None` leaves the effort to it, too.
    Adaptive(Option<&'static str>),
    /// The model reasons anyway; only the effort is said.
    Effort(&'static str),
}

impl Reasoning {
    fn of(request: &ChatRequest, is_forced: bool) -> Self {
        let family = Family::of(&request.model);
        let Some(thinking) = request.thinking else { return Self::Unsaid };
        match (family, thinking) {
            (Family::Budget | Family::AdaptiveOrBudget | Family::Adaptive, Thinking::Off) => Self::Unsaid,
            (Family::OnByDefault, Thinking::Off) => Self::Disabled,
            (Family::AlwaysOn, Thinking::Off) => Self::Effort("low"),
            (Family::Budget, _) | (Family::AdaptiveOrBudget, Thinking::Budget(_)) if is_forced => Self::Unsaid,
            (Family::Budget, _) | (Family::AdaptiveOrBudget, Thinking::Budget(_)) => Self::Budget(budget(thinking)),
            (_, Thinking::On) => Self::Adaptive(None),
            (_, thinking) => Self::Adaptive(Some(effort(thinking))),
        }
    }

    /// The limit of the answer, of which the reasoning is a part.
    fn max_tokens(self, provider: &str, request: &ChatRequest) -> Result<u32, ProviderError> {
        let usual = Family::usual_max_tokens(&request.model);
        match (self, request.max_tokens) {
            (Self::Budget(budget), Some(limit)) if budget >= limit => Err(history::refuse(
                provider,
                format!(
                    "{budget} tokens of reasoning do not fit into an answer of at most {limit}; allow a longer one"
                ),
            )),
            (Self::Budget(budget), None) => Ok(usual.saturating_add(budget)),
            (_, limit) => Ok(limit.unwrap_or(usual)),
        }
    }

    fn write(self, body: &mut Map<String, Value>) {
        // Newer models do not show their reasoning unless they are asked to.
        let adaptive = json!({"type": "adaptive", "display": "summarized"});
        let (thinking, effort) = match self {
            Self::Unsaid => (None, None),
            Self::Disabled => (Some(json!({"type": "disabled"})), None),
            Self::Budget(tokens) => (Some(json!({"type": "enabled", "budget_tokens": tokens})), None),
            Self::Adaptive(effort) => (Some(adaptive), effort),
            Self::Effort(effort) => (None, Some(effort)),
        };
        body.extend(thinking.map(|thinking| ("thinking".to_owned(), thinking)));
        body.extend(effort.map(|effort| ("output_config".to_owned(), json!({ "effort": effort }))));
    }
}

/// A level in tokens. The numbers are ours: the protocol has no levels for these models.
fn budget(thinking: Thinking) -> u32 {
    match thinking {
        Thinking::Off | Thinking::Low => 2_048,
        Thinking::On | Thinking::Medium => 8_192,
        Thinking::High => 16_384,
        Thinking::Budget(tokens) => tokens.max(LEAST_BUDGET),
    }
}

/// A budget as a level, by the same numbers.
fn effort(thinking: Thinking) -> &'static str {
    match thinking {
        Thinking::Off | Thinking::Low | Thinking::Budget(0..=2_048) => "low",
        Thinking::On | Thinking::Medium | Thinking::Budget(2_049..=8_192) => "medium",
        Thinking::High | Thinking::Budget(_) => "high",
    }
}
