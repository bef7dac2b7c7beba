//! Splits `<think>…</think>` at the beginning of a text off as reasoning. Later tags are words: a model may write about
//! them.

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Thinking,
}

/// The splitter's state over the deltas of one answer.
#[derive(Debug, Default)]
pub(crate) struct ThinkSplitter {
    place: Place,
    /// White space or the beginning of a tag, until it is clear what it is.
    held: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Before,
    /// Right behind the opening tag: line breaks that only set the tag apart are dropped.
    Opened,
    Inside,
    /// Right behind the closing tag, likewise.
    Behind,
    After,
}

const OPENING: &str = "<think>";
const CLOSING: &str = "</think>";

impl ThinkSplitter {
    /// Takes a delta and gives out what is clear.
    pub(crate) fn push(&mut self, delta: &str, mut give: impl FnMut(Kind, &str)) {
        if self.place == Place::After {
            return give(Kind::Text, delta);
        }
        self.held.push_str(delta);
        loop {
            let held = std::mem::take(&mut self.held);
            match self.place {
                Place::Before => {
                    let start = held.trim_start();
                    if let Some(rest) = start.strip_prefix(OPENING) {
                        self.place = Place::Opened;
                        self.held = rest.to_owned();
                        continue;
                    }
                    if OPENING.starts_with(start) {
                        self.held = held;
                        return;
                    }
                    self.place = Place::After;
                    return give(Kind::Text, &held);
                }
                Place::Opened => {
                    let rest = held.trim_start_matches(['\r', '\n']);
                    if rest.is_empty() {
                        return;
                    }
                    self.place = Place::Inside;
                    self.held = rest.to_owned();
                }
                Place::Inside => {
                    if let Some(end) = held.find(CLOSING) {
                        self.place = Place::Behind;
                        self.held = held[end + CLOSING.len()..].to_owned();
                        give_some(&mut give, Kind::Thinking, &held[..end]);
                        continue;
                    }
                    let clear = held.len() - beginning_of_tag(&held);
                    give_some(&mut give, Kind::Thinking, &held[..clear]);
                    self.held = held[clear..].to_owned();
                    return;
                }
                Place::Behind => {
                    let rest = held.trim_start_matches(['\r', '\n']);
                    if !rest.is_empty() {
                        self.place = Place::After;
                        give(Kind::Text, rest);
                    }
                    return;
                }
                Place::After => return give_some(&mut give, Kind::Text, &held),
            }
        }
    }

    /// The text is over: what was held back is given out as it is.
    pub(crate) fn finish(&mut self, mut give: impl FnMut(Kind, &str)) {
        let held = std::mem::take(&mut self.held);
        let kind = if self.place == Place::Inside { Kind::Thinking } else { Kind::Text };
        give_some(&mut give, kind, &held);
    }
}

fn give_some(give: &mut impl FnMut(Kind, &str), kind: Kind, text: &str) {
    if !text.is_empty() {
        give(kind, text);
    }
}

/// How many bytes at the end of the text could begin the closing tag.
fn beginning_of_tag(text: &str) -> usize {
    (1..CLOSING.len()).rev().find(|&length| text.ends_with(&CLOSING[..length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reasoning and the text, when the answer comes in pieces of so many characters.
    fn split(answer: &str, size: usize) -> (String, String) {
        let (mut thinking, mut text) = (String::new(), String::new());
        let mut give = |kind, piece: &str| match kind {
            Kind::Thinking => thinking.push_str(piece),
            Kind::Text => text.push_str(piece),
        };
        let mut splitter = ThinkSplitter::default();
        let characters: Vec<char> = answer.chars().collect();
        for piece in characters.chunks(size) {
            splitter.push(&piece.iter().collect::<String>(), &mut give);
        }
        splitter.finish(&mut give);
        (thinking, text)
    }

    #[test]
    fn only_a_tag_at_the_beginning_is_reasoning_whatever_the_split() {
        for (answer, thinking, text) in [
            ("<think>a < b</think>\n\nyes", "a < b", "yes"),
            ("\n <think>\nhm</think>yes", "hm", "yes"),
            ("<think></think>yes", "", "yes"),
            ("<think>never closed </thin", "never closed </thin", ""),
            ("say <think>a</think>", "", "say <think>a</think>"),
            ("<thinking> is no tag", "", "<thinking> is no tag"),
            ("<th", "", "<th"),
            ("  plain", "", "  plain"),
            ("<think>a</think>b<think>c</think>", "a", "b<think>c</think>"),
            ("", "", ""),
        ] {
            for size in 1..answer.len().max(2) {
                assert_eq!(split(answer, size), (thinking.to_owned(), text.to_owned()), "{answer:?} by {size}");
            }
        }
    }
}
