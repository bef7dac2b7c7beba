//! What people said, as far as it is written down: by the items that hold it. Its events come at any time.

use std::collections::VecDeque;

use parlance_core::realtime::{RealtimeEvent, TurnId};

use super::wire::Event;
use crate::errors;

/// Of so many turns transcripts are awaited. They come within a turn or two.
const REMEMBERED: usize = 64;

/// What people said, the newest last.
#[derive(Debug, Default)]
pub(super) struct Said(VecDeque<Item>);

#[derive(Debug)]
struct Item {
    id: String,
    turn: TurnId,
    words: String,
}

impl Said {
    /// Words of this item are this turn's. What was written down of it already stays.
    pub(super) fn hold(&mut self, item: Option<&str>, turn: TurnId) {
        let Some(id) = item else { return };
        match self.0.iter_mut().find(|said| said.id == id) {
            Some(said) => said.turn = turn,
            None => self.0.push_back(Item { id: id.to_owned(), turn, words: String::new() }),
        }
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }

    /// More of what the person said. OpenAI appends; DashScope and xAI say again what they have.
    pub(super) fn more(&mut self, event: &Event<'_>) -> Option<RealtimeEvent> {
        let said = self.of(event)?;
        if let Some(more) = event.delta.words() {
            said.words.push_str(more);
        } else if let Some(words) = event.transcript.words() {
            words.clone_into(&mut said.words);
        } else {
            let (sure, draft) = (event.text.words().unwrap_or_default(), event.stash.words().unwrap_or_default());
            said.words = format!("{sure}{draft}");
        }
        Some(RealtimeEvent::UserTranscript { turn: said.turn, text: said.words.clone() })
    }

    /// All of it.
    pub(super) fn whole(&mut self, event: &Event<'_>) -> Option<RealtimeEvent> {
        let turn = self.of(event)?.turn;
        if event.status.words() != Some("in_progress") {
            self.forget(event);
        }
        Some(RealtimeEvent::UserTranscript { turn, text: event.transcript.words()?.to_owned() })
    }

    /// None of it.
    pub(super) fn failed(&mut self, provider: &str, event: &Event<'_>) -> Option<RealtimeEvent> {
        let turn = self.of(event)?.turn;
        self.forget(event);
        let error = errors::from_object(provider, &event.error.clone().unwrap_or_default());
        Some(RealtimeEvent::TranscriptFailed { turn, error })
    }

    fn of(&mut self, event: &Event<'_>) -> Option<&mut Item> {
        let id = event.item_id.words()?;
        self.0.iter_mut().find(|said| said.id == id)
    }

    fn forget(&mut self, event: &Event<'_>) {
        let id = event.item_id.words().unwrap_or_default();
        self.0.retain(|said| said.id != id);
    }
}
