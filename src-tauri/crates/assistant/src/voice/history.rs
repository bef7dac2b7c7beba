//! The port through which a spoken conversation is remembered, and the task that calls it in order.
//!
//! Sound must not wait for a disk, so the actor hands over what happened and goes on.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parlance_core::error::ProviderError;
use parlance_core::realtime::TurnId;
use parlance_core::{AudioChunk, TokenUsage};
use tokio::sync::mpsc;

use super::speaker::Speaker;

/// Words of a turn may come after its answer; those of turns further back have no place any more.
const TURNS_REMEMBERED: u64 = 8;

/// Where spoken turns are kept.
#[async_trait]
pub trait SpokenHistory: Send + Sync {
    /// The person's turn is being sent: keep it, and a place for its answer, before anything else can fail.
    ///
    /// # Errors
    /// When it could not be written; the conversation goes on.
    async fn begin(&self, question: SpokenQuestion) -> Result<SavedTurn, NotSaved>;

    /// The answer is over.
    ///
    /// # Errors
    /// As above.
    async fn finish(&self, turn: &SavedTurn, answer: SpokenAnswer) -> Result<(), NotSaved>;

    /// What the person said in a turn, in words: whenever the provider has written it down.
    ///
    /// # Errors
    /// As above.
    async fn write_down(&self, turn: &SavedTurn, words: &str) -> Result<(), NotSaved>;
}

/// It could not be written; the store has already said why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not saved")]
pub struct NotSaved;

/// What the person said.
#[derive(Debug, Clone, PartialEq)]
pub struct SpokenQuestion {
    /// Where; `None` begins a new conversation.
    pub conversation: Option<String>,
    /// The recording.
    pub sound: AudioChunk,
    /// Who is asked.
    pub speaker: Speaker,
}

/// Where a turn is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedTurn {
    /// The conversation.
    pub conversation: String,
    /// The message of the person.
    pub question: String,
    /// The message of the answer.
    pub answer: String,
    /// Who answers.
    pub speaker: Speaker,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct SpokenAnswer {
    /// All the sound that came.
    pub sound: AudioChunk,
    /// The words that came; empty where the model gives none.
    pub transcript: String,
    /// How much was heard, where the person interrupted; `None`: all of it.
    pub heard: Option<Duration>,
    /// From letting go of the key to the first sound.
    pub first_sound: Option<Duration>,
    /// Why it broke.
    pub error: Option<ProviderError>,
    /// Tokens used, `None` where nothing is counted.
    pub usage: Option<TokenUsage>,
}

/// An entry for the task.
pub(super) enum Entry {
    Begin(TurnId, SpokenQuestion),
    Finish(TurnId, SpokenAnswer),
    /// What the person said in a turn, as far as it is written down; replaces what was before.
    WriteDown(TurnId, String),
    /// Speak into this conversation from now on.
    Into(Option<String>),
}

/// Runs until the last sender is dropped. Tells through `saved` in which conversation a turn is kept.
pub(super) async fn keep(
    history: Arc<dyn SpokenHistory>,
    mut entries: mpsc::UnboundedReceiver<Entry>,
    saved: mpsc::UnboundedSender<String>,
) {
    let mut conversation = None;
    let mut turns: HashMap<TurnId, SavedTurn> = HashMap::new();
    while let Some(entry) = entries.recv().await {
        match entry {
            Entry::Into(chosen) => conversation = chosen,
            Entry::Begin(turn, mut question) => {
                question.conversation.clone_from(&conversation);
                match history.begin(question).await {
                    Ok(place) => {
                        conversation = Some(place.conversation.clone());
                        // The actor may be gone at the end of the program; the turn is saved all the same.
                        let _ = saved.send(place.conversation.clone());
                        turns.retain(|TurnId(old), _| old + TURNS_REMEMBERED > turn.0);
                        turns.insert(turn, place);
                    }
                    Err(NotSaved) => tracing::warn!("a spoken turn was not saved"),
                }
            }
            Entry::Finish(turn, answer) => {
                if let Some(place) = turns.get(&turn)
                    && history.finish(place, answer).await.is_err()
                {
                    tracing::warn!("a spoken answer was not saved");
                }
            }
            Entry::WriteDown(turn, words) => {
                if let Some(place) = turns.get(&turn)
                    && history.write_down(place, &words).await.is_err()
                {
                    tracing::warn!("the words of a spoken turn were not saved");
                }
            }
        }
    }
}
