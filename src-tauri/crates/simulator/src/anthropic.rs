//! The bodies of Anthropic's protocol. The wire format is described at <https://docs.claude.com/en/api/messages> (read
//! November 2026).

pub mod messages;

use serde_json::json;

use crate::scenario::Answer;

/// What a request without the right key gets.
pub(crate) fn wrong_key() -> Answer {
    Answer::refuses(
        401,
        &json!({"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}),
    )
}
