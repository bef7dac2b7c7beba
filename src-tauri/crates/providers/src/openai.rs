//! OpenAI Chat Completions, and every server that speaks a dialect of it. The wire format is described at
//! <https://platform.openai.com/docs/api-reference/chat> (read November 2026). Dialects differ by data ([`Dialect`]).

mod api;
mod azure;
pub mod decoder;
pub(crate) mod dialect;
pub mod mapper;
mod messages;
pub mod realtime;
pub mod request;
pub mod speech;
mod think_tags;
pub mod transcription;
pub(crate) mod wire;

pub use api::{ChatCompletionsApi, OpenAiClient};
pub use azure::AzureApi;
pub use decoder::ChatDecoder;
pub use dialect::{
    ContentShape, Dialect, Names, ReasoningEcho, ReasoningSwitch, StreamEnd, StreamUsage, SystemRole, ThinkTags,
    TokenLimit, ToolImages,
};
