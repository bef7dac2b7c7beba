//! Words around a hit, with what matched. Pure.
//!
//! Not SQLite's own `highlight`: that takes seconds on long texts with many hits (85 ms for 20,000 in one text,
//! measured), and knows only the words as they are cut for the index.

use std::ops::Range;

use crate::words::{Cut, Last, Phrase, fold, words};

/// How much stands before the first hit, and how long a snippet is, in characters.
const BEFORE: usize = 40;
const LONG: usize = 160;

/// A piece of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnippetPiece {
    /// The words.
    pub text: String,
    /// Whether they match the query.
    pub hit: bool,
}

/// The words around the first hit of any phrase. Reads no more of the text than it must.
pub(crate) fn snippet(text: &str, phrases: &[Phrase]) -> Vec<SnippetPiece> {
    let mut hits = hits(text, phrases).peekable();
    let around = window(text, hits.peek().map_or(0, |first| first.start));
    let mut pieces = Pieces::default();
    if around.start > 0 {
        pieces.push("…", Kind::Plain);
    }
    let mut at = around.start;
    for hit in hits.take_while(|hit| hit.start < around.end) {
        let (start, end) = (hit.start.clamp(at, around.end), hit.end.clamp(at, around.end));
        pieces.push(&text[at..start], Kind::Plain);
        pieces.push(&text[start..end], Kind::Hit);
        at = end;
    }
    pieces.push(&text[at..around.end], Kind::Plain);
    if around.end < text.len() {
        pieces.push("…", Kind::Plain);
    }
    pieces.0
}

/// Where any of the phrases stands, by the end of the hit.
fn hits<'a>(text: &'a str, phrases: &'a [Phrase]) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut running: Vec<Running<'a>> = Vec::new();
    let mut folded = String::new();
    words(text).flat_map(move |word| {
        fold(&text[word.clone()], &mut folded);
        let begun = phrases.iter().map(|phrase| Running { phrase, matched: 0, start: word.start });
        running.extend(begun);
        let mut found = None;
        running.retain_mut(|one| match one.step(&folded) {
            Step::On => true,
            Step::Over => false,
            Step::Found => {
                let start = found.as_ref().map_or(one.start, |found: &Range<usize>| found.start.min(one.start));
                found = Some(start..one.end(text, &word));
                false
            }
        });
        found
    })
}

/// A phrase whose first words stood in the text.
struct Running<'a> {
    phrase: &'a Phrase,
    matched: usize,
    start: usize,
}

enum Step {
    On,
    Over,
    Found,
}

impl Running<'_> {
    fn step(&mut self, word: &str) -> Step {
        let Some(wanted) = self.phrase.folded.get(self.matched) else { return Step::Over };
        let is_last = self.matched + 1 == self.phrase.folded.len();
        let matches = match self.phrase.last {
            Last::Beginning if is_last => word.starts_with(wanted.as_str()),
            _ => word == wanted,
        };
        self.matched += 1;
        match (matches, is_last) {
            (false, _) => Step::Over,
            (true, true) => Step::Found,
            (true, false) => Step::On,
        }
    }

    /// Where the hit ends: a single character that begins a pair is marked alone.
    fn end(&self, text: &str, word: &Range<usize>) -> usize {
        let wanted = self.phrase.folded.last().map_or(0, |wanted| wanted.chars().count());
        match self.phrase.cut {
            Cut::IntoPairs => text[word.clone()].char_indices().nth(wanted).map_or(word.end, |(at, _)| word.start + at),
            Cut::AtSpaces => word.end,
        }
    }
}

/// The stretch of the text that is shown, for a hit that begins at `hit`: from the beginning of a word if one is near.
fn window(text: &str, hit: usize) -> Range<usize> {
    let near = text[..hit].char_indices().rev().take(BEFORE).last().map_or(hit, |(at, _)| at);
    let start = match text[near..hit].find(char::is_whitespace) {
        Some(space) if near > 0 => hit - text[near + space..hit].trim_start().len(),
        _ => near,
    };
    let end = text[start..].char_indices().nth(LONG).map_or(text.len(), |(at, _)| start + at);
    start..end
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Hit,
}

#[derive(Default)]
struct Pieces(Vec<SnippetPiece>);

impl Pieces {
    fn push(&mut self, text: &str, kind: Kind) {
        let hit = kind == Kind::Hit;
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.hit == hit => last.text.push_str(text),
            _ => self.0.push(SnippetPiece { text: text.to_owned(), hit }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::phrases;

    #[track_caller]
    fn check(text: &str, query: &str, expect: &str) {
        let drawn: String = snippet(text, &phrases(query))
            .iter()
            .map(|piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text.clone() })
            .collect();
        assert_eq!(drawn, expect);
    }

    #[test]
    fn hits_are_shown_in_the_text_itself() {
        check("Hello, wide world!", "wide", "Hello, [wide] world!");
        check("Hello, wide world!", "WORLD he", "[Hello], wide [world]!");
        check("office, off", "off x", "office, [off]");
        check("我说你好吗", "你好", "我说[你好]吗");
        check("我说你好吗", "你好吗", "我说[你好吗]");
        check("我说你好吗", "好", "我说你[好]吗");
        check("我说你好吗", "吗", "我说你好[吗]");
        check("nothing here", "absent", "nothing here");
        check("", "x", "");
    }

    #[test]
    fn a_long_text_is_cut_around_its_first_hit() {
        let text = format!("{}needle{}", "né ".repeat(100), " hay".repeat(100));
        let pieces = snippet(&text, &phrases("needle"));
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[0].text, format!("…{}", "né ".repeat(13)));
        assert!(pieces[1].hit && pieces[1].text == "needle");
        assert!(pieces[2].text.ends_with('…'));
    }

    proptest! {
        #[test]
        fn a_snippet_is_a_piece_of_the_text(text in "[a-c你好 é,]{0,60}|\\PC{0,300}", query in "[a-c你好 é]{0,6}") {
            let drawn: String = snippet(&text, &phrases(&query)).iter().map(|piece| piece.text.as_str()).collect();
            let bare = drawn.strip_prefix('…').filter(|_| !text.starts_with('…')).unwrap_or(&drawn);
            let bare = bare.strip_suffix('…').filter(|_| !text.ends_with('…')).unwrap_or(bare);
            prop_assert!(text.contains(bare), "{drawn:?}");
        }
    }
}
