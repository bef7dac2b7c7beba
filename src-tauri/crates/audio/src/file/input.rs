//! Recordings as a microphone: one recording is one utterance.

use std::sync::Arc;

use parlance_core::audio::{AudioError, AudioInput, CaptureEvent, CaptureStream, Captured};
use parlance_core::{AudioChunk, SampleRate};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::Pace;
use crate::activity::VoiceActivity;
use crate::resample::resample_all;

/// Chunks a second: 20 ms each, as a microphone gives them.
const CHUNKS_A_SECOND: u32 = 50;

/// The port's side. It can be opened again and again, by one at a time; between utterances it is still.
#[derive(Debug)]
pub struct FileInput {
    pace: Pace,
    utterances: Arc<Mutex<mpsc::Receiver<Utterance>>>,
}

/// The speaking side.
#[derive(Debug, Clone)]
pub struct FileVoice {
    utterances: mpsc::Sender<Utterance>,
}

/// The stream was closed before the utterance was through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the microphone was closed before the recording ended")]
pub struct NobodyListens;

#[derive(Debug)]
struct Utterance {
    recording: AudioChunk,
    /// Told when the listener came back after the last chunk.
    done: oneshot::Sender<()>,
}

impl FileInput {
    /// A microphone and the voice that speaks into it. When the voice is dropped, the open stream ends.
    #[must_use]
    pub fn new(pace: Pace) -> (Self, FileVoice) {
        let (sender, receiver) = mpsc::channel(1);
        (Self { pace, utterances: Arc::new(Mutex::new(receiver)) }, FileVoice { utterances: sender })
    }
}

impl FileVoice {
    /// Speaks a recording, of any rate, into the open stream or the next one to be opened. Returns when the listener has
    /// taken its last sample and asks for more. Cancelling it does not take back what was said.
    ///
    /// # Errors
    /// [`NobodyListens`] when the stream was closed in the middle, or the input is gone.
    pub async fn speak(&self, recording: AudioChunk) -> Result<(), NobodyListens> {
        let (done, heard) = oneshot::channel();
        self.utterances.send(Utterance { recording, done }).await.map_err(|_| NobodyListens)?;
        heard.await.map_err(|_| NobodyListens)
    }
}

impl AudioInput for FileInput {
    fn open(&self, rate: SampleRate) -> Result<CaptureStream, AudioError> {
        let ear = Ear {
            pace: self.pace,
            rate,
            utterances: Source::Shut(self.utterances.clone()),
            speech: None,
            activity: VoiceActivity::new(rate),
        };
        Ok(Box::pin(futures_util::stream::unfold(ear, |mut ear| async move {
            let event = ear.next().await?;
            Some((event, ear))
        })))
    }
}

/// One opening of the input.
struct Ear {
    pace: Pace,
    rate: SampleRate,
    utterances: Source,
    speech: Option<Speech>,
    activity: VoiceActivity,
}

/// Whoever opened the input first speaks with the voice; the next waits until that stream is closed.
enum Source {
    Shut(Arc<Mutex<mpsc::Receiver<Utterance>>>),
    Open(OwnedMutexGuard<mpsc::Receiver<Utterance>>),
}

struct Speech {
    samples: std::vec::IntoIter<i16>,
    done: oneshot::Sender<()>,
    began: Instant,
    given: u64,
}

impl Ear {
    async fn next(&mut self) -> Option<CaptureEvent> {
        loop {
            if let Some(speech) = &mut self.speech {
                let length = (self.rate.hz() / CHUNKS_A_SECOND) as usize;
                let samples: Vec<i16> = speech.samples.by_ref().take(length).collect();
                if !samples.is_empty() {
                    speech.given += samples.len() as u64;
                    if self.pace == Pace::RealTime {
                        sleep_until(speech.began + self.rate.duration_of(speech.given)).await;
                    }
                    let activity = self.activity.hear(&samples);
                    let chunk = AudioChunk { samples, rate: self.rate };
                    return Some(CaptureEvent::Chunk(Captured { chunk, activity }));
                }
            }
            if let Some(speech) = self.speech.take() {
                // A voice that does not wait for the end does not need to know it.
                let _ = speech.done.send(());
            }
            let Utterance { recording, done } = self.utterances.next().await?;
            let samples = resample_all(&recording, self.rate).samples.into_iter();
            self.speech = Some(Speech { samples, done, began: Instant::now(), given: 0 });
        }
    }
}

impl Source {
    async fn next(&mut self) -> Option<Utterance> {
        if let Self::Shut(shared) = self {
            *self = Self::Open(shared.clone().lock_owned().await);
        }
        match self {
            Self::Open(utterances) => utterances.recv().await,
            Self::Shut(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::StreamExt;

    use super::*;

    fn recording(samples: usize) -> AudioChunk {
        let samples = (0..samples).map(|n| i16::try_from(n % 30_000).unwrap()).collect();
        AudioChunk { samples, rate: SampleRate::HZ_24000 }
    }

    async fn take(stream: &mut CaptureStream, samples: usize) -> Vec<i16> {
        let mut taken = Vec::new();
        while taken.len() < samples {
            match stream.next().await {
                Some(CaptureEvent::Chunk(captured)) => taken.extend(captured.chunk.samples),
                other => panic!("expected sound, got {other:?}"),
            }
        }
        taken
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_of_recording_takes_a_second_and_loses_nothing() {
        let (input, voice) = FileInput::new(Pace::RealTime);
        let mut stream = input.open(SampleRate::HZ_24000).unwrap();
        let spoken = recording(24_100);
        let speaking = tokio::spawn({
            let spoken = spoken.clone();
            async move { voice.speak(spoken).await }
        });
        let began = Instant::now();
        assert_eq!(take(&mut stream, 24_100).await, spoken.samples);
        assert_eq!(began.elapsed().as_millis(), 1_005, "the sound's own length, up to a timer's millisecond");
        assert!(!speaking.is_finished(), "the listener has not come back yet");
        assert!(stream.next().await.is_none(), "the voice is gone");
        assert_eq!(speaking.await.unwrap(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn as_fast_as_possible_takes_no_time() {
        let (input, voice) = FileInput::new(Pace::AsFastAsPossible);
        let mut stream = input.open(SampleRate::HZ_48000).unwrap();
        let speaking = tokio::spawn(async move { voice.speak(recording(24_000)).await });
        let began = Instant::now();
        assert_eq!(take(&mut stream, 48_000).await.len(), 48_000, "converted to the rate that was asked for");
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(stream.next().await.is_none());
        assert_eq!(speaking.await.unwrap(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_voice_hears_when_the_microphone_is_closed_on_it() {
        let (input, voice) = FileInput::new(Pace::RealTime);
        let mut stream = input.open(SampleRate::HZ_24000).unwrap();
        let speaking = tokio::spawn({
            let voice = voice.clone();
            async move { voice.speak(recording(24_000)).await }
        });
        take(&mut stream, 4_800).await;
        drop(stream);
        assert_eq!(speaking.await.unwrap(), Err(NobodyListens));

        let mut stream = input.open(SampleRate::HZ_24000).unwrap();
        let speaking = tokio::spawn(async move { voice.speak(recording(480)).await });
        assert_eq!(take(&mut stream, 480).await, recording(480).samples, "the next opening hears the next recording");
        assert!(stream.next().await.is_none());
        assert_eq!(speaking.await.unwrap(), Ok(()));
    }
}
