//! The block between two lines of `---` at the top of a Markdown file, as far as notes need it: `title` and `tags`.
//!
//! Not a reader of YAML: it takes what Obsidian, Joplin, Hugo and people write there (a word, a quoted text, a list in one
//! line or in several) and passes over everything else.

use std::ops::Range;

/// A longer block is text.
const MOST_BYTES: usize = 64 * 1024;

/// What such a block says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FrontMatter {
    /// The title, `None` where there is none.
    pub title: Option<String>,
    /// The tags as they are written, without `#`.
    pub tags: Vec<String>,
}

/// Reads the block at the top; what it says and where the text behind it begins. `None` where there is none.
#[must_use]
pub fn front_matter(text: &str) -> Option<(FrontMatter, usize)> {
    let (inner, end) = block(text)?;
    let mut said = FrontMatter::default();
    let mut lines = text[inner].lines().peekable();
    while let Some(line) = lines.next() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match key.trim_end().to_ascii_lowercase().as_str() {
            "title" => said.title = Some(unquoted(value).to_owned()).filter(|title| !title.is_empty()),
            "tags" | "tag" | "keywords" if value.is_empty() => {
                while let Some(item) = lines.next_if(|line| is_item(line)) {
                    said.tags.extend(tag(item.trim_start().trim_start_matches('-')));
                }
            }
            "tags" | "tag" | "keywords" => {
                let list = value.trim_start_matches('[').trim_end_matches(']');
                // Tags hold no spaces, so a list without commas is one with spaces.
                let separator: &[char] = if list.contains(',') { &[','] } else { &[' '] };
                said.tags.extend(list.split(separator).filter_map(tag));
            }
            _ => {}
        }
    }
    Some((said, end))
}

/// What stands between the two lines, and where the second one ends.
fn block(text: &str) -> Option<(Range<usize>, usize)> {
    let after = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut at = text.len() - after.len();
    let first = after.split_inclusive('\n').next()?;
    if first.trim_end() != "---" || !first.ends_with('\n') {
        return None;
    }
    at += first.len();
    let start = at;
    for line in text[start..].split_inclusive('\n') {
        if at - start > MOST_BYTES {
            return None;
        }
        if matches!(line.trim_end(), "---" | "...") {
            return Some((start..at, at + line.len()));
        }
        at += line.len();
    }
    None
}

fn is_item(line: &str) -> bool {
    line.trim_start().starts_with('-')
}

fn tag(written: &str) -> Option<String> {
    let tag = unquoted(written.trim()).trim_start_matches('#').trim();
    (!tag.is_empty()).then(|| tag.to_owned())
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, title: Option<&str>, tags: &[&str], rest: &str) {
        let (said, end) = front_matter(text).unwrap();
        assert_eq!(
            (said.title.as_deref(), &said.tags[..], &text[end..]),
            (title, &tags.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>()[..], rest)
        );
    }

    #[test]
    fn title_and_tags_are_read_as_people_write_them() {
        check("---\ntitle: Heating\ntags: [house, \"warm\"]\n---\nText", Some("Heating"), &["house", "warm"], "Text");
        check(
            "---\r\nTitle: \"A: b\"\r\ntags:\r\n  - one\r\n  - '#two'\r\ndate: 2024-01-01\r\n---\r\n",
            Some("A: b"),
            &["one", "two"],
            "",
        );
        check("---\ntags: one two\n...\nx", None, &["one", "two"], "x");
        check("\u{feff}---\ntitle: 暖气\n---\n正文", Some("暖气"), &[], "正文");
        check("---\n---\n", None, &[], "");
    }

    #[test]
    fn a_line_of_dashes_alone_begins_nothing() {
        for text in ["", "---", "--- \nno end", "text\n---\ntitle: x\n---\n", "----\ntitle: x\n----\n"] {
            assert_eq!(front_matter(text), None, "{text:?}");
        }
    }
}
