//! Time as an argument, so that tests decide what time it is.

use std::time::{Duration, Instant, SystemTime};

/// Where the engine reads the time.
pub trait Clock: Send + Sync {
    /// Monotonic: for durations and deadlines.
    fn now(&self) -> Instant;

    /// The wall clock as time since 1970 in UTC: for people to read. It may jump; order by sequence, never by this.
    fn wall(&self) -> Duration;
}

/// The machine's own clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the wall clock")]
    fn wall(&self) -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}
