//! The port of models that turn speech into text: of a recording, and of speech while it is spoken.

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;
use serde_json::{Map, Value};

use crate::asked::Asked;
use crate::audio::{AudioChunk, SampleRate};
use crate::error::ProviderError;

/// Words while they are heard: exactly one [`TranscriptEvent::Finished`], last, or it ends in `Err`. Dropping it cancels at
/// once.
pub type TranscriptStream = Pin<Box<dyn Stream<Item = Result<TranscriptEvent, ProviderError>> + Send>>;

/// A model that writes down what is said.
#[async_trait]
pub trait TranscriptionModel: Send + Sync {
    /// What it takes.
    fn capabilities(&self) -> TranscriptionCapabilities;

    /// Exactly what would be sent for this recording, without the key and with the sound's length in place of the sound.
    ///
    /// # Errors
    /// When the request cannot be written for this provider.
    fn request(&self, recording: &Recording, manner: &TranscriptionManner) -> Result<Asked, ProviderError>;

    /// Writes down a recording; its words come as they are found.
    ///
    /// # Errors
    /// When nothing was received. Later failures come as the stream's last item.
    async fn transcribe(
        &self,
        recording: &Recording,
        manner: &TranscriptionManner,
    ) -> Result<TranscriptStream, ProviderError>;

    /// Writes down speech while it is spoken. A model that takes only recordings hears all of it when it is finished.
    ///
    /// # Errors
    /// When the provider cannot be reached or refuses.
    async fn listen(&self, manner: &TranscriptionManner) -> Result<TranscriptionSession, ProviderError>;
}

/// What a transcription model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TranscriptionCapabilities {
    /// The rate that speech should come at.
    pub rate: SampleRate,
    /// Whether it hears speech while it is spoken.
    pub intake: SoundIntake,
    /// The longest recording in bytes of its file; `None` where nobody says.
    pub most_bytes: Option<usize>,
}

/// How a transcription model takes sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundIntake {
    /// A whole recording a request.
    Whole,
    /// While it is spoken, with words that come meanwhile.
    Live,
}

/// A recording, as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// `audio/wav`, `audio/mpeg` …
    pub media_type: String,
    /// How long it lasts, `None` where only its decoder would know.
    pub duration: Option<Duration>,
}

/// How speech is written down.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranscriptionManner {
    /// What is spoken, as a BCP 47 tag; `None` lets the model find out.
    pub language: Option<String>,
    /// Names and words that are likely to occur, for models that can be told.
    pub context: Option<String>,
    /// Parameters of the provider's own, which win over ours.
    pub extra: Map<String, Value>,
}

/// Speech being written down while it is spoken. Dropping both halves cancels it at once.
pub struct TranscriptionSession {
    /// Takes the sound.
    pub sound: Box<dyn TranscriptionSound>,
    /// Gives the words.
    pub words: TranscriptStream,
}

/// The half of a transcription session that takes the sound.
#[async_trait]
pub trait TranscriptionSound: Send {
    /// More of the speech, at the model's rate.
    ///
    /// # Errors
    /// When the session is over; the reason comes through the words.
    async fn push(&mut self, more: AudioChunk) -> Result<(), TranscriptionOver>;

    /// That was all of it.
    ///
    /// # Errors
    /// As [`TranscriptionSound::push`].
    async fn finish(&mut self) -> Result<(), TranscriptionOver>;
}

/// The transcription session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the transcription session is over")]
pub struct TranscriptionOver;

/// What a transcription model gives.
#[derive(Debug, Clone, PartialEq)]
pub enum TranscriptEvent {
    /// Words that will not change any more, to append to those before.
    Settled(String),
    /// Words that follow the settled ones and may still change; replaces the last of these.
    Interim(String),
    /// All of it was heard.
    Finished(TranscriptEnd),
}

/// What is known at the end of a transcription.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TranscriptEnd {
    /// The whole text where the provider gives it once more and it counts instead of the settled words; `None` else.
    pub text: Option<String>,
    /// What was spoken, as the provider names it.
    pub language: Option<String>,
    /// How long the speech was, as the provider counts it.
    pub duration: Option<Duration>,
    /// What it cost.
    pub usage: Option<TranscriptionUsage>,
}

/// What a transcription cost, as the provider counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TranscriptionUsage {
    /// Tokens of the speech, `None` where none are counted.
    pub input_tokens: Option<u64>,
    /// Tokens of the text, `None` where none are counted.
    pub output_tokens: Option<u64>,
    /// Seconds that are charged for, `None` where none are counted.
    pub seconds: Option<u64>,
}
