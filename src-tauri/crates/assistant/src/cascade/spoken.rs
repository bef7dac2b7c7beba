//! What is said of a piece of Markdown: its words, without marks, programs, addresses and pictures of feelings.

use super::sentences::{Kind, Piece};

/// What is said of a piece; empty where nothing is.
#[must_use]
pub fn spoken(piece: &Piece) -> String {
    let mut said = match piece.kind {
        Kind::Silent => String::new(),
        Kind::Prose => inline(unmarked(&piece.text)),
        Kind::Row => {
            let cells = piece.text.trim().trim_matches('|').split('|').map(inline);
            cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(", ")
        }
    };
    if !said.chars().any(char::is_alphanumeric) {
        return String::new();
    }
    // An item, a heading or a row is a sentence to the ear.
    let ends_line = piece.kind == Kind::Row || piece.text.ends_with('\n') || is_marked(&piece.text);
    if ends_line && said.ends_with(char::is_alphanumeric) {
        said.push(if said.chars().any(is_wide) { '。' } else { '.' });
    }
    said
}

fn is_wide(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

fn is_marked(text: &str) -> bool {
    unmarked(text).len() < text.trim_start().len()
}

/// Without the mark of a heading, a quotation, an item or a task. The number of an item is said.
fn unmarked(text: &str) -> &str {
    let mut text = text.trim_start();
    for mark in [">", "#", "- ", "* ", "+ ", "• ", "[ ] ", "[x] ", "[X] "] {
        let single = mark == ">" || mark == "#";
        while let Some(rest) = text.strip_prefix(mark) {
            text = rest.trim_start();
            if !single {
                break;
            }
        }
    }
    text
}

/// The words of a line.
fn inline(text: &str) -> String {
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        let before = said.chars().next_back();
        rest = match character {
            '\\' if after.starts_with(|at: char| at.is_ascii_punctuation()) => {
                said.push_str(&after[..1]);
                &after[1..]
            }
            '!' if after.starts_with('[') => after,
            '[' => match link(after) {
                Some((words, rest)) => {
                    said.push_str(&inline(words));
                    rest
                }
                None => after,
            },
            ']' | '`' => after,
            '<' if after.starts_with(|at: char| at.is_ascii_alphabetic() || at == '/') => {
                let Some((tag, rest)) = after.split_once('>') else { break };
                match host(tag) {
                    Some((host, _)) => said.push_str(host),
                    None => push_space(&mut said),
                }
                rest
            }
            '*' | '~' if is_emphasis(character, before, after) => after,
            '_' if !(before.is_some_and(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric)) => after,
            'h' if before.is_none_or(|at| !at.is_alphanumeric()) && host(rest).is_some() => match host(rest) {
                Some((host, rest)) => {
                    said.push_str(host);
                    rest
                }
                None => after,
            },
            '&' => match entity(after) {
                Some((meant, rest)) => {
                    said.push(meant);
                    rest
                }
                None => {
                    said.push('&');
                    after
                }
            },
            _ if is_picture(character) => after,
            _ if character.is_whitespace() => {
                push_space(&mut said);
                after
            }
            _ => {
                // What a picture stood before is not left alone with its space.
                if matches!(character, '.' | ',' | '!' | '?')
                    && said.ends_with(' ')
                    && !after.starts_with(char::is_alphanumeric)
                {
                    said.pop();
                }
                said.push(character);
                after
            }
        };
    }
    said.trim().to_owned()
}

fn push_space(said: &mut String) {
    if !said.is_empty() && !said.ends_with(' ') {
        said.push(' ');
    }
}

/// A star between spaces, or between numbers, is a sign; elsewhere it is emphasis.
fn is_emphasis(character: char, before: Option<char>, after: &str) -> bool {
    let next = after.chars().next();
    let is_between = |is: fn(char) -> bool| before.is_some_and(is) && next.is_some_and(is);
    match character {
        '~' => next == Some('~') || after.is_empty() || !next.is_some_and(|at| at.is_ascii_digit()),
        _ => !is_between(char::is_whitespace) && !is_between(|at| at.is_ascii_digit()),
    }
}

/// The words of a link that was opened, and what follows it. A footnote has none.
fn link(after: &str) -> Option<(&str, &str)> {
    let mut depth = 1_u32;
    let end = after.char_indices().find(|(_, at)| {
        depth = match at {
            '[' => depth + 1,
            ']' => depth - 1,
            _ => depth,
        };
        depth == 0
    });
    let (end, _) = end?;
    let (words, rest) = (&after[..end], &after[end + 1..]);
    let rest = match rest.strip_prefix('(') {
        Some(address) => address.find(')').map_or(rest, |end| &address[end + 1..]),
        None => rest,
    };
    Some((if words.starts_with('^') { "" } else { words }, rest))
}

/// The host of an address, and what follows the address.
fn host(text: &str) -> Option<(&str, &str)> {
    let address = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let is_end =
        |at: char| at.is_whitespace() || is_wide(at) || matches!(at, ')' | '>' | '<' | '"' | '”' | '，' | '。');
    let end = address.find(is_end).unwrap_or(address.len());
    let (address, _) = (address[..end].trim_end_matches(['.', ',', '!', '?', ';', ':']), ());
    let host = address.split(['/', '?', '#', ':']).next().filter(|host| !host.is_empty())?;
    let rest = &text[text.len() - text.split_once("://")?.1.len() + address.len()..];
    Some((host.strip_prefix("www.").unwrap_or(host), rest))
}

fn entity(after: &str) -> Option<(char, &str)> {
    [("amp;", '&'), ("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("nbsp;", ' '), ("#39;", '\'')]
        .into_iter()
        .find_map(|(name, meant)| after.strip_prefix(name).map(|rest| (meant, rest)))
}

/// Emoji, arrows and their joiners.
fn is_picture(character: char) -> bool {
    matches!(
        character,
        '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2190}'..='\u{21ff}' | '\u{2b00}'..='\u{2bff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{200d}' | '\u{20e3}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::super::sentences::Sentences;
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let mut sentences = Sentences::default();
        let mut pieces = sentences.push(text);
        pieces.extend(sentences.finish());
        pieces.iter().map(spoken).filter(|said| !said.is_empty()).collect()
    }

    #[test]
    fn words_are_said_and_marks_are_not() {
        for (text, expected) in [
            ("**Bold** and *thin* and ~~gone~~ `code`.", &["Bold and thin and gone code."][..]),
            ("# A title\ntext", &["A title.", "text"]),
            ("- [x] eggs\n- milk\n", &["eggs.", "milk."]),
            ("1. Open it\n2. Eat", &["1. Open it.", "2. Eat"]),
            ("See [the page](https://a.b/c_d?e=f) now.", &["See the page now."]),
            ("At https://www.example.com/a/b?c=d, or <http://x.org>.", &["At example.com, or x.org."]),
            ("Here:\n```rust\nfn main() {}\n```\nDone.", &["Here:", "Done."]),
            ("| a | b |\n|---|---|\n| 1 | **2** |\n", &["a, b.", "1, 2."]),
            ("Good 🎉! Yes 👍🏽.", &["Good!", "Yes."]),
            ("So it is[^1].\n\n[^1]: There.", &["So it is."]),
            ("2 * 3 and 2*3 and snake_case and _this_.", &["2 * 3 and 2*3 and snake_case and this."]),
            ("a &amp; b \\*c\\*", &["a & b *c*"]),
            ("![a cat](cat.png)", &["a cat"]),
            ("- 第一\n- 第二\n", &["第一。", "第二。"]),
            ("---\n***\n🎉\n", &[]),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }
}
