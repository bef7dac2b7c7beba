//! Headings of a Markdown text, and which lines are code, line by line. No more of Markdown than passages need.

use std::ops::Range;

/// A line of a text, with what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its bytes, the line break included.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing but spaces.
    Blank,
    /// Words.
    Text,
    /// A heading of this level, 1 to 6.
    Heading(u8),
    /// The line under a heading that underlines it.
    Underline,
    /// Code between fences, the fences included.
    Code,
}

/// The lines of `text` from `start` on.
#[must_use]
pub fn lines(text: &str, start: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut at = start;
    let mut fence: Option<(char, usize)> = None;
    for line in text[start..].split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        let opens = fence_of(line);
        let kind = match (fence, opens) {
            (Some((sign, length)), Some((other, longer)))
                if sign == other && longer >= length && is_bare(line, sign) =>
            {
                fence = None;
                Kind::Code
            }
            (Some(_), _) => Kind::Code,
            (None, Some(opened)) => {
                fence = Some(opened);
                Kind::Code
            }
            (None, None) => plain(line, lines.last_mut()),
        };
        lines.push(Line { range, kind });
    }
    lines
}

/// The words of a heading, without its signs.
#[must_use]
pub fn heading_words(line: &str) -> &str {
    line.trim().trim_start_matches('#').trim().trim_end_matches('#').trim_end()
}

fn plain(line: &str, before: Option<&mut Line>) -> Kind {
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return Kind::Blank;
    }
    let level = trimmed.bytes().take_while(|byte| *byte == b'#').count();
    if (1..=6).contains(&level) && line.len() - line.trim_start().len() < 4 {
        let rest = &trimmed[level..];
        if rest.starts_with([' ', '\t']) && !rest.trim().is_empty() {
            return Kind::Heading(u8::try_from(level).unwrap_or(6));
        }
    }
    let underlines = [("=", 1), ("-", 2)];
    let level =
        underlines.iter().find(|(sign, _)| trimmed.len() >= 3 && trimmed.trim_matches(|c| sign.contains(c)).is_empty());
    if let (Some((_, level)), Some(before)) = (level, before)
        && before.kind == Kind::Text
    {
        before.kind = Kind::Heading(*level);
        return Kind::Underline;
    }
    Kind::Text
}

/// The sign and the length of a fence, `None` for any other line.
fn fence_of(line: &str) -> Option<(char, usize)> {
    let trimmed = line.trim_start();
    ['`', '~'].into_iter().find_map(|sign| {
        let length = trimmed.chars().take_while(|c| *c == sign).count();
        // "```inline``` code" is no fence.
        (length >= 3 && !(sign == '`' && trimmed[length..].contains('`'))).then_some((sign, length))
    })
}

fn is_bare(line: &str, sign: char) -> bool {
    line.trim().trim_start_matches(sign).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, kinds: &[Kind]) {
        let lines = lines(text, 0);
        assert_eq!(lines.iter().map(|line| line.kind).collect::<Vec<_>>(), kinds, "{text:?}");
        assert!(lines.iter().map(|line| &text[line.range.clone()]).collect::<String>() == text);
    }

    #[test]
    fn headings_and_code_are_told_apart() {
        use Kind::{Blank, Code, Heading, Text, Underline};
        check("# One\n\ntext\n## Two ##\n", &[Heading(1), Blank, Text, Heading(2)]);
        check("Title\n=====\nUnder\n---\n", &[Heading(1), Underline, Heading(2), Underline]);
        check("#tag\n#\n####### seven\n", &[Text, Text, Text]);
        check("```sh\n# no heading\n~~~\n```\n# yes\n", &[Code, Code, Code, Code, Heading(1)]);
        check("````\n```\n````\nx", &[Code, Code, Code, Text]);
        check("~~~\nnever closed\n# x", &[Code, Code, Code]);
        check("", &[]);
        check("\n---\ntext", &[Blank, Text, Text]);
    }
}
