//! What can go wrong with a provider, by what the caller can do about it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A provider's failure. The raw fields are kept for people; `category` drives behaviour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ProviderError {
    /// Which provider, by its configured name.
    pub provider: String,
    /// What the caller can do about it.
    pub category: Category,
    /// The HTTP status, `None` where no response came.
    pub status: Option<u16>,
    /// The provider's own code, as it came.
    pub code: Option<String>,
    /// The provider's sentence, or ours where it gave none. Never holds a key.
    pub message: String,
    /// How long the provider asks us to wait.
    pub retry_after: Option<Duration>,
    /// How long was waited in vain, for [`Category::Timeout`].
    pub waited: Option<Duration>,
}

impl ProviderError {
    /// An error with nothing but its category and a sentence.
    pub fn new(provider: impl Into<String>, category: Category, message: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            category,
            status: None,
            code: None,
            message: message.into(),
            retry_after: None,
            waited: None,
        }
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.provider, self.message)?;
        match (&self.status, &self.code) {
            (Some(status), Some(code)) => write!(f, " ({status}, {code})"),
            (Some(status), None) => write!(f, " ({status})"),
            (None, Some(code)) => write!(f, " ({code})"),
            (None, None) => Ok(()),
        }
    }
}

/// What a failure means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The key is missing, wrong, or not allowed to do this.
    Authentication,
    /// A key was about to go to a host it was not saved for; nothing was sent.
    WrongOrigin,
    /// Too many requests; wait.
    RateLimit,
    /// No credit left; waiting does not help.
    Quota,
    /// The provider has no room now.
    Overloaded,
    /// The provider has a fault.
    Server,
    /// The request is more than the model can read.
    ContextTooLong,
    /// The provider's filter stopped it.
    ContentFilter,
    /// The request is not one the provider accepts.
    InvalidRequest,
    /// The model or the address does not exist.
    NotFound,
    /// The provider could not be reached: no network, no such host, refused, TLS.
    Network,
    /// No byte came in time.
    Timeout,
    /// The answer stopped before its end.
    Cut,
    /// What came is not what the protocol says.
    Protocol,
    /// The answer does not have the shape that was asked for.
    Unfit,
    /// What came is larger than a limit of ours.
    TooLarge,
    /// The caller stopped it.
    Cancelled,
}

impl Category {
    /// Whether the same request may be sent again by itself, provided that nothing of an answer was received.
    ///
    /// Every category is listed, so that a new one forces the question.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        match self {
            Self::RateLimit | Self::Overloaded | Self::Server | Self::Network => true,
            Self::Authentication
            | Self::WrongOrigin
            | Self::Quota
            | Self::ContextTooLong
            | Self::ContentFilter
            | Self::InvalidRequest
            | Self::NotFound
            | Self::Timeout
            | Self::Cut
            | Self::Protocol
            | Self::Unfit
            | Self::TooLarge
            | Self::Cancelled => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_one_sentence() {
        let mut error = ProviderError::new("openai", Category::RateLimit, "slow down");
        assert_eq!(error.to_string(), "openai: slow down");
        error.status = Some(429);
        assert_eq!(error.to_string(), "openai: slow down (429)");
        error.code = Some("rate_limit_exceeded".into());
        assert_eq!(error.to_string(), "openai: slow down (429, rate_limit_exceeded)");
    }
}
