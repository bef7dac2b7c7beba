//! Utterances that are set aside: cancelled ones for a moment, others until somebody sends or discards them.

use std::time::{Duration, Instant};

use super::effect::{KeptId, KeptReason};

/// A cancelled utterance is offered back for this long.
pub const UNDO: Duration = Duration::from_secs(8);

/// An utterance set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub id: KeptId,
    /// How long it is.
    pub duration: Duration,
    /// Why.
    pub reason: KeptReason,
    /// When the offer ends; `None`: never by itself.
    until: Option<Instant>,
}

/// All of them, the oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Shelf {
    kept: Vec<Kept>,
    last: u64,
}

impl Shelf {
    pub(super) fn all(&self) -> &[Kept] {
        &self.kept
    }

    pub(super) fn put(&mut self, duration: Duration, reason: KeptReason, now: Instant) -> KeptId {
        self.last += 1;
        let id = KeptId(self.last);
        let until = (reason == KeptReason::Cancelled).then_some(now + UNDO);
        self.kept.push(Kept { id, duration, reason, until });
        id
    }

    /// Takes one off; `None` means the newest.
    pub(super) fn take(&mut self, id: Option<KeptId>) -> Option<Kept> {
        let at = match id {
            Some(id) => self.kept.iter().position(|kept| kept.id == id)?,
            None => self.kept.len().checked_sub(1)?,
        };
        Some(self.kept.remove(at))
    }

    /// Takes off what was offered back for long enough.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<KeptId> {
        let gone = self.kept.extract_if(.., |kept| kept.until.is_some_and(|until| now >= until));
        gone.map(|kept| kept.id).collect()
    }
}
