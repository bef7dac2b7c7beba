//! Alibaba Cloud's own protocol for Qwen and its like, as <https://help.aliyun.com/zh/model-studio/qwen-api-reference>
//! describes it (read November 2026). Its base address ends in `/api/v1/`.
//!
//! Two endpoints, one for text and one for everything else, speak the same. Their OpenAI-compatible sister is a matter of
//! [`crate::openai`]. Deliberately absent: asynchronous jobs, `oss://` addresses.

mod api;
pub mod decoder;
pub mod mapper;
mod messages;
pub mod models;
pub mod realtime;
pub mod request;
pub mod speech;
pub mod transcription;
mod wire;

pub use api::{DashScopeClient, GenerationApi};
pub use decoder::DashScopeDecoder;
pub use request::Modality;
