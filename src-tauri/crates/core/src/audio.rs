//! Sound as data, and the ports of microphone and speaker.
//!
//! Inside the engine sound is always mono, signed 16 bit. A *sample* is therefore also a *frame*; a block of samples
//! is a *chunk*.

use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use serde::{Deserialize, Serialize};

use crate::speech::Activity;

/// Samples per second, 8,000 to 192,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SampleRate(u32);

impl SampleRate {
    /// What speech recognisers take.
    pub const HZ_16000: Self = Self(16_000);
    /// What OpenAI's realtime voice and most speech models speak.
    pub const HZ_24000: Self = Self(24_000);
    /// What sound devices run at.
    pub const HZ_48000: Self = Self(48_000);

    /// A rate within 8,000 to 192,000 Hz, else `None`.
    #[must_use]
    pub const fn new(hz: u32) -> Option<Self> {
        if hz >= 8_000 && hz <= 192_000 { Some(Self(hz)) } else { None }
    }

    /// Samples per second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        self.0
    }

    /// How long `samples` last.
    #[must_use]
    pub fn duration_of(self, samples: u64) -> Duration {
        Duration::from_nanos(samples.saturating_mul(1_000_000_000) / u64::from(self.0))
    }

    /// How many whole samples fit into `duration`.
    #[must_use]
    pub fn samples_in(self, duration: Duration) -> u64 {
        u64::try_from(duration.as_nanos() * u128::from(self.0) / 1_000_000_000).unwrap_or(u64::MAX)
    }
}

impl From<SampleRate> for u32 {
    fn from(rate: SampleRate) -> Self {
        rate.0
    }
}

impl TryFrom<u32> for SampleRate {
    type Error = &'static str;

    fn try_from(hz: u32) -> Result<Self, Self::Error> {
        Self::new(hz).ok_or("a sample rate between 8000 and 192000 Hz")
    }
}

/// A block of mono samples and their rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioChunk {
    /// Mono, full scale is ±32,767.
    pub samples: Vec<i16>,
    /// Samples per second.
    pub rate: SampleRate,
}

impl AudioChunk {
    /// How long it lasts.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.rate.duration_of(self.samples.len() as u64)
    }
}

/// Loudness as the meter shows it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Level(f32);

impl Level {
    /// −60 dBFS and below reads as 0.
    pub const FLOOR_DBFS: f32 = -60.0;
    /// −6 dBFS and above reads as 1.
    pub const CEILING_DBFS: f32 = -6.0;

    /// The level of a block: its RMS in dBFS, −60…−6 mapped to 0…1.
    #[must_use]
    pub fn of(samples: &[i16]) -> Self {
        if samples.is_empty() {
            return Self(0.0);
        }
        let energy: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a block is far shorter than 2^52 samples")]
        let rms = (energy / samples.len() as f64).sqrt() / 32_768.0;
        #[expect(clippy::cast_possible_truncation, reason = "a meter needs no more than f32")]
        let dbfs = (20.0 * rms.max(1e-9).log10()) as f32;
        Self(((dbfs - Self::FLOOR_DBFS) / (Self::CEILING_DBFS - Self::FLOOR_DBFS)).clamp(0.0, 1.0))
    }

    /// 0 (silence) to 1 (loud).
    #[must_use]
    pub fn value(self) -> f32 {
        self.0
    }
}

/// A microphone or a speaker as people choose it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Stable over restarts, for settings.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether the system would choose it.
    pub is_default: bool,
}

/// Captured sound, and what was heard in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Captured {
    /// The sound, the assistant's own echo taken off where the input can.
    pub chunk: AudioChunk,
    /// Whether somebody spoke, and how loud it was.
    pub activity: Activity,
}

/// What a running microphone reports.
#[derive(Debug, Clone, PartialEq)]
pub enum CaptureEvent {
    /// Sound, in order, without gaps but those reported as `Overrun`.
    Chunk(Captured),
    /// Samples were lost because nobody read in time.
    Overrun {
        /// How many, at the stream's rate.
        samples: u64,
    },
    /// The device is gone. The stream stays open and looks for it.
    Lost(DeviceLoss),
    /// Sound comes again, from this device.
    Back(Device),
}

