//! Keys of providers: in the system's keyring, or in memory until Parlance ends. Called by the commands about keys and
//! by whoever opens a connection to a provider.
//!
//! A key belongs to a provider **and** an origin: a changed address finds no key, so the old one cannot follow it.
//! Nothing here is on the start path: the keyring is asked when a key is needed, on a thread of its own, and never
//! longer than a minute.
//!
//! Deliberately absent: files. Where there is no keyring a key lives in memory or nowhere. And no error deletes
//! anything.

mod ring;
mod worker;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlance_core::{ApiKey, Origin, Secret};
use tokio::sync::watch;

use ring::Account;
use worker::Worker;

/// What the keyring is called here, for sentences.
pub use ring::STORE_NAME;

/// How long the keyring may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For whether it is there.
    pub status: Duration,
    /// For reading and writing: it may have to ask the person for a password first.
    pub call: Duration,
    /// After this long [`Keys::waiting`] says so.
    pub notice: Duration,
}

impl Default for Patience {
    /// Three seconds, a minute, and half a second.
    fn default() -> Self {
        Self { status: Duration::from_secs(3), call: Duration::from_secs(60), notice: Duration::from_millis(500) }
    }
}

/// Whether the keyring can keep keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyringStatus {
    /// It can.
    Ready,
    /// It is locked; using it asks for its password where somebody can be asked.
    Locked,
    /// There is none.
    Absent,
    /// It did not answer in time.
    NotAnswering,
}

/// Where a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// There is none for this origin.
    Nowhere,
    /// In the system's keyring.
    Keyring,
    /// In memory, until Parlance ends.
    Session,
}

/// The keyring could not do it. What it holds is as it was.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no keyring: offer to use the key for this session only.
    #[error("there is no keyring: {details}")]
    Absent {
        /// What the system said.
        details: String,
    },
    /// It is locked, and its password was not given.
    #[error("the keyring is locked")]
    Locked,
    /// It did not answer in time.
    #[error("the keyring did not answer within {} s", after.as_secs())]
    NotAnswering {
        /// How long it was waited for.
        after: Duration,
    },
    /// It took the key, but does not give the same one back.
    #[error("the keyring did not keep the key")]
    NotKept,
    /// What it holds for this provider is no key; something else wrote it.
    #[error("what the keyring holds for this provider is no key")]
    NotAKey,
    /// It failed in another way.
    #[error("the keyring failed: {details}")]
    Failed {
        /// What the system said.
        details: String,
    },
}

/// The keys. Clones share them.
#[derive(Clone)]
pub struct Keys {
    inner: Arc<Inner>,
}

struct Inner {
    session: Mutex<HashMap<Account, Secret>>,
    worker: Mutex<Worker>,
    patience: Patience,
    /// How many calls have waited for longer than [`Patience::notice`].
    waiting: watch::Sender<usize>,
}

impl Default for Keys {
    fn default() -> Self {
        Self::new(Patience::default())
    }
}

