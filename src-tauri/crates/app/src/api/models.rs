//! Models: what a host chooses from, and what it hears of a test.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::error::ErrorBody;

/// A model of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct ModelChoice {
    /// The provider's id.
    pub provider: String,
    /// The model, as the provider names it.
    pub model: String,
}

/// Which model answers where none was chosen, by use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Defaults {
    /// What is typed into a new conversation. `None`: the chosen provider, with the model it was last used with.
    pub chat: Option<ModelChoice>,
}

/// The models of one provider, as far as they are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelListView {
    /// The provider's id.
    pub provider: String,
    /// Sorted by id; empty when the provider was never asked.
    pub models: Vec<ModelView>,
    /// Milliseconds since 1970 (UTC): when the provider said so; `None` when it never did.
    #[ts(type = "number | null")]
    pub fetched_ms: Option<u64>,
    /// Whether it is being asked now.
    pub asking: bool,
    /// Why asking failed the last time; the models are those from before.
    pub error: Option<ErrorBody>,
}

/// A model to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelView {
    /// As the provider names it.
    pub id: String,
    /// For people, where it differs from the id.
    pub name: Option<String>,
    /// Tokens of prompt and answer together; `None` where nobody says.
    #[ts(type = "number | null")]
    pub context_tokens: Option<u64>,
    /// The longest answer in tokens; `None` where nobody says.
    #[ts(type = "number | null")]
    pub output_tokens: Option<u64>,
    /// US dollars for a million tokens of prompt and of answer, as the provider lists them; `None` where it does not.
    pub price: Option<PriceView>,
    /// What it can do, as far as is known.
    pub marks: Vec<Mark>,
    /// Whether it may be asked to answer messages.
    pub may_chat: bool,
}

/// What tokens cost, in US dollars for a million.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PriceView {
    /// Of the prompt: a decimal number.
    pub input: String,
    /// Of the answer: a decimal number.
    pub output: String,
}

/// Something that a model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
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
    /// Talks over an open connection.
    Realtime,
    /// Turns text into speech.
    Speech,
    /// Turns speech into text.
    Transcription,
    /// Turns text into vectors.
    Embedding,
}

/// Which model answers from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChooseModel {
    /// In this conversation; `None` for new ones.
    pub conversation_id: Option<String>,
    /// The model; it need not be listed.
    pub choice: ModelChoice,
}

/// What a test found right. What it found wrong is the error it ends with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProviderTested {
    /// The models it lists.
    pub models: Vec<String>,
    /// How long the list took, in milliseconds.
    pub ms: u32,
    /// The model that was asked; `None` when none is chosen.
    pub answered: Option<ModelTested>,
}

/// A model that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelTested {
    /// The model.
    pub model: String,
    /// Whether the provider's list holds it; some servers answer for models that they do not list.
    pub listed: bool,
    /// From asking to the first piece of its answer, in milliseconds.
    pub ms: u32,
}
