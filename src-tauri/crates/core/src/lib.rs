//! The words of Parlance's domain, and the ports its engine is plugged together with.
//!
//! # Layout
//!
//! * [`msg`] – messages and their content blocks, in the JSON the store and the terminal share.
//! * [`event`] – what a model's answer consists of while it arrives.
//! * [`reply`] – folds events into the message so far; the plain call is its `collect`.
//! * [`structured`] – the object in an answer that has a shape.
//! * [`partial_json`] – objects that are readable while their text still comes.
//! * [`chat`] – the port of models that answer messages.
//! * [`model`] – what a model is and can do, as a value.
//! * [`tool`] – the port of tools that Parlance runs itself.
//! * [`tokens`] – the port of those who count tokens.
//! * [`realtime`] – the port of models that listen and speak.
//! * [`synthesis`] – the port of models that speak a text.
//! * [`transcription`] – the port of models that write down what is said.
//! * [`embedding`] – the port of models that make vectors.
//! * [`asked`] – what would be sent, as plain data.
//! * [`audio`] – sound as data: rates, chunks, levels; the ports of microphone and speaker.
//! * [`echo`] – what is done about the assistant's voice in the microphone.
//! * [`speech`] – what is heard in captured sound, and where speech begins and ends.
//! * [`error`] – what can go wrong with a provider, by what the caller can do about it.
//! * [`secret`] – keys, which cannot be printed and go only to the origin they were saved for.
//! * [`redact`] – takes keys out of text that people, files or logs will see.
//! * [`clock`] – time as an argument.
//! * [`id`] – short unique names.
//!
//! Deliberately absent: IO, an async runtime, the environment, and the clock of the machine.

pub mod asked;
pub mod audio;
pub mod chat;
pub mod clock;
pub mod echo;
pub mod embedding;
pub mod error;
pub mod event;
pub mod id;
pub mod model;
pub mod msg;
pub mod partial_json;
pub mod realtime;
pub mod redact;
pub mod reply;
pub mod secret;
pub mod speech;
pub mod structured;
pub mod synthesis;
pub mod tokens;
pub mod tool;
pub mod transcription;

pub use audio::{AudioChunk, Level, SampleRate};
pub use chat::{
    ChatModel, ChatRequest, Formatter, ModelStream, Structured, StructuredWay, Thinking, ToolChoice, ToolSpec,
};
pub use clock::Clock;
pub use error::{Category, ProviderError};
pub use event::{ModelEvent, Seal, StopReason, TokenUsage};
pub use model::{Capabilities, Mark, ModelInfo};
pub use msg::{BlockKind, ContentBlock, Msg, Role, Source, ToolEnd, ToolOutput, ToolUse};
pub use reply::Reply;
pub use secret::{ApiKey, Origin, Secret};
pub use tokens::{TokenCount, TokenCounter};
pub use tool::{Consent, Tool, ToolFailure};
