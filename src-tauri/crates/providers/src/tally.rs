//! How long the words and the reasoning of one answer have become. Used by every mapper, so that neither grows without end.

use parlance_core::ModelEvent;

use crate::decoder::Events;

/// An answer's words, and its reasoning, may each be so long.
pub(crate) const MAX_TEXT_BYTES: usize = 8 * 1024 * 1024;

/// The lengths so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    text: usize,
    thinking: usize,
}

/// Over [`MAX_TEXT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooLong {
    #[error("the answer is over 8 MiB of text")]
    Text,
    #[error("the answer is over 8 MiB of reasoning")]
    Thinking,
}

impl Tally {
    /// Words, put out as they are; none when there are none.
    pub(crate) fn say(&mut self, text: &str, out: &mut Events) -> Result<(), TooLong> {
        self.count_text(text)?;
        if !text.is_empty() {
            out.push_back(ModelEvent::TextDelta { text: text.to_owned() });
        }
        Ok(())
    }

    /// Reasoning, put out as it is; none when there is none.
    pub(crate) fn think(&mut self, thinking: &str, out: &mut Events) -> Result<(), TooLong> {
        self.count_thinking(thinking)?;
        if !thinking.is_empty() {
            out.push_back(ModelEvent::ThinkingDelta { thinking: thinking.to_owned() });
        }
        Ok(())
    }

    /// Words that are put out otherwise.
    pub(crate) fn count_text(&mut self, text: &str) -> Result<(), TooLong> {
        self.text += text.len();
        if self.text > MAX_TEXT_BYTES { Err(TooLong::Text) } else { Ok(()) }
    }

    /// Reasoning that is put out otherwise, or not at all.
    pub(crate) fn count_thinking(&mut self, thinking: &str) -> Result<(), TooLong> {
        self.thinking += thinking.len();
        if self.thinking > MAX_TEXT_BYTES { Err(TooLong::Thinking) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_reasoning_end_at_their_own_limits() {
        let (mut tally, mut out) = (Tally::default(), Events::new());
        let half = "x".repeat(MAX_TEXT_BYTES / 2);
        for _ in 0..2 {
            assert_eq!((tally.say(&half, &mut out), tally.think(&half, &mut out)), (Ok(()), Ok(())));
        }
        assert_eq!((tally.say("", &mut out), out.len()), (Ok(()), 4));
        assert_eq!(tally.say("x", &mut out), Err(TooLong::Text));
        assert_eq!(tally.think("x", &mut out), Err(TooLong::Thinking));
        assert_eq!(out.len(), 4);
    }
}
