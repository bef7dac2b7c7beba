//! What is kept of a speech while it comes: half a sample, the rate, and what it cost.

use std::sync::Arc;

use parlance_core::synthesis::{SpeechEvent, SpeechUsage};
use parlance_core::{Category, ProviderError, SampleRate};

use crate::decoder::Events;
use crate::realtime::pcm;

/// A speech on its way.
#[derive(Debug)]
pub(crate) struct Spoken {
    provider: Arc<str>,
    pcm: pcm::Decoder,
    /// Of the sound so far; `None` before any.
    rate: Option<SampleRate>,
    usage: SpeechUsage,
}

impl Spoken {
    /// A speech of which nothing has come. `characters` are those of the text, as we count them.
    pub(crate) fn new(provider: Arc<str>, characters: u64) -> Self {
        let usage = SpeechUsage { characters, ..SpeechUsage::default() };
        Self { provider, pcm: pcm::Decoder::default(), rate: None, usage }
    }

    /// Its provider's name.
    pub(crate) fn provider(&self) -> &Arc<str> {
        &self.provider
    }

    /// The characters of its text, as they are counted so far.
    pub(crate) fn characters(&self) -> u64 {
        self.usage.characters
    }

    /// More sound in base64.
    pub(crate) fn hear_base64(
        &mut self,
        base64: &str,
        rate: SampleRate,
        out: &mut Events<SpeechEvent>,
    ) -> Result<(), ProviderError> {
        let bytes = pcm::bytes(base64);
        let bytes = bytes.ok_or_else(|| self.fail(Category::Protocol, "the server sent sound that cannot be read"))?;
        self.hear(&bytes, rate, out)
    }

    /// More sound: 16-bit samples of one channel, low byte first, cut anywhere.
    pub(crate) fn hear(
        &mut self,
        bytes: &[u8],
        rate: SampleRate,
        out: &mut Events<SpeechEvent>,
    ) -> Result<(), ProviderError> {
        if bytes.is_empty() {
            return Ok(());
        }
        if *self.rate.get_or_insert(rate) != rate {
            return Err(self.fail(Category::Protocol, "the server changed the rate of its sound on the way"));
        }
        let chunk = self.pcm.take(bytes, rate);
        if !chunk.samples.is_empty() {
            out.push_back(SpeechEvent::Audio(chunk));
        }
        Ok(())
    }

    /// What it cost so far, as the provider counts; what it does not say stays as it is.
    pub(crate) fn count(&mut self, characters: Option<u64>, input_tokens: Option<u64>, output_tokens: Option<u64>) {
        self.usage = SpeechUsage {
            characters: characters.unwrap_or(self.usage.characters),
            input_tokens: input_tokens.or(self.usage.input_tokens),
            output_tokens: output_tokens.or(self.usage.output_tokens),
        };
    }

    /// The rest comes over another connection: half a sample stays behind.
    pub(crate) fn reconnected(&mut self) {
        self.pcm = pcm::Decoder::default();
    }

    /// All of it has come.
    ///
    /// # Errors
    /// When no sound came: there was something to say.
    pub(crate) fn finish(&mut self, out: &mut Events<SpeechEvent>) -> Result<(), ProviderError> {
        if self.rate.is_none() {
            return Err(self.fail(Category::Protocol, "the server made no sound of the text"));
        }
        out.extend([SpeechEvent::Usage(self.usage), SpeechEvent::Finished]);
        Ok(())
    }

    /// An error of its provider.
    pub(crate) fn fail(&self, category: Category, message: impl Into<String>) -> ProviderError {
        ProviderError::new(&*self.provider, category, message)
    }
}
