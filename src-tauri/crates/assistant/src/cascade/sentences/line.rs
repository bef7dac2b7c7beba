//! What a line is, by how it begins.

use super::Extent;

/// So many bytes at the beginning of a line decide what it is.
const LOOK_AHEAD: usize = 120;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Nothing; so many bytes of it with its end.
    Blank(usize),
    /// It begins a program, which a fence of so many of these characters ends. `whole` bytes are looked at.
    Fence { fence: char, length: usize, whole: usize },
    /// A row of a table.
    Row,
    /// It is for the eye: a rule, the rule below a table's head, an address that a link refers to.
    Silent,
    /// A heading.
    Heading,
    /// An item of a list, whose mark is so many bytes long.
    Item(usize),
    /// Prose, which may go on from the line before.
    Prose,
}

impl Line {
    /// What the line that begins here is; `None` where more of it decides that.
    pub(super) fn of(rest: &str, extent: Extent) -> Option<Self> {
        let line_end = rest.find('\n');
        let is_whole = line_end.is_some() || extent == Extent::All;
        let line = &rest[..line_end.unwrap_or(rest.len())];
        let is_known = is_whole || line.len() >= LOOK_AHEAD;
        let inner = line.trim_start_matches([' ', '\t', '>']);
        let indent = line.len() - inner.len();
        let Some(first) = inner.chars().next() else {
            return match line_end {
                Some(end) => Some(Self::Blank(end + 1)),
                None => is_known.then_some(Self::Blank(line.len())),
            };
        };
        match first {
            '`' | '~' => {
                let length = inner.chars().take_while(|at| *at == first).count();
                if length < 3 && length < inner.len() {
                    return Some(Self::Prose);
                }
                // The fence's own line is read whole: its next one may close it.
                let whole = line_end.map(|end| end + 1).or((extent == Extent::All).then_some(rest.len()))?;
                Some(if length < 3 { Self::Prose } else { Self::Fence { fence: first, length, whole } })
            }
            '|' => {
                let rule = |line: &str| line.chars().all(|at| matches!(at, '|' | '-' | ':' | ' ' | '\t' | '\r'));
                match inner.chars().find(|at| !matches!(at, '|' | '-' | ':' | ' ' | '\t' | '\r')) {
                    Some(_) => Some(Self::Row),
                    None => is_known.then(|| if rule(inner) { Self::Silent } else { Self::Row }),
                }
            }
            '#' => {
                let after = inner.trim_start_matches('#');
                if after.is_empty() && !is_known {
                    return None;
                }
                let is_heading = inner.len() - after.len() <= 6 && (after.is_empty() || after.starts_with([' ', '\t']));
                Some(if is_heading { Self::Heading } else { Self::Prose })
            }
            '-' | '*' | '_' | '+' | '=' => bullet_or_rule(inner, first, indent, is_known),
            '[' => match inner.find(']') {
                Some(end) => match inner[end + 1..].chars().next() {
                    Some(':') => Some(Self::Silent),
                    Some(_) => Some(Self::Prose),
                    None => is_known.then_some(Self::Prose),
                },
                None => is_known.then_some(Self::Prose),
            },
            '0'..='9' => {
                let after = inner.trim_start_matches(|at: char| at.is_ascii_digit());
                let digits = inner.len() - after.len();
                let mut next = after.chars();
                match (next.next(), next.next()) {
                    _ if digits > 9 => Some(Self::Prose),
                    (Some('.' | ')'), Some(' ' | '\t')) => Some(Self::Item(indent + digits + 2)),
                    (Some('.' | ')'), None) | (None, _) if !is_known => None,
                    _ => Some(Self::Prose),
                }
            }
            '•' | '◦' | '▪' => Some(Self::Item(indent + first.len_utf8())),
            _ => Some(Self::Prose),
        }
    }
}

/// A line that begins with a mark which makes items, rules and emphasis.
fn bullet_or_rule(inner: &str, first: char, indent: usize, is_known: bool) -> Option<Line> {
    let is_rule = |at: char| at == first || matches!(at, ' ' | '\t' | '\r');
    let is_bullet = matches!(first, '-' | '*' | '+') && inner[1..].starts_with([' ', '\t']);
    let other = inner.chars().find(|at| !is_rule(*at));
    match other {
        Some(_) if is_bullet => Some(Line::Item(indent + 2)),
        Some(_) => Some(Line::Prose),
        None if !is_known => None,
        None if inner.chars().filter(|at| *at == first).count() >= 3 && first != '+' => Some(Line::Silent),
        None if is_bullet => Some(Line::Item(indent + 2)),
        None => Some(Line::Prose),
    }
}

/// Whether a line closes a program that was opened by so many of these.
pub(super) fn closes_fence(line: &str, fence: char, length: usize) -> bool {
    let line = line.trim_matches([' ', '\t', '>', '\n', '\r']);
    line.chars().all(|at| at == fence) && line.chars().count() >= length
}
