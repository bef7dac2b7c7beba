//! How loud the answer is at the sample that is heard now.
//!
//! The answer arrives faster than it sounds, so its levels are noted with their positions and looked up by what was
//! heard.

use std::collections::VecDeque;

use parlance_core::Level;

/// Levels by position, for blocks of [`Envelope::BLOCK`] samples.
#[derive(Debug, Default)]
pub struct Envelope {
    /// End position of the block, and its level; positions grow.
    levels: VecDeque<(u64, Level)>,
    /// Position after the last sample noted.
    end: u64,
}

impl Envelope {
    /// 20 ms at 24 kHz: finer than the meter is drawn.
    pub const BLOCK: usize = 480;

    /// Begins anew at this position.
    pub fn start_at(&mut self, position: u64) {
        self.levels.clear();
        self.end = position;
    }

    /// Notes sound that follows what was noted before.
    pub fn note(&mut self, samples: &[i16]) {
        for block in samples.chunks(Self::BLOCK) {
            self.end += block.len() as u64;
            self.levels.push_back((self.end, Level::of(block)));
        }
    }

    /// The level at a position, 0 where nothing was noted. Forgets what lies before it.
    pub fn at(&mut self, position: u64) -> f32 {
        while self.levels.front().is_some_and(|(end, _)| *end <= position) {
            self.levels.pop_front();
        }
        self.levels.front().map_or(0.0, |(_, level)| level.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_by_position_and_forgotten_behind_it() {
        let mut envelope = Envelope::default();
        envelope.start_at(1_000);
        envelope.note(&[i16::MAX; 480]);
        envelope.note(&[0; 480]);
        assert_eq!(envelope.at(1_000), 1.0);
        assert_eq!(envelope.at(1_479), 1.0);
        assert_eq!(envelope.at(1_480), 0.0);
        assert_eq!(envelope.at(5_000), 0.0);
        assert!(envelope.levels.is_empty());
    }
}
