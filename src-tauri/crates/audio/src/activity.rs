//! What is heard in captured sound: how loud it is, how loud the room is, and whether somebody speaks.
//!
//! Called by whatever makes captured chunks. Without clock and IO; the cost of a chunk is constant (0.05 % of a core).
//! Where speech begins and ends is [`SpeechWatch`](parlance_core::speech::SpeechWatch)'s to say.

use std::time::Duration;

use earshot::Detector;
use parlance_core::SampleRate;
use parlance_core::speech::{Activity, Gate};

use crate::resample::Resampler;
use crate::sample::{to_f32, to_i16};

/// The detector's frame: 16 ms at 16 kHz.
const FRAME: usize = 256;

/// Hears speech in a stream of samples.
pub struct VoiceActivity {
    rate: SampleRate,
    resampler: Resampler,
    detector: Box<Detector>,
    /// The chunk in floating point.
    chunk: Vec<f32>,
    /// At 16 kHz, not a frame yet.
    waiting: Vec<f32>,
    /// Of the last frame.
    speech: f32,
    floor: Floor,
}

impl VoiceActivity {
    /// For sound at this rate.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            resampler: Resampler::new(rate, SampleRate::HZ_16000),
            detector: Detector::default_boxed(),
            chunk: Vec::new(),
            waiting: Vec::new(),
            speech: 0.0,
            floor: Floor::default(),
        }
    }

    /// Hears the next chunk, of any length; 10 or 20 ms are usual. The likelihood is that of the likeliest frame that
    /// ends within the chunk, or of the one before where none does.
    pub fn hear(&mut self, samples: &[i16]) -> Activity {
        self.chunk.clear();
        self.chunk.extend(samples.iter().copied().map(to_f32));
        self.resampler.push(&self.chunk, &mut self.waiting);
        let whole = self.waiting.len() / FRAME * FRAME;
        let mut frame = [0i16; FRAME];
        let mut likeliest = None;
        for ready in self.waiting[..whole].chunks_exact(FRAME) {
            for (out, &sample) in frame.iter_mut().zip(ready) {
                *out = to_i16(sample);
            }
            self.speech = self.detector.predict_i16(&frame).clamp(0.0, 1.0);
            likeliest = Some(self.speech.max(likeliest.unwrap_or(0.0)));
        }
        self.waiting.drain(..whole);
        let speech = likeliest.unwrap_or(self.speech);
        let dbfs = dbfs_of(samples);
        let floor_dbfs = self.floor.follow(dbfs, speech, self.rate.duration_of(samples.len() as u64));
        Activity { dbfs, floor_dbfs, speech, gate: Gate::Open }
    }

    /// Another sound begins: another device, or one that was away.
    pub fn reset(&mut self) {
        self.resampler.reset();
        self.detector.reset();
        self.waiting.clear();
        self.speech = 0.0;
        self.floor = Floor::default();
    }
}

/// The mean level of a block in dBFS.
fn dbfs_of(samples: &[i16]) -> f32 {
    let energy: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a block is far shorter than 2^52 samples")]
    let mean = energy / (samples.len().max(1) as f64 * 32_768.0 * 32_768.0);
    #[expect(clippy::cast_possible_truncation, reason = "a level needs no more than f32")]
    let dbfs = (10.0 * mean.max(1e-12).log10()) as f32;
    dbfs.max(Activity::SILENCE_DBFS)
}

/// The level of the room. It falls as soon as it is quieter, so that every pause between words brings it down; it rises
/// slowly, and hardly while somebody speaks: a fan that starts becomes the background within seconds, a voice never.
#[derive(Default)]
struct Floor {
    /// `None` before the first sound that is no digital silence: devices give some before they give the room.
    dbfs: Option<f32>,
}

impl Floor {
    /// Of the distance, in a second.
    const FALLS: f32 = 20.0;
    /// Decibels a second.
    const RISES: f32 = 12.0;
    const RISES_IN_SPEECH: f32 = 2.0;
    /// Above it, the floor takes it for speech.
    const SPEECH: f32 = 0.35;
    /// A microphone in a quiet room; the floor begins no higher, so that who speaks at once is heard.
    const BEGINS_AT_MOST: f32 = -50.0;

    fn follow(&mut self, dbfs: f32, speech: f32, lasted: Duration) -> f32 {
        let Some(floor) = self.dbfs else {
            if dbfs > Activity::SILENCE_DBFS {
                self.dbfs = Some(dbfs.min(Self::BEGINS_AT_MOST));
            }
            return Activity::SILENCE_DBFS;
        };
        let seconds = lasted.as_secs_f32();
        let followed = if dbfs < floor {
            floor + (dbfs - floor) * (Self::FALLS * seconds).min(1.0)
        } else {
            let rises = if speech >= Self::SPEECH { Self::RISES_IN_SPEECH } else { Self::RISES };
            (floor + rises * seconds).min(dbfs)
        };
        self.dbfs = Some(followed);
        followed
    }
}

#[cfg(test)]
mod tests;
