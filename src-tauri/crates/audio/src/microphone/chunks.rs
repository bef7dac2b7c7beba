//! From a device's samples to chunks of 20 ms at the rate that was asked for, and what is heard in them. Pure.

use parlance_core::audio::Captured;
use parlance_core::{AudioChunk, SampleRate};

use crate::activity::VoiceActivity;
use crate::resample::Resampler;
use crate::sample::to_i16;

/// Chunks a second: 20 ms each.
const CHUNKS_A_SECOND: u32 = 50;

pub(super) struct Chunks {
    from: SampleRate,
    to: SampleRate,
    resampler: Resampler,
    /// Converted, not yet a whole chunk.
    ready: Vec<f32>,
    activity: VoiceActivity,
}

impl Chunks {
    pub(super) fn new(from: SampleRate, to: SampleRate) -> Self {
        Self { from, to, resampler: Resampler::new(from, to), ready: Vec::new(), activity: VoiceActivity::new(to) }
    }

    pub(super) fn push(&mut self, mono: &[f32]) {
        self.resampler.push(mono, &mut self.ready);
    }

    pub(super) fn next_whole(&mut self) -> Option<Captured> {
        let length = (self.to.hz() / CHUNKS_A_SECOND) as usize;
        (self.ready.len() >= length).then(|| self.chunk_of(length))
    }

    /// The device is gone: what is left, `None` if nothing.
    pub(super) fn finish(mut self) -> Option<Captured> {
        self.resampler.finish(&mut self.ready);
        let length = self.ready.len();
        (length > 0).then(|| self.chunk_of(length))
    }

    /// How many samples at the asked rate so many of the device's are.
    pub(super) fn at_asked_rate(&self, frames: u64) -> u64 {
        (frames * u64::from(self.to.hz())).div_ceil(u64::from(self.from.hz()))
    }

    fn chunk_of(&mut self, length: usize) -> Captured {
        let samples: Vec<i16> = self.ready.drain(..length).map(to_i16).collect();
        let activity = self.activity.hear(&samples);
        Captured { chunk: AudioChunk { samples, rate: self.to }, activity }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_20_ms_and_the_rest_comes_at_the_end() {
        let mut chunks = Chunks::new(SampleRate::HZ_48000, SampleRate::HZ_24000);
        let mut lengths = Vec::new();
        // 100 ms in blocks as small and uneven as a server delivers them after a delay.
        for block in [48, 480, 960, 1, 1_000, 311, 2_000] {
            chunks.push(&vec![0.25; block]);
            while let Some(captured) = chunks.next_whole() {
                lengths.push(captured.chunk.samples.len());
            }
        }
        let rest = chunks.finish().map_or(0, |captured| captured.chunk.samples.len());
        assert!(lengths.iter().all(|&length| length == 480), "{lengths:?}");
        assert_eq!(lengths.iter().sum::<usize>() + rest, 2_400);
    }

    #[test]
    fn losses_are_reckoned_at_the_rate_that_was_asked_for() {
        let chunks = Chunks::new(SampleRate::HZ_48000, SampleRate::HZ_16000);
        assert_eq!(chunks.at_asked_rate(48_000), 16_000);
        assert_eq!(chunks.at_asked_rate(1), 1, "a loss never reads as none");
    }
}
