//! What works on this computer and what does not. Called by the terminal's `doctor` and by whoever asks for keys.

use std::fs;
use std::io::Write as _;

use parlance_core::Origin;

use crate::api::{DevicesView, Empty, ErrorBody, ErrorCode, KeyState, KeyringState, KeyringView, ProviderView};
use crate::app::App;
use crate::key_search::usual_variable;
use crate::providers::Address;

/// Everything that can be looked at without asking anybody for anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkup {
    /// Whether the data folder can be written.
    pub folder: Result<(), ErrorBody>,
    /// How many conversations the history holds.
    pub history: Result<u32, ErrorBody>,
    /// Keyring and keys.
    pub keys: KeyReport,
    /// Microphones and speakers.
    pub devices: DevicesView,
    /// The sound system that was found, as it calls itself; `None` without any device.
    pub sound_system: Option<String>,
}

/// Where keys are. Never the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyReport {
    /// The keyring.
    pub keyring: KeyringView,
    /// The configured providers.
    pub providers: Vec<ProviderKeys>,
}

/// A provider and where its key can come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderKeys {
    /// The provider; `key` says what the keyring holds.
    pub view: ProviderView,
    /// The environment variable that holds its key, where that is set and may go to this address.
    pub variable: Option<&'static str>,
    /// Whether anything was configured for it; a family that merely comes with Parlance is not.
    pub in_use: bool,
}

impl App {
    /// Looks at everything. A locked keyring is not asked for keys: that would ask for its password.
    pub async fn checkup(&self) -> Checkup {
        let devices = self.devices(Empty {}).await.unwrap_or(DevicesView { inputs: Vec::new(), outputs: Vec::new() });
        let any_device = devices.inputs.iter().chain(&devices.outputs).next();
        Checkup {
            folder: self.try_folder(),
            history: self.count_conversations().await,
            keys: self.key_report().await,
            sound_system: any_device.and_then(|device| device.id.split_once(':')).map(|(system, _)| system.to_owned()),
            devices,
        }
    }

    /// How the keyring is, and which providers have a key.
    pub async fn key_report(&self) -> KeyReport {
        self.look_at_keyring().await;
        let keyring = self.keyring_view();
        let config = self.config();
        let mut providers = Vec::with_capacity(config.providers.len());
        for provider in &config.providers {
            let origin: Option<Origin> = Address::of(provider).ok().map(|address| address.origin);
            if let Some(origin) = &origin
                && matches!(keyring.state, KeyringState::Ready | KeyringState::Absent)
            {
                self.look_for_key(&provider.id, origin).await;
            }
            let variable = origin
                .and_then(|origin| usual_variable(provider, &origin))
                .filter(|variable| std::env::var_os(variable).is_some_and(|word| !word.is_empty()));
            let view = self.provider_view(provider);
            let in_use = !view.builtin
                || view.key != KeyState::Missing
                || variable.is_some()
                || !view.model.is_empty()
                || view.id == config.settings.provider;
            providers.push(ProviderKeys { view, variable, in_use });
        }
        KeyReport { keyring, providers }
    }

    async fn count_conversations(&self) -> Result<u32, ErrorBody> {
        Ok(self.store()?.conversation_count().await?)
    }

    fn try_folder(&self) -> Result<(), ErrorBody> {
        let trial = self.paths().root().join(format!(".trial-{}", std::process::id()));
        let written =
            fs::File::create(&trial).and_then(|mut file| file.write_all(b"trial").and_then(|()| file.sync_all()));
        // Left over only where the system lets us write but not remove; the result says more.
        let _ = fs::remove_file(&trial);
        written.map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ErrorCode::DiskFull,
                _ => ErrorCode::ReadOnly,
            };
            ErrorBody::new(code).with_details(error.to_string())
        })
    }
}
