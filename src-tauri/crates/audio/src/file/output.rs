//! A listener instead of a speaker: takes sound at a device's pace and keeps what it heard.
//!
//! Only sound is kept, back to back. The silence between utterances is how long the other side thought, and would make
//! the same conversation a different file each time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlance_core::audio::{AudioError, AudioOutput, Playback, PlaybackEvent, PlaybackPosition, QueueFull};
use parlance_core::{AudioChunk, SampleRate};
use tokio::time::Instant;

use super::Pace;
use crate::resample::resample_all;

/// How much may wait, in seconds.
const LONGEST_SECONDS: u64 = 600;

/// The port's side. Each opening appends to what was heard.
#[derive(Debug)]
pub struct FileOutput {
    pace: Pace,
    openings: Arc<Mutex<Vec<Arc<Mutex<Listening>>>>>,
}

/// The keeping side.
#[derive(Debug, Clone)]
pub struct Heard {
    openings: Arc<Mutex<Vec<Arc<Mutex<Listening>>>>>,
}

impl FileOutput {
    /// A speaker and what is heard of it.
    #[must_use]
    pub fn new(pace: Pace) -> (Self, Heard) {
        let openings = Arc::default();
        (Self { pace, openings: Arc::clone(&openings) }, Heard { openings })
    }
}

impl Heard {
    /// All that was heard until now, at the rate of the first opening; `None` when nothing was.
    #[must_use]
    pub fn recording(&self) -> Option<AudioChunk> {
        let openings = lock(&self.openings);
        let rate = openings.first().map(|first| lock(first).rate)?;
        let mut samples = Vec::new();
        for opening in openings.iter() {
            samples.extend(resample_all(&lock(opening).heard_sound(), rate).samples);
        }
        (!samples.is_empty()).then_some(AudioChunk { samples, rate })
    }
}

impl AudioOutput for FileOutput {
    fn open(&self, rate: SampleRate) -> Result<Box<dyn Playback>, AudioError> {
        let listening = Arc::new(Mutex::new(Listening::new(self.pace, rate)));
        lock(&self.openings).push(Arc::clone(&listening));
        Ok(Box::new(FilePlayback { rate, listening }))
    }
}

struct FilePlayback {
    rate: SampleRate,
    listening: Arc<Mutex<Listening>>,
}

impl Playback for FilePlayback {
    fn push(&self, chunk: &AudioChunk) -> Result<(), QueueFull> {
        let chunk = resample_all(chunk, self.rate);
        lock(&self.listening).push(&chunk.samples)
    }

    fn finish(&self) {}

    fn flush(&self) -> PlaybackPosition {
        lock(&self.listening).flush()
    }

    fn position(&self) -> PlaybackPosition {
        lock(&self.listening).position()
    }

    fn poll_event(&self) -> Option<PlaybackEvent> {
        None
    }
}

impl Drop for FilePlayback {
    fn drop(&mut self) {
        // A closed speaker says no more.
        lock(&self.listening).flush();
    }
}

#[derive(Debug)]
struct Listening {
    pace: Pace,
    rate: SampleRate,
    /// Heard, then waiting. What is flushed is taken out.
    sound: Vec<i16>,
    heard: usize,
    flushed: u64,
    /// When the first waiting sample began to play.
    since: Instant,
}

impl Listening {
    fn new(pace: Pace, rate: SampleRate) -> Self {
        Self { pace, rate, sound: Vec::new(), heard: 0, flushed: 0, since: Instant::now() }
    }

    fn push(&mut self, samples: &[i16]) -> Result<(), QueueFull> {
        self.listen();
        let waiting = self.sound.len() - self.heard + samples.len();
        if waiting as u64 > LONGEST_SECONDS * u64::from(self.rate.hz()) {
            return Err(QueueFull);
        }
        self.sound.extend_from_slice(samples);
        self.listen();
        Ok(())
    }

