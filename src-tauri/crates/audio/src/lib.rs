//! Sound: microphone, speaker, rates, WAV files, and files that act as devices.
//!
//! # Layout
//!
//! * [`devices`] – which microphones and speakers there are.
//! * [`Microphone`] – the port `AudioInput` on a real device.
//! * [`Speaker`] – the port `AudioOutput` on a real device.
//! * [`FileInput`], [`FileOutput`] – the same ports without devices, for the terminal and for tests.
//! * [`EchoPath`] – ties a speaker to the microphone that hears it, so that the assistant does not hear itself;
//!   [`echo_trial`] finds out what a room is like.
//! * [`VoiceActivity`] – what is heard in captured sound: speech, its level, the room's.
//! * [`wav`] – reading and writing WAV.
//! * [`resample`] – one rate to another, live and for whole files.
//!
//! Rates change at exactly two places: after capture and before playback. What is
//! heard in a captured chunk comes with it.
//!
//! # Threads
//!
//! A device's own callback only moves samples through a wait-free ring: no lock, allocation, log or wait. One thread a
//! stream owns the device: it opens it, looks after it, and stands between the ring and the engine. A third, slow one
//! looks twice a second whether the device is still the right one, because a sound server moves a stream to another
//! device without a word.
//!
//! # Systems
//!
//! Written for every system that cpal serves; run and measured on Linux with PulseAudio only. On macOS and Windows the
//! microphone's permission prompt, the names of devices and the reported latency were not tried.

mod activity;
mod echo;
mod file;
mod line;
mod microphone;
mod sample;
mod speaker;
#[cfg(test)]
mod voices;

pub mod devices;
pub mod resample;
pub mod wav;

pub use activity::VoiceActivity;
pub use echo::{EchoPath, EchoTrialError, echo_trial};
pub use file::{FileInput, FileOutput, FileVoice, Heard, NobodyListens, Pace};
pub use microphone::Microphone;
pub use speaker::Speaker;

use parlance_core::audio::AudioError;

/// How a device is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceOptions {
    /// [`Device::id`](parlance_core::audio::Device) of the device; `None` follows the system's choice.
    pub device: Option<String>,
    /// Frames a block at the device's own rate: latency is about twice this. 960 is 20 ms at 48 kHz, the sensible start
    /// on a desktop; a loaded machine needs 2,048 to play without gaps (both measured with PulseAudio 16.1).
    pub block_frames: u32,
}

impl Default for DeviceOptions {
    fn default() -> Self {
        Self { device: None, block_frames: 960 }
    }
}

/// The buffer to ask a device for: what is wanted, within what it can do; its own choice where it does not say.
fn buffer_size(own: &cpal::SupportedStreamConfig, frames: u32) -> cpal::BufferSize {
    match *own.buffer_size() {
        cpal::SupportedBufferSize::Range { min, max } => cpal::BufferSize::Fixed(frames.max(min).min(max).max(1)),
        cpal::SupportedBufferSize::Unknown => cpal::BufferSize::Default,
    }
}

/// Starts a thread of this crate.
fn start_thread(name: &str, body: impl FnOnce() + Send + 'static) -> Result<std::thread::Thread, AudioError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map(|handle| handle.thread().clone())
        .map_err(|error| AudioError::System(format!("starting the thread {name}: {error}")))
}

/// Drops a device's stream on a thread of its own. cpal 0.18 waits for the stream's driver when it is dropped, and with
/// PulseAudio that driver waits for ever when the server killed the stream while it was idle.
fn let_go<S: Send + 'static>(stream: S) {
    // Without a thread to spare it is dropped here.
    let _ = start_thread("sound-farewell", move || drop(stream));
}
