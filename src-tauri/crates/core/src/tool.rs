//! The port of tools that Parlance runs itself when a model asks for them.

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::chat::FunctionSpec;
use crate::msg::ToolOutput;

/// Something a model may ask to have done.
#[async_trait]
pub trait Tool: Send + Sync {
    /// How it is offered.
    fn spec(&self) -> FunctionSpec;

    /// Whether the person is asked before it runs with these arguments, which fit the schema.
    fn consent(&self, arguments: &Map<String, Value>) -> Consent;

    /// Does it. Dropping the future stops it; what it must not leave half done, it does in one step.
    ///
    /// # Errors
    /// [`ToolFailure`] goes to the model, in words that help it to do better.
    async fn run(&self, arguments: &Map<String, Value>) -> Result<ToolOutput, ToolFailure>;
}

/// Whether the person is asked before a tool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// It reads nothing private and changes nothing.
    NotNeeded,
    /// It reads what is the person's, changes something, or reaches out.
    Asked,
}

/// A tool could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ToolFailure(
    /// Why, for the model and the person. Never holds a key.
    pub String,
);
