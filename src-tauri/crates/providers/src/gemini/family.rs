//! How a model is told to reason, and what it wants back of its reasoning, told by its name. Source: the provider's guide to
//! thinking (read November 2026).

/// The generation of a model, as far as its ways of reasoning go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// It cannot, or nobody knows how to ask it.
    NoReasoning,
    /// Gemini 2.5: to a budget from `least` to `most` tokens; `zero` is what comes nearest to none.
    Budget { zero: i64, least: i64, most: i64 },
    /// Gemini 3 and later: by level, and never quite without.
    Level { lowest: &'static str, medium: &'static str },
}

impl Family {
    pub(crate) fn of(model: &str) -> Self {
        let Some(name) = model.strip_prefix("gemini-") else { return Self::NoReasoning };
        if name.starts_with("1.") || name.starts_with("2.0") {
            return Self::NoReasoning;
        }
        if name.starts_with("2.5-flash-lite") {
            return Self::Budget { zero: 0, least: 512, most: 24_576 };
        }
        if name.starts_with("2.5-flash") {
            return Self::Budget { zero: 0, least: 1, most: 24_576 };
        }
        if name.starts_with("2.5") {
            return Self::Budget { zero: 128, least: 128, most: 32_768 };
        }
        if name.starts_with("3-pro") {
            return Self::Level { lowest: "LOW", medium: "HIGH" };
        }
        let lowest = if name.contains("pro") { "LOW" } else { "MINIMAL" };
        Self::Level { lowest, medium: "MEDIUM" }
    }

    /// Whether a call without the provider's proof is refused: since Gemini 3.
    pub(crate) fn wants_proof(self) -> bool {
        matches!(self, Self::Level { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_by_their_names() {
        let level = |lowest, medium| Family::Level { lowest, medium };
        for (model, family) in [
            ("gemini-2.0-flash", Family::NoReasoning),
            ("gemma-3-27b-it", Family::NoReasoning),
            ("gemini-2.5-pro", Family::Budget { zero: 128, least: 128, most: 32_768 }),
            ("gemini-2.5-flash", Family::Budget { zero: 0, least: 1, most: 24_576 }),
            ("gemini-2.5-flash-lite-preview-09-2025", Family::Budget { zero: 0, least: 512, most: 24_576 }),
            ("gemini-3-pro-preview", level("LOW", "HIGH")),
            ("gemini-3.1-pro-preview", level("LOW", "MEDIUM")),
            ("gemini-3.8-flash", level("MINIMAL", "MEDIUM")),
            ("gemini-flash-latest", level("MINIMAL", "MEDIUM")),
        ] {
            assert_eq!(Family::of(model), family, "{model}");
        }
    }
}
