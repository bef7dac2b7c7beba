//! Words as the text index stores and finds them. Pure; used by `table/message_text.rs`.
//!
//! SQLite's tokenizer knows words between spaces, so what is written without spaces is cut here: each pair of
//! neighbouring Chinese, Japanese or Korean characters is a word, and the last character of a run is one as well, so
//! that every character begins some word. The tokenizer folds case and accents on both sides.

use std::ops::Range;

/// A word and where it stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Bytes in the text; neighbouring pairs overlap.
    pub(crate) range: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Spaced,
    Unspaced,
    Between,
}

fn kind(c: char) -> Kind {
    match c {
        '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{2fdf}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{3100}'..='\u{318f}'
        | '\u{31a0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{323af}'
            if c.is_alphanumeric() =>
        {
            Kind::Unspaced
        }
        c if c.is_alphanumeric() => Kind::Spaced,
        _ => Kind::Between,
    }
}

/// A stretch of one kind.
struct Run {
    kind: Kind,
    range: Range<usize>,
}

fn runs(text: &str) -> impl Iterator<Item = Run> + '_ {
    let mut characters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (start, first) = characters.next()?;
            let kind = kind(first);
            let mut end = start + first.len_utf8();
            while let Some((at, c)) = characters.next_if(|(_, c)| self::kind(*c) == kind) {
                end = at + c.len_utf8();
            }
            if kind != Kind::Between {
                return Some(Run { kind, range: start..end });
            }
        }
    })
}

/// Neighbouring pairs of a run, and its last character alone.
fn pairs(text: &str, run: &Range<usize>) -> Vec<Range<usize>> {
    let starts: Vec<usize> = text[run.clone()].char_indices().map(|(at, _)| run.start + at).collect();
    let end_of = |index: usize| starts.get(index).copied().unwrap_or(run.end);
    starts.iter().enumerate().map(|(index, start)| *start..end_of(index + 2)).collect()
}

/// All words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for run in runs(text) {
        match run.kind {
            Kind::Unspaced => words.extend(pairs(text, &run.range).into_iter().map(|range| Word { range })),
            Kind::Spaced | Kind::Between => words.push(Word { range: run.range }),
        }
    }
    words
}

/// What the index stores: the words with spaces between them.
pub(crate) fn indexed(text: &str) -> String {
    let words = words(text);
    let mut joined = String::with_capacity(text.len() + words.len());
    for word in &words {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(&text[word.range.clone()]);
    }
    joined
}

/// A query as FTS5 reads it: all its words, the last one by its beginning. `None` when it has no word. Every string is
/// legal, since only letters and digits within quotes get through.
pub(crate) fn fts_query(query: &str) -> Option<String> {
    /// More words than anybody types; a pasted page would be a slow query.
    const MOST: usize = 32;

    let phrases: Vec<String> = runs(query)
        .take(MOST)
        .map(|run| match run.kind {
            Kind::Unspaced => {
                let mut pairs = pairs(query, &run.range);
                if pairs.len() > 1 {
                    // The single last character is in the index for queries of one character.
                    pairs.pop();
                }
                let words: Vec<&str> = pairs.into_iter().take(MOST).map(|range| &query[range]).collect();
                // By its beginning: a single character must find the pairs that begin with it.
                format!("\"{}\"*", words.join(" "))
            }
            Kind::Spaced | Kind::Between => format!("\"{}\"", &query[run.range]),
        })
        .collect();
    let last = phrases.last()?;
    let star = if last.ends_with('*') { "" } else { "*" };
    Some(format!("{}{star}", phrases.join(" ")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, words: &str, query: Option<&str>) {
        assert_eq!(indexed(text), words, "{text:?}");
        assert_eq!(fts_query(text).as_deref(), query, "{text:?}");
    }

    #[test]
    fn texts_and_queries_are_cut_alike() {
        check("Hello, world", "Hello world", Some("\"Hello\" \"world\"*"));
        check("你好吗", "你好 好吗 吗", Some("\"你好 好吗\"*"));
        check("好", "好", Some("\"好\"*"));
        check("GPT模型 v4", "GPT 模型 型 v4", Some("\"GPT\" \"模型\"* \"v4\"*"));
        check("カメラを", "カメ メラ ラを を", Some("\"カメ メラ ラを\"*"));
        check("\"OR\" NEAR(* -a:b", "OR NEAR a b", Some("\"OR\" \"NEAR\" \"a\" \"b\"*"));
        check("¿?… \u{0} 🎉", "", None);
    }

    proptest! {
        #[test]
        fn ranges_lie_on_characters_and_in_order(text in "\\PC{0,40}|[a-z一-龥 ]{0,40}") {
            let words = words(&text);
            for word in &words {
                prop_assert!(text.get(word.range.clone()).is_some_and(|word| !word.is_empty()));
            }
            prop_assert!(words.windows(2).all(|two| two[0].range.start < two[1].range.start));
            prop_assert_eq!(indexed(&text).split_terminator(' ').count(), words.len());
        }
    }
}
