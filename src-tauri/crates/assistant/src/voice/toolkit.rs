//! The port of the tools that a voice may use.

use std::sync::Arc;

use parlance_core::chat::FunctionSpec;

use super::history::SavedTurn;
use crate::tools::{Overseer, Toolbox};

/// Which tools there are, and who watches over them.
pub trait Toolkit: Send + Sync {
    /// As they are offered when a session begins.
    fn offered(&self) -> Vec<FunctionSpec>;

    /// For the calls of one answer.
    fn open(&self, turn: &SavedTurn) -> (Toolbox, Arc<dyn Overseer>);
}
