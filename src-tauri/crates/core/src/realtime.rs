//! The port of models that listen and speak.
//!
//! A session is one connection: commands go in, events come out, each event of an answer carries the id of its turn so
//! that late ones can be dropped at the door.

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;

use crate::audio::{AudioChunk, SampleRate};
use crate::error::ProviderError;
use crate::event::{StopReason, TokenUsage};

/// Names one answer within a conversation; grows. Made by the conversation, not by the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TurnId(pub u64);

/// A model that listens and speaks.
#[async_trait]
pub trait RealtimeModel: Send + Sync {
    /// What it takes and gives.
    fn capabilities(&self) -> RealtimeCapabilities;

    /// Opens a session. Dropping both halves ends it.
    ///
    /// # Errors
    /// When the provider cannot be reached or refuses.
    async fn connect(&self, session: SessionOptions) -> Result<RealtimeSession, ProviderError>;
}

/// What a realtime model takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealtimeCapabilities {
    /// The rate it listens at.
    pub input_rate: SampleRate,
    /// The rate it speaks at.
    pub output_rate: SampleRate,
    /// Whether it writes down what both sides say. Where it does not, the recording itself is the history.
    pub transcribes: bool,
}

/// How the session should be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionOptions {
    /// The frame of the conversation; empty for none.
    pub instructions: String,
    /// The voice, as the provider names it; `None` for its own choice.
    pub voice: Option<String>,
}

/// An open session.
pub struct RealtimeSession {
    /// Takes commands.
    pub commands: Box<dyn RealtimeCommands>,
    /// Gives events. Its end is the end of the session.
    pub events: Pin<Box<dyn Stream<Item = Result<RealtimeEvent, ProviderError>> + Send>>,
}

/// The half of a session that takes commands.
#[async_trait]
pub trait RealtimeCommands: Send {
    /// Hands one command over, waiting while the connection is busy.
    ///
    /// # Errors
    /// When the session is over; the reason comes through the events.
    async fn send(&mut self, command: RealtimeCommand) -> Result<(), SessionOver>;
}

/// The session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the voice session is over")]
pub struct SessionOver;

/// What can be asked of a session.
#[derive(Debug, Clone, PartialEq)]
pub enum RealtimeCommand {
    /// More of what the person says, at the model's input rate.
    AppendAudio(AudioChunk),
    /// The person is done: take what was appended as a turn, and answer it under this id.
    CommitAndRespond(TurnId),
    /// Forget what was appended since the last commit.
    ClearInput,
    /// Stop answering.
    Cancel(TurnId),
    /// The person heard only this much of the answer.
    Truncate {
        /// Which answer.
        turn: TurnId,
        /// How much of it was heard.
        heard: Duration,
    },
}

/// What a session tells.
#[derive(Debug, Clone, PartialEq)]
pub enum RealtimeEvent {
    /// The provider has the person's turn; it need not be sent again.
    Committed(TurnId),
    /// What the person said, in words, so far.
    UserTranscript {
        /// Which turn.
        turn: TurnId,
        /// Replaces the previous one.
        text: String,
    },
    /// The answer has begun.
    ResponseStarted(TurnId),
    /// More of the answer's sound, at the model's output rate.
    AudioDelta {
        /// Which turn.
        turn: TurnId,
        /// To append.
        chunk: AudioChunk,
    },
    /// More of the answer's words.
    TranscriptDelta {
        /// Which turn.
        turn: TurnId,
        /// To append.
        text: String,
    },
    /// The answer is whole.
    ResponseDone {
        /// Which turn.
        turn: TurnId,
        /// Why it ended.
        reason: StopReason,
        /// Tokens used, `None` where nothing is counted.
        usage: Option<TokenUsage>,
    },
    /// The provider could not answer this turn; the session goes on.
    ResponseFailed {
        /// Which turn.
        turn: TurnId,
        /// Why.
        error: ProviderError,
    },
}
