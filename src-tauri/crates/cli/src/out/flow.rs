//! Words that come piece by piece, made harmless on their way. A key could come in pieces too, so a run of characters
//! that keys are made of waits until it has ended.

use std::io;

use super::{harmless, write};

/// Longer runs are no words, and no keys either.
const LONGEST_RUN: usize = 16 * 1024;

/// The pieces so far.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    waiting: String,
    ends_line: bool,
    any: bool,
}

impl Flow {
    /// The next piece.
    pub(crate) fn push(&mut self, piece: &str) {
        let ready = self.ready(piece);
        self.write(&ready);
    }

    /// No more is coming: writes what waits, and ends the line.
    pub(crate) fn end(&mut self) {
        let rest = std::mem::take(&mut self.waiting);
        self.write(&rest);
        if self.any && !self.ends_line {
            self.write("\n");
        }
    }

    fn ready(&mut self, piece: &str) -> String {
        self.waiting.push_str(piece);
        let after_last_gap = self
            .waiting
            .char_indices()
            .rev()
            .find(|(_, c)| !c.is_ascii_graphic())
            .map_or(0, |(at, c)| at + c.len_utf8());
        if self.waiting.len() - after_last_gap > LONGEST_RUN {
            return std::mem::take(&mut self.waiting);
        }
        let rest = self.waiting.split_off(after_last_gap);
        std::mem::replace(&mut self.waiting, rest)
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let text = harmless(text);
        self.any = true;
        self.ends_line = text.ends_with('\n');
        write(io::stdout().lock(), &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_waits_for_its_end_and_nothing_else_does() {
        let mut flow = Flow::default();
        assert_eq!(flow.ready("one tw"), "one ");
        assert_eq!(flow.ready("o"), "");
        assert_eq!(flow.ready(" 你好"), "two 你好");
        assert_eq!(flow.ready("世界"), "世界");
        assert_eq!(flow.ready(&"x".repeat(LONGEST_RUN + 1)).len(), LONGEST_RUN + 1);
        assert_eq!(flow.ready("a\n"), "a\n");
    }
}
