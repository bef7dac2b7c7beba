//! The words of an answer, and which of them were heard.
//!
//! Providers send words ahead of their sound and say nothing of where they belong. So each piece is noted with how much
//! sound had come when it came: its words cannot be spoken before that. They are taken to last until the piece that came
//! with more sound begins; the last piece lasts until the end of the sound, or, while more may come, for as long as it
//! takes to say. Within a piece characters are spread evenly, by their weight: a Chinese character takes about as long as
//! three letters. What is left is rounded down to whole words, so that no word is called heard that was not.
//!
//! Some providers send words after their sound. Those are spread over all of it.

use std::time::Duration;

/// Weights said in a second: fifteen letters, or five Chinese characters. Measured speech of voices is 13 to 17.
const A_SECOND: f64 = 15.0;
/// Where more than half of the words come behind so much of the sound, they do not run ahead of it.
const LATE: f64 = 0.8;

/// Words as they come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    text: String,
    pieces: Vec<Piece>,
}

/// Words that came with the same amount of sound.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    /// How much sound there was.
    from: Duration,
    /// Where their text ends, in bytes.
    end: usize,
    weight: f64,
}

/// How much of the sound there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// More may come after this.
    SoFar(Duration),
    /// All of it.
    Whole(Duration),
}

impl Transcript {
    /// More words came, when so much of the answer's sound had come.
    pub fn append(&mut self, words: &str, sound: Duration) {
        if words.is_empty() {
            return;
        }
        self.text.push_str(words);
        let (end, weight) = (self.text.len(), words.chars().map(weight).sum::<f64>());
        match self.pieces.last_mut() {
            Some(last) if last.from == sound => {
                last.end = end;
                last.weight += weight;
            }
            _ => self.pieces.push(Piece { from: sound, end, weight }),
        }
    }

    /// All words so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The words that had been heard when so much of the sound had been.
    #[must_use]
    pub fn heard(&self, heard: Duration, extent: Extent) -> &str {
        match extent {
            Extent::Whole(all) if heard >= all => return &self.text,
            _ if heard.is_zero() => return "",
            _ => {}
        }
        let end = match extent {
            Extent::Whole(all) if self.is_late(all) => self.spread(heard.as_secs_f64() / all.as_secs_f64()),
            _ => self.by_piece(heard, extent),
        };
        whole_words(&self.text, end)
    }

    fn is_late(&self, all: Duration) -> bool {
        let total: f64 = self.pieces.iter().map(|piece| piece.weight).sum();
        let late = self.pieces.iter().filter(|piece| piece.from >= all.mul_f64(LATE)).map(|piece| piece.weight);
        late.sum::<f64>() * 2.0 > total
    }

    fn spread(&self, share: f64) -> usize {
        let total: f64 = self.pieces.iter().map(|piece| piece.weight).sum();
        after(&self.text, total * share)
    }

    fn by_piece(&self, heard: Duration, extent: Extent) -> usize {
        let mut begin = 0;
        for (at, piece) in self.pieces.iter().enumerate() {
            let until = match (self.pieces.get(at + 1), extent) {
                (Some(next), _) => next.from,
                (None, Extent::Whole(all)) => all,
                (None, Extent::SoFar(sound)) => {
                    sound.max(piece.from + Duration::from_secs_f64(piece.weight / A_SECOND))
                }
            };
            if heard < until {
                let share = heard.saturating_sub(piece.from).as_secs_f64() / (until - piece.from).as_secs_f64();
                return begin + after(&self.text[begin..piece.end], piece.weight * share);
            }
            begin = piece.end;
        }
        begin
    }
}

/// How long a character takes to say, in letters.
fn weight(character: char) -> f64 {
    match character {
        // Kana, hangul, and the Chinese characters with all their extensions.
        '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7af}' => 2.0,
        '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => 3.0,
        _ => 1.0,
    }
}

/// Where in the text so much weight is said, in bytes.
fn after(text: &str, mut weight_said: f64) -> usize {
    for (at, character) in text.char_indices() {
        weight_said -= weight(character);
        if weight_said < -1e-6 {
            return at;
        }
    }
    text.len()
}

