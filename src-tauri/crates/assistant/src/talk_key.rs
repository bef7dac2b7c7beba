//! The talk key's gesture: hold to talk, tap to keep the floor open.
//!
//! Pure: edges and the time go in, what they mean comes out. Every host that has a key (window, global hotkey, terminal)
//! sends its edges here, so that all behave alike.

use std::time::{Duration, Instant};

/// A press shorter than this is a tap. People who mean to hold are slower; 250 ms is what talk keys elsewhere use.
pub const TAP: Duration = Duration::from_millis(250);

/// What holding and tapping do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TalkKeyMode {
    /// Hold to talk, tap to keep the floor open.
    #[default]
    Auto,
    /// Only holding counts.
    Hold,
    /// Each press toggles.
    Toggle,
}

/// The key moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Down.
    Down,
    /// Up.
    Up,
}

/// What an edge means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The person takes the floor.
    Take,
    /// The person is done.
    Give,
    /// The floor stays open without holding.
    Lock,
}

/// The key as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TalkKey {
    mode: TalkKeyMode,
    grip: Grip,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Grip {
    /// Up, the floor is closed.
    #[default]
    Open,
    /// Down since then, the floor is the person's.
    Held(Instant),
    /// Up, the floor is the person's.
    Locked,
    /// Down, but this press has already ended the floor.
    Spent,
}

impl TalkKey {
    /// Changes the mode; takes effect with the next press.
    pub fn set_mode(&mut self, mode: TalkKeyMode) {
        self.mode = mode;
    }

    /// Whether a tap keeps the floor open.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.grip == Grip::Locked
    }

    /// The floor was closed by something else (Esc, hang-up, the longest utterance).
    pub fn reset(&mut self) {
        self.grip = match self.grip {
            Grip::Held(_) | Grip::Spent => Grip::Spent,
            Grip::Open | Grip::Locked => Grip::Open,
        };
    }

    /// The floor is closed: a lock on it means nothing any more.
    pub fn release_lock(&mut self) {
        if self.grip == Grip::Locked {
            self.grip = Grip::Open;
        }
    }

    /// Takes an edge. Repeated edges of the same kind mean nothing.
    pub fn edge(&mut self, edge: Edge, now: Instant) -> Option<Meaning> {
        let (grip, meaning) = match (edge, self.grip, self.mode) {
            (Edge::Down, Grip::Open, _) => (Grip::Held(now), Some(Meaning::Take)),
            (Edge::Down, Grip::Locked, _) => (Grip::Spent, Some(Meaning::Give)),
            (Edge::Down, grip @ (Grip::Held(_) | Grip::Spent), _) => (grip, None),
            (Edge::Up, Grip::Held(_), TalkKeyMode::Toggle) => (Grip::Locked, Some(Meaning::Lock)),
            (Edge::Up, Grip::Held(since), TalkKeyMode::Auto) if now.saturating_duration_since(since) < TAP => {
                (Grip::Locked, Some(Meaning::Lock))
            }
            (Edge::Up, Grip::Held(_), TalkKeyMode::Auto | TalkKeyMode::Hold) => (Grip::Open, Some(Meaning::Give)),
            (Edge::Up, Grip::Spent, _) => (Grip::Open, None),
            (Edge::Up, grip @ (Grip::Open | Grip::Locked), _) => (grip, None),
        };
        self.grip = grip;
        meaning
    }
}

#[cfg(test)]
mod tests {
    use Edge::{Down, Up};
    use Meaning::{Give, Lock, Take};

    use super::*;

    /// Edges at milliseconds, and what each means.
    #[track_caller]
    fn check(mode: TalkKeyMode, edges: &[(Edge, u64, Option<Meaning>)]) {
        let start = Instant::now();
        let mut key = TalkKey { mode, ..TalkKey::default() };
        for &(edge, at, meaning) in edges {
            assert_eq!(key.edge(edge, start + Duration::from_millis(at)), meaning, "{edge:?} at {at} ms");
        }
    }

    #[test]
    fn a_long_press_holds_and_a_short_one_locks() {
        check(TalkKeyMode::Auto, &[(Down, 0, Some(Take)), (Up, 250, Some(Give))]);
        check(
            TalkKeyMode::Auto,
            &[(Down, 0, Some(Take)), (Up, 249, Some(Lock)), (Down, 5_000, Some(Give)), (Up, 5_050, None)],
        );
    }

    #[test]
    fn the_next_press_after_a_locked_floor_takes_it_anew() {
        check(
            TalkKeyMode::Auto,
            &[
                (Down, 0, Some(Take)),
                (Up, 100, Some(Lock)),
                (Down, 900, Some(Give)),
                (Up, 2_000, None),
                (Down, 3_000, Some(Take)),
                (Up, 4_000, Some(Give)),
            ],
        );
    }

    #[test]
    fn repeats_and_lost_edges_do_nothing_twice() {
        check(TalkKeyMode::Auto, &[(Down, 0, Some(Take)), (Down, 30, None), (Down, 60, None), (Up, 800, Some(Give))]);
        check(TalkKeyMode::Auto, &[(Up, 0, None), (Up, 1, None), (Down, 2, Some(Take))]);
    }

    #[test]
    fn hold_mode_never_locks_and_toggle_mode_always_does() {
        check(TalkKeyMode::Hold, &[(Down, 0, Some(Take)), (Up, 10, Some(Give))]);
        check(TalkKeyMode::Toggle, &[(Down, 0, Some(Take)), (Up, 9_000, Some(Lock)), (Down, 9_500, Some(Give))]);
    }

    #[test]
    fn escape_while_held_needs_a_new_press() {
        let start = Instant::now();
        let mut key = TalkKey::default();
        assert_eq!(key.edge(Down, start), Some(Take));
        key.reset();
        assert_eq!(key.edge(Down, start), None, "the key repeats");
        assert_eq!(key.edge(Up, start + Duration::from_secs(1)), None);
        assert_eq!(key.edge(Down, start + Duration::from_secs(2)), Some(Take));
    }

    #[test]
    fn a_clock_that_stands_still_is_no_panic() {
        let now = Instant::now();
        let mut key = TalkKey::default();
        key.edge(Down, now + Duration::from_secs(1));
        assert_eq!(key.edge(Up, now), Some(Lock));
    }
}
