//! The system's keyring, one call at a time: blocking, on the thread of `worker.rs` only.
//!
//! On Linux the connection to the Secret Service is made anew when the service was restarted: the `keyring` crate's own
//! connection is made once a process and stays broken.

use keyring::{Entry, Error};
use parlance_core::{Origin, Secret};
use zeroize::Zeroizing;

use super::{KeyError, KeyringStatus};

#[cfg(not(target_os = "linux"))]
mod native;
#[cfg(target_os = "linux")]
mod secret_service;

#[cfg(not(target_os = "linux"))]
use native::Connection;
#[cfg(target_os = "linux")]
use secret_service::Connection;

/// What keys are filed under, as keyring programs show it.
pub(super) const SERVICE: &str = "dev.parlance.desktop";

/// What the keyring is called here, for sentences.
pub const STORE_NAME: &str = if cfg!(target_os = "macos") {
    "Keychain"
} else if cfg!(target_os = "windows") {
    "Windows Credential Manager"
} else {
    "Secret Service"
};

/// Whose key it is: `PROVIDER ORIGIN`. An origin holds no space, so no two read alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Account(String);

impl Account {
    pub(super) fn new(provider: &str, origin: &Origin) -> Self {
        Self(format!("{provider} {origin}"))
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }
}

/// The keyring as this thread sees it.
#[derive(Default)]
pub(super) struct Ring {
    /// `None` until it is needed, and after it failed.
    connection: Option<Connection>,
}

impl Ring {
    /// Whether keys can be kept. Asks nobody for a password.
    pub(super) fn status(&mut self) -> Result<KeyringStatus, KeyError> {
        // Always a look of its own: an old connection would answer for a service that is gone.
        Connection::status()
    }

    /// The secret of an account, `None` when there is none.
    pub(super) fn read(&mut self, account: &Account) -> Result<Option<Secret>, KeyError> {
        let Some(bytes) = self.bytes(account)? else { return Ok(None) };
        let word = std::str::from_utf8(&bytes).map_err(|_| KeyError::NotAKey)?;
        Secret::new(word.to_owned()).map(Some).map_err(|_| KeyError::NotAKey)
    }

    /// Whether there is anything for an account.
    pub(super) fn holds(&mut self, account: &Account) -> Result<bool, KeyError> {
        Ok(self.bytes(account)?.is_some())
    }

    /// Keeps a secret and reads it back.
    #[expect(clippy::disallowed_methods, reason = "this is the keyring writer")]
    pub(super) fn write(&mut self, account: &Account, secret: &Secret) -> Result<(), KeyError> {
        self.with_entry(account, |entry| entry.set_secret(secret.expose().as_bytes()))?;
        match self.bytes(account)? {
            Some(kept) if *kept == secret.expose().as_bytes() => Ok(()),
            _ => Err(KeyError::NotKept),
        }
    }

    /// Removes the secret of an account; that there is none is fine.
    pub(super) fn remove(&mut self, account: &Account) -> Result<(), KeyError> {
        self.with_entry(account, |entry| match entry.delete_credential() {
            Err(Error::NoEntry) => Ok(()),
            done => done,
        })
    }

    fn bytes(&mut self, account: &Account) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
        self.with_entry(account, |entry| match entry.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
    }

    /// Does something with an account's entry; once more over a new connection when the old one does not work.
    fn with_entry<T>(
        &mut self,
        account: &Account,
        mut attempt: impl FnMut(&Entry) -> Result<T, Error>,
    ) -> Result<T, KeyError> {
        let is_old = self.connection.is_some();
        match self.attempt(account, &mut attempt) {
            Err(KeyError::Failed { .. }) if is_old => self.attempt(account, &mut attempt),
            done => done,
        }
    }

    fn attempt<T>(
        &mut self,
        account: &Account,
        attempt: &mut impl FnMut(&Entry) -> Result<T, Error>,
    ) -> Result<T, KeyError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::new()?,
        };
        let done = connection.entry(account.name()).and_then(|entry| attempt(&entry)).map_err(sort);
        if !matches!(done, Err(KeyError::Failed { .. })) {
            self.connection = Some(connection);
        }
        done
    }
}

/// The keyring's error by what can be done about it. No text of it holds a secret: those are in other variants, which
/// are not printed.
fn sort(error: Error) -> KeyError {
    match error {
        Error::NoStorageAccess(_) => KeyError::Locked,
        Error::NoDefaultStore => KeyError::Absent { details: "the system has none that can be reached".to_owned() },
        Error::BadEncoding(_) | Error::BadDataFormat(..) => KeyError::NotAKey,
        Error::PlatformFailure(cause) => KeyError::Failed { details: cause.to_string() },
        Error::Ambiguous(_) => KeyError::Failed { details: "it holds more than one key for this provider".to_owned() },
        other => KeyError::Failed { details: other.to_string() },
    }
}
