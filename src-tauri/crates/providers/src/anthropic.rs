//! Anthropic's Messages, and the servers that speak the same protocol. The wire format is described at
//! <https://docs.claude.com/en/api/messages> (read November 2026).
//!
//! Deliberately absent: tools that run at the provider; their blocks are skipped.

mod api;
mod cache;
pub mod count;
pub mod decoder;
mod family;
mod mapper;
mod messages;
pub mod models;
pub mod request;
mod wire;

pub use api::{AnthropicClient, MessagesApi};
pub use decoder::MessagesDecoder;
