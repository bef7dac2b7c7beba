//! The Secret Service of a Linux desktop (GNOME keyring, KWallet, KeePassXC), over D-Bus.

use std::sync::Arc;

use keyring::{Entry, Error};
use keyring_core::api::CredentialStoreApi as _;
use secret_service::EncryptionType;
use secret_service::blocking::SecretService;
use zbus_secret_service_keyring_store::Store;

use super::{KeyError, KeyringStatus, SERVICE};

/// One session with the service. Broken for good when the service restarts.
pub(super) struct Connection {
    store: Arc<Store>,
}

impl Connection {
    pub(super) fn new() -> Result<Self, KeyError> {
        match Store::new() {
            Ok(store) => Ok(Self { store }),
            Err(error) => Err(KeyError::Absent { details: error.to_string() }),
        }
    }

    pub(super) fn entry(&self, account: &str) -> Result<Entry, Error> {
        Ok(Entry { inner: self.store.build(SERVICE, account, None)? })
    }

    pub(super) fn status() -> Result<KeyringStatus, KeyError> {
        let absent = |error: secret_service::Error| KeyError::Absent { details: error.to_string() };
        // No secret travels here, so none needs a shared key.
        let service = SecretService::connect(EncryptionType::Plain).map_err(absent)?;
        let collection = match service.get_default_collection() {
            Ok(collection) => collection,
            // A new keyring has no collection yet; keeping the first key makes it.
            Err(secret_service::Error::NoResult) => return Ok(KeyringStatus::Ready),
            Err(error) => return Err(absent(error)),
        };
        match collection.is_locked() {
            Ok(true) => Ok(KeyringStatus::Locked),
            Ok(false) => Ok(KeyringStatus::Ready),
            Err(error) => Err(absent(error)),
        }
    }
}
