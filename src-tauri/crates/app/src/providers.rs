//! The configured providers: which client speaks to which address with which key. The one place that knows kinds.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use parlance_core::{ApiKey, Category, Origin, ProviderError};
use parlance_providers::http::Http;
use parlance_providers::media::{LocalFiles, MediaReader};
use parlance_providers::retry::{Retry, Told};
use parlance_providers::{KeySource, KeyUnavailable, Provider, base_url};
use parlance_store::NewMessage;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use url::Url;

use crate::api::{AppEvent, ErrorBody, ErrorCode, KeyState, KeyringState, KeyringView, ModelChoice, ProviderView, Why};
use crate::app::App;
use crate::config::{Config, ProviderConfig};
use crate::keys::{KeyError, KeyPlace, KeyringStatus, Keys, STORE_NAME};
use crate::log;
use crate::registry::{self, Client, Parts};

/// A provider, ready to be asked.
pub(crate) struct Chosen {
    /// As configured.
    pub(crate) provider: ProviderConfig,
    /// The host of its address.
    pub(crate) host: String,
    /// Its whole origin, which is where files go.
    pub(crate) origin: String,
    /// The model to ask for.
    pub(crate) model: String,
    /// Its client.
    pub(crate) chat: Client,
    /// When it waits before it asks again.
    pub(crate) waits: Waits,
}

/// What went wrong before each wait of a client, and how long the wait is.
pub(crate) type Waits = UnboundedReceiver<(ProviderError, Duration)>;

impl Chosen {
    /// The row of its answer.
    pub(crate) fn row(&self) -> NewMessage {
        NewMessage::streaming(&self.model, &self.provider.id, &self.model)
    }

    /// Its failure.
    pub(crate) fn explain(&self, error: &ProviderError) -> ErrorBody {
        refused(error, &self.provider, &self.host, &self.model)
    }

    /// The same, with the moment until which it wants to be left alone. `now` is the time since 1970.
    pub(crate) fn explain_at(&self, error: &ProviderError, now: Duration) -> ErrorBody {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        ErrorBody { retry_at_ms: error.retry_after.map(|wait| millis(now + wait)), ..self.explain(error) }
    }

    /// An error with the names that its sentence needs.
    pub(crate) fn about(&self, code: ErrorCode) -> ErrorBody {
        ErrorBody {
            provider: Some(self.provider.name.clone()),
            host: Some(self.host.clone()),
            model: Some(self.model.clone()),
            ..ErrorBody::new(code)
        }
    }
}

/// What is known of keys without asking the keyring again.
#[derive(Default)]
pub(crate) struct KeyStates {
    /// By provider id and origin.
    known: HashMap<(String, Origin), KeyState>,
    keyring: Option<KeyringState>,
}

impl App {
    /// The model that answers in a thread that remembers one, or in a new one. A provider that is gone is nobody's.
    pub(crate) fn model_of(&self, remembered: Option<ModelChoice>) -> ModelChoice {
        let config = self.config();
        remembered.filter(|choice| find(&config, &choice.provider).is_ok()).unwrap_or_else(|| usual(&config))
    }

    /// A model, ready to be asked.
    pub(crate) fn answerer(&self, choice: &ModelChoice) -> Result<Chosen, ErrorBody> {
        let config = self.config();
        let provider = find(&config, &choice.provider)?;
        let address = Address::of(provider)?;
        if choice.model.is_empty() {
            return Err(ErrorBody { provider: Some(provider.name.clone()), ..ErrorBody::new(ErrorCode::NoModel) });
        }
        if !address.origin.is_loopback() && self.key_state(&provider.id, &address.origin) == KeyState::Missing {
            let host = Some(address.origin.host().to_owned());
            return Err(ErrorBody { provider: Some(provider.name.clone()), host, ..ErrorBody::new(ErrorCode::NoKey) });
        }
        let (told, waits) = unbounded_channel();
        let told: Told = Arc::new(move |error, wait| {
            // Nobody listens any more when the answer was stopped.
            let _ = told.send((error.clone(), wait));
        });
        Ok(Chosen {
            waits,
            host: address.origin.host().to_owned(),
            origin: address.origin.to_string(),
            model: choice.model.clone(),
            chat: self.client_with(provider, &address, Retry { told, ..Retry::default() })?,
            provider: provider.clone(),
        })
    }

    /// The client of a provider.
    pub(crate) fn client(&self, provider: &ProviderConfig, address: &Address) -> Result<Client, ErrorBody> {
        self.client_with(provider, address, Retry::default())
    }

