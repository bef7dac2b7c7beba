//! The port of the journal: what a person says is kept there as it comes, until it is answered and the answer is stored.
//!
//! Its methods return at once. A journal that cannot be written says so to the person by itself; the conversation goes
//! on with what is in memory.

use parlance_core::{AudioChunk, SampleRate};
use std::time::Duration;

/// Names an utterance in the journal, over restarts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Page(pub String);

/// Where utterances are kept while they are not answered.
pub trait Journal: Send + Sync {
    /// A new utterance begins. `None` where it cannot be kept.
    fn begin(&self, rate: SampleRate, conversation: Option<&str>) -> Option<Page>;

    /// More of it.
    fn append(&self, page: &Page, samples: &[i16]);

    /// All of it was said: flushed to the disk itself.
    fn close(&self, page: &Page);

    /// It is answered, or not wanted.
    fn remove(&self, page: Page);

    /// What was left by earlier runs, the oldest first.
    fn left_over(&self) -> Vec<LeftOver>;

    /// The sound of an utterance as far as it was kept; `None` where it cannot be read.
    fn read(&self, page: &Page) -> Option<AudioChunk>;
}

/// An utterance of an earlier run that was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOver {
    /// Its name.
    pub page: Page,
    /// How long it is.
    pub duration: Duration,
    /// Where it was spoken; `None` for a new conversation.
    pub conversation: Option<String>,
}

/// Keeps nothing: for conversations of which nothing is to be written, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn begin(&self, _: SampleRate, _: Option<&str>) -> Option<Page> {
        None
    }

    fn append(&self, _: &Page, _: &[i16]) {}

    fn close(&self, _: &Page) {}

    fn remove(&self, _: Page) {}

    fn left_over(&self) -> Vec<LeftOver> {
        Vec::new()
    }

    fn read(&self, _: &Page) -> Option<AudioChunk> {
        None
    }
}
