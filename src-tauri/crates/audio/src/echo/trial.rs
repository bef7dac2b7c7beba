//! How much of a speaker comes back through a microphone, and how late: a short sweep is played and looked for.

use std::f32::consts::TAU;
use std::time::Duration;

use futures_util::StreamExt as _;
use parlance_core::audio::{AudioError, AudioInput, AudioOutput, CaptureEvent, CaptureStream, DeviceLoss};
use parlance_core::echo::{EchoReport, EchoVerdict};
use parlance_core::{AudioChunk, SampleRate};
use tokio::time::{Instant, timeout_at};

use crate::sample::{to_f32, to_i16};

/// Speech is below half of it.
const RATE: SampleRate = SampleRate::HZ_16000;

/// The sweep: where small speakers and microphones both work, as short as a beep, no louder than speech.
const SWEEP_HZ: (f32, f32) = (500.0, 4_000.0);
const SWEEP: Duration = Duration::from_millis(300);
const SWEEP_AMPLITUDE: f32 = 0.25;
/// What begins and ends within this does not click.
const FADE: Duration = Duration::from_millis(20);

/// The room is listened to for so long first.
const BEFORE: Duration = Duration::from_millis(700);
/// A wireless speaker is half a second late, and a room rings.
const AFTER: Duration = Duration::from_millis(1_200);
/// How long a room rings that is worth measuring.
const RINGING: Duration = Duration::from_millis(150);

/// A device that gives or takes nothing for so long does not work.
const PATIENCE: Duration = Duration::from_secs(5);

/// The sweep stands out by so much, beside what noise alone looks like: by chance, once in a thousand million.
const STANDS_OUT: f32 = 7.0;

/// An assistant that speaks at −20 dBFS comes back at −60: nobody takes that for speech.
const HEADPHONES_DB: f32 = -40.0;
/// Louder than it was played: little is left above it for a person's voice.
const TOO_LOUD_DB: f32 = 3.0;
/// Samples at the end of the scale: what is cut off cannot be reckoned back.
const CUT_OFF: usize = 16;

/// The trial gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EchoTrialError {
    /// Microphone or speaker does not open.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The microphone gave nothing.
    #[error("the microphone gives no sound")]
    NoMicrophone(Option<DeviceLoss>),
    /// The speaker played nothing.
    #[error("the speaker takes no sound")]
    NoSpeaker,
}

/// Plays a sweep of a third of a second and listens to it, which takes two seconds in all. The microphone must be one on
/// no [`EchoPath`](crate::EchoPath), or the sweep is taken off before it is measured.
///
/// # Errors
/// [`EchoTrialError`] when a device does not work.
pub async fn echo_trial(input: &dyn AudioInput, output: &dyn AudioOutput) -> Result<EchoReport, EchoTrialError> {
    let mut microphone = input.open(RATE)?;
    let speaker = output.open(RATE)?;
    let mut recording = Vec::new();
    listen(&mut microphone, &mut recording, BEFORE).await?;
    let handed_over = recording.len();
    speaker.push(&AudioChunk { samples: sweep(), rate: RATE }).map_err(|_| EchoTrialError::NoSpeaker)?;
    speaker.finish();
    listen(&mut microphone, &mut recording, AFTER + SWEEP).await?;
    if speaker.position().heard == 0 {
        return Err(EchoTrialError::NoSpeaker);
    }
    // Tens of milliseconds of arithmetic.
    let report = tokio::task::spawn_blocking(move || judge(&recording, handed_over)).await;
    report.map_err(|error| AudioError::System(error.to_string()).into())
}

/// Records for so long.
async fn listen(
    microphone: &mut CaptureStream,
    recording: &mut Vec<i16>,
    length: Duration,
) -> Result<(), EchoTrialError> {
    let enough = recording.len() + samples_in(length);
    let until = Instant::now() + PATIENCE;
    let mut lost = None;
    while recording.len() < enough {
        match timeout_at(until, microphone.next()).await {
            Ok(Some(CaptureEvent::Chunk(captured))) => recording.extend(captured.chunk.samples),
            Ok(Some(CaptureEvent::Lost(loss))) => lost = Some(loss),
            Ok(Some(CaptureEvent::Back(_) | CaptureEvent::Overrun { .. })) => {}
            Ok(None) | Err(_) => return Err(EchoTrialError::NoMicrophone(lost)),
        }
    }
    Ok(())
}

/// A tone that rises evenly.
fn sweep() -> Vec<i16> {
    let (length, fade) = (samples_in(SWEEP), samples_in(FADE));
    let seconds = SWEEP.as_secs_f32();
    (0..length)
        .map(|n| {
            let at = n as f32 / RATE.hz() as f32;
            let phase = SWEEP_HZ.0 * at + (SWEEP_HZ.1 - SWEEP_HZ.0) * at * at / (2.0 * seconds);
            let edge = (n.min(length - n) as f32 / fade as f32).min(1.0);
            to_i16(SWEEP_AMPLITUDE * edge * (TAU * phase).sin())
        })
        .collect()
}

