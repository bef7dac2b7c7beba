//! What a note's text says about itself.

use std::collections::BTreeSet;

use super::front_matter::front_matter;
use super::outline::{Kind, Line, heading_words, lines};
use super::passages::{Passage, passages};

/// A title made from the first line ends at this many characters.
const TITLE_CHARS: usize = 80;

/// More tags than this are no tags.
const MOST_TAGS: usize = 200;

/// Longer tags are none, in characters.
const MOST_TAG_CHARS: usize = 80;

/// What a text says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadNote {
    /// The title: the front matter's, else the first heading of the first level, else the name of its file, else its first
    /// words. Empty where there is not a word.
    pub title: String,
    /// Tags in the front matter and in the text, without `#`, in order, each once.
    pub tags: Vec<String>,
    /// Its passages in order.
    pub passages: Vec<Passage>,
}

/// Reads a text; `file` is the name of its file without the ending.
#[must_use]
pub fn read(text: &str, file: Option<&str>) -> ReadNote {
    let (said, start) = front_matter(text).unwrap_or_default();
    let lines = lines(text, start);
    let mut tags: BTreeSet<String> =
        said.tags.into_iter().filter(|tag| tag.chars().count() <= MOST_TAG_CHARS).collect();
    for line in lines.iter().filter(|line| matches!(line.kind, Kind::Text | Kind::Heading(_))) {
        tags.extend(tags_in(&text[line.range.clone()]));
    }
    let first_heading = lines.iter().find(|line| line.kind == Kind::Heading(1));
    let title = said
        .title
        .or_else(|| first_heading.map(|line| heading_words(&text[line.range.clone()]).to_owned()))
        .or_else(|| file.map(str::to_owned))
        .unwrap_or_else(|| first_words(text, &lines));
    ReadNote { title, tags: tags.into_iter().take(MOST_TAGS).collect(), passages: passages(text, start) }
}

/// The first line with words in it, without signs at its ends.
fn first_words(text: &str, lines: &[Line]) -> String {
    let words = lines.iter().map(|line| text[line.range.clone()].trim_matches(|c: char| !c.is_alphanumeric()));
    let first = words.clone().find(|words| !words.is_empty()).unwrap_or_default();
    match first.char_indices().nth(TITLE_CHARS) {
        None => first.to_owned(),
        Some((end, _)) => {
            let cut = first[..end].rfind(char::is_whitespace).unwrap_or(end);
            format!("{}…", first[..cut].trim_end())
        }
    }
}

/// `#tags` of a line: after a space, of letters, digits, `-`, `_` and `/`, not of digits alone.
fn tags_in(line: &str) -> impl Iterator<Item = String> + '_ {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/');
    line.match_indices('#').filter_map(move |(at, _)| {
        let stands_free = line[..at].chars().next_back().is_none_or(|before| before.is_whitespace() || before == '(');
        let rest = &line[at + 1..];
        let tag = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        let tag = tag.trim_end_matches(['/', '-']);
        let is_tag = stands_free && tag.chars().any(char::is_alphabetic) && tag.chars().count() <= MOST_TAG_CHARS;
        is_tag.then(|| tag.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, file: Option<&str>, title: &str, tags: &[&str]) {
        let note = read(text, file);
        assert_eq!(
            (note.title.as_str(), note.tags.iter().map(String::as_str).collect::<Vec<_>>()),
            (title, tags.to_vec()),
            "{text:?}"
        );
    }

    #[test]
    fn titles_come_from_the_best_place() {
        check("---\ntitle: T\n---\n# H", Some("f"), "T", &[]);
        check("intro\n# H\n", Some("f"), "H", &[]);
        check("## second level\ntext", Some("f"), "f", &[]);
        check("\n> **Buy milk!**\nand bread", None, "Buy milk", &[]);
        check("", None, "", &[]);
        let long = read(&"word ".repeat(40), None).title;
        assert!(long.ends_with("word…") && long.chars().count() <= TITLE_CHARS + 1, "{long}");
    }

    #[test]
    fn tags_are_found_in_text_and_front_matter_but_not_in_code() {
        check(
            "---\ntags: [b]\n---\n#a and (#c/d) x#no #12 # no\n```\n#code\n```\n# Title #e",
            None,
            "Title #e",
            &["a", "b", "c/d", "e"],
        );
        check("#中文 标签", None, "中文 标签", &["中文"]);
    }
}
