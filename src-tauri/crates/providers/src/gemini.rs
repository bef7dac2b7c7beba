//! Google's Gemini: `generateContent`. The wire format is described at <https://ai.google.dev/api/generate-content> (read
//! November 2026).
//!
//! Deliberately absent: tools that run at the provider, and pictures in answers; their parts are skipped.

mod api;
mod contents;
pub mod count;
pub mod decoder;
mod family;
pub mod live;
mod mapper;
pub mod models;
mod references;
pub mod request;
mod schema;
pub mod speech;
pub mod transcription;
mod wire;

pub use api::{GeminiClient, GenerateContentApi};
pub use decoder::ContentDecoder;
