//! The best few of many.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Something with its score. Orders by score, and among equal ones the earlier place is the better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scored {
    pub(crate) score: f32,
    pub(crate) place: usize,
}

impl Eq for Scored {}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.place.cmp(&self.place))
    }
}

/// Keeps the best `n` that it is shown.
pub(crate) struct Top {
    n: usize,
    /// The worst of the kept is on top.
    kept: BinaryHeap<Reverse<Scored>>,
    /// What has to be surpassed; nothing yet is kept in vain while it is infinitely low.
    bar: f32,
}

impl Top {
    pub(crate) fn new(n: usize) -> Self {
        // Nobody keeps more than there is; the heap grows by itself then.
        Self { n, kept: BinaryHeap::with_capacity(n.min(1_000) + 1), bar: f32::NEG_INFINITY }
    }

    /// Whether a score would be kept: the test that nearly all fail, so it costs one comparison.
    #[inline]
    pub(crate) fn wants(&self, score: f32) -> bool {
        score > self.bar
    }

    /// Shows it one. Equal scores are kept in the order they come.
    pub(crate) fn show(&mut self, scored: Scored) {
        if self.n == 0 || !self.wants(scored.score) {
            return;
        }
        self.kept.push(Reverse(scored));
        if self.kept.len() > self.n {
            self.kept.pop();
        }
        if self.kept.len() == self.n {
            self.bar = self.kept.peek().map_or(f32::NEG_INFINITY, |worst| worst.0.score);
        }
    }

    /// The best first.
    pub(crate) fn best(self) -> Vec<Scored> {
        self.kept.into_sorted_vec().into_iter().map(|Reverse(scored)| scored).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_best_are_those_that_sorting_would_give(scores in proptest::collection::vec(-9_i8..9, 0..200), n in 0_usize..50) {
            let all: Vec<Scored> =
                scores.iter().enumerate().map(|(place, &score)| Scored { score: f32::from(score), place }).collect();
            let mut top = Top::new(n);
            all.iter().for_each(|&scored| top.show(scored));
            let mut sorted = all;
            sorted.sort_by(|a, b| b.cmp(a));
            sorted.truncate(n);
            prop_assert_eq!(top.best(), sorted);
        }
    }
}
