//! The tools there are, by name.

use std::sync::Arc;

use jsonschema::Validator;
use parlance_core::chat::{FunctionSpec, ToolSpec};
use parlance_core::{Tool, ToolUse};
use serde_json::Value;

/// So many faults of one call are told: a model needs the first ones.
const MOST_FAULTS: usize = 5;

/// A fault is told in so many characters, since it repeats what the model wrote.
const MOST_FAULT_CHARS: usize = 300;

/// The tools that can be run for one answer. The first of a name counts.
#[derive(Clone, Default)]
pub struct Toolbox {
    entries: Vec<Arc<Entry>>,
}

/// A tool as it is offered.
pub(super) struct Entry {
    pub(super) tool: Arc<dyn Tool>,
    pub(super) spec: FunctionSpec,
    /// Checks arguments; `None` where the tool takes any.
    schema: Option<Validator>,
}

impl Toolbox {
    /// These tools.
    pub fn new(tools: impl IntoIterator<Item = Arc<dyn Tool>>) -> Self {
        let mut entries: Vec<Arc<Entry>> = Vec::new();
        for tool in tools {
            let entry = Entry::new(tool);
            if entries.iter().all(|known| known.spec.name != entry.spec.name) {
                entries.push(Arc::new(entry));
            }
        }
        Self { entries }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// As they are offered to a voice.
    #[must_use]
    pub fn functions(&self) -> Vec<FunctionSpec> {
        self.entries.iter().map(|entry| entry.spec.clone()).collect()
    }

    /// As they are offered to a model.
    pub(super) fn specs(&self) -> impl Iterator<Item = ToolSpec> {
        self.entries.iter().map(|entry| ToolSpec::Function { function: entry.spec.clone() })
    }

    pub(super) fn find(&self, name: &str) -> Option<&Arc<Entry>> {
        self.entries.iter().find(|entry| entry.spec.name == name)
    }

    /// For a model that calls something else.
    pub(super) fn names(&self) -> String {
        self.entries.iter().map(|entry| entry.spec.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Entry {
    fn new(tool: Arc<dyn Tool>) -> Self {
        let spec = tool.spec();
        let schema = spec.parameters.as_ref().and_then(|schema| match jsonschema::validator_for(schema) {
            Ok(validator) => Some(validator),
            Err(error) => {
                tracing::error!(tool = spec.name, %error, "a tool's schema cannot be read; its arguments are not checked");
                None
            }
        });
        Self { tool, spec, schema }
    }

    /// Why a call cannot be carried out, in words for the model; `None` when it can.
    pub(super) fn fault(&self, call: &ToolUse) -> Option<String> {
        if let Some(raw) = call.raw_input.as_deref().map(str::trim)
            && call.input.is_empty()
            && !matches!(serde_json::from_str::<Value>(raw), Ok(Value::Object(_) | Value::Null))
            && !raw.is_empty()
        {
            return Some("The arguments are not a JSON object. Call the tool again with one.".to_owned());
        }
        let arguments = Value::Object(call.input.clone());
        let schema = self.schema.as_ref()?;
        let faults: Vec<String> = schema
            .iter_errors(&arguments)
            .take(MOST_FAULTS)
            .map(|fault| {
                let place = fault.instance_path().to_string();
                let words: String = fault.to_string().chars().take(MOST_FAULT_CHARS).collect();
                if place.is_empty() { format!("- {words}") } else { format!("- at {place}: {words}") }
            })
            .collect();
        (!faults.is_empty()).then(|| {
            format!(
                "The arguments do not fit the tool's schema:\n{}\nCorrect them and call it again.",
                faults.join("\n")
            )
        })
    }
}
