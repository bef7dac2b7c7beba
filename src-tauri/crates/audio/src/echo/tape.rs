//! What a speaker plays, for whoever is in the same room: the last second or two of it, and when it is audible.
//!
//! The device's callback writes, any number of threads read, and nobody waits. A reader that is too late finds newer
//! samples in the old ones' places; it asks before and after.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use parlance_core::SampleRate;

/// Moments on tapes and of captured sound are counted from here.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A moment in nanoseconds. It may lie before the program's start: the first frame of a tape is reckoned back.
pub(crate) fn nanos_of(at: Instant) -> i64 {
    let epoch = *EPOCH;
    let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    match at.checked_duration_since(epoch) {
        Some(since) => nanos(since),
        None => -nanos(epoch.saturating_duration_since(at)),
    }
}

/// How long so many frames last, in nanoseconds.
pub(crate) fn nanos_in(frames: u64, rate: SampleRate) -> i64 {
    i64::try_from(u128::from(frames) * 1_000_000_000 / u128::from(rate.hz())).unwrap_or(i64::MAX)
}

#[derive(Debug)]
pub(crate) struct Tape {
    rate: SampleRate,
    /// A ring of samples as bits; its length is a power of two.
    samples: Box<[AtomicU32]>,
    written: AtomicU64,
    /// When the first frame of all would have been audible, by the last block's report: one word, so that no reader
    /// sees half of a newer one.
    origin: AtomicU64,
    /// Nothing is written any more.
    closed: AtomicBool,
}

/// The writing end of a tape, in the device's callback. Dropping it closes the tape.
#[derive(Debug)]
pub(crate) struct Recorder(pub(super) Arc<Tape>);

impl Tape {
    pub(super) fn new(rate: SampleRate) -> Self {
        // The moment that all count from must be taken before the callback needs it.
        LazyLock::force(&EPOCH);
        let length = (rate.hz() as usize).next_power_of_two();
        let samples = (0..length).map(|_| AtomicU32::new(0)).collect();
        Self { rate, samples, written: AtomicU64::new(0), origin: AtomicU64::new(0), closed: AtomicBool::new(false) }
    }

    pub(super) fn rate(&self) -> SampleRate {
        self.rate
    }

    /// The first of each `channels` samples of a block that is audible from then on.
    fn write(&self, block: &[f32], channels: usize, audible_at: Instant) {
        let began = self.written.load(Ordering::Relaxed);
        let mut at = began;
        for frame in block.chunks_exact(channels.max(1)) {
            #[expect(clippy::cast_possible_truncation, reason = "a place in the ring")]
            let place = at as usize & (self.samples.len() - 1);
            self.samples[place].store(frame[0].to_bits(), Ordering::Relaxed);
            at += 1;
        }
        let origin = nanos_of(audible_at) - nanos_in(began, self.rate);
        self.origin.store(origin.cast_unsigned(), Ordering::Relaxed);
        self.written.store(at, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Whether a position lies behind the last frame.
    pub(super) fn is_past(&self, position: i64) -> bool {
        u64::try_from(position).is_ok_and(|position| position >= self.written.load(Ordering::Acquire))
    }

    /// When the first frame was or would have been audible, in nanoseconds; `None` before anything was played.
    pub(super) fn origin(&self) -> Option<i64> {
        let written = self.written.load(Ordering::Acquire);
        (written > 0).then(|| self.origin.load(Ordering::Relaxed).cast_signed())
    }

    /// Appends the frames from a position on. What was never written or is gone is silence.
    pub(super) fn read(&self, from: i64, frames: usize, output: &mut Vec<f32>) {
        let start = output.len();
        let written = self.written.load(Ordering::Acquire);
        for position in from..from.saturating_add_unsigned(frames as u64) {
            let there = u64::try_from(position).ok().filter(|&position| position < written);
            output.push(there.map_or(0.0, |position| {
                #[expect(clippy::cast_possible_truncation, reason = "a place in the ring")]
                let place = position as usize & (self.samples.len() - 1);
                f32::from_bits(self.samples[place].load(Ordering::Relaxed))
            }));
        }
        let oldest = self.written.load(Ordering::Acquire).saturating_sub(self.samples.len() as u64);
        let gone = i64::try_from(oldest).unwrap_or(i64::MAX).saturating_sub(from);
        let gone = usize::try_from(gone).unwrap_or(0).min(frames);
        output[start..start + gone].fill(0.0);
    }
}

impl Recorder {
    /// Runs in the device's callback, after a block was filled.
    pub(crate) fn write(&self, block: &[f32], channels: usize, audible_at: Instant) {
        self.0.write(block, channels, audible_at);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: SampleRate = SampleRate::HZ_16000;

    fn read(tape: &Tape, from: i64, frames: usize) -> Vec<f32> {
        let mut output = Vec::new();
        tape.read(from, frames, &mut output);
        output
    }

    #[test]
    fn what_was_played_can_be_read_and_the_rest_is_silence() {
        let tape = Tape::new(RATE);
        let now = Instant::now();
        assert_eq!(tape.origin(), None);
        tape.write(&[0.1, 9.0, 0.2, 9.0], 2, now);
        tape.write(&[0.3, 9.0], 2, now + Duration::from_micros(125));
        assert_eq!(read(&tape, -1, 6), [0.0, 0.1, 0.2, 0.3, 0.0, 0.0]);
        assert_eq!(tape.origin(), Some(nanos_of(now)), "the second block came when it should");
    }

    #[test]
    fn what_is_older_than_the_tape_is_long_is_silence_and_never_another_moment() {
        let tape = Tape::new(RATE);
        let block: Vec<f32> = (0..1_000).map(|n| n as f32).collect();
        for _ in 0..20 {
            tape.write(&block, 1, Instant::now());
        }
        let first = 20_000 - RATE.hz().next_power_of_two() as i64;
        assert_eq!(read(&tape, first - 2, 4), [0.0, 0.0, (first % 1_000) as f32, (first % 1_000 + 1) as f32]);
        assert_eq!(read(&tape, 0, 3), [0.0; 3]);
    }
}