impl Keys {
    /// Keys of this system. Touches nothing yet.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        let inner =
            Inner { session: Mutex::default(), worker: Mutex::default(), patience, waiting: watch::Sender::new(0) };
        Self { inner: Arc::new(inner) }
    }

    /// The key of a provider for an origin, `None` when there is none. One for this session wins.
    ///
    /// Dropping the future stops waiting.
    ///
    /// # Errors
    /// [`KeyError`] when the keyring cannot be asked.
    pub async fn get(&self, provider: &str, origin: &Origin) -> Result<Option<ApiKey>, KeyError> {
        let account = Account::new(provider, origin);
        if let Some(secret) = self.session().get(&account) {
            return Ok(Some(ApiKey::new(copy(secret), origin.clone())));
        }
        let found = self.call(self.inner.patience.call, move |ring| ring.read(&account)).await?;
        Ok(found.map(|secret| ApiKey::new(secret, origin.clone())))
    }

    /// Keeps a key in the keyring, in place of any other for this provider and origin, and reads it back.
    ///
    /// # Errors
    /// [`KeyError`]; a key that was there before is still there unless the keyring itself lost it.
    pub async fn set(&self, provider: &str, origin: &Origin, secret: Secret) -> Result<(), KeyError> {
        let account = Account::new(provider, origin);
        let written = account.clone();
        self.call(self.inner.patience.call, move |ring| ring.write(&written, &secret)).await?;
        self.session().remove(&account);
        Ok(())
    }

    /// Keeps a key in memory until Parlance ends. Its memory is wiped when it is forgotten or replaced.
    pub fn set_for_session(&self, provider: &str, origin: &Origin, secret: Secret) {
        self.session().insert(Account::new(provider, origin), secret);
    }

    /// Forgets the key of a provider for an origin, wherever it is. That there is none is fine.
    ///
    /// # Errors
    /// [`KeyError`] when the keyring cannot be asked; the session's key is forgotten all the same.
    pub async fn forget(&self, provider: &str, origin: &Origin) -> Result<(), KeyError> {
        let account = Account::new(provider, origin);
        let was_for_session = self.session().remove(&account).is_some();
        match self.call(self.inner.patience.call, move |ring| ring.remove(&account)).await {
            // A key that was for this session only because there is no keyring is gone now.
            Err(KeyError::Absent { .. }) if was_for_session => Ok(()),
            done => done,
        }
    }

    /// Where the key of a provider for an origin is. May ask for the keyring's password; see [`Keys::status`] first.
    ///
    /// # Errors
    /// [`KeyError`] when the keyring cannot be asked.
    pub async fn place(&self, provider: &str, origin: &Origin) -> Result<KeyPlace, KeyError> {
        let account = Account::new(provider, origin);
        if self.session().contains_key(&account) {
            return Ok(KeyPlace::Session);
        }
        let found = self.call(self.inner.patience.call, move |ring| ring.holds(&account)).await?;
        Ok(if found { KeyPlace::Keyring } else { KeyPlace::Nowhere })
    }

    /// Whether the keyring can keep keys. Never asks the person for anything.
    pub async fn status(&self) -> KeyringStatus {
        match self.call(self.inner.patience.status, |ring| ring.status()).await {
            Ok(status) => status,
            Err(KeyError::NotAnswering { .. }) => KeyringStatus::NotAnswering,
            Err(KeyError::Locked) => KeyringStatus::Locked,
            Err(error) => {
                tracing::info!(%error, "the keyring cannot be used");
                KeyringStatus::Absent
            }
        }
    }

    /// How many calls wait for the keyring noticeably long: above 0 it probably asks for its password somewhere.
    #[must_use]
    pub fn waiting(&self) -> watch::Receiver<usize> {
        self.inner.waiting.subscribe()
    }

    fn session(&self) -> MutexGuard<'_, HashMap<Account, Secret>> {
        self.inner.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the keyring's thread do something, and stops waiting for it after `limit`.
    async fn call<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl FnOnce(&mut ring::Ring) -> Result<T, KeyError> + Send + 'static,
    ) -> Result<T, KeyError> {
        let answer = self.inner.worker.lock().unwrap_or_else(PoisonError::into_inner).send(job);
        let Some((ticket, answer)) = answer else {
            return Err(KeyError::NotAnswering { after: Duration::ZERO });
        };
        let answer = async {
            tokio::pin!(answer);
            tokio::select! {
                answer = &mut answer => return answer,
                () = tokio::time::sleep(self.inner.patience.notice) => {}
            }
            let _shown = Waiting::show(&self.inner.waiting);
            answer.await
        };
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(KeyError::Failed { details: "its thread ended".to_owned() }),
            Err(_) => {
                // The thread may hang for good: leave it, the next call gets another one and another connection.
                self.inner.worker.lock().unwrap_or_else(PoisonError::into_inner).abandon(ticket);
                Err(KeyError::NotAnswering { after: limit })
            }
        }
    }
}

/// Counts one call as waiting until it is dropped, also when the person stops waiting.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn show(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// A second copy of a secret, for a connection of its own.
#[expect(clippy::disallowed_methods, reason = "the word stays within two secrets")]
fn copy(secret: &Secret) -> Secret {
    Secret::new(secret.expose().to_owned()).unwrap_or_else(|_| unreachable!("BUG: what was a secret is one"))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::of(&Url::parse(url).unwrap()).unwrap()
    }

    fn secret(word: &str) -> Secret {
        Secret::new(word.to_owned()).unwrap_or_else(|_| panic!("a good key"))
    }

    #[tokio::test]
    async fn a_key_for_this_session_is_found_for_its_own_origin_without_asking_the_keyring() {
        let keys = Keys::default();
        let home = origin("https://api.example.com/v1");
        keys.set_for_session("openai", &home, secret("sk-1"));
        keys.set_for_session("openai", &home, secret("sk-2"));
        let key = keys.get("openai", &home).await.unwrap().unwrap();
        let url = Url::parse("https://api.example.com/v1/chat").unwrap();
        assert_eq!(key.expose_for(&url).unwrap(), "sk-2");
        assert_eq!(keys.place("openai", &home).await.unwrap(), KeyPlace::Session);
    }

    #[test]
    fn accounts_differ_by_provider_and_origin() {
        let names: std::collections::HashSet<String> = [
            Account::new("openai", &origin("https://a.test")),
            Account::new("openai", &origin("http://a.test")),
            Account::new("openai", &origin("https://a.test:8443")),
            Account::new("openai https://a.test", &origin("https://b.test")),
            Account::new("other", &origin("https://a.test")),
        ]
        .iter()
        .map(|account| account.name().to_owned())
        .collect();
        assert_eq!(names.len(), 5);
        assert!(names.contains("openai https://a.test"));
    }
}