/// What a recording tells in which the sweep was handed over at a sample. Pure.
fn judge(recording: &[i16], handed_over: usize) -> EchoReport {
    let sweep: Vec<f32> = sweep().into_iter().map(to_f32).collect();
    let heard: Vec<f32> = recording.iter().copied().map(to_f32).collect();
    let (before, after) = heard.split_at(handed_over.min(heard.len()));
    let noise = power(before);
    let noise_dbfs = decibels(noise);

    // How much a room without the sweep looks like it, at the most usual.
    let by_chance = power(&likenesses(&sweep, before)).sqrt();
    let best = likenesses(&sweep, after).into_iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    let quietest = 10f32.powf((HEADPHONES_DB - 20.0) / 20.0);
    let found = best.filter(|(_, like)| like.abs() > (STANDS_OUT * by_chance).max(quietest));
    let Some((at, _)) = found else {
        // Whatever comes back is no louder than the room.
        let coupling_db = (decibels(noise) - decibels(power(&sweep))).max(HEADPHONES_DB - 20.0);
        return EchoReport { round_trip: None, coupling_db, noise_dbfs, verdict: EchoVerdict::Headphones };
    };

    let end = (at + sweep.len() + samples_in(RINGING)).min(after.len());
    let echo = (energy(&after[at..end]) - noise * (end - at) as f32).max(f32::MIN_POSITIVE);
    let coupling_db = decibels(echo / energy(&sweep));
    let cut_off = recording.iter().filter(|sample| sample.unsigned_abs() >= i16::MAX.unsigned_abs()).count();
    let verdict = if coupling_db > TOO_LOUD_DB || cut_off >= CUT_OFF {
        EchoVerdict::TooLoud
    } else if coupling_db > HEADPHONES_DB {
        EchoVerdict::Speakers
    } else {
        EchoVerdict::Headphones
    };
    EchoReport { round_trip: Some(RATE.duration_of(at as u64)), coupling_db, noise_dbfs, verdict }
}

/// For each place where the whole sound fits, its amplitude there: 1 for the sound itself.
fn likenesses(sound: &[f32], recording: &[f32]) -> Vec<f32> {
    let whole = energy(sound);
    let places = recording.windows(sound.len());
    places.map(|place| place.iter().zip(sound).map(|(a, b)| a * b).sum::<f32>() / whole).collect()
}

fn energy(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum()
}

fn power(samples: &[f32]) -> f32 {
    energy(samples) / samples.len().max(1) as f32
}

fn decibels(power: f32) -> f32 {
    10.0 * power.max(1e-10).log10()
}

fn samples_in(duration: Duration) -> usize {
    usize::try_from(RATE.samples_in(duration)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A recording of a quiet room in which the sweep comes back so late and so loud, with two reflections.
    fn room(delay_ms: usize, gain_db: f32, noise_dbfs: f32) -> (Vec<i16>, usize) {
        let before = samples_in(BEFORE);
        let amplitude = 10f32.powf(noise_dbfs / 20.0) * 3f32.sqrt();
        let mut state = 7u32;
        let mut sound: Vec<f32> = (0..before + samples_in(AFTER + SWEEP))
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                amplitude * ((state >> 8) as f32 / 8_388_608.0 - 1.0)
            })
            .collect();
        let gain = 10f32.powf(gain_db / 20.0);
        for (late_ms, part) in [(0, 1.0), (11, 0.3), (37, -0.15)] {
            let at = before + (delay_ms + late_ms) * RATE.hz() as usize / 1_000;
            for (place, sample) in sound[at..].iter_mut().zip(sweep()) {
                *place += gain * part * to_f32(sample);
            }
        }
        (sound.into_iter().map(to_i16).collect(), before)
    }

    #[test]
    fn delay_and_loudness_of_an_echo_are_measured() {
        for delay_ms in [5, 80, 400] {
            for gain_db in [-30.0, -20.0, -6.0, 0.0] {
                let (recording, handed_over) = room(delay_ms, gain_db, -60.0);
                let report = judge(&recording, handed_over);
                let found = report.round_trip.expect("it is heard").as_millis() as usize;
                assert_eq!(found, delay_ms, "{report:?}");
                assert!((report.coupling_db - gain_db).abs() < 1.5, "{gain_db}: {report:?}");
                assert!((report.noise_dbfs + 60.0).abs() < 1.0, "{report:?}");
                assert_eq!(report.verdict, EchoVerdict::Speakers);
            }
        }
    }

    #[test]
    fn headphones_are_told_from_speakers_in_silence_and_in_noise() {
        for (gain_db, noise_dbfs) in [(-120.0, -120.0), (-120.0, -40.0), (-50.0, -80.0), (-50.0, -50.0)] {
            let (recording, handed_over) = room(80, gain_db, noise_dbfs);
            let report = judge(&recording, handed_over);
            assert_eq!(report.verdict, EchoVerdict::Headphones, "{gain_db} {noise_dbfs}: {report:?}");
        }
        // A speaker is found although the room is as loud as what comes back of it.
        let (recording, handed_over) = room(80, -25.0, -40.0);
        assert_eq!(judge(&recording, handed_over).verdict, EchoVerdict::Speakers);
    }

    #[test]
    fn an_echo_that_is_louder_than_its_source_or_cut_off_is_too_loud() {
        for gain_db in [6.0, 20.0] {
            let (recording, handed_over) = room(80, gain_db, -60.0);
            assert_eq!(judge(&recording, handed_over).verdict, EchoVerdict::TooLoud, "{gain_db}");
        }
    }

    #[test]
    fn a_recording_of_nothing_is_no_echo() {
        assert_eq!(judge(&[], 0).verdict, EchoVerdict::Headphones);
        assert_eq!(judge(&[0; 20_000], 10_000).round_trip, None);
    }
}
