//! Reading a tape in step with captured sound: for each frame of the microphone, what sounded while it was captured.

use std::sync::Arc;

use parlance_core::SampleRate;

use super::tape::{Tape, nanos_in};
use crate::resample::Resampler;

/// The reference runs ahead of the captured sound by this much: a canceller can look back and not ahead, and systems
/// report their delays to some 10 ms.
const AHEAD_NANOS: i64 = 30_000_000;

/// Reports are averaged over about so many frames of 10 ms, since each wavers by a block.
const AVERAGED: f64 = 50.0;

/// How far the reel may run behind the averaged reports before it jumps: the canceller would have to look ahead soon.
const BEHIND_NANOS: f64 = 25_000_000.0;

/// And how far before them: that costs nothing but memory, while a jump costs the canceller what it has learned. In their
/// first second, reports are off by some 20 ms (measured with PulseAudio).
const BEFORE_NANOS: f64 = 60_000_000.0;

pub(super) struct Reel {
    tape: Arc<Tape>,
    /// To the rate of the microphone's frames.
    resampler: Resampler,
    /// The tape's next frame to read, once it is known.
    next: Option<i64>,
    /// How far the reports are from where the reel runs, averaged, in nanoseconds.
    strayed: f64,
    read: Vec<f32>,
    ready: Vec<f32>,
}

impl Reel {
    pub(super) fn new(tape: Arc<Tape>, rate: SampleRate) -> Self {
        let resampler = Resampler::new(tape.rate(), rate);
        Self { tape, resampler, next: None, strayed: 0.0, read: Vec::new(), ready: Vec::new() }
    }

    pub(super) fn plays(&self, tape: &Arc<Tape>) -> bool {
        Arc::ptr_eq(&self.tape, tape)
    }

    /// Whether all was read of a tape on which nothing is written any more.
    pub(super) fn is_done(&self) -> bool {
        self.tape.is_closed() && self.next.is_none_or(|next| self.tape.is_past(next))
    }

    /// Adds to `far` what sounded from `at` on, in nanoseconds.
    pub(super) fn add_to(&mut self, far: &mut [f32], at: i64) {
        let Some(next) = self.place(at) else { return };
        let mut next = next;
        while self.ready.len() < far.len() {
            // In blocks of 10 ms of the tape's own rate, which is what a frame takes but for the filter's delay.
            let frames = (self.tape.rate().hz() / 100) as usize;
            self.read.clear();
            self.tape.read(next, frames, &mut self.read);
            next += i64::from(self.tape.rate().hz() / 100);
            self.resampler.push(&self.read, &mut self.ready);
        }
        self.next = Some(next);
        let ready = self.ready.drain(..far.len());
        for (far, sample) in far.iter_mut().zip(ready) {
            *far += sample;
        }
    }

    /// Where to read on, `None` before the device has played anything.
    fn place(&mut self, at: i64) -> Option<i64> {
        let rate = self.tape.rate();
        let wanted = at + AHEAD_NANOS - self.tape.origin()?;
        if let Some(next) = self.next {
            // What is converted already is behind `next`.
            let runs = nanos_of_frames(next, rate) - self.ready_nanos();
            #[expect(clippy::cast_precision_loss, reason = "a difference of milliseconds")]
            let stray = (wanted - runs) as f64;
            self.strayed += (stray - self.strayed) / AVERAGED;
            let is_starved = self.strayed < 0.0 && !self.tape.is_closed() && self.tape.is_past(next);
            if (-BEFORE_NANOS..BEHIND_NANOS).contains(&self.strayed) && !is_starved {
                return self.next;
            }
        }
        self.resampler.reset();
        self.ready.clear();
        self.strayed = 0.0;
        Some(i64::try_from(i128::from(wanted) * i128::from(rate.hz()) / 1_000_000_000).unwrap_or(0))
    }

    fn ready_nanos(&self) -> i64 {
        nanos_in(self.ready.len() as u64, self.resampler.to())
    }
}

fn nanos_of_frames(frames: i64, rate: SampleRate) -> i64 {
    i64::try_from(i128::from(frames) * 1_000_000_000 / i128::from(rate.hz())).unwrap_or(0)
}
