//! Who answers what is spoken: a model behind a session, and what people call it.

use std::sync::Arc;

use parlance_core::model::Price;
use parlance_core::realtime::{RealtimeModel, SessionOptions};

/// A voice to speak with.
#[derive(Clone)]
pub struct Voice {
    /// What it is called.
    pub speaker: Speaker,
    /// Listens and answers.
    pub model: Arc<dyn RealtimeModel>,
    /// What its tokens cost; `None` where nobody says.
    pub price: Option<Price>,
    /// How its sessions should be.
    pub session: SessionOptions,
}

/// What a voice is called, in history and in sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// For people.
    pub name: String,
    /// The configured provider's id.
    pub provider: String,
    /// The host it is asked at, empty for what needs none.
    pub host: String,
    /// The model, as the provider names it.
    pub model: String,
}
