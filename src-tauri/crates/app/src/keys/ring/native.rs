//! The keyrings of macOS and Windows, which have no connection that could break.

use keyring::{Entry, Error};

use super::{KeyError, KeyringStatus, SERVICE};

/// Nothing to hold.
pub(super) struct Connection;

impl Connection {
    pub(super) fn new() -> Result<Self, KeyError> {
        Self::status().map(|_| Self)
    }

    #[expect(clippy::unused_self, reason = "the Linux one has a session")]
    pub(super) fn entry(&self, account: &str) -> Result<Entry, Error> {
        Entry::new(SERVICE, account)
    }

    pub(super) fn status() -> Result<KeyringStatus, KeyError> {
        match Entry::store_status() {
            Ok(()) => Ok(KeyringStatus::Ready),
            Err(error) => Err(KeyError::Absent { details: error.to_string() }),
        }
    }
}
