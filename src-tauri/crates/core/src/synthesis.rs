//! The port of models that turn text into speech: whole, streaming, and piece by piece while the text is still written.

use std::pin::Pin;

use async_trait::async_trait;
use futures_core::Stream;
use serde_json::{Map, Value};

use crate::asked::Asked;
use crate::audio::AudioChunk;
use crate::error::ProviderError;

/// Speech while it arrives: exactly one [`SpeechEvent::Finished`], last, or it ends in `Err`. Dropping it cancels at once.
pub type SpeechStream = Pin<Box<dyn Stream<Item = Result<SpeechEvent, ProviderError>> + Send>>;

/// A model that speaks.
#[async_trait]
pub trait SpeechModel: Send + Sync {
    /// What it takes and gives.
    fn capabilities(&self) -> SpeechCapabilities;

    /// Exactly what would be sent for this text, without the key.
    ///
    /// # Errors
    /// When the request cannot be written for this provider.
    fn request(&self, text: &str, manner: &SpeechManner) -> Result<Asked, ProviderError>;

    /// Speaks a whole text; its sound comes as it is made. Text without anything to say is no request and makes no sound.
    ///
    /// # Errors
    /// When nothing was received. Later failures come as the stream's last item.
    async fn speak(&self, text: &str, manner: &SpeechManner) -> Result<SpeechStream, ProviderError>;

    /// Speaks a text that is still being written. A model that takes no text in pieces speaks each piece by itself, in their
    /// order, the next one asked for while the last one sounds.
    ///
    /// # Errors
    /// When the provider cannot be reached or refuses.
    async fn begin(&self, manner: &SpeechManner) -> Result<SpeechSession, ProviderError>;
}

/// What a speech model takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpeechCapabilities {
    /// Whether text in pieces goes over one connection, so that the voice carries on across them.
    pub intake: TextIntake,
    /// The longest text of one request, in characters; `None` where nobody says.
    pub most_characters: Option<usize>,
}

/// How a speech model takes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextIntake {
    /// A whole text a request: give it whole sentences.
    Whole,
    /// As it is written, in any pieces.
    Incremental,
}

/// How text is spoken.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpeechManner {
    /// The voice, as the provider names it; `None` for the model's usual one.
    pub voice: Option<String>,
    /// The language of the text as a BCP 47 tag; `None` leaves it to the model.
    pub language: Option<String>,
    /// How fast, 1 being usual; `None` leaves it to the model. Models that cannot do it ignore it.
    pub speed: Option<f32>,
    /// How to say it, in words, for models that can be told.
    pub instructions: Option<String>,
    /// What must have been written before the first piece goes out.
    pub cold_start: ColdStart,
    /// Parameters of the provider's own, which win over ours.
    pub extra: Map<String, Value>,
}

/// What must have been written before the first piece of a text is sent: a voice that begins with two letters sounds wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ColdStart {
    /// So many characters.
    pub characters: usize,
    /// So many words, by the spaces between them.
    pub words: usize,
}

/// Speech of a text that is still being written. Dropping both halves cancels it at once.
pub struct SpeechSession {
    /// Takes the text.
    pub text: Box<dyn SpeechText>,
    /// Gives the sound.
    pub sound: SpeechStream,
}

/// The half of a speech session that takes the text.
#[async_trait]
pub trait SpeechText: Send {
    /// More of the text; does not wait for its sound.
    ///
    /// # Errors
    /// When the session is over; the reason comes through the sound.
    async fn push(&mut self, more: &str) -> Result<(), SpeechOver>;

    /// That was all of it.
    ///
    /// # Errors
    /// As [`SpeechText::push`].
    async fn finish(&mut self) -> Result<(), SpeechOver>;
}

/// The speech session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the speech session is over")]
pub struct SpeechOver;

/// What a speech model gives.
#[derive(Debug, Clone, PartialEq)]
pub enum SpeechEvent {
    /// More sound, to append. All of one speech has the same rate.
    Audio(AudioChunk),
    /// What it cost so far, replacing earlier counts.
    Usage(SpeechUsage),
    /// All of the text was spoken.
    Finished,
}

/// What speech cost, as far as the provider tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpeechUsage {
    /// Characters of the text, as the provider counts them; counted here where it does not say.
    pub characters: u64,
    /// Tokens of the text, `None` where none are counted.
    pub input_tokens: Option<u64>,
    /// Tokens of the sound, `None` where none are counted.
    pub output_tokens: Option<u64>,
}
