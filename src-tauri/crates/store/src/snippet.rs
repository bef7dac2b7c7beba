//! Words around a hit, from the text itself and the marks that the index put into its own form of it. Pure.

use std::ops::Range;

use crate::words::words;

/// Stand around a hit in the marked words. Neither is a letter, so no text brings its own.
pub(crate) const MARK_BEGIN: char = '\u{2}';
pub(crate) const MARK_END: char = '\u{3}';

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

/// The words around the first hit. `marked` is `words::indexed(text)` with marks around what matched.
pub(crate) fn snippet(text: &str, marked: &str) -> Vec<SnippetPiece> {
    let hits = hits(text, marked);
    let around = window(text, hits.first().map_or(0, |first| first.start));
    let mut pieces = Pieces::default();
    if around.start > 0 {
        pieces.push("…", Kind::Plain);
    }
    let mut at = around.start;
    for hit in hits {
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

/// The hits as ranges of the text, in order, overlapping ones joined.
fn hits(text: &str, marked: &str) -> Vec<Range<usize>> {
    let mut hits: Vec<Range<usize>> = Vec::new();
    let mut inside = false;
    for (word, marked) in words(text).iter().zip(marked.split(' ')) {
        let begins = marked.contains(MARK_BEGIN);
        if inside || begins {
            match hits.last_mut() {
                Some(last) if last.end >= word.range.start => last.end = word.range.end.max(last.end),
                _ => hits.push(word.range.clone()),
            }
        }
        // Within a word the last mark counts: a word of several tokens may begin and end more than once.
        inside = match (marked.rfind(MARK_BEGIN), marked.rfind(MARK_END)) {
            (Some(begin), Some(end)) => begin > end,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => inside,
        };
    }
    hits
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
    use super::*;

    #[track_caller]
    fn check(text: &str, marked: &str, expect: &str) {
        let drawn: String = snippet(text, &marked.replace('<', "\u{2}").replace('>', "\u{3}"))
            .iter()
            .map(|piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text.clone() })
            .collect();
        assert_eq!(drawn, expect);
    }

    #[test]
    fn hits_are_shown_in_the_text_itself() {
        check("Hello, wide world!", "Hello <wide> world", "Hello, [wide] world!");
        check("a phrase, here", "a <phrase here>", "a [phrase], [here]");
        check("我说你好吗", "我说 说你 <你好> 好吗 吗", "我说[你好]吗");
        check("我说你好吗", "我说 说你 <你好 好吗> 吗", "我说[你好吗]");
        check("nothing marked", "nothing marked", "nothing marked");
        check("", "", "");
    }

    #[test]
    fn a_long_text_is_cut_around_its_first_hit() {
        let text = format!("{}needle{}", "né ".repeat(100), " hay".repeat(100));
        let marked = format!("{}<needle>{}", "né ".repeat(100), " hay".repeat(100));
        let pieces = snippet(&text, &marked.replace('<', "\u{2}").replace('>', "\u{3}"));
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[0].text, format!("…{}", "né ".repeat(13)));
        assert!(pieces[1].hit && pieces[1].text == "needle");
        assert!(pieces[2].text.ends_with('…'));
    }
}
