//! WAV files: read with suspicion, written as 16 bit mono.
//!
//! Called by the file devices, by the terminal and by whoever keeps recordings. Lists, cues and other metadata are
//! skipped unread; compressed formats are refused by name.

mod read;
mod write;

pub use read::{NotWav, decode, read};
pub use write::{encode, write};
