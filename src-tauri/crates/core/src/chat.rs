//! The port of models that answer messages.

use std::pin::Pin;

use async_trait::async_trait;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::ProviderError;
use crate::event::ModelEvent;
use crate::msg::Msg;

/// An answer while it arrives. Dropping it cancels the request at once.
pub type ModelStream = Pin<Box<dyn Stream<Item = Result<ModelEvent, ProviderError>> + Send>>;

/// A model that answers messages.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// Exactly what would be sent, without the key.
    ///
    /// # Errors
    /// When the request cannot be written for this provider.
    fn request(&self, request: &ChatRequest) -> Result<HttpRequest, ProviderError>;

    /// Asks. Returns when the provider has begun to answer or has refused; retries of what is safe lie inside.
    ///
    /// # Errors
    /// When nothing of an answer was received. Later failures come as the stream's last item.
    async fn stream(&self, request: &ChatRequest) -> Result<ModelStream, ProviderError>;
}

/// A request as plain data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HttpRequest {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The full address.
    pub url: String,
    /// In the order they are sent, names in lower case. The key's header says `[key]`.
    pub headers: Vec<(String, String)>,
    /// The JSON body, `None` for `GET`.
    pub body: Option<Value>,
}

/// What to ask.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChatRequest {
    /// The model, as the provider names it.
    pub model: String,
    /// The conversation, oldest first.
    pub messages: Vec<Msg>,
    /// Tools the model may ask for.
    pub tools: Vec<ToolSpec>,
    /// Whether it must; `None` leaves it to the provider.
    pub tool_choice: Option<ToolChoice>,
    /// How much to reason; `None` leaves it to the provider.
    pub thinking: Option<Thinking>,
    /// Most tokens of the answer; `None` leaves it to the provider.
    pub max_tokens: Option<u32>,
    /// Whether the answer should come as it is made. The events are the same either way.
    pub delivery: Delivery,
    /// The shape the answer must have; `None` for words. The tools of the request are not offered then.
    pub structured: Option<Structured>,
    /// How the conversation is put to the model.
    pub formatter: Formatter,
    /// Parameters of the provider's own, which win over ours.
    pub extra: Map<String, Value>,
}

/// How the answer should come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// As it is made.
    #[default]
    Streaming,
    /// In one piece.
    Whole,
}

/// How the conversation is put to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Formatter {
    /// As turns of one person and one assistant.
    #[default]
    Chat,
    /// Several speakers: what was said stands in one message, each line with its speaker's name.
    MultiAgent,
}

/// The shape an answer must have.
#[derive(Debug, Clone, PartialEq)]
pub struct Structured {
    /// What the shape is called: `[A-Za-z0-9_-]`, at most 64 characters.
    pub name: String,
    /// A JSON schema of an object.
    pub schema: Value,
    /// How the provider is asked to keep to it.
    pub way: StructuredWay,
}

/// How a provider is asked to keep to a shape, the strictest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StructuredWay {
    /// As the protocol does it best.
    #[default]
    Native,
    /// By a tool that must be called, whose arguments are the answer.
    ForcedTool,
    /// By a tool that is only offered, for servers that force none.
    OfferedTool,
}

/// A tool as offered to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToolSpec {
    /// A function with JSON arguments.
    Function {
        /// Its description.
        function: FunctionSpec,
    },
}

/// A function as offered to a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionSpec {
    /// `[A-Za-z0-9_-]`, at most 64 characters.
    pub name: String,
    /// What it does, for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A JSON schema of its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Fields of the provider's own, such as `strict`.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Whether the model may, must or must not ask for a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// Never.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(String),
}

/// How much to reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thinking {
    /// Not at all.
    Off,
    /// As the provider likes.
    On,
    /// A little.
    Low,
    /// Somewhat.
    Medium,
    /// A lot.
    High,
    /// At most this many tokens.
    Budget(u32),
}
