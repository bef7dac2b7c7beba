//! Texts as they are spoken: whether there is anything to say, and where a long one is cut.

use parlance_core::synthesis::ColdStart;
use serde_json::Value;

/// Whether a text holds anything that can be spoken. Dashes, dots and spaces alone make no sound, and some services refuse
/// them.
pub(crate) fn has_something_to_say(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Whether enough of a text is written for its first piece to go out.
pub(crate) fn is_enough(text: &str, least: ColdStart) -> bool {
    text.chars().count() >= least.characters && text.split_whitespace().count() >= least.words
}

/// A number as people write it: 1.2, and not 1.2000000476837158.
pub(crate) fn decimal(number: f32) -> Value {
    number.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

/// The characters of a text, for services that do not count them.
pub(crate) fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

/// A text in pieces of at most `most` characters, cut behind the last sentence that fits, else behind the last word.
pub(crate) fn cut(text: &str, most: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((limit, _)) = rest.char_indices().nth(most.max(1)) {
        let (piece, more) = rest.split_at(place_to_cut(&rest[..limit]));
        pieces.push(piece);
        rest = more;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces.retain(|piece| has_something_to_say(piece));
    pieces
}

/// Where a text that goes on is best cut.
fn place_to_cut(text: &str) -> usize {
    let behind =
        |wanted: fn(char) -> bool| text.char_indices().rev().find(|(_, c)| wanted(*c)).map(|(at, c)| at + c.len_utf8());
    behind(ends_sentence).or_else(|| behind(char::is_whitespace)).unwrap_or(text.len())
}

/// Whether a sentence may be over behind this character.
pub(crate) fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '\n' | '。' | '！' | '？' | '；' | '…')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_text_is_cut_between_sentences_else_between_words() {
        assert_eq!(cut("One two. Three four.", 12), ["One two.", " Three four."]);
        assert_eq!(cut("One two three", 9), ["One two ", "three"]);
        assert_eq!(
            cut("你好。今天好吗？", 4),
            ["你好。", "今天好吗", "？"].into_iter().filter(|p| *p != "？").collect::<Vec<_>>()
        );
        assert_eq!(cut("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(cut(" … ", 4), [] as [&str; 0]);
    }

    proptest! {
        #[test]
        fn no_piece_is_too_long_and_no_word_is_lost(text in "[a-d语。. ]{0,60}", most in 1usize..20) {
            let pieces = cut(&text, most);
            prop_assert!(pieces.iter().all(|piece| piece.chars().count() <= most));
            let words = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(words(&pieces.concat()), words(&text));
        }
    }
}
