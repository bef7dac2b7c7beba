//! The microphone's sound.

use std::time::Duration;

use parlance_core::Level;
use parlance_core::audio::{CaptureEvent, Captured, DeviceLoss};

use super::super::machine::{Input, Microphone};
use super::super::news::VoiceNews;
use super::Actor;

/// Digital silence for this long, while the floor is the person's, means that the microphone is shut elsewhere.
const DEAD_SILENCE: Duration = Duration::from_secs(3);

impl Actor {
    pub(super) fn captured(&mut self, event: Option<CaptureEvent>) {
        match event {
            Some(CaptureEvent::Chunk(Captured { chunk, activity })) => {
                let level = Level::of(&chunk.samples).value();
                let duration = chunk.duration();
                self.input_level = self.input_level.max(level);
                self.watch_silence(level, duration);
                if !self.machine.has_floor() && self.machine.microphone() == Microphone::Live {
                    self.pre_roll.remember(&chunk.samples);
                }
                self.in_hand = Some(chunk);
                self.step(Input::Captured { duration, activity });
                self.in_hand = None;
            }
            Some(CaptureEvent::Overrun { samples }) => {
                let lost = self.capabilities().input_rate.duration_of(samples);
                self.tell(VoiceNews::SoundLost(lost));
            }
            Some(CaptureEvent::Lost(loss)) => {
                self.tell(VoiceNews::InputLost(loss.clone()));
                self.step(Input::CaptureLost(loss));
            }
            Some(CaptureEvent::Back(device)) => {
                self.tell(VoiceNews::InputBack(device));
                self.step(Input::CaptureBack);
            }
            None => self.microphone = None,
        }
    }

    /// A flat meter must name its cause.
    fn watch_silence(&mut self, level: f32, duration: Duration) {
        let was_dead = self.silent_for >= DEAD_SILENCE;
        if level > 0.0 || !self.machine.has_floor() {
            self.silent_for = Duration::ZERO;
        } else {
            self.silent_for += duration;
        }
        let is_dead = self.silent_for >= DEAD_SILENCE;
        if was_dead != is_dead {
            self.tell(VoiceNews::DeadSilence(is_dead));
        }
    }

    pub(super) fn open_microphone(&mut self) {
        if self.microphone.is_some() {
            return;
        }
        match self.parts.input.open(self.capabilities().input_rate) {
            Ok(stream) => self.microphone = Some(stream),
            Err(error) => {
                let loss = DeviceLoss::Refused { message: error.to_string() };
                self.tell(VoiceNews::InputLost(loss.clone()));
                self.step(Input::CaptureLost(loss));
            }
        }
    }
}
