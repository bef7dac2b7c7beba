//! What the person says, kept whole until it is answered.

use std::collections::VecDeque;
use std::time::Duration;

use parlance_core::{AudioChunk, SampleRate};

/// One utterance, and how much of it the session has already been given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utterance {
    sound: AudioChunk,
    fed: usize,
}

impl Utterance {
    /// An empty one at the model's input rate.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        Self { sound: AudioChunk { samples: Vec::new(), rate }, fed: 0 }
    }

    /// Appends sound of the same rate.
    pub fn append(&mut self, samples: &[i16]) {
        self.sound.samples.extend_from_slice(samples);
    }

    /// What the session has not been given yet; `None` when it has all.
    pub fn feed(&mut self) -> Option<AudioChunk> {
        let rest = &self.sound.samples[self.fed..];
        if rest.is_empty() {
            return None;
        }
        let chunk = AudioChunk { samples: rest.to_vec(), rate: self.sound.rate };
        self.fed = self.sound.samples.len();
        Some(chunk)
    }

    /// A new session knows nothing of it.
    pub fn rewind(&mut self) {
        self.fed = 0;
    }

    /// All of it.
    #[must_use]
    pub fn sound(&self) -> &AudioChunk {
        &self.sound
    }
}

/// The last moments of a warm microphone: in memory, overwritten all the time.
#[derive(Debug)]
pub struct PreRoll {
    samples: VecDeque<i16>,
    capacity: usize,
}

impl PreRoll {
    /// How much is remembered: people begin to speak up to a third of a second before the key is down.
    pub const LENGTH: Duration = Duration::from_millis(300);

    /// An empty one.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        let capacity = usize::try_from(rate.samples_in(Self::LENGTH)).unwrap_or(usize::MAX);
        Self { samples: VecDeque::with_capacity(capacity), capacity }
    }

    /// Remembers, and forgets what is older than [`PreRoll::LENGTH`].
    pub fn remember(&mut self, samples: &[i16]) {
        let newest = &samples[samples.len().saturating_sub(self.capacity)..];
        let over = (self.samples.len() + newest.len()).saturating_sub(self.capacity);
        self.samples.drain(..over);
        self.samples.extend(newest);
    }

    /// Hands over what is remembered.
    pub fn take(&mut self) -> Vec<i16> {
        self.samples.drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_fed_each_sample_once_and_a_new_one_all_again() {
        let mut utterance = Utterance::new(SampleRate::HZ_24000);
        assert_eq!(utterance.feed(), None);
        utterance.append(&[1, 2]);
        utterance.append(&[3]);
        assert_eq!(utterance.feed().unwrap().samples, [1, 2, 3]);
        utterance.append(&[4]);
        assert_eq!(utterance.feed().unwrap().samples, [4]);
        assert_eq!(utterance.feed(), None);
        utterance.rewind();
        assert_eq!(utterance.feed().unwrap().samples, [1, 2, 3, 4]);
    }

    #[test]
    fn the_pre_roll_holds_the_newest_three_hundred_milliseconds() {
        let mut pre_roll = PreRoll::new(SampleRate::HZ_16000);
        let all: Vec<i16> = (0..10_000).collect();
        for chunk in all.chunks(320) {
            pre_roll.remember(chunk);
        }
        assert_eq!(pre_roll.take(), all[10_000 - 4_800..]);
        assert_eq!(pre_roll.take(), Vec::<i16>::new());
        pre_roll.remember(&all);
        assert_eq!(pre_roll.take(), all[10_000 - 4_800..], "one chunk longer than the ring");
    }
}
