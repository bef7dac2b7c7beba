//! The microphone's end: captured frames in, frames without the assistant's voice out.

use std::mem;

use parlance_core::SampleRate;
use parlance_core::echo::{CaptureHandling, EchoHandling};
use parlance_core::speech::Gate;

use super::EchoPath;
use super::canceller::Canceller;
use super::gate::HalfDuplex;
use super::reel::Reel;

/// Frames a second: 10 ms each.
pub(crate) const FRAMES_A_SECOND: u32 = 100;

pub(crate) struct EchoFilter {
    path: EchoPath,
    rate: SampleRate,
    handling: CaptureHandling,
    canceller: Option<Canceller>,
    half_duplex: HalfDuplex,
    reels: Vec<Reel>,
    far: Vec<f32>,
}

impl EchoFilter {
    /// For frames at one of the rates that [`Self::rate_for`] names.
    pub(crate) fn new(path: EchoPath, rate: SampleRate) -> Self {
        let handling = path.handling();
        Self {
            rate,
            handling,
            canceller: Canceller::new(rate, handling),
            half_duplex: HalfDuplex::default(),
            reels: Vec::new(),
            far: vec![0.0; (rate.hz() / FRAMES_A_SECOND) as usize],
            path,
        }
    }

    /// The rate to filter at, for sound that is wanted at another: frames are whole at it, and nothing that is wanted is
    /// above its middle.
    pub(crate) fn rate_for(wanted: SampleRate) -> SampleRate {
        match wanted.hz() {
            0..=16_000 => SampleRate::HZ_16000,
            16_001..=24_000 => SampleRate::HZ_24000,
            _ => SampleRate::HZ_48000,
        }
    }

    /// Filters a frame of 10 ms that was captured from `at` on, in nanoseconds.
    pub(crate) fn filter(&mut self, near: &mut [f32], at: i64) -> Gate {
        let handling = self.path.handling();
        if handling != mem::replace(&mut self.handling, handling) {
            self.canceller = Canceller::new(self.rate, handling);
            self.half_duplex = HalfDuplex::default();
        }
        if handling.echo != EchoHandling::Off {
            self.listen_to_far(at);
        }
        if let Some(canceller) = &mut self.canceller {
            canceller.clean(near, &self.far);
        }
        if handling.echo != EchoHandling::HalfDuplex {
            return Gate::Open;
        }
        let gate = self.half_duplex.hear(&self.far, at, self.path.silenced());
        if gate == Gate::Shut {
            near.fill(0.0);
        }
        gate
    }

    /// All that sounded from `at` on.
    fn listen_to_far(&mut self, at: i64) {
        for tape in self.path.tapes().iter() {
            if !self.reels.iter().any(|reel| reel.plays(tape)) && !tape.is_closed() {
                self.reels.push(Reel::new(tape.clone(), self.rate));
            }
        }
        self.far.fill(0.0);
        for reel in &mut self.reels {
            reel.add_to(&mut self.far, at);
        }
        self.reels.retain(|reel| !reel.is_done());
    }
}

#[cfg(test)]
mod tests;
