//! One module a table: its `.sql` (the migration), its rows as types, and its methods on [`crate::Store`].

pub(crate) mod attachment;
pub(crate) mod conversation;
pub(crate) mod meaning;
pub(crate) mod media;
pub(crate) mod message;
pub(crate) mod message_part;
pub(crate) mod message_text;
pub(crate) mod meta;
pub(crate) mod note;
pub(crate) mod note_source;
pub(crate) mod passage;
pub(crate) mod passage_search;
pub(crate) mod running;

/// SQLite's integers are signed; times and counts here never are.
pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A column that holds milliseconds of sound.
pub(crate) fn short(value: Option<i64>) -> Option<u32> {
    value.map(|value| u32::try_from(value).unwrap_or(u32::MAX))
}