/// What a running speaker reports.
#[derive(Debug, Clone, PartialEq)]
pub enum PlaybackEvent {
    /// The device is gone. What was not played waits.
    Lost(DeviceLoss),
    /// Sound goes out again, through this device.
    Back(Device),
}

/// Why a device stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum DeviceLoss {
    /// There is no device of this kind, or the chosen one is not plugged in.
    NoDevice,
    /// It was unplugged or taken by another program.
    Unplugged {
        /// Its name.
        name: String,
    },
    /// The sound server ended.
    ServerGone,
    /// The system said no, in its own words.
    Refused {
        /// What it said.
        message: String,
    },
}

/// Sound could not be opened at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AudioError {
    /// A file that is no readable WAV, or cannot be written.
    #[error("{path}: {message}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// The system gave no thread or no memory for sound.
    #[error("the sound system: {0}")]
    System(String),
}

/// Dropping it closes the microphone.
pub type CaptureStream = Pin<Box<dyn Stream<Item = CaptureEvent> + Send>>;

/// A source of sound: a microphone, or a file that acts as one.
pub trait AudioInput: Send + Sync {
    /// Opens it. Chunks are mono at `rate`, about 20 ms each. A missing device is not an error here: the stream reports
    /// [`CaptureEvent::Lost`] first and [`CaptureEvent::Back`] when there is one.
    ///
    /// # Errors
    /// [`AudioError`] when nothing of the kind can work on this machine.
    fn open(&self, rate: SampleRate) -> Result<CaptureStream, AudioError>;
}

/// A sink of sound: a speaker, or a file that acts as one.
pub trait AudioOutput: Send + Sync {
    /// Opens it for mono sound at `rate`.
    ///
    /// # Errors
    /// [`AudioError`] when nothing of the kind can work on this machine.
    fn open(&self, rate: SampleRate) -> Result<Box<dyn Playback>, AudioError>;
}

/// How far a playback has come, in samples at its own rate, counted from its opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlaybackPosition {
    /// Handed over.
    pub pushed: u64,
    /// Left through the device, the device's own delay already taken off: what a listener has heard.
    pub heard: u64,
    /// Thrown away by [`Playback::flush`].
    pub flushed: u64,
    /// Times the device asked and nothing was there, within an utterance.
    pub underruns: u64,
}

impl PlaybackPosition {
    /// Whether all that was pushed was heard or thrown away.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.heard + self.flushed >= self.pushed
    }
}

/// An open speaker. Every method returns at once.
pub trait Playback: Send + Sync {
    /// Queues sound. Ten minutes fit; more is refused.
    ///
    /// # Errors
    /// [`QueueFull`] hands nothing over: try again when some of it was heard.
    fn push(&self, chunk: &AudioChunk) -> Result<(), QueueFull>;

    /// No more is coming for this utterance: play the rest even if it is shorter than the jitter buffer.
    fn finish(&self);

    /// Silence now: throws away what is queued. What is pushed later plays. What the device has taken already cannot be
    /// called back and counts as heard: the position is where the sound really ends.
    fn flush(&self) -> PlaybackPosition;

    /// Where it stands.
    fn position(&self) -> PlaybackPosition;

    /// What happened to the device since the last call. Never blocks.
    fn poll_event(&self) -> Option<PlaybackEvent>;
}

/// The playback queue holds ten minutes and is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ten minutes of sound are waiting to be played")]
pub struct QueueFull;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_samples_agree() {
        let rate = SampleRate::HZ_24000;
        assert_eq!(rate.samples_in(Duration::from_millis(300)), 7_200);
        assert_eq!(rate.duration_of(24_000), Duration::from_secs(1));
        assert_eq!(SampleRate::new(7_999), None);
    }

    #[test]
    fn the_level_is_scaled_in_decibels() {
        assert_eq!(Level::of(&[]).value(), 0.0);
        assert_eq!(Level::of(&[0; 480]).value(), 0.0);
        assert_eq!(Level::of(&[i16::MAX; 480]).value(), 1.0);
        // A constant of 0.1 of full scale is −20 dBFS: 40 of 54 dB above the floor.
        let quiet = Level::of(&[3_277; 480]).value();
        assert!((quiet - 40.0 / 54.0).abs() < 0.001, "{quiet}");
    }
}
