//! The marks that end sentences, and full stops that end none.

/// What a mark may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A clause, where the sentence is long.
    Comma,
    /// A sentence, a word that is cut short, or the whole part of a number.
    Stop,
    /// A sentence, or a pause in it.
    Dots,
    /// A sentence.
    Strong,
    /// A sentence, without a space after it.
    Wide,
}

impl Mark {
    /// Two of them side by side.
    pub(super) fn with(self, more: Self) -> Self {
        match (self, more) {
            (Self::Wide, _) | (_, Self::Wide) => Self::Wide,
            (Self::Strong, _) | (_, Self::Strong) => Self::Strong,
            _ => Self::Dots,
        }
    }
}

/// What a character may end, after the one `before` it.
pub(super) fn mark(character: char, before: Option<char>) -> Option<Mark> {
    Some(match character {
        '。' | '！' | '？' | '；' | '｡' => Mark::Wide,
        '!' | '?' | '‽' => Mark::Strong,
        '.' if before == Some('.') => Mark::Dots,
        '.' => Mark::Stop,
        '…' => Mark::Dots,
        // The Devanagari, Arabic and Urdu ones.
        '।' | '؟' | '۔' => Mark::Strong,
        ',' | ';' | ':' | '—' | '–' | '，' | '：' | '、' => Mark::Comma,
        _ => return None,
    })
}

/// Whether a character after the mark still belongs to the sentence.
pub(super) fn closes(character: char) -> bool {
    matches!(
        character,
        '"' | '\'' | '”' | '’' | '»' | '›' | ')' | ']' | '}' | '）' | '】' | '」' | '』' | '》' | '*' | '_' | '~'
    )
}

/// How long a character takes to say, in letters.
pub(super) fn weight(character: char) -> usize {
    match character {
        '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7af}' => 2,
        '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => 3,
        _ => 1,
    }
}

/// Cut short, and what follows belongs to them. In lower case; those with stops within are found by them.
const BEFORE_NAMES: [&str; 27] = [
    "mr", "mrs", "ms", "mx", "dr", "prof", "st", "sr", "sra", "gen", "col", "capt", "lt", "sgt", "rev", "hon", "gov",
    "sen", "rep", "mt", "ft", "vs", "cf", "e.g", "i.e", "approx", "esp",
];
/// Cut short before a number.
const BEFORE_NUMBERS: [&str; 24] = [
    "no", "nos", "fig", "figs", "eq", "sec", "ch", "vol", "p", "pp", "art", "op", "ca", "jan", "feb", "mar", "apr",
    "jun", "jul", "aug", "sep", "sept", "oct", "nov",
];

/// Whether the full stop after `said` belongs to its last word alone, when `next` follows it.
pub(super) fn ends_with_word(said: &str, next: char) -> bool {
    let begin = said.char_indices().rev().take_while(|(_, at)| at.is_alphanumeric() || *at == '.').last();
    let Some((begin, first)) = begin else { return false };
    let word = &said[begin..];
    // An initial, but for the word “I”.
    if word.len() == first.len_utf8() && first.is_uppercase() {
        return word != "I" && next.is_uppercase();
    }
    let is = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(word));
    is(&BEFORE_NAMES) || (next.is_ascii_digit() && (is(&BEFORE_NUMBERS) || word.eq_ignore_ascii_case("dec")))
}
