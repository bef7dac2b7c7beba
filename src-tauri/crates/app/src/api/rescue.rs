//! What a host can do when the history cannot be opened.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The ways back that there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RescueOptions {
    /// Copies that can be put back, newest first.
    pub backups: Vec<BackupView>,
    /// Whether anything in the damaged file can be read.
    pub salvageable: bool,
}

/// A copy of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BackupView {
    /// Its name.
    pub name: String,
    /// When it was made, in milliseconds since 1970 (UTC).
    #[ts(type = "number")]
    pub made_ms: u64,
    /// How many conversations it holds.
    pub conversations: u32,
}

/// Names a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BackupName {
    /// From [`RescueOptions`].
    pub name: String,
}

/// There is a history again. It is opened at the next start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Rescued {
    /// How many conversations it holds, whole or in part.
    pub conversations: u32,
    /// Of how many that are known to have been there.
    pub of: u32,
    /// Where the damaged files are kept.
    pub aside: String,
}
