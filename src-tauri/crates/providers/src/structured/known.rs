//! Which ways of asking for a shape a server has turned out to need: found out once, and shared by all who ask it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use parlance_core::StructuredWay;

use super::rank;

/// What is known of the models of one server. Cloning gives another handle.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownWays {
    by_model: Arc<Mutex<HashMap<String, StructuredWay>>>,
}

impl KnownWays {
    /// The way to ask a model that was asked for in this one.
    pub(crate) fn instead_of(&self, asked: StructuredWay, model: &str) -> StructuredWay {
        let known = self.by_model.lock().unwrap_or_else(PoisonError::into_inner).get(model).copied();
        known.filter(|known| rank(*known) > rank(asked)).unwrap_or(asked)
    }

    /// A model takes no better way than this.
    pub(crate) fn remember(&self, model: &str, way: StructuredWay) {
        let mut known = self.by_model.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(model.to_owned()).or_insert(way);
        if rank(way) > rank(*entry) {
            *entry = way;
        }
    }
}
