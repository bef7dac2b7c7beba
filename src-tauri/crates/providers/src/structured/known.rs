//! Which ways of asking for a shape a server has turned out to need: found out once, and shared by all who ask it. A way holds
//! for one shape of one model: servers that take some schemas refuse others.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlance_core::{Structured, StructuredWay};

use super::rank;

/// A model, and the hash of a schema: schemas may be long.
type Asked = (String, u64);

/// What is known of the models of one server. Cloning gives another handle.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownWays {
    known: Arc<Mutex<HashMap<Asked, StructuredWay>>>,
}

impl KnownWays {
    /// The way to ask a model for a shape.
    pub(crate) fn instead_of(&self, asked: &Structured, model: &str) -> StructuredWay {
        let known = self.known().get(&key(asked, model)).copied();
        known.filter(|known| rank(*known) > rank(asked.way)).unwrap_or(asked.way)
    }

    /// A model takes no better way for this shape than the one in which it was asked.
    pub(crate) fn remember(&self, asked: &Structured, model: &str) {
        let mut known = self.known();
        let entry = known.entry(key(asked, model)).or_insert(asked.way);
        if rank(asked.way) > rank(*entry) {
            *entry = asked.way;
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Asked, StructuredWay>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(asked: &Structured, model: &str) -> Asked {
    let mut hash = DefaultHasher::new();
    asked.schema.to_string().hash(&mut hash);
    (model.to_owned(), hash.finish())
}
