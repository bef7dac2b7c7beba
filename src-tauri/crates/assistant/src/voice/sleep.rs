//! Whether the computer slept. On some systems the monotonic clock stands still meanwhile, on others it does not: a tick
//! that comes late, or a wall clock that moved further than the monotonic one, both mean it.

use std::time::{Duration, Instant};

/// A tick that is later than this was slept through.
const LATE: Duration = Duration::from_secs(5);

/// Watches two clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SleepWatch {
    last: Option<(Instant, Duration)>,
}

impl SleepWatch {
    /// Looks at the monotonic clock and the wall clock. How long the computer slept since the last look; `None` when it
    /// did not.
    pub fn look(&mut self, now: Instant, wall: Duration) -> Option<Duration> {
        let (before, wall_before) = self.last.replace((now, wall))?;
        let awake = now.saturating_duration_since(before);
        let passed = awake.max(wall.saturating_sub(wall_before));
        (passed > LATE).then_some(passed)
    }

    /// Nobody looks for a while: what passes until the next look is no sleep.
    pub fn rest(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_tick_and_a_wall_clock_that_ran_ahead_are_sleep() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut watch = SleepWatch::default();
        assert_eq!(watch.look(start, second), None, "the first look");
        assert_eq!(watch.look(start + second, second * 2), None);
        assert_eq!(watch.look(start + second * 91, second * 92), Some(second * 90), "both clocks ran");
        assert_eq!(watch.look(start + second * 92, second * 500), Some(second * 408), "the monotonic one stood still");
        assert_eq!(watch.look(start + second * 93, second), None, "the wall clock was put back");
        watch.rest();
        assert_eq!(watch.look(start + second * 900, second * 900), None);
    }
}
