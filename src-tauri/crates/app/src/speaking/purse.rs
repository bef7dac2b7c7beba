//! What was spent on talking today, kept over restarts: one small file, which every Parlance of the same data folder adds
//! to.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use parlance_assistant::voice::spending::Amount;
use serde::{Deserialize, Serialize};

/// The day's purse.
pub(crate) struct Purse {
    path: PathBuf,
    /// What cannot be written is remembered here.
    last: Mutex<Day>,
}

/// A day as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Day {
    /// As the person's calendar has it: `2026-11-25`.
    day: String,
    said_ms: u64,
    answered_ms: u64,
    input_tokens: u64,
    output_tokens: u64,
    /// Millionths of a US dollar.
    cost: u64,
    unpriced: u32,
}

impl Purse {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, last: Mutex::default() }
    }

    /// What was spent on the day of this moment (since 1970), once this is added.
    pub(crate) fn spend(&self, more: Amount, wall: Duration) -> Amount {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut day = self.read().unwrap_or_else(|| last.clone());
        let today = name(wall);
        if day.day != today {
            day = Day { day: today, ..Day::default() };
        }
        let mut amount = day.amount();
        amount.add(more);
        day = Day::of(day.day, amount);
        if more != Amount::default()
            && let Err(error) = self.write(&day)
        {
            tracing::warn!(%error, "what was spent today is known until Parlance ends");
        }
        *last = day;
        amount
    }

    fn read(&self) -> Option<Day> {
        serde_json::from_str(&fs::read_to_string(&self.path).ok()?).ok()
    }

    fn write(&self, day: &Day) -> io::Result<()> {
        let new = self.path.with_extension("json.new");
        fs::write(&new, serde_json::to_vec(day)?)?;
        fs::rename(&new, &self.path)
    }
}

impl Day {
    fn of(day: String, amount: Amount) -> Self {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            day,
            said_ms: ms(amount.said),
            answered_ms: ms(amount.answered),
            input_tokens: amount.tokens.input_tokens,
            output_tokens: amount.tokens.output_tokens,
            cost: amount.cost,
            unpriced: amount.unpriced,
        }
    }

    fn amount(&self) -> Amount {
        let mut amount = Amount {
            said: Duration::from_millis(self.said_ms),
            answered: Duration::from_millis(self.answered_ms),
            cost: self.cost,
            unpriced: self.unpriced,
            ..Amount::default()
        };
        amount.tokens.input_tokens = self.input_tokens;
        amount.tokens.output_tokens = self.output_tokens;
        amount
    }
}

/// The person's day at this moment.
fn name(wall: Duration) -> String {
    let seconds = i64::try_from(wall.as_secs()).unwrap_or(i64::MAX);
    let now = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX).to_zoned_datetime(TimeZone::system());
    now.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_adds_up_over_restarts_and_the_next_begins_at_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spending.json");
        let noon = Duration::from_secs(1_764_072_000);
        let minute = Amount { said: Duration::from_secs(60), cost: 5_000, ..Amount::default() };
        assert_eq!(Purse::new(path.clone()).spend(minute, noon).cost, 5_000);
        let again = Purse::new(path.clone());
        let later = again.spend(minute, noon + Duration::from_secs(60));
        assert_eq!((later.cost, later.said), (10_000, Duration::from_secs(120)));
        assert_eq!(again.spend(Amount::default(), noon + Duration::from_secs(48 * 3_600)), Amount::default());
    }

    #[test]
    fn a_file_that_cannot_be_written_is_no_way_round_the_cap() {
        let purse = Purse::new(PathBuf::from("/nowhere/at/all/spending.json"));
        let amount = Amount { cost: 7, ..Amount::default() };
        purse.spend(amount, Duration::from_secs(1_000_000));
        assert_eq!(purse.spend(amount, Duration::from_secs(1_000_001)).cost, 14);
    }
}
