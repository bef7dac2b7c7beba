//! What the person says, kept whole until it is answered.

use std::collections::VecDeque;
use std::time::Duration;

use parlance_core::realtime::TurnId;
use parlance_core::speech::SpeechWatch;
use parlance_core::{AudioChunk, SampleRate};

use super::journal::Page;

/// One utterance, and how much of it the session has already been given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utterance {
    sound: AudioChunk,
    fed: usize,
    /// Where it stands in the journal.
    pub page: Option<Page>,
    /// The turn under which it was sent, once it was.
    pub sent: Option<TurnId>,
}

impl Utterance {
    /// An empty one at the model's input rate.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        Self::of(AudioChunk { samples: Vec::new(), rate }, None)
    }

    /// One that was said already.
    #[must_use]
    pub fn of(sound: AudioChunk, page: Option<Page>) -> Self {
        Self { sound, fed: 0, page, sent: None }
    }

    /// The same at another rate.
    #[must_use]
    pub fn at(self, rate: SampleRate, resample: fn(&AudioChunk, SampleRate) -> AudioChunk) -> Self {
        if self.sound.rate == rate { self } else { Self { sound: resample(&self.sound, rate), fed: 0, ..self } }
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
    /// How much is remembered: enough to cut in where a voice began, when it is believed only then.
    pub const LENGTH: Duration = SpeechWatch::PRE_ROLL;

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

    /// Hands over the newest of what is remembered, at most so many samples, and forgets the rest.
    pub fn take(&mut self, newest: u64) -> Vec<i16> {
        let newest = usize::try_from(newest).unwrap_or(usize::MAX);
        let old = self.samples.len().saturating_sub(newest);
        self.samples.drain(..).skip(old).collect()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.samples.clear();
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
    fn the_pre_roll_holds_the_newest_moments() {
        let mut pre_roll = PreRoll::new(SampleRate::HZ_16000);
        let all: Vec<i16> = (0..10_000).collect();
        for chunk in all.chunks(320) {
            pre_roll.remember(chunk);
        }
        assert_eq!(pre_roll.take(4_800), all[10_000 - 4_800..]);
        assert_eq!(pre_roll.take(4_800), Vec::<i16>::new());
        let whole = usize::try_from(SampleRate::HZ_16000.samples_in(PreRoll::LENGTH)).unwrap();
        let longer: Vec<i16> = (0..20_000).collect();
        pre_roll.remember(&longer);
        assert_eq!(pre_roll.take(u64::MAX), longer[20_000 - whole..], "one chunk longer than the ring");
    }
}
