//! The only place that builds HTTP clients, and how long each step may take. Used by every provider's `client`.
//!
//! No redirects, no cookies, no referrer, no decompression; a server on this computer is never asked through a proxy.

mod exchange;

use std::time::Duration;

use parlance_core::Origin;
use reqwest::redirect;
use url::Url;

pub use exchange::{BodyReader, Cause, HttpFailure, Response};

/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// From the request to the first byte of the answer's head, and from the head to the first byte of its body.
    pub first_byte: Duration,
    /// From one byte to the next; comments count.
    pub stall: Duration,
    /// For everything; `None` for streams, which may go on for as long as they move.
    pub total: Option<Duration>,
}

impl TimeLimits {
    /// For a chat: reasoning can be silent for minutes, and a local server may have to load its model first.
    #[must_use]
    pub fn chat(origin: &Origin) -> Self {
        let patience = Duration::from_secs(if origin.is_loopback() { 600 } else { 120 });
        Self { first_byte: patience, stall: patience, total: None }
    }

    /// For a chat answered in one piece.
    #[must_use]
    pub fn whole_chat() -> Self {
        let total = Duration::from_secs(600);
        Self { first_byte: total, stall: total, total: Some(total) }
    }

    /// For lists and tests of an address.
    #[must_use]
    pub fn quick() -> Self {
        let total = Duration::from_secs(15);
        Self { first_byte: total, stall: total, total: Some(total) }
    }
}

/// DNS, TCP and TLS together.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The HTTP clients of the process: one that may use the system's proxy, one for this computer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Http {
    outside: reqwest::Client,
    loopback: reqwest::Client,
    /// For sockets, which begin as a question in the older protocol alone.
    outside_sockets: reqwest::Client,
    loopback_sockets: reqwest::Client,
}

/// What a request is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An answer.
    Answer,
    /// A socket.
    Socket,
}

/// No HTTP client could be made: the system's certificates cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("setting up secure connections")]
pub struct HttpSetup(#[source] reqwest::Error);

impl Http {
    /// Clients with the usual limit for connecting.
    ///
    /// # Errors
    /// [`HttpSetup`]
    pub fn new() -> Result<Self, HttpSetup> {
        Self::with_connect_limit(CONNECT_LIMIT)
    }

    /// Clients with another limit for connecting.
    ///
    /// # Errors
    /// [`HttpSetup`]
    pub fn with_connect_limit(limit: Duration) -> Result<Self, HttpSetup> {
        // The process has one crypto provider. A second call finds the first one installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let outside = builder(limit).build().map_err(HttpSetup)?;
        let loopback = builder(limit).no_proxy().build().map_err(HttpSetup)?;
        let outside_sockets = builder(limit).http1_only().build().map_err(HttpSetup)?;
        let loopback_sockets = builder(limit).http1_only().no_proxy().build().map_err(HttpSetup)?;
        Ok(Self { outside, loopback, outside_sockets, loopback_sockets })
    }

    fn client_for(&self, url: &Url, kind: Kind) -> &reqwest::Client {
        let is_loopback = Origin::of(url).is_ok_and(|origin| origin.is_loopback());
        match (kind, is_loopback) {
            (Kind::Answer, false) => &self.outside,
            (Kind::Answer, true) => &self.loopback,
            (Kind::Socket, false) => &self.outside_sockets,
            (Kind::Socket, true) => &self.loopback_sockets,
        }
    }
}

/// A beginning for clients that fetch what messages name; they decide by themselves where they may go.
pub(crate) fn builder_for_media() -> reqwest::ClientBuilder {
    // As in `Http::with_connect_limit`.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder(CONNECT_LIMIT)
}

/// A client of these settings.
pub(crate) fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, HttpSetup> {
    builder.build().map_err(HttpSetup)
}

fn builder(connect_limit: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(connect_limit)
        .user_agent(concat!("Parlance/", env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_this_computer_gets_time_to_load_its_model() {
        for (address, seconds) in [
            ("https://api.example.com", 120),
            ("http://192.168.0.2:8000", 120),
            ("http://localhost:11434", 600),
            ("http://[::1]", 600),
        ] {
            let patience = Duration::from_secs(seconds);
            let limits = TimeLimits::chat(&Origin::of(&address.parse().unwrap()).unwrap());
            assert_eq!(limits, TimeLimits { first_byte: patience, stall: patience, total: None }, "{address}");
        }
    }
}
