//! Where the key of a provider is looked for, when a model is asked outside the window: where the caller says, else the
//! environment, else the keyring.
//!
//! The environment's usual variable goes to its provider's own hosts and to this computer only: a base URL that somebody else
//! chose must not carry it off.

use async_trait::async_trait;
use parlance_core::{ApiKey, Origin, Secret};
use parlance_providers::{KeySource, KeyUnavailable};

use crate::api::{ErrorBody, ErrorCode};
use crate::config::ProviderConfig;
use crate::keys::{KeyError, KeyringStatus, Keys};
use crate::log;
use crate::registry::{Family, service_of};

/// Where the key of one provider for one origin is looked for, anew for each connection.
pub(crate) struct KeySearch {
    pub(crate) keys: Keys,
    pub(crate) provider: String,
    /// The known service it is one of.
    pub(crate) service: Option<&'static Family>,
    pub(crate) origin: Origin,
    /// Named by the person.
    pub(crate) variable: Option<String>,
    pub(crate) plain_http_allowed: bool,
}

impl KeySearch {
    /// The key; `None` where there is none.
    ///
    /// # Errors
    /// When it may not go there, or the place where it should be cannot be read.
    pub(crate) async fn find(&self) -> Result<Option<ApiKey>, ErrorBody> {
        let key = match (&self.variable, self.usual_variable()) {
            (Some(named), _) => Some(in_environment(named, &self.origin)?.ok_or_else(|| {
                ErrorBody::new(ErrorCode::NoKey).with_details(format!("the variable {named} is not set, or empty"))
            })?),
            (None, Some(usual)) => match in_environment(usual, &self.origin)? {
                Some(key) => Some(key),
                None => self.in_keyring().await?,
            },
            (None, None) => self.in_keyring().await?,
        };
        if let Some(key) = &key {
            log::learn(key.secret());
            if !self.origin.is_secure() && !self.origin.is_loopback() && !self.plain_http_allowed {
                let host = Some(self.origin.host().to_owned());
                return Err(ErrorBody { host, ..ErrorBody::new(ErrorCode::PlainHttp) });
            }
        }
        Ok(key)
    }

    /// The variable that is looked at unasked.
    pub(crate) fn usual_variable(&self) -> Option<&'static str> {
        variable_of(self.service?, &self.provider, &self.origin)
    }

    async fn in_keyring(&self) -> Result<Option<ApiKey>, ErrorBody> {
        // Servers on this computer rarely want a key: not worth a password prompt.
        if self.origin.is_loopback() && self.keys.status().await != KeyringStatus::Ready {
            return Ok(None);
        }
        match self.keys.get(&self.provider, &self.origin).await {
            Ok(key) => Ok(key),
            Err(KeyError::Absent { .. }) => Ok(None),
            Err(_) if self.origin.is_loopback() => Ok(None),
            Err(error @ (KeyError::Locked | KeyError::NotAnswering { .. })) => {
                Err(ErrorBody::new(ErrorCode::KeyringLocked).with_details(error.to_string()))
            }
            Err(error) => Err(ErrorBody::new(ErrorCode::NoKeyring).with_details(error.to_string())),
        }
    }
}

#[async_trait]
impl KeySource for KeySearch {
    async fn key(&self) -> Result<Option<ApiKey>, KeyUnavailable> {
        self.find().await.map_err(|error| {
            KeyUnavailable(
                error.details.unwrap_or_else(|| format!("the key for {} cannot be used", self.origin.host())),
            )
        })
    }
}

/// The environment variable that holds a provider's key without being named.
pub(crate) fn usual_variable(provider: &ProviderConfig, origin: &Origin) -> Option<&'static str> {
    variable_of(service_of(provider)?, &provider.id, origin)
}

/// A service's variable: for its own hosts, and for this computer where the provider is called like the service.
fn variable_of(service: &Family, provider: &str, origin: &Origin) -> Option<&'static str> {
    let is_here = origin.is_loopback() && provider == service.id;
    service.variable.filter(|_| service.is_at(origin) || is_here)
}

fn in_environment(variable: &str, origin: &Origin) -> Result<Option<ApiKey>, ErrorBody> {
    let Some(word) = std::env::var_os(variable).filter(|word| !word.is_empty()) else { return Ok(None) };
    let bad = |why: String| ErrorBody::new(ErrorCode::BadKey).with_details(format!("the variable {variable}: {why}"));
    let word = word.into_string().map_err(|_| bad("it is not text".to_owned()))?;
    let secret = Secret::new(word).map_err(|error| bad(error.to_string()))?;
    Ok(Some(ApiKey::new(secret, origin.clone())))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn the_usual_variable_goes_to_its_own_hosts_and_this_computer_only() {
        for (provider, url, goes) in [
            ("openai", "https://api.openai.com/v1", true),
            ("openai", "https://eu.api.openai.com/v1", true),
            ("openai", "http://127.0.0.1:8080/v1", true),
            ("openai", "http://localhost/v1", true),
            ("openai", "http://api.openai.com/v1", false),
            ("openai", "https://api.openai.com:8443/v1", false),
            ("openai", "https://api.openai.com.evil.test/v1", false),
            ("openai", "https://evilapi.openai.com/v1", false),
            ("openai", "https://api.openai.com./v1", false),
            ("openai", "http://192.168.1.4/v1", false),
            ("anthropic", "https://api.anthropic.com", true),
            ("anthropic", "https://api.openai.com/v1", false),
            ("gemini", "http://127.0.0.1:8080", true),
            ("ollama", "http://localhost:11434", false),
            ("deepseek", "https://api.deepseek.com", true),
            ("deepseek", "http://127.0.0.1:8080", true),
            ("deepseek", "https://api.openai.com/v1", false),
            ("azure", "https://mine.openai.azure.com", true),
            ("azure", "https://openai.azure.com.evil.test", false),
            ("mine", "https://api.deepseek.com", true),
            ("mine", "http://127.0.0.1:8080/v1", false),
            ("mine", "https://api.openai.com/v1", false),
        ] {
            let origin = Origin::of(&Url::parse(url).unwrap()).unwrap();
            let config = ProviderConfig::at(provider, url);
            assert_eq!(usual_variable(&config, &origin).is_some(), goes, "{provider} {url}");
        }
        // Another service's own host gets that service's variable, whatever the provider is called.
        let elsewhere = ProviderConfig::at("openai", "https://openrouter.ai/api/v1");
        let origin = Origin::of(&Url::parse(&elsewhere.base_url).unwrap()).unwrap();
        assert_eq!(usual_variable(&elsewhere, &origin), Some("OPENROUTER_API_KEY"));
    }
}