    fn flush(&mut self) -> PlaybackPosition {
        self.listen();
        self.flushed += (self.sound.len() - self.heard) as u64;
        self.sound.truncate(self.heard);
        self.position()
    }

    fn position(&mut self) -> PlaybackPosition {
        self.listen();
        PlaybackPosition {
            pushed: self.sound.len() as u64 + self.flushed,
            heard: self.heard as u64,
            flushed: self.flushed,
            underruns: 0,
        }
    }

    /// Moves time on.
    fn listen(&mut self) {
        let now = Instant::now();
        let waiting = self.sound.len() - self.heard;
        let played = match self.pace {
            Pace::AsFastAsPossible => waiting,
            Pace::RealTime => usize::try_from(self.rate.samples_in(now - self.since)).unwrap_or(usize::MAX),
        };
        if played >= waiting {
            self.heard = self.sound.len();
            self.since = now;
        } else {
            self.heard += played;
            // Whole samples only, so that asking often does not lose the fractions.
            self.since += self.rate.duration_of(played as u64);
        }
    }

    fn heard_sound(&mut self) -> AudioChunk {
        self.listen();
        AudioChunk { samples: self.sound[..self.heard].to_vec(), rate: self.rate }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    fn sound(samples: usize) -> AudioChunk {
        AudioChunk { samples: vec![7; samples], rate: SampleRate::HZ_24000 }
    }

    #[tokio::test(start_paused = true)]
    async fn sound_is_heard_at_the_pace_of_time() {
        let (output, heard) = FileOutput::new(Pace::RealTime);
        let playback = output.open(SampleRate::HZ_24000).unwrap();
        assert_eq!(heard.recording(), None);
        playback.push(&sound(24_000)).unwrap();
        for _ in 0..250 {
            advance(Duration::from_millis(1)).await;
            let _ = playback.position();
        }
        assert_eq!(playback.position().heard, 6_000, "asking often loses nothing");
        let flushed = playback.flush();
        assert_eq!(flushed, PlaybackPosition { pushed: 24_000, heard: 6_000, flushed: 18_000, underruns: 0 });
        assert!(flushed.is_drained());

        playback.push(&sound(480)).unwrap();
        advance(Duration::from_secs(1)).await;
        assert_eq!(playback.position().heard, 6_480, "what is pushed after a flush plays");
        assert_eq!(heard.recording().unwrap().samples.len(), 6_480, "back to back, without what was flushed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_speaker_is_heard_no_further() {
        let (output, heard) = FileOutput::new(Pace::RealTime);
        let playback = output.open(SampleRate::HZ_24000).unwrap();
        playback.push(&sound(24_000)).unwrap();
        advance(Duration::from_millis(100)).await;
        drop(playback);
        advance(Duration::from_secs(5)).await;
        assert_eq!(heard.recording().unwrap().samples.len(), 2_400);
    }

    #[test]
    fn without_pace_all_is_heard_at_once_and_openings_follow_each_other() {
        let (output, heard) = FileOutput::new(Pace::AsFastAsPossible);
        for rate in [SampleRate::HZ_24000, SampleRate::HZ_48000] {
            let playback = output.open(rate).unwrap();
            playback.push(&sound(24_000)).unwrap();
            assert!(playback.position().is_drained());
        }
        let recording = heard.recording().unwrap();
        assert_eq!((recording.samples.len(), recording.rate), (48_000, SampleRate::HZ_24000));
    }

    #[test]
    fn eleven_minutes_do_not_fit() {
        let (output, _heard) = FileOutput::new(Pace::RealTime);
        let playback = output.open(SampleRate::HZ_24000).unwrap();
        let minute = sound(24_000 * 60);
        for _ in 0..10 {
            playback.push(&minute).unwrap();
        }
        let before = playback.position().pushed;
        assert_eq!(playback.push(&minute), Err(QueueFull));
        assert_eq!(playback.position().pushed, before, "a refused chunk is not half taken");
    }
}
