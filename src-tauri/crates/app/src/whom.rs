//! Who is asked outside any conversation, and the sentence that its failures deserve: with names, and told apart by whether a
//! key went along.

use std::sync::Arc;

use parlance_core::{Category, ProviderError};

use crate::api::{ErrorBody, ErrorCode};
use crate::config::ProviderConfig;
use crate::key_search::KeySearch;
use crate::providers::refused;
use crate::registry::service;

/// A provider and perhaps its model.
pub(crate) struct Whom {
    pub(crate) provider: ProviderConfig,
    /// `None` when none was named and none is configured.
    pub(crate) model: Option<String>,
    pub(crate) host: String,
    pub(crate) key: Arc<KeySearch>,
}

/// Whether a key went along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HasKey {
    Yes,
    No,
}

impl Whom {
    /// The model's name; [`ErrorCode::NoModel`] when there is none.
    pub(crate) fn name(&self) -> Result<&str, ErrorBody> {
        self.model.as_deref().ok_or_else(|| self.about_us(ErrorBody::new(ErrorCode::NoModel)))
    }

    /// Looks for the key before anything is sent, for the sentence that a failure deserves.
    pub(crate) async fn find_key(&self) -> Result<HasKey, ErrorBody> {
        match self.key.find().await.map_err(|error| self.about_us(error))? {
            Some(_) => Ok(HasKey::Yes),
            None if self.key.service.is_some_and(|service| service.is_at(&self.key.origin)) => Err(self.no_key()),
            None => Ok(HasKey::No),
        }
    }

    pub(crate) fn explain(&self, error: &ProviderError, has_key: HasKey) -> ErrorBody {
        match (error.category, has_key) {
            (Category::Authentication, HasKey::No) => {
                ErrorBody { status: error.status.map(|status| status.to_string()), ..self.no_key() }
            }
            _ => self.failed(error),
        }
    }

    fn no_key(&self) -> ErrorBody {
        let mut error = self.about_us(ErrorBody::new(ErrorCode::NoKey));
        // A server that somebody added speaks OpenAI's dialect, so people expect OpenAI's variable to reach it.
        if self.key.usual_variable().is_none()
            && let Some(family) = service(self.provider.dialect())
            && let Some(variable) = family.variable
            && std::env::var_os(variable).is_some()
        {
            let name = family.name;
            error.details =
                Some(format!("{variable} is set, but goes to {name}'s own hosts and to this computer only"));
        }
        error
    }

    pub(crate) fn failed(&self, error: &ProviderError) -> ErrorBody {
        refused(error, &self.provider, &self.host, self.model.as_deref().unwrap_or_default())
    }

    pub(crate) fn about_us(&self, error: ErrorBody) -> ErrorBody {
        ErrorBody {
            provider: error.provider.or_else(|| Some(self.provider.name.clone())),
            host: error.host.or_else(|| Some(self.host.clone())),
            ..error
        }
    }
}
