//! How long to wait before a lost connection is tried again. Pure: chance is an argument.

use std::time::Duration;

/// Trying goes on for so long; then a person has to ask for it.
pub const LONGEST: Duration = Duration::from_secs(60);
/// A provider that wants to be left alone for longer than this is not waited for.
pub const LONGEST_COUNTDOWN: Duration = Duration::from_secs(120);
/// After the first two tries there is at least so much between one and the next.
const LEAST: Duration = Duration::from_secs(1);
/// The most that is waited before each try, the last one for all that follow. Each is multiplied by chance, so that
/// many who lost the same server do not come back in one moment.
const STEPS_MS: [u64; 6] = [0, 500, 1_000, 2_000, 4_000, 8_000];

/// The wait before a try. `failed` tries went before it; `chance` is 0 to 1.
#[must_use]
pub fn wait(failed: u32, chance: f64) -> Duration {
    let step = STEPS_MS[usize::try_from(failed).unwrap_or(usize::MAX).min(STEPS_MS.len() - 1)];
    let wait = Duration::from_millis(step).mul_f64(chance.clamp(0.0, 1.0));
    if failed < 2 { wait } else { wait.max(LEAST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_try_comes_at_once_and_none_later_than_eight_seconds() {
        let longest = (0..9).map(|failed| wait(failed, 1.0).as_millis()).collect::<Vec<_>>();
        assert_eq!(longest, [0, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000]);
    }

    #[test]
    fn chance_shortens_the_wait_but_never_below_a_second_after_the_second_try() {
        let shortest = (0..5).map(|failed| wait(failed, 0.0).as_millis()).collect::<Vec<_>>();
        assert_eq!(shortest, [0, 0, 1_000, 1_000, 1_000]);
        assert_eq!(wait(5, 0.5), Duration::from_secs(4));
        assert_eq!(wait(5, f64::NAN.max(0.0)), LEAST);
    }
}