    /// The same, asked again as `retry` says.
    pub(crate) fn client_with(
        &self,
        provider: &ProviderConfig,
        address: &Address,
        retry: Retry,
    ) -> Result<Client, ErrorBody> {
        let keys = KeyringKey {
            keys: self.keys().clone(),
            provider: provider.id.clone(),
            origin: address.origin.clone(),
            plain_http_allowed: provider.plain_http_allowed.contains(&address.origin.to_string()),
        };
        // Nothing is fetched from the web: the window promises to speak to no other host.
        client(provider, address, Arc::new(keys), Arc::new(LocalFiles), retry)
    }

    /// The providers as drawn, from what is known.
    pub(crate) fn provider_views(&self, config: &Config) -> Vec<ProviderView> {
        config.providers.iter().map(|provider| self.provider_view(provider)).collect()
    }

    /// One provider as drawn.
    pub(crate) fn provider_view(&self, provider: &ProviderConfig) -> ProviderView {
        let origin = Address::of(provider).ok().map(|address| address.origin);
        ProviderView {
            id: provider.id.clone(),
            name: provider.name.clone(),
            base_url: provider.base_url.clone(),
            host: origin.as_ref().map(|origin| origin.host().to_owned()).unwrap_or_default(),
            local: origin.as_ref().is_some_and(Origin::is_loopback),
            model: provider.model.clone(),
            builtin: registry::family(&provider.id).is_some(),
            voices: registry::voices(provider).map(|names| names.iter().map(|&name| name.to_owned()).collect()),
            key: origin.map_or(KeyState::Missing, |origin| self.key_state(&provider.id, &origin)),
        }
    }

    /// The keyring as drawn, from what is known.
    pub(crate) fn keyring_view(&self) -> KeyringView {
        let states = self.inner.key_states.lock().unwrap_or_else(PoisonError::into_inner);
        KeyringView { state: states.keyring.unwrap_or(KeyringState::Waiting), store: STORE_NAME.to_owned() }
    }

    pub(crate) fn key_state(&self, provider: &str, origin: &Origin) -> KeyState {
        let states = self.inner.key_states.lock().unwrap_or_else(PoisonError::into_inner);
        states.known.get(&(provider.to_owned(), origin.clone())).copied().unwrap_or(KeyState::Unknown)
    }

    /// Asks the keyring where the key of a provider is, and remembers it.
    pub(crate) async fn look_for_key(&self, provider: &str, origin: &Origin) {
        let state = match self.keys().place(provider, origin).await {
            Ok(KeyPlace::Nowhere) => KeyState::Missing,
            Ok(KeyPlace::Keyring) => KeyState::Keyring,
            Ok(KeyPlace::Session) => KeyState::Session,
            // Without a keyring nothing can be in it.
            Err(KeyError::Absent { .. }) => KeyState::Missing,
            Err(error) => {
                tracing::info!(%error, "the keyring cannot be asked for a key");
                KeyState::Unknown
            }
        };
        let mut states = self.inner.key_states.lock().unwrap_or_else(PoisonError::into_inner);
        states.known.insert((provider.to_owned(), origin.clone()), state);
    }

    /// Asks the keyring how it is, and remembers it.
    pub(crate) async fn look_at_keyring(&self) {
        let state = match self.keys().status().await {
            KeyringStatus::Ready => KeyringState::Ready,
            KeyringStatus::Locked => KeyringState::Locked,
            KeyringStatus::Absent => KeyringState::Absent,
            KeyringStatus::NotAnswering => KeyringState::Waiting,
        };
        self.inner.key_states.lock().unwrap_or_else(PoisonError::into_inner).keyring = Some(state);
    }

    /// Tells every window what is known of providers and keys.
    pub(crate) fn tell_providers(&self) {
        let providers = self.provider_views(&self.config());
        self.hub().tell(AppEvent::Providers { providers, keyring: self.keyring_view() });
    }
}

/// The client of a provider, with whoever gives its key and its attachments.
pub(crate) fn client(
    config: &ProviderConfig,
    address: &Address,
    keys: Arc<dyn KeySource>,
    media: Arc<dyn MediaReader>,
    retry: Retry,
) -> Result<Client, ErrorBody> {
    let provider = Provider { name: config.id.clone(), base_url: address.base.clone(), keys };
    // The address that is asked says who is there, whatever the settings have.
    let config = ProviderConfig { base_url: address.base.to_string(), ..config.clone() };
    registry::client(&config, Parts { provider, http: http()?, media, retry })
        .map_err(|error| ErrorBody::from_provider(&error, &config.name, address.origin.host(), &config.model))
}

