//! Words as the text index stores and finds them. Pure; used by `table/message_text.rs`.
//!
//! SQLite's tokenizer knows words between spaces, so what is written without spaces is cut here: each pair of
//! neighbouring Chinese, Japanese or Korean characters is a word, and the last character of a run is one as well, so
//! that every character begins some word. The tokenizer folds case and accents on both sides.

use std::collections::HashSet;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

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
fn pairs(text: &str, run: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut rest = text[run.clone()].chars();
    std::iter::from_fn(move || {
        let start = run.end - rest.as_str().len();
        let first = rest.next()?;
        let second = rest.clone().next().map_or(0, char::len_utf8);
        Some(start..start + first.len_utf8() + second)
    })
}

/// Where the words of a text stand, in order. Neighbouring pairs overlap.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    runs(text).flat_map(move |run| {
        let (whole, pairs) = match run.kind {
            Kind::Unspaced => (None, Some(pairs(text, run.range))),
            Kind::Spaced | Kind::Between => (Some(run.range), None),
        };
        whole.into_iter().chain(pairs.into_iter().flatten())
    })
}

/// Whether a word is written without spaces around it.
pub(crate) fn is_unspaced(word: &str) -> bool {
    word.chars().next().is_some_and(|c| kind(c) == Kind::Unspaced)
}

/// What the index stores: the words with spaces between them.
pub(crate) fn indexed(text: &str) -> String {
    let mut joined = String::with_capacity(text.len() + text.len() / 2);
    for word in words(text) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(&text[word]);
    }
    joined
}

/// What the long words of a text end with: so that `Anlage` finds `Heizungsanlage`. Each once, with spaces between them.
pub(crate) fn parts(text: &str) -> String {
    /// Shorter words are rarely put together from others, in characters.
    const LONG: usize = 10;
    /// Shorter parts say too little.
    const PART: usize = 4;
    /// What is longer is no word.
    const LONGEST: usize = 40;

    let mut seen = HashSet::new();
    let mut joined = String::new();
    let mut folded = String::new();
    for run in runs(text).filter(|run| run.kind == Kind::Spaced && run.range.len() >= LONG) {
        fold(&text[run.range], &mut folded);
        let length = folded.chars().count();
        if !(LONG..=LONGEST).contains(&length) || seen.contains(&folded) {
            continue;
        }
        for (at, _) in folded.char_indices().skip(PART).take(length + 1 - 2 * PART) {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(&folded[at..]);
        }
        seen.insert(folded.clone());
    }
    joined
}

/// A word as it is compared: small letters, no accents. As close to SQLite's folding as marking hits needs; what is
/// found, SQLite decides.
pub(crate) fn fold(word: &str, folded: &mut String) {
    folded.clear();
    if word.is_ascii() {
        folded.extend(word.chars().map(|c| c.to_ascii_lowercase()));
    } else {
        folded.extend(word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).nfc());
    }
}

/// Words that must stand one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// As typed, but for the cutting.
    words: Vec<String>,
    /// As they are compared.
    pub(crate) folded: Vec<String>,
    /// How the last word is compared.
    pub(crate) last: Last,
    /// Whether its words are pairs of characters.
    pub(crate) cut: Cut,
}

/// How the words of a phrase came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Between spaces and signs.
    AtSpaces,
    /// Into pairs of characters.
    IntoPairs,
}

/// How the last word of a phrase is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    /// As a whole.
    Whole,
    /// By its beginning.
    Beginning,
}

/// What a query asks for: all of these, the last one by its beginning. Empty when it has no word.
pub(crate) fn phrases(query: &str) -> Vec<Phrase> {
    /// More words than anybody types; a pasted page would be a slow query.
    const MOST: usize = 32;

    let mut phrases: Vec<Phrase> = runs(query)
        .take(MOST)
        .map(|run| {
            let (words, last, cut): (Vec<String>, Last, Cut) = match run.kind {
                Kind::Unspaced => {
                    let mut words: Vec<String> = pairs(query, run.range).map(|word| query[word].to_owned()).collect();
                    if words.len() > 1 {
                        // The single last character is in the index for queries of one character.
                        words.pop();
                    }
                    words.truncate(MOST);
                    // By its beginning: a single character must find the pairs that begin with it.
                    (words, Last::Beginning, Cut::IntoPairs)
                }
                Kind::Spaced | Kind::Between => (vec![query[run.range].to_owned()], Last::Whole, Cut::AtSpaces),
            };
            let folded = words.iter().map(|word| {
                let mut folded = String::new();
                fold(word, &mut folded);
                folded
            });
            Phrase { folded: folded.collect(), words, last, cut }
        })
        .collect();
    if let Some(phrase) = phrases.last_mut() {
        phrase.last = Last::Beginning;
    }
    phrases
}

/// The phrases as FTS5 reads them. Any string is a legal query, since only letters and digits within quotes get here.
pub(crate) fn fts_query(phrases: &[Phrase]) -> String {
    let quoted = phrases.iter().map(|phrase| {
        let star = if phrase.last == Last::Beginning { "*" } else { "" };
        format!("\"{}\"{star}", phrase.words.join(" "))
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, words: &str, query: &str) {
        assert_eq!(indexed(text), words, "{text:?}");
        assert_eq!(fts_query(&phrases(text)), query, "{text:?}");
    }

    #[test]
    fn texts_and_queries_are_cut_alike() {
        check("Hello, world", "Hello world", "\"Hello\" \"world\"*");
        check("你好吗", "你好 好吗 吗", "\"你好 好吗\"*");
        check("好", "好", "\"好\"*");
        check("GPT模型 v4", "GPT 模型 型 v4", "\"GPT\" \"模型\"* \"v4\"*");
        check("カメラを", "カメ メラ ラを を", "\"カメ メラ ラを\"*");
        check("\"OR\" NEAR(* -a:b", "OR NEAR a b", "\"OR\" \"NEAR\" \"a\" \"b\"*");
        check("¿?… \u{0} 🎉", "", "");
    }

    #[test]
    fn case_and_accents_do_not_count() {
        let fold = |word| {
            let mut folded = String::new();
            super::fold(word, &mut folded);
            folded
        };
        assert_eq!(["Café", "CAFE\u{301}", "cafe"].map(fold), ["cafe"; 3]);
        assert_eq!(["ÜBER", "über"].map(fold), ["uber"; 2]);
        assert_eq!(["한국", "ガラ"].map(fold), ["한국", "カラ"]);
    }

    #[test]
    fn a_long_word_is_found_by_what_it_ends_with() {
        let parts = parts("Heizungsanlage heizungsanlage kurz");
        assert!(parts.split(' ').any(|part| part == "anlage"), "{parts}");
        assert_eq!(parts.split(' ').count(), 7, "each once, from the fifth letter to the fourth but last: {parts}");
        assert_eq!(super::parts("你好你好你好你好你好"), "");
    }

    proptest! {
        #[test]
        fn ranges_lie_on_characters_and_in_order(text in "\\PC{0,40}|[a-z一-龥 ]{0,40}") {
            let words: Vec<_> = words(&text).collect();
            for word in &words {
                prop_assert!(text.get(word.clone()).is_some_and(|word| !word.is_empty()));
            }
            prop_assert!(words.windows(2).all(|two| two[0].start < two[1].start));
            prop_assert_eq!(indexed(&text).split_terminator(' ').count(), words.len());
        }
    }
}
