//! Providers and their keys. A key goes in here and never comes out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use parlance_core::Secret;
use parlance_providers::extra_headers;
use serde_json::{Map, Value};

use crate::api::{
    AppEvent, Empty, ErrorBody, ErrorCode, KeepKey, ModelChoice, ProviderId, ProviderView, SaveProvider, ServiceView,
    SetKey,
};
use crate::app::App;
use crate::config::ProviderConfig;
use crate::counting;
use crate::keys::KeyError;
use crate::providers::{Address, find, find_or_known};
use crate::registry::{self, family, service};

/// Echo's id: it has no address to configure.
const BUILTIN: &str = "builtin";
/// A server's id and name are no longer than a title.
const MOST_NAME_CHARS: usize = 200;

impl App {
    pub(crate) async fn set_key(&self, request: SetKey) -> Result<ProviderView, ErrorBody> {
        let secret = Secret::new(request.key)?;
        let config = self.config();
        let provider = find_or_known(&config, &request.provider)?;
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
        let provider = &find_or_known(&self.config(), &request.id)?;
        let address = Address::of(provider)?;
        self.keys().forget(&provider.id, &address.origin).await.map_err(|error| unkept(&error))?;
        self.look_for_key(&provider.id, &address.origin).await;
        self.tell_providers();
        Ok(self.provider_view(provider))
    }

    pub(crate) async fn known_services(&self, _: Empty) -> Result<Vec<ServiceView>, ErrorBody> {
        Ok(registry::known_services())
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
        if request.dialect.as_deref().is_some_and(|dialect| service(dialect).is_none()) {
            return Err(wrong("a server's dialect is openai, or the id of a service that Parlance knows"));
        }
        let headers = request.headers.map(open_headers).transpose()?;
        let tokenizer = match request.tokenizer {
            Some(file) => Some(tokenizer(file.trim()).await?),
            None => None,
        };
        let is_tokenizer_spoken_of = tokenizer.is_some();
        let mut next = ProviderConfig {
            name: if name.is_empty() { id.clone() } else { name },
            model: request.model.trim().to_owned(),
            dialect: request.dialect,
            api_version: request.api_version,
            tokenizer: tokenizer.flatten(),
            ..ProviderConfig::at(&id, address.base.as_str().trim_end_matches('/'))
        };
        self.change_config(|config| match config.providers.iter_mut().find(|provider| provider.id == next.id) {
            Some(provider) => {
                // What this request does not speak of stays.
                next.dialect = next.dialect.take().or_else(|| provider.dialect.take());
                next.headers = headers.clone().unwrap_or_else(|| std::mem::take(&mut provider.headers));
                next.api_version = next.api_version.take().or_else(|| provider.api_version.take());
                if !is_tokenizer_spoken_of {
                    next.tokenizer = provider.tokenizer.take();
                }
                next.plain_http_allowed = std::mem::take(&mut provider.plain_http_allowed);
                provider.clone_from(&next);
            }
            None => {
                next.headers = headers.clone().unwrap_or_default();
                config.providers.push(next.clone());
            }
        })?;
        self.follow_model(&next)?;
        self.look_for_key(&next.id, &address.origin).await;
        self.tell_providers();
        Ok(self.provider_view(&next))
    }

    /// A model that is named in the settings answers new conversations too, where they are this provider's.
    fn follow_model(&self, provider: &ProviderConfig) -> Result<(), ErrorBody> {
        let before = self.config().settings.defaults;
        let Some(chat) = before.chat.filter(|chat| chat.provider == provider.id && chat.model != provider.model) else {
            return Ok(());
        };
        let chat = (!provider.model.is_empty()).then(|| ModelChoice { model: provider.model.clone(), ..chat });
        self.change_config(|config| config.settings.defaults.chat = chat)?;
        self.hub().tell(AppEvent::Settings { settings: self.config().settings });
        Ok(())
    }

    pub(crate) async fn remove_provider(&self, request: ProviderId) -> Result<Empty, ErrorBody> {
        if let Some(family) = family(&request.id) {
            let why = format!("{} comes with Parlance; forget its key instead", family.name);
            return Err(ErrorBody::new(ErrorCode::BadCall).with_details(why));
        }
        let config = self.config();
        let before = config.settings.clone();
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
        if before != self.config().settings {
            self.hub().tell(AppEvent::Settings { settings: self.config().settings });
        }
        self.tell_providers();
        Ok(Empty {})
    }
}

/// A tokenizer's place, proven by reading it; `None` where none is wanted any more.
async fn tokenizer(typed: &str) -> Result<Option<PathBuf>, ErrorBody> {
    if typed.is_empty() {
        return Ok(None);
    }
    // The settings are read from other folders than the one where this was typed.
    let bad = |error: std::io::Error| ErrorBody::new(ErrorCode::BadFile).with_details(format!("{typed}: {error}"));
    let file = std::path::absolute(typed).map_err(bad)?;
    counting::open(file.clone()).await?;
    Ok(Some(file))
}

/// Headers that may lie open in the settings file.
fn open_headers(given: BTreeMap<String, String>) -> Result<Map<String, Value>, ErrorBody> {
    if let Some(name) = given.keys().find(|name| extra_headers::is_private(name)) {
        let why = format!("the header {name} looks private and would lie open in the settings; give it with each call");
        return Err(ErrorBody::new(ErrorCode::BadCall).with_details(why));
    }
    let headers = given.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    match extra_headers::read("settings", &headers) {
        Ok(_) => Ok(headers),
        Err(error) => Err(ErrorBody::new(ErrorCode::BadCall).with_details(error.message)),
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
