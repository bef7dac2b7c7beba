//! What is kept of a transcription while its words come: how many, and what is known at its end.

use std::sync::Arc;

use parlance_core::transcription::{TranscriptEnd, TranscriptEvent, TranscriptionUsage};
use parlance_core::{Category, ProviderError};

use crate::decoder::Events;

/// A transcript may be so long: some hundred hours of speech.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A transcription on its way.
#[derive(Debug)]
pub(crate) struct Heard {
    provider: Arc<str>,
    bytes: usize,
    pub(crate) end: TranscriptEnd,
}

impl Heard {
    /// One of which nothing has come.
    pub(crate) fn new(provider: Arc<str>) -> Self {
        Self { provider, bytes: 0, end: TranscriptEnd::default() }
    }

    /// The provider's name.
    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    /// Whether any words have come.
    pub(crate) fn has_words(&self) -> bool {
        self.bytes > 0
    }

    /// More words, which stay.
    pub(crate) fn settle(&mut self, words: &str, out: &mut Events<TranscriptEvent>) -> Result<(), ProviderError> {
        if words.is_empty() {
            return Ok(());
        }
        self.bytes += words.len();
        if self.bytes > MAX_BYTES {
            return Err(self.fail(Category::TooLarge, "the transcript is over 16 MiB"));
        }
        out.push_back(TranscriptEvent::Settled(words.to_owned()));
        Ok(())
    }

    /// What it cost, by tokens or by time.
    pub(crate) fn count(&mut self, usage: TranscriptionUsage) {
        self.end.usage = Some(usage);
    }

    /// The end.
    pub(crate) fn finish(&mut self, out: &mut Events<TranscriptEvent>) {
        out.push_back(TranscriptEvent::Finished(std::mem::take(&mut self.end)));
    }

    /// An error of this provider.
    pub(crate) fn fail(&self, category: Category, message: impl Into<String>) -> ProviderError {
        ProviderError::new(&*self.provider, category, message)
    }
}
