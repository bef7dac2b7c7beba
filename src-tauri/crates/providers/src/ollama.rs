//! Ollama's own protocol, as <https://github.com/ollama/ollama/blob/main/docs/api.md> describes it (read November 2026). Its
//! base address is the server's root, such as `http://localhost:11434/`; without a key on this computer, with one in the
//! cloud.
//!
//! The protocol has no `tool_choice`, no sound and no moving pictures; pictures only as bytes.

mod api;
pub mod decoder;
pub mod mapper;
mod messages;
pub mod models;
pub mod request;
mod wire;

pub use api::{OllamaApi, OllamaClient};
pub use decoder::OllamaDecoder;
