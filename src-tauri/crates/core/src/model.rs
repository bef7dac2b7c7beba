//! What a model is and can do, as a value: windows are drawn from it, nobody asks for a model's name to know what it can.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A model as its provider lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// As the provider names it in requests.
    pub id: String,
    /// For people; `None` where the provider gives only the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many tokens it reads, prompt and answer together; `None` where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
    /// The longest answer in tokens; `None` where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// What it costs; `None` where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Capabilities,
}

impl ModelInfo {
    /// A model of which nothing but its id is known.
    pub fn named(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            context_tokens: None,
            output_tokens: None,
            price: None,
            capabilities: Capabilities::default(),
        }
    }
}

/// What tokens cost, in millionths of a US dollar for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer, its reasoning included.
    pub output: u64,
}

/// Something that a model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Answers messages.
    Chat,
    /// Reads pictures.
    Images,
    /// Hears sound in messages.
    Audio,
    /// Sees moving pictures.
    Video,
    /// Asks for tools.
    Tools,
    /// Reasons before it answers.
    Reasoning,
    /// Keeps to a JSON schema.
    Structured,
    /// Listens and speaks over an open connection.
    Realtime,
    /// Turns text into speech.
    Speech,
    /// Turns speech into text.
    Transcription,
    /// Turns text into vectors.
    Embedding,
    /// Does something else that Parlance has no use for: draws, judges, ranks.
    Other,
}

impl Mark {
    /// All of them with their names, in the order of their numbers.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::Chat, "chat"),
        (Self::Images, "images"),
        (Self::Audio, "audio"),
        (Self::Video, "video"),
        (Self::Tools, "tools"),
        (Self::Reasoning, "reasoning"),
        (Self::Structured, "structured"),
        (Self::Realtime, "realtime"),
        (Self::Speech, "speech"),
        (Self::Transcription, "transcription"),
        (Self::Embedding, "embedding"),
        (Self::Other, "other"),
    ];

    /// The mark of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(mark, _)| *mark)
    }
}

/// What is said of what a model can do. In JSON: the names of marks to yes or no, without those that nobody speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// In the order of [`Mark`]; `None` where nobody says.
    said: [Option<bool>; Mark::ALL.len()],
}

impl Capabilities {
    /// Says whether a model can do something.
    pub fn say(&mut self, mark: Mark, can: bool) {
        self.said[mark as usize] = Some(can);
    }

    /// What is said about one thing; `None` where nobody says.
    #[must_use]
    pub fn said(&self, mark: Mark) -> Option<bool> {
        self.said[mark as usize]
    }

    /// Whether it is known to be able to do something.
    #[must_use]
    pub fn can(&self, mark: Mark) -> bool {
        self.said(mark) == Some(true)
    }

    /// What it is known to be able to do, in the order of [`Mark`].
    pub fn marks(&self) -> impl Iterator<Item = Mark> {
        Mark::ALL.into_iter().map(|(mark, _)| mark).filter(|mark| self.can(*mark))
    }

    /// The same, with what another says where nothing was said.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { said: std::array::from_fn(|at| self.said[at].or(other.said[at])) }
    }

    /// Whether it may be asked to answer messages: it is known to, or nothing else is known of it.
    #[must_use]
    pub fn may_chat(&self) -> bool {
        let else_known = [Mark::Realtime, Mark::Speech, Mark::Transcription, Mark::Embedding, Mark::Other];
        self.can(Mark::Chat) || !else_known.into_iter().any(|mark| self.can(mark))
    }
}

impl Serialize for Capabilities {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_map(Mark::ALL.iter().filter_map(|(mark, name)| Some((name, self.said(*mark)?))))
    }
}

impl<'de> Deserialize<'de> for Capabilities {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let mut all = Self::default();
        // Another version's marks are none of ours.
        for (name, can) in BTreeMap::<String, bool>::deserialize(input)? {
            if let Some(mark) = Mark::named(&name) {
                all.say(mark, can);
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn can(marks: &[Mark]) -> Capabilities {
        let mut all = Capabilities::default();
        marks.iter().for_each(|mark| all.say(*mark, true));
        all
    }

    #[test]
    fn a_model_of_which_nothing_is_known_may_be_asked_and_one_that_does_something_else_may_not() {
        assert!(Capabilities::default().may_chat());
        assert!(can(&[Mark::Chat, Mark::Speech]).may_chat());
        assert!(!can(&[Mark::Embedding]).may_chat());
        assert!(!can(&[Mark::Other, Mark::Images]).may_chat());
    }

    #[test]
    fn marks_have_the_numbers_of_their_places() {
        for (at, (mark, name)) in Mark::ALL.iter().enumerate() {
            assert_eq!((*mark as usize, Mark::named(name)), (at, Some(*mark)));
        }
        assert_eq!(Mark::named("dreams"), None);
    }

    #[test]
    fn no_and_silence_are_told_apart_in_json_too() {
        let mut all = can(&[Mark::Chat]);
        all.say(Mark::Tools, false);
        assert_eq!(all.marks().collect::<Vec<_>>(), [Mark::Chat]);
        assert_eq!(json!(all), json!({"chat": true, "tools": false}));
        let read = serde_json::from_value(json!({"chat": true, "tools": false, "dreams": true}));
        assert_eq!(read.ok(), Some(all));
    }
}
