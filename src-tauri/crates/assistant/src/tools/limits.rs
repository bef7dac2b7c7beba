//! How far a model may go with tools in one answer.

use std::time::Duration;

/// How far a model may go with tools in one answer. The numbers are ours: far above what an answer needs, and low enough
/// that one that goes round in circles ends before it has cost much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// So often tools are run and the model is asked again. After the last time it may call no more.
    pub rounds: usize,
    /// So many calls of one round are carried out; the others are refused with a word to the model.
    pub calls: usize,
    /// One run may take so long. Waiting for the person does not count.
    pub time: Duration,
    /// A result may hold so many bytes of text; the rest is cut off with a word to the model.
    pub result_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rounds: 16, calls: 16, time: Duration::from_secs(60), result_bytes: 64 * 1024 }
    }
}
