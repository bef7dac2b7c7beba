//! The models a server has, and one page of them.

use serde::{Deserialize, Serialize};

/// A model in the lists of a server. In JSON a bare name will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "NameOrModel")]
pub struct Model {
    /// What requests call it.
    pub name: String,
    /// The most tokens of a prompt.
    pub context_tokens: u64,
    /// The most tokens of an answer.
    pub output_tokens: u64,
    /// What it can do beside words; protocols whose lists say nothing about it leave it out.
    pub can: Vec<Ability>,
}

/// What a model can do beside words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Call tools.
    Tools,
    /// Think before it answers.
    Thinking,
    /// See pictures.
    Images,
    /// Hear.
    Audio,
    /// Answer in a shape.
    Structured,
}

impl Model {
    /// A model of this name with room for 128,000 tokens and every ability.
    #[must_use]
    pub fn named(name: &str) -> Self {
        use Ability::{Audio, Images, Structured, Thinking, Tools};
        Self {
            name: name.into(),
            context_tokens: 128_000,
            output_tokens: 8192,
            can: vec![Tools, Thinking, Images, Audio, Structured],
        }
    }

    pub(crate) fn has(&self, ability: Ability) -> bool {
        self.can.contains(&ability)
    }
}

impl From<&str> for Model {
    fn from(name: &str) -> Self {
        Self::named(name)
    }
}

impl From<String> for Model {
    fn from(name: String) -> Self {
        Self::named(&name)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NameOrModel {
    Name(String),
    Model {
        name: String,
        #[serde(default)]
        context_tokens: Option<u64>,
        #[serde(default)]
        output_tokens: Option<u64>,
        #[serde(default)]
        can: Option<Vec<Ability>>,
    },
}

impl From<NameOrModel> for Model {
    fn from(read: NameOrModel) -> Self {
        match read {
            NameOrModel::Name(name) => Self::named(&name),
            NameOrModel::Model { name, context_tokens, output_tokens, can } => {
                let usual = Self::named(&name);
                Self {
                    context_tokens: context_tokens.unwrap_or(usual.context_tokens),
                    output_tokens: output_tokens.unwrap_or(usual.output_tokens),
                    can: can.unwrap_or(usual.can),
                    name,
                }
            }
        }
    }
}

/// A part of a list.
pub(crate) struct Page<'a> {
    pub(crate) models: &'a [Model],
    /// How many come before it.
    pub(crate) start: usize,
    /// Whether more come behind it.
    pub(crate) has_more: bool,
}

/// At most `size` models from `start` on.
pub(crate) fn page(models: &[Model], start: usize, size: usize) -> Page<'_> {
    let start = start.min(models.len());
    let end = start.saturating_add(size.max(1)).min(models.len());
    Page { models: &models[start..end], start, has_more: end < models.len() }
}