/// The text up to `end`, without the beginning of a word.
fn whole_words(text: &str, end: usize) -> &str {
    let (said, rest) = text.split_at(end);
    let stands_alone = |character: char| !character.is_alphanumeric() || weight(character) > 1.0;
    if rest.chars().next().is_none_or(stands_alone) || said.chars().next_back().is_none_or(stands_alone) {
        return said;
    }
    let word = said.char_indices().rev().find(|(_, character)| stands_alone(*character));
    word.map_or("", |(at, character)| &said[..at + character.len_utf8()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Words with the milliseconds of sound that had come before each.
    fn of(pieces: &[(u64, &str)]) -> Transcript {
        let mut transcript = Transcript::default();
        pieces.iter().for_each(|(at, words)| transcript.append(words, ms(*at)));
        transcript
    }

    #[test]
    fn words_that_come_with_their_sound_are_heard_with_it() {
        let transcript = of(&[(0, "One "), (500, "two "), (1_000, "three "), (1_500, "four.")]);
        for (heard, words) in [
            (0, ""),
            (250, ""),
            (500, "One "),
            (990, "One two"),
            (1_000, "One two "),
            (1_700, "One two three "),
            (2_000, "One two three four."),
        ] {
            assert_eq!(transcript.heard(ms(heard), Extent::Whole(ms(2_000))), words, "after {heard} ms");
        }
    }

    #[test]
    fn words_that_all_come_before_the_sound_are_spread_over_it() {
        let transcript = of(&[(0, "aaaa bbbb cccc dddd ")]);
        assert_eq!(transcript.heard(ms(1_000), Extent::Whole(ms(2_000))), "aaaa bbbb ");
        assert_eq!(transcript.heard(ms(1_100), Extent::Whole(ms(2_000))), "aaaa bbbb ");
    }

    #[test]
    fn words_far_ahead_of_a_sound_that_still_comes_are_not_called_heard() {
        // Two minutes of words, one second of sound: the words do not all fit into that second.
        let transcript = of(&[(0, &"word ".repeat(360))]);
        let heard = transcript.heard(ms(1_000), Extent::SoFar(ms(1_000)));
        assert_eq!(heard, "word word word ", "fifteen letters a second");
    }

    #[test]
    fn words_that_come_after_their_sound_are_spread_over_all_of_it() {
        let transcript = of(&[(2_000, "aaaa bbbb cccc dddd ")]);
        assert_eq!(transcript.heard(ms(1_000), Extent::Whole(ms(2_000))), "aaaa bbbb ");
    }

    #[test]
    fn chinese_is_cut_between_characters() {
        let transcript = of(&[(0, "你好，我很高兴。")]);
        assert_eq!(transcript.heard(ms(1_000), Extent::Whole(ms(2_000))), "你好，我");
    }

    #[test]
    fn all_that_was_heard_is_all_and_nothing_is_nothing() {
        let transcript = of(&[(0, "Hello "), (100, "there")]);
        assert_eq!(transcript.heard(ms(500), Extent::Whole(ms(500))), "Hello there");
        assert_eq!(transcript.heard(Duration::ZERO, Extent::SoFar(ms(500))), "");
        assert_eq!(Transcript::default().heard(ms(500), Extent::Whole(ms(900))), "");
    }

    proptest::proptest! {
        #[test]
        fn more_sound_never_means_fewer_words(
            pieces in proptest::collection::vec((0u64..300, "[a-z你好 ]{0,9}"), 0..20), heard in 0u64..6_000, more in 0u64..500
        ) {
            let mut transcript = Transcript::default();
            let mut at = 0;
            for (wait, words) in &pieces {
                at += wait;
                transcript.append(words, ms(at));
            }
            let all = Extent::Whole(ms(at + 200));
            let (less, later) = (transcript.heard(ms(heard), all), transcript.heard(ms(heard + more), all));
            proptest::prop_assert!(later.starts_with(less));
        }
    }
}
