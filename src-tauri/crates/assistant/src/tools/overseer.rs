//! The port of whoever stands between tools and the person.

use async_trait::async_trait;
use parlance_core::{ProviderError, ToolUse};
use tokio_util::sync::CancellationToken;

/// Asks the person, and is told what runs.
#[async_trait]
pub trait Overseer: Send + Sync {
    /// Whether a call may run that needs consent. Waits for the person as long as it takes; dropping the future takes the
    /// question back.
    async fn ask(&self, call: &ToolUse) -> Permission;

    /// The call runs from now on. Cancelling the token stops it alone; the model is told, and goes on.
    fn begins(&self, call: &ToolUse) -> CancellationToken;

    /// The provider takes no tools for this model, so it is asked without them.
    fn goes_without(&self, refusal: &ProviderError);
}

/// What the person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// The call may run.
    Given,
    /// It may not.
    Refused,
}
