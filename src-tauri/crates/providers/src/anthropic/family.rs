//! Which of Anthropic's ways of reasoning a model has, told by its name. Source: the provider's guide to thinking (read
//! November 2026).

use parlance_core::Thinking;

/// How a model is told to reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Off unless a budget of tokens is given. Also servers of other makers, who know this form.
    Budget,
    /// Off unless it is asked to decide by itself; a budget is still taken.
    AdaptiveOrBudget,
    /// Off unless it is asked to decide by itself; a budget is refused.
    Adaptive,
    /// On unless it is switched off.
    OnByDefault,
    /// Always on: only the effort can be chosen.
    AlwaysOn,
}

impl Family {
    /// The family of a model, wherever the provider's name for it stands in `model`.
    pub(crate) fn of(model: &str) -> Self {
        let Some((_, name)) = model.split_once("claude-") else { return Self::Budget };
        let mut parts = name.split('-');
        let line = parts.next().unwrap_or_default();
        if line.starts_with(|c: char| c.is_ascii_digit()) {
            return Self::Budget;
        }
        let mut number = || parts.next().filter(|part| part.len() <= 2).and_then(|part| part.parse::<u32>().ok());
        let major = number();
        match (line, major, major.and_then(|_| number()).unwrap_or(0)) {
            ("fable" | "mythos", ..) => Self::AlwaysOn,
            (_, None | Some(0..=3), _) | (_, Some(4), 0..=5) => Self::Budget,
            (_, Some(4), 6) => Self::AdaptiveOrBudget,
            (_, Some(4), _) => Self::Adaptive,
            (_, Some(5), 0) => Self::OnByDefault,
            _ => Self::AlwaysOn,
        }
    }

    /// Whether a model may be made to ask for a tool at all.
    pub(crate) fn takes_forced_tools(model: &str) -> bool {
        !["claude-fable", "claude-mythos"].iter().any(|line| model.contains(line))
    }

    /// Whether a model reasons when it is asked with `thinking`.
    pub(crate) fn reasons(model: &str, thinking: Option<Thinking>) -> bool {
        match (Self::of(model), thinking) {
            (Self::AlwaysOn, _) | (Self::OnByDefault, None) => true,
            (_, thinking) => !matches!(thinking, Some(Thinking::Off) | None),
        }
    }

    /// Whether a model takes a schema for its answer: since 4.5.
    pub(crate) fn takes_schemas(model: &str) -> bool {
        model.contains("-4-5") || Self::of(model) != Self::Budget
    }

    /// Tokens of an answer where the caller names no limit, which the protocol demands: as many as the oldest model of the
    /// kind can write, reasoning included.
    pub(crate) fn usual_max_tokens(model: &str) -> u32 {
        match model.split_once("claude-").map_or("", |(_, name)| name) {
            name if name.starts_with("3-7") => 16_000,
            name if name.starts_with("3-5") => 8_192,
            name if name.starts_with('3') => 4_096,
            _ => 16_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_by_their_names() {
        use Family::{Adaptive, AdaptiveOrBudget, AlwaysOn, Budget, OnByDefault};
        for (model, family) in [
            ("claude-3-7-sonnet-20250219", Budget),
            ("claude-sonnet-4-20250514", Budget),
            ("claude-opus-4-1-20250805", Budget),
            ("anthropic.claude-haiku-4-5-20251001-v1:0", Budget),
            ("claude-opus-4-6", AdaptiveOrBudget),
            ("claude-opus-4-8", Adaptive),
            ("claude-sonnet-5", OnByDefault),
            ("claude-opus-5-20260401", OnByDefault),
            ("claude-opus-5-5", AlwaysOn),
            ("claude-fable-5", AlwaysOn),
            ("claude-mythos-preview", AlwaysOn),
            ("claude-sonnet-6", AlwaysOn),
            ("deepseek-chat", Budget),
            ("claude-", Budget),
        ] {
            assert_eq!(Family::of(model), family, "{model}");
        }
        for (model, takes) in [
            ("claude-sonnet-4-20250514", false),
            ("claude-opus-4-1-20250805", false),
            ("claude-haiku-4-5-20251001", true),
            ("claude-opus-4-6", true),
            ("claude-opus-5", true),
            ("deepseek-chat", false),
        ] {
            assert_eq!(Family::takes_schemas(model), takes, "{model}");
        }
        for (model, thinking, reasons) in [
            ("claude-sonnet-4-5", None, false),
            ("claude-sonnet-4-5", Some(Thinking::Low), true),
            ("claude-sonnet-5", None, true),
            ("claude-sonnet-5", Some(Thinking::Off), false),
            ("claude-fable-5", Some(Thinking::Off), true),
        ] {
            assert_eq!(Family::reasons(model, thinking), reasons, "{model} {thinking:?}");
        }
        assert!(!Family::takes_forced_tools("claude-fable-5-1") && Family::takes_forced_tools("claude-opus-5"));
    }

    #[test]
    fn the_usual_limit_is_one_that_the_model_can_write() {
        for (model, limit) in [
            ("claude-3-haiku-20240307", 4_096),
            ("claude-3-5-haiku-latest", 8_192),
            ("claude-3-7-sonnet-latest", 16_000),
            ("claude-sonnet-4-5", 16_000),
            ("qwen3-max", 16_000),
        ] {
            assert_eq!(Family::usual_max_tokens(model), limit, "{model}");
        }
    }
}