/// The HTTP clients of the process.
pub(crate) fn http() -> Result<Http, ErrorBody> {
    Http::new().map_err(|error| ErrorBody::new(ErrorCode::Internal).with_details(error.to_string()))
}

/// At the start, beside it: how the keyring is, and which providers have a key. A locked keyring is not asked for keys:
/// nobody wants a password prompt for having opened a window.
pub(crate) async fn look_for_keys(app: App) {
    app.look_at_keyring().await;
    let ready = app.keyring_view().state == KeyringState::Ready;
    let absent = app.keyring_view().state == KeyringState::Absent;
    if ready || absent {
        for provider in &app.config().providers {
            if let Ok(address) = Address::of(provider) {
                app.look_for_key(&provider.id, &address.origin).await;
            }
        }
    }
    app.tell_providers();
}

/// A provider's configuration, or a known service as if it were configured.
pub(crate) fn find_or_known(config: &Config, id: &str) -> Result<ProviderConfig, ErrorBody> {
    match (find(config, id), registry::service(id)) {
        (Err(_), Some(service)) => Ok(service.configured()),
        (found, _) => found.cloned(),
    }
}

/// A provider's configuration.
pub(crate) fn find<'a>(config: &'a Config, id: &str) -> Result<&'a ProviderConfig, ErrorBody> {
    config
        .providers
        .iter()
        .find(|provider| provider.id == id)
        // The id is not repeated: people paste keys into the wrong field.
        .ok_or_else(|| ErrorBody::new(ErrorCode::Gone).with_details("there is no provider of this id"))
}

/// The model of new conversations: the default one, else the chosen provider's last one.
pub(crate) fn usual(config: &Config) -> ModelChoice {
    let settings = &config.settings;
    let model = |provider: &str| find(config, provider).map(|provider| provider.model.clone()).unwrap_or_default();
    let default = settings.defaults.chat.clone().filter(|choice| find(config, &choice.provider).is_ok());
    default.unwrap_or_else(|| ModelChoice { provider: settings.provider.clone(), model: model(&settings.provider) })
}

/// A provider's failure, with what is known of the provider.
pub(crate) fn refused(error: &ProviderError, provider: &ProviderConfig, host: &str, model: &str) -> ErrorBody {
    let body = ErrorBody::from_provider(error, &provider.name, host, model);
    let regions = registry::service_of(provider).map_or(&[][..], |service| service.hosts);
    let others = regions.iter().filter(|region| **region != host);
    match error.category {
        // The services of the regions are the same, and each knows its own keys only.
        Category::Authentication if regions.contains(&host) && regions.len() > 1 => {
            ErrorBody { why: Some(Why::OtherRegion), near: others.map(|region| (*region).to_owned()).collect(), ..body }
        }
        _ => body,
    }
}

/// Where a provider is.
pub(crate) struct Address {
    /// The address, ready for paths.
    pub(crate) base: Url,
    /// Who a key for it belongs to.
    pub(crate) origin: Origin,
}

impl Address {
    /// The address of a provider.
    pub(crate) fn of(provider: &ProviderConfig) -> Result<Self, ErrorBody> {
        Self::parse(&provider.base_url)
    }

    /// An address as typed.
    pub(crate) fn parse(typed: &str) -> Result<Self, ErrorBody> {
        let bad = |why: String| ErrorBody::new(ErrorCode::BadUrl).with_details(why);
        let base = base_url::parse(typed).map_err(|error| bad(error.to_string()))?;
        let origin = Origin::of(&base).map_err(|error| bad(error.to_string()))?;
        Ok(Self { base, origin })
    }
}

/// The key of one provider for one origin, fetched for each connection.
struct KeyringKey {
    keys: Keys,
    provider: String,
    origin: Origin,
    plain_http_allowed: bool,
}

#[async_trait]
impl KeySource for KeyringKey {
    async fn key(&self) -> Result<Option<ApiKey>, KeyUnavailable> {
        let found = self.keys.get(&self.provider, &self.origin).await;
        let key = match found {
            Ok(key) => key,
            // Servers on this computer rarely want one.
            Err(_) if self.origin.is_loopback() => None,
            Err(error) => return Err(KeyUnavailable(error.to_string())),
        };
        if let Some(key) = &key {
            log::learn(key.secret());
        }
        if key.is_some() && !self.origin.is_secure() && !self.origin.is_loopback() && !self.plain_http_allowed {
            return Err(KeyUnavailable(format!("the key would travel unencrypted to {}", self.origin.host())));
        }
        Ok(key)
    }
}
