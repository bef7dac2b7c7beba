//! OpenAI's Responses, and servers that speak it. The wire format is described at
//! <https://platform.openai.com/docs/api-reference/responses> (read November 2026).
//!
//! Nothing is left with the provider (`store: false`): the whole conversation is sent each time, with the provider's sealed
//! reasoning in its place. Deliberately absent: hosted tools, background answers, `previous_response_id`.

mod api;
pub mod decoder;
mod items;
pub mod mapper;
pub mod request;
mod wire;

pub use api::{MessageForm, ResponsesApi, ResponsesClient};
pub use decoder::ResponsesDecoder;
