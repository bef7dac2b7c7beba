//! A text cut into passages: along headings, then paragraphs, then sentences, and inside a sentence only where it alone is
//! too long. Every word of the text lies in exactly one passage.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::outline::{Kind, Line, heading_words, lines};

/// Which rules these are. Another number has every note divided anew.
pub const RULES: i64 = 1;

/// A passage is about this heavy: some 250 tokens, which the model on this computer reads at once.
const WANTED: usize = 1_000;

/// A last piece lighter than this joins the one before it.
const SMALL: usize = 200;

/// A passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Its bytes in the text; begins and ends with something that is no space.
    pub range: Range<usize>,
    /// The headings above it, outermost first.
    pub heading: Vec<String>,
}

/// What is embedded of a passage: without the title and the headings, "We decided to wait" says nothing.
#[must_use]
pub fn embedded(title: &str, heading: &[String], text: &str) -> String {
    let above = heading.iter().map(String::as_str).filter(|heading| *heading != title);
    let mut whole: String =
        std::iter::once(title).chain(above).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" > ");
    whole.push('\n');
    whole.push_str(text);
    whole
}

/// Stands for all that is embedded of a passage: the same words under the same headings have the same one.
#[must_use]
pub fn hash(title: &str, heading: &[String], text: &str) -> [u8; 16] {
    let digest = Sha256::digest(embedded(title, heading, text));
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest[..16]);
    hash
}

/// The passages of `text` from `start` on.
#[must_use]
pub fn passages(text: &str, start: usize) -> Vec<Passage> {
    let lines = lines(text, start);
    let mut passages = Vec::new();
    let mut heading: Vec<(u8, String)> = Vec::new();
    for section in sections(&lines) {
        for line in section.iter() {
            if let Kind::Heading(level) = line.kind {
                heading.retain(|(above, _)| *above < level);
                heading.push((level, heading_words(&text[line.range.clone()]).to_owned()));
            }
        }
        let above: Vec<String> = heading.iter().map(|(_, words)| words.clone()).collect();
        for range in packed(text, &blocks(text, section)) {
            passages.push(Passage { range, heading: above.clone() });
        }
    }
    passages
}

/// Each heading with what stands under it. Headings with nothing under them belong to the next one, so that none stands
/// alone.
fn sections(lines: &[Line]) -> Vec<&[Line]> {
    let mut sections = Vec::new();
    let (mut begin, mut has_words) = (0, false);
    for (at, line) in lines.iter().enumerate() {
        match line.kind {
            Kind::Heading(_) if has_words => {
                sections.push(&lines[begin..at]);
                (begin, has_words) = (at, false);
            }
            Kind::Text | Kind::Code => has_words = true,
            Kind::Blank | Kind::Underline | Kind::Heading(_) => {}
        }
    }
    sections.push(&lines[begin..]);
    sections
}

/// The paragraphs of a section; a heading belongs to the first one. None of them is too heavy for one passage, if a space
/// or the end of a sentence can help it.
fn blocks(text: &str, section: &[Line]) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut open: Option<Range<usize>> = None;
    let mut only_heading = false;
    for line in section {
        match line.kind {
            Kind::Blank if only_heading => {}
            Kind::Blank => blocks.extend(open.take()),
            Kind::Heading(_) | Kind::Underline => {
                only_heading |= open.is_none();
                open = Some(open.map_or(line.range.clone(), |block| block.start..line.range.end));
            }
            Kind::Text | Kind::Code => {
                only_heading = false;
                open = Some(open.map_or(line.range.clone(), |block| block.start..line.range.end));
            }
        }
    }
    blocks.extend(open);
    blocks.into_iter().flat_map(|block| halved(text, trimmed(text, block))).filter(|block| !block.is_empty()).collect()
}

/// Cuts what is too heavy: at lines, else at the ends of sentences, else at spaces, else anywhere.
fn halved(text: &str, block: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut rest = block;
    while weight(&text[rest.clone()]) > WANTED {
        let end = rest.start + reach(&text[rest.clone()]);
        let cut = rest.start + cut(&text[rest.start..end]);
        pieces.push(trimmed(text, rest.start..cut));
        rest = cut..rest.end;
    }
    pieces.push(trimmed(text, rest));
    pieces
}

/// How many bytes of a text weigh as much as a passage may.
fn reach(text: &str) -> usize {
    let mut left = WANTED;
    for (at, c) in text.char_indices() {
        match left.checked_sub(weight_of(c)) {
            Some(less) => left = less,
            None => return at.max(c.len_utf8()),
        }
    }
    text.len()
}

/// Where a text that must end here is best cut, from its second half on.
fn cut(text: &str) -> usize {
    let half = text.floor_char_boundary(text.len() / 2);
    let back = || text[half..].char_indices().rev().map(|(at, c)| (half + at + c.len_utf8(), c));
    let sentence = || {
        back().find(|(after, c)| match c {
            '。' | '！' | '？' | '；' => true,
            '.' | '!' | '?' | ';' => text[*after..].chars().next().is_none_or(char::is_whitespace),
            _ => false,
        })
    };
    let line = back().find(|(_, c)| *c == '\n');
    let space = || back().find(|(_, c)| c.is_whitespace());
    line.or_else(sentence).or_else(space).map_or(text.len(), |(after, _)| after)
}

