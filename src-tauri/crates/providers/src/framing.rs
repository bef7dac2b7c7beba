//! Bytes to events: one file a framing, and the limits they share. Pure; used by the decoder of every provider.

pub mod ndjson;
pub mod sse;

/// One event, or one line of one, may be this long: a provider puts a whole picture into one event.
pub const MAX_EVENT_BYTES: usize = 32 * 1024 * 1024;
/// A comment line of server-sent events may be this long.
pub const MAX_COMMENT_BYTES: usize = 64 * 1024;
/// So many lines that dispatch an event, empty ones included, may come in one answer.
pub const MAX_EVENTS: u64 = 1_000_000;
/// One answer may be this long on the wire.
pub const MAX_ANSWER_BYTES: u64 = 256 * 1024 * 1024;

/// What came is larger than a limit, or is not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// One event is over [`MAX_EVENT_BYTES`], its field names and empty lines counted.
    #[error("one event of the answer is over 32 MiB")]
    EventTooLarge,
    /// A comment is over [`MAX_COMMENT_BYTES`].
    #[error("a comment in the answer is over 64 KiB")]
    CommentTooLarge,
    /// Over [`MAX_EVENTS`].
    #[error("the answer has over a million events")]
    TooManyEvents,
    /// Over [`MAX_ANSWER_BYTES`].
    #[error("the answer is over 256 MiB")]
    AnswerTooLarge,
    /// An event that is not UTF-8.
    #[error("the answer holds bytes that are no text")]
    NotText,
}
