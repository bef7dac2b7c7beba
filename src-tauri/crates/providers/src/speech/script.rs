//! What was written, what of it was sent, and what of it is known to be spoken. Pure.

use parlance_core::synthesis::ColdStart;

use super::text;

/// A text on its way to a voice.
#[derive(Debug, Default)]
pub(super) struct Script {
    text: String,
    cold_start: ColdStart,
    /// Whether its first piece has gone out, on any connection.
    has_begun: bool,
    is_finished: bool,
    /// Places in the text, in bytes: where what is said over this connection begins, what was sent, what is known to be spoken.
    start: usize,
    sent: usize,
    spoken: usize,
}

impl Script {
    pub(super) fn new(cold_start: ColdStart) -> Self {
        Self { cold_start, ..Self::default() }
    }

    /// More of the text.
    pub(super) fn push(&mut self, more: &str) {
        self.text.push_str(more);
    }

    /// That was all of it.
    pub(super) fn finish(&mut self) {
        self.is_finished = true;
    }

    /// The next piece to send, of at most `most` characters; `None` while there is nothing, or not yet enough.
    pub(super) fn next(&mut self, most: usize) -> Option<&str> {
        if !self.is_waiting() {
            return None;
        }
        self.has_begun = true;
        let start = self.sent;
        let rest = &self.text[start..];
        self.sent += rest.char_indices().nth(most).map_or(rest.len(), |(limit, _)| limit);
        Some(&self.text[start..self.sent])
    }

    /// Whether there is a piece to send.
    pub(super) fn is_waiting(&self) -> bool {
        let is_enough = self.has_begun || self.is_finished || text::is_enough(&self.text, self.cold_start);
        // What has nothing to say waits for what has, but for the marks behind a word.
        let has_words = self.sent > self.start || text::has_something_to_say(&self.text[self.sent..]);
        is_enough && has_words && self.sent < self.text.len()
    }

    /// Whether all of it was written and sent.
    pub(super) fn is_sent(&self) -> bool {
        self.is_finished && !self.is_waiting()
    }

    /// Whether anything was sent over this connection.
    pub(super) fn was_said_here(&self) -> bool {
        self.sent > self.start
    }

    /// Whether anything was sent at all.
    pub(super) fn was_ever_said(&self) -> bool {
        self.has_begun
    }

    /// The service says that it has spoken so many characters of what was sent over this connection; gives whether that is
    /// news. Whatever it counts, a sentence is spoken when its end is.
    pub(super) fn is_spoken(&mut self, characters: u64) -> bool {
        let mut left = characters;
        let mut until = self.start;
        for (at, c) in self.text[self.start..self.sent].char_indices() {
            match left.checked_sub(weight(c)) {
                Some(rest) => left = rest,
                None => break,
            }
            until = self.start + at + c.len_utf8();
        }
        if until < self.sent {
            let said = &self.text[self.start..until];
            let end = said.char_indices().rev().find(|(_, c)| text::ends_sentence(*c));
            until = end.map_or(self.start, |(at, c)| self.start + at + c.len_utf8());
        }
        let is_news = until > self.spoken;
        self.spoken = self.spoken.max(until);
        is_news
    }

    /// Whether something is written that is not known to be spoken.
    pub(super) fn has_more_to_say(&self) -> bool {
        text::has_something_to_say(&self.text[self.spoken..])
    }

    /// Whether all of it was written, and is known to be spoken.
    pub(super) fn is_over(&self) -> bool {
        self.is_finished && !self.has_more_to_say()
    }

    /// Another connection: what is not known to be spoken is sent again.
    pub(super) fn begin_again(&mut self) {
        self.start = self.spoken;
        self.sent = self.spoken;
    }

    /// The characters of all that was written.
    pub(super) fn characters(&self) -> u64 {
        text::characters(&self.text)
    }
}

/// How much the service counts a character: a Chinese one twice. Source: its price list (read November 2026).
fn weight(c: char) -> u64 {
    if matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}') { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn script(text: &str) -> Script {
        let mut script = Script::default();
        script.push(text);
        script
    }

    #[test]
    fn nothing_goes_out_before_there_is_enough_and_then_all_of_it() {
        let mut script = Script::new(ColdStart { characters: 8, words: 3 });
        script.push("Hello");
        assert_eq!(script.next(100), None);
        script.push(", this");
        assert_eq!(script.next(100), None, "characters enough, but two words");
        script.push(" is");
        assert_eq!(script.next(100), Some("Hello, this is"));
        script.push(" a");
        assert_eq!(script.next(100), Some(" a"), "only before the first piece");
        let mut short = Script::new(ColdStart { characters: 80, words: 0 });
        short.push("Hi.");
        short.finish();
        assert_eq!(short.next(100), Some("Hi."), "the end is enough");
    }

    #[test]
    fn what_has_nothing_to_say_is_not_sent() {
        let mut script = script(" …");
        assert_eq!(script.next(9), None);
        script.finish();
        assert!(script.is_sent() && script.is_over() && !script.was_said_here());
        script.push("Oh");
        assert_eq!(script.next(9), Some(" …Oh"));
        script.push(".");
        assert_eq!(script.next(9), Some("."), "marks follow their word");
    }

    #[test]
    fn a_sentence_that_was_not_spoken_to_its_end_is_said_again() {
        let mut script = script("One. Two three. Four.");
        assert_eq!(script.next(15).map(str::to_owned), Some("One. Two three.".to_owned()));
        assert!(!script.is_spoken(3), "in the middle of a sentence");
        assert!(script.is_spoken(9));
        script.begin_again();
        assert_eq!(script.next(100), Some(" Two three. Four."));
        assert!(script.is_spoken(17) && !script.is_spoken(17));
        script.finish();
        assert!(script.is_over());
    }

    #[test]
    fn chinese_characters_count_twice() {
        let mut script = script("你好。再见。");
        script.next(100);
        assert!(!script.is_spoken(4));
        assert!(script.is_spoken(5));
        script.begin_again();
        assert_eq!(script.next(100), Some("再见。"));
    }

    proptest! {
        #[test]
        fn whatever_is_counted_and_wherever_it_breaks_no_word_is_left_out(
            pieces in prop::collection::vec("[a-c语。. ]{0,8}", 0..6),
            counts in prop::collection::vec(0u64..30, 0..6),
        ) {
            let mut script = Script::default();
            let (mut last, mut spoken) = (0, 0);
            for (at, piece) in pieces.iter().enumerate() {
                script.push(piece);
                while script.next(3).is_some() {}
                if let Some(count) = counts.get(at) {
                    script.is_spoken(*count);
                    script.begin_again();
                }
                prop_assert!(script.spoken >= spoken && script.spoken <= script.sent.max(script.spoken));
                spoken = script.spoken;
                last = script.sent;
            }
            script.finish();
            while script.next(3).is_some() {}
            prop_assert!(script.sent >= last);
            prop_assert!(!text::has_something_to_say(&script.text[script.sent..]));
        }
    }
}