/// Neighbouring blocks together, as long as they are light enough.
fn packed(text: &str, blocks: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut packed: Vec<(Range<usize>, usize)> = Vec::new();
    for block in blocks {
        let own = weight(&text[block.clone()]);
        match packed.last_mut() {
            Some((last, heavy)) if *heavy + own <= WANTED => {
                last.end = block.end;
                *heavy += own;
            }
            _ => packed.push((block.clone(), own)),
        }
    }
    if let [.., (before, heavy), (last, light)] = &mut packed[..]
        && *light < SMALL
        && *heavy + *light <= WANTED + SMALL
    {
        before.end = last.end;
        packed.pop();
    }
    packed.into_iter().map(|(range, _)| range).collect()
}

/// About how many letters of English a text is worth: models read a Chinese character as they read four of those.
fn weight(text: &str) -> usize {
    text.chars().map(weight_of).sum()
}

fn weight_of(c: char) -> usize {
    match c {
        '\u{0}'..='\u{2ff}' => 1,
        '\u{300}'..='\u{10ff}' => 2,
        _ => 4,
    }
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + (inner.len() - inner.trim_start().len());
    start..start + inner.trim().len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&[&str], &str)]) {
        let found = passages(text, 0);
        let found: Vec<(Vec<&str>, &str)> = found
            .iter()
            .map(|one| (one.heading.iter().map(String::as_str).collect(), &text[one.range.clone()]))
            .collect();
        let expected: Vec<(Vec<&str>, &str)> =
            expected.iter().map(|(heading, text)| (heading.to_vec(), *text)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn passages_follow_headings() {
        check(
            "Before.\n\n# House\n\n## Heating\n\nWe wait.\n\nUntil May.\n\n## Roof\nRed.\n# Garden\nApples",
            &[
                (&[], "Before."),
                (&["House", "Heating"], "# House\n\n## Heating\n\nWe wait.\n\nUntil May."),
                (&["House", "Roof"], "## Roof\nRed."),
                (&["Garden"], "# Garden\nApples"),
            ],
        );
        check("# Only a heading\n", &[(&["Only a heading"], "# Only a heading")]);
        check(" \n\n", &[]);
    }

    #[test]
    fn long_texts_are_cut_between_paragraphs_then_between_sentences() {
        let paragraph = format!("{}.\n\n", "word ".repeat(110).trim_end());
        let text = paragraph.repeat(5);
        assert_eq!(passages(&text, 0).len(), 5, "two of 550 are more than one may weigh");
        let short = "A sentence of some words. ".repeat(200);
        for passage in passages(&short, 0) {
            assert!(short[passage.range.clone()].ends_with('.'), "{passage:?}");
            assert!(passage.range.len() <= WANTED + SMALL);
        }
        let chinese = "我们决定等到五月。".repeat(200);
        for passage in passages(&chinese, 0) {
            assert!(chinese[passage.range.clone()].ends_with('。'));
            assert!(passage.range.len() / 3 <= WANTED / 4);
        }
        assert_eq!(passages(&"x".repeat(10_000), 0).len(), 10);
    }

    #[test]
    fn a_change_leaves_the_passages_of_other_headings_as_they_were() {
        let note = |third: &str| {
            (0..20)
                .map(|n| {
                    format!(
                        "## Part {n}\n\n{}\n\n",
                        if n == 3 { third.repeat(300) } else { format!("text of {n}. ").repeat(150) }
                    )
                })
                .collect::<String>()
        };
        let hashes = |text: &str| {
            passages(text, 0).iter().map(|one| hash("t", &one.heading, &text[one.range.clone()])).collect::<Vec<_>>()
        };
        let (before, after) = (hashes(&note("old. ")), hashes(&note("newer. ")));
        let fresh = after.iter().filter(|hash| !before.contains(hash)).count();
        assert!((1..=4).contains(&fresh), "{fresh} of {}", after.len());
    }

    proptest! {
        #[test]
        fn every_word_lies_in_exactly_one_passage(text in "([a-zé好。. #`=\n-]|\\PC){0,3000}") {
            let mut at = 0;
            for passage in passages(&text, 0) {
                prop_assert!(passage.range.start >= at && passage.range.end > passage.range.start);
                prop_assert!(text[at..passage.range.start].trim().is_empty(), "between passages");
                let inner = &text[passage.range.clone()];
                prop_assert_eq!(inner.trim(), inner);
                prop_assert!(weight(inner) <= WANTED + SMALL + inner.chars().filter(|c| c.is_whitespace()).count() * 4 + 4 * 100);
                at = passage.range.end;
            }
            prop_assert!(text[at..].trim().is_empty(), "at the end");
        }
    }
}
