//! The sound source inside the device's callback: endless, wait-free, and silent when there is nothing to say.

use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parlance_core::SampleRate;

use super::meter::{Meter, Run};

/// How much must be there before an utterance begins, so that sound that comes in pieces plays without gaps. Measured
/// with pieces of 20 ms: no underrun.
const PREFILL: Duration = Duration::from_millis(60);

/// A sample at the device's rate, and the run it belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) sample: f32,
    pub(super) run: Run,
}

/// One endless mono source for rodio's mixer. The mixer spreads it over the device's channels.
pub(super) struct Voice {
    ring: rtrb::Consumer<Frame>,
    meter: Arc<Meter>,
    rate: NonZero<u32>,
    prefill: usize,
    /// The run that is playing, `None` while the jitter buffer fills.
    playing: Option<Run>,
}

impl Voice {
    pub(super) fn new(ring: rtrb::Consumer<Frame>, meter: Arc<Meter>, rate: SampleRate) -> Self {
        let prefill = usize::try_from(rate.samples_in(PREFILL)).unwrap_or(usize::MAX);
        let rate = NonZero::new(rate.hz()).expect("BUG: rates begin at 8,000");
        Self { ring, meter, rate, prefill, playing: None }
    }

    /// Throws away what belongs to earlier runs. Whether the next sample, if any, belongs to this one: a flush and a
    /// push may both have come since this block began.
    fn skip_to(&mut self, run: Run) -> bool {
        while let Ok(frame) = self.ring.peek() {
            if frame.run == run {
                return true;
            }
            if is_newer(frame.run, run) {
                return false;
            }
            let _ = self.ring.pop();
        }
        true
    }
}

fn is_newer(run: Run, than: Run) -> bool {
    run != than && run.wrapping_sub(than) < Run::MAX / 2
}

impl Iterator for Voice {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        let run = self.meter.block_run();
        if !self.skip_to(run) {
            self.playing = None;
            return Some(0.0);
        }
        if self.playing != Some(run) {
            let there = self.ring.slots();
            if there == 0 || (there < self.prefill && !self.meter.has_ended(run)) {
                return Some(0.0);
            }
            self.playing = Some(run);
        }
        match self.ring.pop() {
            Ok(frame) => {
                self.meter.count_frame();
                Some(frame.sample)
            }
            Err(_) => {
                self.playing = None;
                if !self.meter.has_ended(run) {
                    self.meter.count_underrun();
                }
                Some(0.0)
            }
        }
    }
}

impl rodio::Source for Voice {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> rodio::ChannelCount {
        const { NonZero::new(1).expect("BUG: one is not zero") }
    }

    fn sample_rate(&self) -> rodio::SampleRate {
        self.rate
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}

/// The callback's body: draws a block from the mixer and keeps the account of it.
pub(super) struct Desk {
    mixer: rodio::mixer::MixerSource,
    meter: Arc<Meter>,
    rate: SampleRate,
    channels: NonZero<u16>,
}

impl Desk {
    /// A desk with one voice on it.
    pub(super) fn new(voice: Voice, meter: Arc<Meter>, rate: SampleRate, channels: NonZero<u16>) -> Self {
        let (desk, mixer) = rodio::mixer::mixer(channels, voice.rate);
        desk.add(voice);
        Self { mixer, meter, rate, channels }
    }

    /// Fills an interleaved block whose first frame becomes audible at `audible_at`.
    pub(super) fn render(&mut self, block: &mut [f32], audible_at: Instant) {
        self.meter.begin_block();
        for sample in block.iter_mut() {
            *sample = self.mixer.next().unwrap_or(0.0);
        }
        let frames = block.len() / usize::from(self.channels.get());
        if !self.meter.end_block(audible_at + self.rate.duration_of(frames as u64)) {
            block.fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests;
