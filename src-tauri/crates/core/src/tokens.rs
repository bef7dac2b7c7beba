//! The port of those who count the tokens of a request before it is sent.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::chat::ChatRequest;
use crate::error::ProviderError;

/// Counts the tokens of requests for one model.
#[async_trait]
pub trait TokenCounter: Send + Sync {
    /// The prompt of this request, tools and pictures included.
    ///
    /// # Errors
    /// When the request cannot be written for this provider, or when the provider is asked and does not answer.
    async fn count(&self, request: &ChatRequest) -> Result<TokenCount, ProviderError>;
}

/// How many tokens a prompt has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCount {
    /// The count.
    pub tokens: u64,
    /// Whether it is the provider's own rule; an estimate otherwise.
    pub exact: bool,
}
