//! Calls counted over all rounds of an answer. Providers count each round from 0, and some give the same ids again; a
//! result must find its one call. Pure.

use std::collections::{HashMap, HashSet};

use parlance_core::{ContentBlock, Msg};

/// Gives indexes that count on and ids that come once.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// Ids of the conversation and of this answer.
    taken: HashSet<String>,
    /// Calls of earlier rounds.
    before: usize,
    /// Calls of this round by the provider's index: its id, and ours.
    here: HashMap<usize, (String, String)>,
}

impl Numbering {
    /// For an answer to these messages.
    pub(super) fn after(messages: &[Msg]) -> Self {
        let ids = messages.iter().flat_map(|msg| &msg.content).filter_map(|block| match block {
            ContentBlock::ToolUse(call) => Some(call.id.clone()),
            _ => None,
        });
        Self { taken: ids.collect(), ..Self::default() }
    }

    /// Index and id of a call of this round, the same each time it is mentioned. An id that has not come yet stays empty.
    pub(super) fn of(&mut self, index: usize, id: &str) -> (usize, String) {
        let ours = match self.here.get(&index) {
            Some((theirs, ours)) if theirs == id => ours.clone(),
            _ if id.is_empty() => String::new(),
            _ => self.take(id),
        };
        self.here.insert(index, (id.to_owned(), ours.clone()));
        (self.before + index, ours)
    }

    /// The next round begins.
    pub(super) fn next_round(&mut self) {
        self.before += self.here.keys().max().map_or(0, |last| last + 1);
        self.here.clear();
    }

    fn take(&mut self, id: &str) -> String {
        let numbered = (2_usize..).map(|number| format!("{id}_{number}"));
        let free = std::iter::once(id.to_owned()).chain(numbered).find(|id| !self.taken.contains(id));
        let free = free.unwrap_or_else(|| unreachable!("BUG: there is always another number"));
        self.taken.insert(free.clone());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_count_on_and_ids_come_once() {
        let mut numbering = Numbering::default();
        let mut of = |index, id: &str| numbering.of(index, id);
        assert_eq!(of(0, "a"), (0, "a".into()));
        assert_eq!(of(1, "a"), (1, "a_2".into()), "the same id for another call");
        assert_eq!(of(0, "a"), (0, "a".into()), "the same call again");
        numbering.next_round();
        assert_eq!(numbering.of(0, ""), (2, String::new()), "an id that comes late");
        assert_eq!(numbering.of(0, "a"), (2, "a_3".into()));
        assert_eq!(numbering.of(0, "a"), (2, "a_3".into()));
    }
}
