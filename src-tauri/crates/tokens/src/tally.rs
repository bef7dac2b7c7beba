//! A count while it is made.

use parlance_core::TokenCount;

/// So many tokens so far, and whether every one of them was counted by the rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally {
    tokens: u64,
    exact: bool,
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn exact() -> Self {
        Self { tokens: 0, exact: true }
    }

    /// Nothing yet, and never more than an estimate.
    pub(crate) fn estimate() -> Self {
        Self { tokens: 0, exact: false }
    }

    /// Tokens by the rule.
    pub(crate) fn add(&mut self, tokens: u64) {
        self.tokens = self.tokens.saturating_add(tokens);
    }

    /// Tokens of which nobody has published the rule.
    pub(crate) fn guess(&mut self, tokens: u64) {
        self.exact = false;
        self.add(tokens);
    }

    pub(crate) fn count(self) -> TokenCount {
        TokenCount { tokens: self.tokens, exact: self.exact }
    }
}
