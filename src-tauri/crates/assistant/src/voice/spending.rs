//! What talking costs, and when the day's cap is reached. Pure: what was used goes in, sums come out.

use std::time::Duration;

use parlance_core::TokenUsage;
use parlance_core::model::Price;
use parlance_core::realtime::SoundTokens;

/// Millionths of a US dollar.
pub type Micros = u64;

/// What costs nothing, however much is used.
const FREE: Price = Price { input: 0, output: 0 };

/// An amount of talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    /// Sound that was said and sent.
    pub said: Duration,
    /// Sound that was answered.
    pub answered: Duration,
    /// Tokens, as far as they are told.
    pub tokens: TokenUsage,
    /// Of them, sound.
    pub sound_tokens: SoundTokens,
    /// What is known of the cost.
    pub cost: Micros,
    /// Answers of which the cost is not known.
    pub unpriced: u32,
}

/// When to stop for the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DailyCap {
    /// In money, where prices are known.
    pub cost: Option<Micros>,
    /// In sound said and answered, where they are not.
    pub sound: Option<Duration>,
}

impl Amount {
    /// Sound was said.
    pub fn say(&mut self, sound: Duration) {
        self.said += sound;
    }

    /// Sound was answered.
    pub fn answer(&mut self, sound: Duration) {
        self.answered += sound;
    }

    /// Tokens were used; `None` where they or the price are not told.
    pub fn count(&mut self, usage: Option<TokenUsage>, sound: Option<SoundTokens>, price: Option<Price>) {
        if let Some(usage) = usage {
            self.tokens.input_tokens += usage.input_tokens;
            self.tokens.output_tokens += usage.output_tokens;
        }
        if let Some(sound) = sound {
            self.sound_tokens.input += sound.input;
            self.sound_tokens.output += sound.output;
        }
        match (usage, price) {
            (_, Some(FREE)) => {}
            (Some(usage), Some(price)) => self.cost += cost(usage, price),
            _ => self.unpriced += 1,
        }
    }

    /// Takes another amount in.
    pub fn add(&mut self, more: Self) {
        self.said += more.said;
        self.answered += more.answered;
        self.tokens.input_tokens += more.tokens.input_tokens;
        self.tokens.output_tokens += more.tokens.output_tokens;
        self.sound_tokens.input += more.sound_tokens.input;
        self.sound_tokens.output += more.sound_tokens.output;
        self.cost += more.cost;
        self.unpriced += more.unpriced;
    }

    /// Whether a day with this much has reached the cap.
    #[must_use]
    pub fn has_reached(&self, cap: DailyCap) -> bool {
        let by_cost = cap.cost.is_some_and(|cap| self.cost >= cap);
        let by_sound = self.unpriced > 0 && cap.sound.is_some_and(|cap| self.said + self.answered >= cap);
        by_cost || by_sound
    }
}

/// A price is in millionths of a dollar for a million tokens.
fn cost(usage: TokenUsage, price: Price) -> Micros {
    let of = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price) / 1_000_000;
    let sum = of(usage.input_tokens, price.input) + of(usage.output_tokens, price.output);
    Micros::try_from(sum).unwrap_or(Micros::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price { input: 4_000_000, output: 16_000_000 };

    fn used(input_tokens: u64, output_tokens: u64) -> Option<TokenUsage> {
        Some(TokenUsage { input_tokens, output_tokens, ..TokenUsage::default() })
    }

    #[test]
    fn tokens_become_money_where_the_price_is_known() {
        let mut amount = Amount::default();
        amount.count(used(1_000, 500), None, Some(PRICE));
        amount.count(used(1_000, 500), None, Some(PRICE));
        assert_eq!((amount.cost, amount.unpriced), (24_000, 0), "2.4 cents");
        amount.count(used(1_000, 500), None, None);
        assert_eq!((amount.cost, amount.unpriced, amount.tokens.input_tokens), (24_000, 1, 3_000));
    }

    #[test]
    fn the_cap_is_in_money_where_prices_are_known_and_in_minutes_where_not() {
        let cap = DailyCap { cost: Some(24_000), sound: Some(Duration::from_secs(60)) };
        let mut priced = Amount { said: Duration::from_secs(3_600), ..Amount::default() };
        assert!(!priced.has_reached(cap));
        priced.count(used(2_000, 1_000), None, Some(PRICE));
        assert!(priced.has_reached(cap));

        let mut unpriced = Amount { said: Duration::from_secs(59), ..Amount::default() };
        unpriced.count(None, None, None);
        assert!(!unpriced.has_reached(cap));
        unpriced.answer(Duration::from_secs(1));
        assert!(unpriced.has_reached(cap));
        assert!(!unpriced.has_reached(DailyCap::default()), "no cap at all");
    }
}
