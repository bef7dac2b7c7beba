//! The port through which a spoken conversation is remembered, and the task that calls it in order.
//!
//! Sound must not wait for a disk, so the actor hands over what happened and goes on.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parlance_core::error::ProviderError;
use parlance_core::realtime::{Remembered, TurnId};
use parlance_core::{AudioChunk, ContentBlock, ModelEvent, TokenUsage};
use tokio::sync::{mpsc, oneshot};

use super::journal::{Journal, Page};
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

    /// More of a running answer than its sound: calls of tools, and what came of them. Returns at once.
    fn grows(&self, turn: &SavedTurn, event: &ModelEvent);

    /// The conversation so far in words, typed and spoken, the oldest first: the newest messages that fit into so many
    /// characters. Of an interrupted answer, what was heard. Empty where nothing can be read.
    async fn recall(&self, conversation: &str, characters: usize) -> Vec<Remembered>;
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
    /// The turn in which this was said before, when it is sent again: its question stays where it is.
    pub again: Option<SavedTurn>,
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
    /// What the model called and what came of it, in order.
    pub tools: Vec<ContentBlock>,
    /// How much was heard, where the person interrupted; `None`: all of it.
    pub heard: Option<Heard>,
    /// From the end of speech to the first sound.
    pub first_sound: Option<FirstSound>,
    /// Why it broke.
    pub error: Option<ProviderError>,
    /// Tokens used, `None` where nothing is counted.
    pub usage: Option<TokenUsage>,
}

/// How much of an answer was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Of its sound.
    pub sound: Duration,
    /// Of its words, in characters.
    pub characters: usize,
}

/// From the end of speech to the first sound of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstSound {
    /// All of it.
    pub total: Duration,
    /// This computer: from the end of speech until it was sent on, and from the first sound's coming until it was heard.
    pub ours: Duration,
    /// The way there and back; `None` where it was never measured.
    pub network: Option<Duration>,
    /// The rest: what the provider took, the silence that it waits for included where it ends the turns.
    pub model: Duration,
}

/// An entry for the task.
pub(super) enum Entry {
    /// The turn is sent; its page in the journal goes once the answer is kept.
    Begin {
        turn: TurnId,
        question: SpokenQuestion,
        again: Option<TurnId>,
        page: Option<Page>,
    },
    /// The turn has a place already: it was written.
    Placed(TurnId, SavedTurn),
    Finish(TurnId, SpokenAnswer),
    /// What the person said in a turn, as far as it is written down; replaces what was before.
    WriteDown(TurnId, String),
    /// Speak into this conversation from now on.
    Into(Option<String>),
    /// What was said so far, once all before is kept.
    Recall {
        characters: usize,
        told: oneshot::Sender<Vec<Remembered>>,
    },
}

/// Runs until the last sender is dropped. Tells through `saved` where a turn is kept.
pub(super) async fn keep(
    history: Arc<dyn SpokenHistory>,
    journal: Arc<dyn Journal>,
    mut entries: mpsc::UnboundedReceiver<Entry>,
    saved: mpsc::UnboundedSender<(TurnId, SavedTurn)>,
) {
    let mut conversation = None;
    let mut turns: HashMap<TurnId, (SavedTurn, Option<Page>)> = HashMap::new();
    while let Some(entry) = entries.recv().await {
        match entry {
            Entry::Into(chosen) => conversation = chosen,
            Entry::Placed(turn, place) => {
                conversation = Some(place.conversation.clone());
                let _ = saved.send((turn, place.clone()));
                turns.insert(turn, (place, None));
            }
            Entry::Begin { turn, mut question, again, page } => {
                question.conversation.clone_from(&conversation);
                if question.again.is_none() {
                    question.again = again.and_then(|again| turns.get(&again)).map(|(place, _)| place.clone());
                }
                match history.begin(question).await {
                    Ok(place) => {
                        conversation = Some(place.conversation.clone());
                        // The actor may be gone at the end of the program; the turn is saved all the same.
                        let _ = saved.send((turn, place.clone()));
                        turns.retain(|TurnId(old), _| old + TURNS_REMEMBERED > turn.0);
                        turns.insert(turn, (place, page));
                    }
                    // Its page stays in the journal: it is offered when Parlance starts again.
                    Err(NotSaved) => tracing::warn!("a spoken turn was not saved"),
                }
            }
            Entry::Finish(turn, answer) => {
                let Some((place, page)) = turns.get_mut(&turn) else { continue };
                let is_answered = answer.error.is_none();
                match history.finish(place, answer).await {
                    Ok(()) if is_answered => {
                        if let Some(page) = page.take() {
                            journal.remove(page);
                        }
                    }
                    Ok(()) => {}
                    Err(NotSaved) => tracing::warn!("a spoken answer was not saved"),
                }
            }
            Entry::WriteDown(turn, words) => {
                if let Some((place, _)) = turns.get(&turn)
                    && history.write_down(place, &words).await.is_err()
                {
                    tracing::warn!("the words of a spoken turn were not saved");
                }
            }
            Entry::Recall { characters, told } => {
                let recalled = match &conversation {
                    Some(id) => history.recall(id, characters).await,
                    None => Vec::new(),
                };
                // Whoever asked may have hung up.
                let _ = told.send(recalled);
            }
        }
    }
}
