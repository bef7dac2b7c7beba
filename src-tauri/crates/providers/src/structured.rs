//! Answers of a given shape, whatever the protocol: which ways there are to ask for one, what is offered instead of the
//! request's own tools, and whether what came keeps to the shape.
//!
//! Deliberately absent: how any one protocol writes it.

mod check;
mod known;
pub(crate) mod schema;

use std::borrow::Cow;

use parlance_core::chat::FunctionSpec;
use parlance_core::structured::{self as shape, TOOL, TOOL_DESCRIPTION};
use parlance_core::{Category, ChatRequest, ProviderError, Structured, StructuredWay, ToolChoice, ToolSpec};
use serde_json::Map;

use crate::history;

pub use check::{BadSchema, Misfit, Shape};
pub(crate) use known::KnownWays;

/// Schemas may lie so deep in one another.
pub(crate) const MAX_DEPTH: usize = 64;

/// The ways in which a shape can be asked for, the best first, as a protocol, a model and a request have them.
pub type Ways = &'static [StructuredWay];

/// The way of a request among those that there are: the one it names, or the next after it.
pub(crate) fn way(ways: Ways, asked: StructuredWay) -> StructuredWay {
    let from = |way: &&StructuredWay| rank(**way) >= rank(asked);
    ways.iter().find(from).or(ways.last()).copied().unwrap_or_default()
}

/// The way after this one; `None` behind the last.
pub(crate) fn next_way(ways: Ways, way: StructuredWay) -> Option<StructuredWay> {
    ways.iter().find(|next| rank(**next) > rank(way)).copied()
}

/// The way to try when a request that was put in this way was refused; `None` when another would not help.
pub(crate) fn way_after(ways: Ways, way: StructuredWay, refusal: &ProviderError) -> Option<StructuredWay> {
    let may_help = match way {
        // Why a server does not take a schema has no code anywhere.
        StructuredWay::Native => true,
        StructuredWay::ForcedTool => refusal.message.contains("tool_choice"),
        StructuredWay::OfferedTool => false,
    };
    next_way(ways, way).filter(|_| may_help && refusal.category == Category::InvalidRequest)
}

pub(crate) fn rank(way: StructuredWay) -> u8 {
    match way {
        StructuredWay::Native => 0,
        StructuredWay::ForcedTool => 1,
        StructuredWay::OfferedTool => 2,
    }
}

/// What is offered with a request: its own tools, or nothing but its shape.
pub(crate) struct Offered<'a> {
    /// The tools.
    pub(crate) tools: Cow<'a, [ToolSpec]>,
    /// Whether one must be asked for.
    pub(crate) choice: Option<ToolChoice>,
    /// The shape, where the protocol's own way is taken.
    pub(crate) native: Option<&'a Structured>,
}

impl<'a> Offered<'a> {
    /// What `request` offers, where a shape can be asked for in these ways.
    ///
    /// # Errors
    /// [`parlance_core::Category::InvalidRequest`] when the choice names no tool, or when the shape is none.
    pub(crate) fn of(provider: &str, request: &'a ChatRequest, ways: Ways) -> Result<Self, ProviderError> {
        let Some(structured) = &request.structured else {
            history::check_choice(provider, request.tool_choice.as_ref(), &request.tools)?;
            let (tools, choice) = (Cow::Borrowed(&request.tools[..]), request.tool_choice.clone());
            return Ok(Self { tools, choice, native: None });
        };
        if !shape::is_legal_name(&structured.name) {
            let message = "the name of a shape may hold 64 letters, digits, hyphens and underscores";
            return Err(history::refuse(provider, message));
        }
        schema::check_object(&structured.schema).map_err(|reason| history::refuse(provider, reason))?;
        let choice = match way(ways, structured.way) {
            StructuredWay::Native => {
                return Ok(Self { tools: Cow::Borrowed(&[]), choice: None, native: Some(structured) });
            }
            StructuredWay::ForcedTool => ToolChoice::Named(TOOL.to_owned()),
            StructuredWay::OfferedTool => ToolChoice::Auto,
        };
        Ok(Self { tools: Cow::Owned(vec![tool(structured)]), choice: Some(choice), native: None })
    }
}

/// The tool whose arguments are the object.
fn tool(structured: &Structured) -> ToolSpec {
    ToolSpec::Function {
        function: FunctionSpec {
            name: TOOL.to_owned(),
            description: Some(TOOL_DESCRIPTION.to_owned()),
            parameters: Some(schema::untitled(&structured.schema)),
            rest: Map::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use StructuredWay::{ForcedTool, Native, OfferedTool};

    use super::*;

    #[test]
    fn a_way_that_there_is_not_gives_way_to_the_next() {
        for (ways, asked, taken, then) in [
            (&[Native, ForcedTool, OfferedTool] as Ways, Native, Native, Some(ForcedTool)),
            (&[Native, ForcedTool, OfferedTool], OfferedTool, OfferedTool, None),
            (&[ForcedTool, OfferedTool], Native, ForcedTool, Some(OfferedTool)),
            (&[Native, OfferedTool], ForcedTool, OfferedTool, None),
            (&[Native, ForcedTool], OfferedTool, ForcedTool, None),
            (&[OfferedTool], Native, OfferedTool, None),
        ] {
            assert_eq!((way(ways, asked), next_way(ways, taken)), (taken, then), "{ways:?} {asked:?}");
        }
    }
}
