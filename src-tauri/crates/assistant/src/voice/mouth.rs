//! The speaking half: the answer's sound on its way to the listener, and recordings played on demand.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parlance_core::audio::{AudioOutput, Playback, PlaybackEvent};
use parlance_core::{AudioChunk, SampleRate};

use super::envelope::Envelope;

/// Where the answer comes out.
pub(super) struct Mouth {
    output: Arc<dyn AudioOutput>,
    rate: SampleRate,
    speaker: Option<Box<dyn Playback>>,
    recording: Option<Box<dyn Playback>>,
    envelope: Envelope,
    /// Sound that the speaker's queue has no room for.
    waiting: VecDeque<AudioChunk>,
    /// The answer is whole: after `waiting`, play the rest.
    finishing: bool,
    /// What had been heard of earlier answers when this one began.
    heard_before: u64,
}

impl Mouth {
    pub(super) fn new(output: Arc<dyn AudioOutput>, rate: SampleRate) -> Self {
        Self {
            output,
            rate,
            speaker: None,
            recording: None,
            envelope: Envelope::default(),
            waiting: VecDeque::new(),
            finishing: false,
            heard_before: 0,
        }
    }

    /// Opens the speaker, so that the first sound does not wait for it.
    pub(super) fn wake(&mut self) {
        if self.speaker.is_none() {
            match self.output.open(self.rate) {
                Ok(speaker) => self.speaker = Some(speaker),
                Err(error) => tracing::warn!(%error, "the speaker does not open"),
            }
        }
    }

    /// Whether a speaker is open.
    pub(super) fn is_open(&self) -> bool {
        self.speaker.is_some() || self.recording.is_some()
    }

    /// Closes what nobody uses.
    pub(super) fn rest(&mut self) {
        self.speaker = None;
    }

    /// Another speaker from now on. Sound that waits in the old one's queue is lost with it; what the session still
    /// sends plays on the new one.
    pub(super) fn use_output(&mut self, output: Arc<dyn AudioOutput>) {
        self.output = output;
        self.recording = None;
        if self.speaker.take().is_some() {
            self.wake();
            self.heard_before = 0;
            self.envelope.start_at(0);
        }
    }

    pub(super) fn begin_answer(&mut self) {
        self.wake();
        self.waiting.clear();
        self.finishing = false;
        let position = self.speaker.as_ref().map(|speaker| speaker.position()).unwrap_or_default();
        self.heard_before = position.heard;
        self.envelope.start_at(position.heard);
    }

    /// Whether more of the answer may be read.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn say(&mut self, chunk: AudioChunk) {
        self.envelope.note(&chunk.samples);
        self.waiting.push_back(chunk);
        self.push_waiting();
    }

    /// No more is coming.
    pub(super) fn finish(&mut self) {
        self.finishing = true;
        self.push_waiting();
    }

    /// Tries again what the queue had no room for.
    pub(super) fn push_waiting(&mut self) {
        let Some(speaker) = &self.speaker else { return };
        while let Some(chunk) = self.waiting.front() {
            if speaker.push(chunk).is_err() {
                return;
            }
            self.waiting.pop_front();
        }
        if std::mem::take(&mut self.finishing) {
            speaker.finish();
        }
    }

    /// Silence now. How much of the answer was heard.
    pub(super) fn silence(&mut self) -> Duration {
        self.waiting.clear();
        self.finishing = false;
        let Some(speaker) = &self.speaker else { return Duration::ZERO };
        let heard = speaker.flush().heard.saturating_sub(self.heard_before);
        self.rate.duration_of(heard)
    }

    /// How much of the answer has been heard.
    pub(super) fn heard(&self) -> Duration {
        let heard = self.speaker.as_ref().map_or(0, |speaker| speaker.position().heard);
        self.rate.duration_of(heard.saturating_sub(self.heard_before))
    }

    /// Whether all that was said has been heard.
    pub(super) fn is_drained(&self) -> bool {
        self.waiting.is_empty() && self.speaker.as_ref().is_none_or(|speaker| speaker.position().is_drained())
    }

    /// When the first sample of the answer was heard, reckoned back from how many have been since.
    pub(super) fn first_heard_at(&self, now: Instant) -> Option<Instant> {
        let heard = self.speaker.as_ref()?.position().heard.saturating_sub(self.heard_before);
        if heard == 0 {
            return None;
        }
        now.checked_sub(self.rate.duration_of(heard))
    }

    /// How loud it is now, 0 to 1.
    pub(super) fn level(&mut self) -> f32 {
        match &self.speaker {
            Some(speaker) => self.envelope.at(speaker.position().heard),
            None => 0.0,
        }
    }

    pub(super) fn poll_event(&self) -> Option<PlaybackEvent> {
        self.speaker.as_ref().and_then(|speaker| speaker.poll_event())
    }

    pub(super) fn play_recording(&mut self, recording: AudioChunk) {
        match self.output.open(recording.rate) {
            Ok(player) => {
                if player.push(&recording).is_err() {
                    tracing::warn!("a recording is longer than the playback queue");
                }
                player.finish();
                self.recording = Some(player);
            }
            Err(error) => tracing::warn!(%error, "the speaker does not open"),
        }
    }

    pub(super) fn stop_recording(&mut self) {
        self.recording = None;
    }

    /// Whether a recording sounds; one that has ended is put away.
    pub(super) fn plays_recording(&mut self) -> bool {
        if self.recording.as_ref().is_some_and(|player| player.position().is_drained()) {
            self.recording = None;
        }
        self.recording.is_some()
    }
}
