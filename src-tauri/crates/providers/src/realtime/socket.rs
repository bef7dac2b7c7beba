//! A WebSocket by way of an HTTP request: so that proxies, certificates, time limits, keys and refusals are those of every
//! other question.

use parlance_core::redact::Redactor;
use parlance_core::{Category, ProviderError};
use reqwest::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, UPGRADE,
};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// A frame may be so long: a second of sound is 64 KB, pictures are larger.
const MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;

/// An open socket, and what takes the key out of what is said about it.
pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<reqwest::Upgraded>,
    pub(crate) redactor: Redactor,
}

impl Socket {
    pub(crate) async fn over(connection: reqwest::Upgraded, redactor: Redactor) -> Self {
        let config =
            WebSocketConfig::default().max_message_size(Some(MAX_FRAME_BYTES)).max_frame_size(Some(MAX_FRAME_BYTES));
        // Every frame is written before the next one is taken, so that no more than one of the largest ever waits.
        let config = config.max_write_buffer_size(2 * MAX_FRAME_BYTES);
        Self { stream: WebSocketStream::from_raw_socket(connection, Role::Client, Some(config)).await, redactor }
    }
}

/// What broke a socket; `None` when it merely went away.
pub(crate) fn broken(provider: &str, error: &Error) -> Option<ProviderError> {
    match error {
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Capacity(_) => {
            Some(ProviderError::new(provider, Category::TooLarge, "a frame of the server is over 16 MiB"))
        }
        other => {
            let message = format!("the server broke the protocol: {other}");
            Some(ProviderError::new(provider, Category::Protocol, message))
        }
    }
}

/// The question whether a server would speak frames, and how it must say yes.
pub(crate) struct Handshake {
    accept: String,
}

impl Handshake {
    /// Adds the question to the headers of a request.
    pub(crate) fn ask(headers: &mut HeaderMap) -> Self {
        let key = generate_key();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert("sec-websocket-version", HeaderValue::from_static("13"));
        let accept = derive_accept_key(key.as_bytes());
        if let Ok(key) = HeaderValue::try_from(key) {
            headers.insert(SEC_WEBSOCKET_KEY, key);
        }
        Self { accept }
    }

    /// Whether the answer says yes to this question. One that takes up an extension does not: none was offered, and its
    /// frames could not be read.
    pub(crate) fn is_accepted(&self, answer: &HeaderMap) -> bool {
        if answer.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
            return false;
        }
        answer.get(SEC_WEBSOCKET_ACCEPT).is_some_and(|value| value.as_bytes() == self.accept.as_bytes())
    }
}
