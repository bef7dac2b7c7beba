//! Medians, minima and their ratios, as lines of a table.

/// What one reader's rounds of one case cost.
#[derive(Clone, Copy)]
pub struct Cost {
    /// Microseconds of processor time per 1,000 chunks, as are the other fields.
    pub median: f64,
    /// The least disturbed round.
    pub minimum: f64,
}

impl Cost {
    /// `None` without a single round.
    pub fn of(mut rounds: Vec<f64>) -> Option<Self> {
        rounds.sort_by(f64::total_cmp);
        Some(Self { median: *rounds.get(rounds.len() / 2)?, minimum: *rounds.first()? })
    }

    /// How much of `other` this is, by the median and by the minimum.
    pub fn share_of(self, other: Self) -> Share {
        Share { by_median: self.median / other.median, by_minimum: self.minimum / other.minimum }
    }
}

/// A ratio of two costs.
#[derive(Clone, Copy)]
pub struct Share {
    by_median: f64,
    by_minimum: f64,
}

impl Share {
    /// A claim holds when it holds by the median and by the minimum.
    pub fn judge(self, at_most: f64) -> &'static str {
        if self.by_median.max(self.by_minimum) <= at_most { "met" } else { "MISSED" }
    }
}

/// The head of a table.
pub fn head(title: &str, ratio: &str) {
    println!("\n{title:<38}{:>9}{:>9}   {ratio:<16}{:>8}", "median", "minimum", "at most");
}

/// A line of it.
pub fn line(name: &str, cost: Cost, share: Option<(Share, Option<f64>)>) {
    print!("  {name:<36}{:>9.0}{:>9.0}", cost.median, cost.minimum);
    if let Some((share, at_most)) = share {
        print!("   {:<8.3}{:<8.3}", share.by_median, share.by_minimum);
        if let Some(at_most) = at_most {
            print!("{at_most:>8.3}  {}", share.judge(at_most));
        }
    }
    println!();
}
