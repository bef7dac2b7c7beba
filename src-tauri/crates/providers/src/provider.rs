//! Where a provider is and how its key is fetched. Made by the registry of `app`, used by every client.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::{ApiKey, Category, ProviderError};
use url::Url;

/// A configured provider.
#[derive(Clone)]
pub struct Provider {
    /// Its name in settings and errors.
    pub name: String,
    /// Where its paths begin, as [`crate::base_url::parse`] gives it.
    pub base_url: Url,
    /// Gives its key, each time one is needed.
    pub keys: Arc<dyn KeySource>,
}

impl Provider {
    /// An address below the provider's own.
    ///
    /// # Errors
    /// [`Category::InvalidRequest`] when the two make none.
    pub fn endpoint(&self, path: &str) -> Result<Url, ProviderError> {
        self.base_url.join(path).map_err(|error| {
            let message = format!("the server's address cannot be used: {error}");
            ProviderError::new(&self.name, Category::InvalidRequest, message)
        })
    }
}

/// Fetches a key for one connection; the caller drops it when the request is out.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// The key, `None` where the server needs none.
    ///
    /// # Errors
    /// [`KeyUnavailable`] when there should be one and it cannot be read now.
    async fn key(&self) -> Result<Option<ApiKey>, KeyUnavailable>;
}

/// A key could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyUnavailable(
    /// Why, for people.
    pub String,
);

/// For servers without a key.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKey;

#[async_trait]
impl KeySource for NoKey {
    async fn key(&self) -> Result<Option<ApiKey>, KeyUnavailable> {
        Ok(None)
    }
}
