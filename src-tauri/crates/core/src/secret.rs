//! Keys: they cannot be printed, serialized or cloned, and go only to the origin they were saved for.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

/// A secret word. No `Debug`, `Display`, `Serialize` or `Clone`; its memory is wiped when it is dropped.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the word in, without the white space that pasting brings along at its ends.
    ///
    /// # Errors
    /// [`BadSecret`] when nothing is left, or when a character cannot travel in an HTTP header.
    pub fn new(word: String) -> Result<Self, BadSecret> {
        let word = Zeroizing::new(word);
        let trimmed = word.trim();
        if trimmed.is_empty() {
            return Err(BadSecret::Empty);
        }
        if trimmed.len() > Self::MAX_BYTES {
            return Err(BadSecret::TooLong);
        }
        if !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadSecret::NotPrintable);
        }
        Ok(Self(Zeroizing::new(trimmed.to_owned())))
    }

    /// Longer than any provider's key; the Secret Service takes far more.
    pub const MAX_BYTES: usize = 8 * 1024;

    /// The word itself. Only three places may call this: [`ApiKey::expose_for`], the redactor and the keyring writer
    /// (`clippy.toml` refuses every other).
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Why a word cannot be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// Nothing but white space.
    #[error("the key is empty")]
    Empty,
    /// Over [`Secret::MAX_BYTES`].
    #[error("the key is longer than 8 KiB, so it is not a key")]
    TooLong,
    /// White space, a line break or a non-ASCII character in the middle.
    #[error("the key holds a line break, a space or a character that no key has; copy it again, alone")]
    NotPrintable,
}

/// Scheme, host and port of a server: who a key belongs to. `ws` counts as `http` and `wss` as `https`, since a
/// provider's socket is the same server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of an address.
    ///
    /// # Errors
    /// [`NoOrigin`] when the address is not http, https, ws or wss, or names no host.
    pub fn of(url: &Url) -> Result<Self, NoOrigin> {
        let secure = match url.scheme() {
            "https" | "wss" => true,
            "http" | "ws" => false,
            _ => return Err(NoOrigin),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(NoOrigin)?;
        let port = url.port_or_known_default().ok_or(NoOrigin)?;
        Ok(Self { secure, host: host.to_owned(), port })
    }

    /// The host alone, for sentences.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether the server is this computer.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        match (self.secure, self.port) {
            (true, 443) | (false, 80) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

impl TryFrom<String> for Origin {
    type Error = NoOrigin;

    fn try_from(text: String) -> Result<Self, NoOrigin> {
        Url::parse(&text).map_err(|_| NoOrigin).and_then(|url| Self::of(&url))
    }
}

/// The address names no server a key could belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the address of a server")]
pub struct NoOrigin;

/// A secret and the one origin it may go to.
pub struct ApiKey {
    secret: Secret,
    origin: Origin,
}

impl ApiKey {
    /// Binds a secret to its origin.
    #[must_use]
    pub fn new(secret: Secret, origin: Origin) -> Self {
        Self { secret, origin }
    }

    /// The origin it was saved for.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// For the redactor.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The word, for a request to `url`.
    ///
    /// # Errors
    /// [`WrongOrigin`] when `url` is another server than the one the key was saved for.
    #[expect(clippy::disallowed_methods, reason = "this is the one door to the wire")]
    pub fn expose_for(&self, url: &Url) -> Result<&str, WrongOrigin> {
        match Origin::of(url) {
            Ok(origin) if origin == self.origin && url.username().is_empty() && url.password().is_none() => {
                Ok(self.secret.expose())
            }
            _ => Err(WrongOrigin {
                saved_for: self.origin.to_string(),
                asked_for: url.host_str().unwrap_or("an address without a host").to_owned(),
            }),
        }
    }
}

/// A key was about to go to another server than its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this key was saved for {saved_for}, not {asked_for}; nothing was sent")]
pub struct WrongOrigin {
    /// The key's own origin.
    pub saved_for: String,
    /// The host that would have seen it.
    pub asked_for: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_for(origin: &str) -> ApiKey {
        let secret = Secret::new("sk-canary".into()).unwrap_or_else(|_| panic!("a good key"));
        ApiKey::new(secret, Origin::of(&Url::parse(origin).unwrap()).unwrap())
    }

    #[test]
    fn a_key_goes_to_its_own_origin_only() {
        let key = key_for("https://api.example.com/v1");
        for url in ["https://api.example.com/v1/chat", "https://API.EXAMPLE.com:443/", "wss://api.example.com/realtime"]
        {
            assert_eq!(key.expose_for(&Url::parse(url).unwrap()).ok(), Some("sk-canary"), "{url}");
        }
        for url in [
            "http://api.example.com/v1",
            "https://api.example.com:8443/v1",
            "https://api.example.com./v1",
            "https://api.example.com.evil.test/v1",
            "https://evil.test/api.example.com",
            "https://api.example.com@evil.test/v1",
            "https://evil@api.example.com/v1",
            "file:///etc/passwd",
        ] {
            assert!(key.expose_for(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
    }

    #[test]
    fn a_refusal_names_both_hosts_and_no_key() {
        let error = key_for("https://a.test").expose_for(&Url::parse("https://b.test").unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "this key was saved for https://a.test, not b.test; nothing was sent");
    }

    #[test]
    fn what_cannot_be_a_key_is_refused() {
        for (word, why) in [
            ("", BadSecret::Empty),
            (" \n", BadSecret::Empty),
            ("sk-a\nX-Evil: 1", BadSecret::NotPrintable),
            ("sk-a b", BadSecret::NotPrintable),
            ("schlüssel", BadSecret::NotPrintable),
        ] {
            assert_eq!(Secret::new(word.into()).err(), Some(why), "{word:?}");
        }
        assert_eq!(Secret::new("k".repeat(9000)).err(), Some(BadSecret::TooLong));
        assert!(Secret::new(" sk-pasted\n".into()).is_ok());
    }

    #[test]
    fn loopback_is_recognised() {
        for (url, loopback) in [
            ("http://localhost:1234", true),
            ("http://127.0.0.1", true),
            ("http://[::1]:80", true),
            ("http://192.168.0.2", false),
            ("http://localhost.evil.test", false),
        ] {
            assert_eq!(Origin::of(&Url::parse(url).unwrap()).unwrap().is_loopback(), loopback, "{url}");
        }
    }
}
