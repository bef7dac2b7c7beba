//! Providers and their keys. A key goes in here and never comes out.

use parlance_core::Secret;

use crate::api::{
    Empty, ErrorBody, ErrorCode, KeepKey, ProviderId, ProviderTested, ProviderView, SaveProvider, SetKey,
};
use crate::app::App;
use crate::config::ProviderConfig;
use crate::keys::KeyError;
use crate::providers::{Address, find};
use crate::registry::family;

/// Echo's id: it has no address to configure.
const BUILTIN: &str = "builtin";
/// A server's id and name are no longer than a title.
const MOST_NAME_CHARS: usize = 200;

impl App {
    pub(crate) async fn set_key(&self, request: SetKey) -> Result<ProviderView, ErrorBody> {
        let secret = Secret::new(request.key)?;
        let config = self.config();
        let provider = find(&config, &request.provider)?.clone();
        let address = Address::of(&provider)?;
        let origin = address.origin;
        let exposed = !origin.is_secure() && !origin.is_loopback();
        if exposed && !request.allow_plain_http && !provider.plain_http_allowed.contains(&origin.to_string()) {
            let host = Some(origin.host().to_owned());
            return Err(ErrorBody { host, ..ErrorBody::new(ErrorCode::PlainHttp) });
        }
        match request.keep {
            KeepKey::Keyring => {
                self.keys().set(&provider.id, &origin, secret).await.map_err(|error| unkept(&error))?;
            }
            KeepKey::Session => self.keys().set_for_session(&provider.id, &origin, secret),
        }
        if exposed {
            self.change_config(|config| {
                if let Some(provider) = config.providers.iter_mut().find(|other| other.id == provider.id) {
                    let origin = origin.to_string();
                    if !provider.plain_http_allowed.contains(&origin) {
                        provider.plain_http_allowed.push(origin);
                    }
                }
            })?;
        }
        self.look_for_key(&provider.id, &origin).await;
        self.tell_providers();
        Ok(self.provider_view(&provider))
    }

    pub(crate) async fn forget_key(&self, request: ProviderId) -> Result<ProviderView, ErrorBody> {
        let config = self.config();
        let provider = find(&config, &request.id)?;
        let address = Address::of(provider)?;
        self.keys().forget(&provider.id, &address.origin).await.map_err(|error| unkept(&error))?;
        self.look_for_key(&provider.id, &address.origin).await;
        self.tell_providers();
        Ok(self.provider_view(provider))
    }

    pub(crate) async fn save_provider(&self, request: SaveProvider) -> Result<ProviderView, ErrorBody> {
        let id = request.id.trim().to_owned();
        let name = request.name.trim().to_owned();
        let wrong = |what: &str| ErrorBody::new(ErrorCode::BadCall).with_details(what);
        if id.is_empty() || id.chars().count() > MOST_NAME_CHARS || id.chars().any(char::is_control) {
            return Err(wrong("a server needs a name of at most 200 characters"));
        }
        if id == BUILTIN {
            return Err(wrong("this name is taken by Echo"));
        }
        let address = Address::parse(&request.base_url)?;
        let next = ProviderConfig {
            name: if name.is_empty() { id.clone() } else { name },
            base_url: address.base.as_str().trim_end_matches('/').to_owned(),
            model: request.model.trim().to_owned(),
            id,
            plain_http_allowed: Vec::new(),
        };
        self.change_config(|config| match config.providers.iter_mut().find(|provider| provider.id == next.id) {
            Some(provider) => {
                *provider = ProviderConfig { plain_http_allowed: provider.plain_http_allowed.clone(), ..next.clone() };
            }
            None => config.providers.push(next.clone()),
        })?;
        self.look_for_key(&next.id, &address.origin).await;
        self.tell_providers();
        Ok(self.provider_view(&next))
    }

    pub(crate) async fn remove_provider(&self, request: ProviderId) -> Result<Empty, ErrorBody> {
        if let Some(family) = family(&request.id) {
            let why = format!("{} comes with Parlance; forget its key instead", family.name);
            return Err(ErrorBody::new(ErrorCode::BadCall).with_details(why));
        }
        let config = self.config();
        let provider = find(&config, &request.id)?;
        if let Ok(address) = Address::of(provider) {
            // The key goes first: a server that is gone from the list could not be asked to forget it.
            match self.keys().forget(&provider.id, &address.origin).await {
                Ok(()) | Err(KeyError::Absent { .. }) => {}
                Err(error) => return Err(unkept(&error)),
            }
        }
        self.change_config(|config| {
            config.providers.retain(|provider| provider.id != request.id);
            if config.settings.provider == request.id {
                config.settings.provider = crate::api::Settings::default().provider;
            }
        })?;
        self.tell_providers();
        Ok(Empty {})
    }

    pub(crate) async fn test_provider(&self, request: ProviderId) -> Result<ProviderTested, ErrorBody> {
        let config = self.config();
        let provider = find(&config, &request.id)?;
        let address = Address::of(provider)?;
        let models = self.client(provider, &address)?.models().await.map_err(|error| {
            ErrorBody::from_provider(&error, &provider.name, address.origin.host(), &provider.model)
        })?;
        Ok(ProviderTested { models: models.into_iter().map(|model| model.id).collect() })
    }
}

/// The keyring did not do it; what it holds is as it was.
fn unkept(error: &KeyError) -> ErrorBody {
    let code = match error {
        KeyError::Absent { .. } => ErrorCode::NoKeyring,
        KeyError::Locked | KeyError::NotAnswering { .. } => ErrorCode::KeyringLocked,
        KeyError::NotKept | KeyError::NotAKey | KeyError::Failed { .. } => ErrorCode::NoKeyring,
    };
    ErrorBody::new(code).with_details(error.to_string())
}
