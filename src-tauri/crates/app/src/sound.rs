//! Sound without a window: files as devices, the talk key of a host that has none, and a check of the real devices.

use std::f64::consts::TAU;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;
use parlance_assistant::talk_key::TalkKeyMode as KeyMode;
use parlance_assistant::voice::news::VoiceCommand;
use parlance_core::audio::{CaptureEvent, PlaybackEvent};
use parlance_core::{AudioChunk, SampleRate};
use tokio::time::{Instant, sleep, timeout_at};

use crate::api::{ErrorBody, ErrorCode, TalkKeyMode};
use crate::app::App;
use crate::devices;

pub use parlance_audio::{FileInput, FileOutput, FileVoice, Heard, Pace};

/// A device that gives or takes nothing for so long does not work.
const PATIENCE: Duration = Duration::from_secs(5);
/// The microphone is listened to for so long.
const LISTEN: Duration = Duration::from_secs(1);
/// The tone of the speaker's check: the orchestra's A, short and quiet.
const TONE_HZ: f64 = 440.0;
const TONE: Duration = Duration::from_millis(300);
const TONE_AMPLITUDE: f64 = 3_277.0;
/// A tone that begins and ends within this does not click.
const FADE: Duration = Duration::from_millis(20);

/// What a microphone gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Listened {
    /// Its name, where the system says it.
    pub device: Option<String>,
    /// How long.
    pub duration: Duration,
    /// The mean level in dBFS; `None` for digital silence.
    pub level_dbfs: Option<f64>,
    /// The loudest sample in dBFS; `None` for digital silence.
    pub peak_dbfs: Option<f64>,
}

/// What a speaker played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// Its name, where the system says it.
    pub device: Option<String>,
    /// How long.
    pub duration: Duration,
}

/// Reads a WAV file, mixed down to one channel.
///
/// # Errors
/// [`ErrorCode::BadFile`]
pub fn read_wav(path: &Path) -> Result<AudioChunk, ErrorBody> {
    Ok(parlance_audio::wav::read(path)?)
}

/// Writes a WAV file. An existing one is replaced only when the new one is whole.
///
/// # Errors
/// [`ErrorCode::BadFile`]
pub fn write_wav(path: &Path, recording: &AudioChunk) -> Result<(), ErrorBody> {
    Ok(parlance_audio::wav::write(path, recording)?)
}

impl App {
    /// What holding and tapping the talk key do, for this run only: a host without a real key has its own ways.
    ///
    /// # Errors
    /// When there is no voice.
    pub fn use_talk_key(&self, mode: TalkKeyMode) -> Result<(), ErrorBody> {
        self.voice()?.send(VoiceCommand::KeyMode(match mode {
            TalkKeyMode::Auto => KeyMode::Auto,
            TalkKeyMode::Hold => KeyMode::Hold,
            TalkKeyMode::Toggle => KeyMode::Toggle,
        }));
        Ok(())
    }

    /// Listens to the chosen microphone for a second.
    ///
    /// # Errors
    /// [`ErrorCode::Sound`] when it gives nothing.
    pub async fn check_microphone(&self) -> Result<Listened, ErrorBody> {
        let mut stream = devices::chosen(&self.config().settings).input.open(SampleRate::HZ_24000)?;
        let (mut device, mut lost, mut samples) = (None, None, Vec::new());
        let enough = usize::try_from(SampleRate::HZ_24000.samples_in(LISTEN)).unwrap_or(usize::MAX);
        let until = Instant::now() + PATIENCE;
        while samples.len() < enough {
            match timeout_at(until, stream.next()).await {
                Ok(Some(CaptureEvent::Chunk(captured))) => samples.extend(captured.chunk.samples),
                Ok(Some(CaptureEvent::Back(back))) => device = Some(back.name),
                Ok(Some(CaptureEvent::Lost(loss))) => lost = Some(loss),
                Ok(Some(CaptureEvent::Overrun { .. })) => {}
                Ok(None) | Err(_) => {
                    return Err(match lost {
                        Some(loss) => ErrorBody::from(&loss),
                        None => ErrorBody::new(ErrorCode::Sound).with_details("the microphone gave no sound"),
                    });
                }
            }
        }
        samples.truncate(enough);
        #[expect(clippy::cast_precision_loss, reason = "a second of samples")]
        let mean = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / samples.len() as f64;
        let peak = samples.iter().map(|sample| f64::from(sample.unsigned_abs())).fold(0.0, f64::max);
        Ok(Listened { device, duration: LISTEN, level_dbfs: dbfs(mean.sqrt()), peak_dbfs: dbfs(peak) })
    }

    /// Plays a short tone through the chosen speaker.
    ///
    /// # Errors
    /// [`ErrorCode::Sound`] when it does not come out.
    pub async fn check_speaker(&self) -> Result<Played, ErrorBody> {
        let speaker = devices::chosen(&self.config().settings).output.open(SampleRate::HZ_24000)?;
        let silent = |why: &str| ErrorBody::new(ErrorCode::Sound).with_details(why);
        speaker.push(&tone()).map_err(|error| silent(&error.to_string()))?;
        speaker.finish();
        let (mut device, mut lost) = (None, None);
        let until = Instant::now() + PATIENCE;
        while !speaker.position().is_drained() {
            while let Some(event) = speaker.poll_event() {
                match event {
                    PlaybackEvent::Back(back) => device = Some(back.name),
                    PlaybackEvent::Lost(loss) => lost = Some(loss),
                }
            }
            if Instant::now() >= until {
                return Err(lost.map_or_else(|| silent("the speaker took no sound"), |loss| ErrorBody::from(&loss)));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(Played { device, duration: TONE })
    }
}

/// Of full scale; `None` for nothing at all.
fn dbfs(amplitude: f64) -> Option<f64> {
    (amplitude > 0.0).then(|| 20.0 * (amplitude / 32_768.0).log10())
}

fn tone() -> AudioChunk {
    let rate = SampleRate::HZ_24000;
    let (length, fade) = (rate.samples_in(TONE), rate.samples_in(FADE));
    let sample = |at: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a third of a second of samples")]
        let (time, edge) = (at as f64 / f64::from(rate.hz()), at.min(length - at) as f64 / fade as f64);
        #[expect(clippy::cast_possible_truncation, reason = "the amplitude fits")]
        let sample = ((TAU * TONE_HZ * time).sin() * TONE_AMPLITUDE * edge.min(1.0)) as i16;
        sample
    };
    AudioChunk { samples: (0..length).map(sample).collect(), rate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tone_lasts_as_said_and_begins_and_ends_in_silence() {
        let tone = tone();
        assert_eq!(tone.duration(), TONE);
        assert!(tone.samples[0].abs() < 100 && tone.samples[tone.samples.len() - 1].abs() < 100);
        assert_eq!(tone.samples.iter().max(), Some(&3_277));
    }

    #[test]
    fn levels_are_decibels_below_full_scale() {
        assert_eq!(dbfs(0.0), None);
        assert_eq!(dbfs(32_768.0), Some(0.0));
        assert!((dbfs(3_276.8).unwrap() + 20.0).abs() < 1e-9);
    }
}
