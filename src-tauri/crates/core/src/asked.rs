//! Requests as plain data: exactly what would be sent, without the key.

use serde::Serialize;
use serde_json::Value;

use crate::chat::HttpRequest;

/// What would be sent, over whichever kind of connection.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Asked {
    /// One question, one answer.
    Http(HttpRequest),
    /// An open connection.
    Socket(SocketRequest),
}

/// What would be said over a WebSocket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SocketRequest {
    /// The full address, `ws` or `wss`.
    pub url: String,
    /// In the order they are sent, names in lower case. The key's header says `[key]`.
    pub headers: Vec<(String, String)>,
    /// The text frames in their order.
    pub frames: Vec<Value>,
}
