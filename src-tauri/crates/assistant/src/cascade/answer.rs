//! The answer on its way: written by the model, spoken sentence by sentence.

use std::collections::VecDeque;
use std::time::Duration;

use parlance_core::realtime::TurnId;
use parlance_core::synthesis::SpeechStream;
use parlance_core::transcription::TranscriptStream;
use parlance_core::{AudioChunk, ModelEvent, ProviderError, Reply, StopReason, TokenUsage, chat::ModelStream};
use tokio::time::Instant;

use super::sentences::{Piece, Sentences};
use super::spoken::spoken;

/// The next sentence is sent to be spoken when so much of the last ones is still to be heard: it covers the time that
/// services take until the first sound, 200 to 900 ms by their own figures.
const LEAD: Duration = Duration::from_millis(1_200);

/// What is done for a turn.
pub(super) struct Answer {
    pub(super) turn: TurnId,
    /// The person's words so far, while they are written down.
    pub(super) words: String,
    pub(super) hearing: Option<TranscriptStream>,
    pub(super) writing: Option<ModelStream>,
    /// What the model said since it was asked last.
    pub(super) reply: Reply,
    sentences: Sentences,
    queue: VecDeque<Piece>,
    pub(super) speech: Option<SpeechStream>,
    /// Sound of the sentence that must be brought to another rate as a whole.
    pub(super) foreign: Option<AudioChunk>,
    /// How much sound was given, and since when it is heard.
    given: Duration,
    since: Option<Instant>,
    /// Text that was told.
    pub(super) told: String,
    /// Calls wait for their results.
    pub(super) waits: bool,
    /// Why the model stopped.
    pub(super) ended: Option<StopReason>,
    pub(super) usage: Option<TokenUsage>,
    /// Why nothing more is spoken.
    pub(super) mute: Option<ProviderError>,
}

impl Answer {
    pub(super) fn new(turn: TurnId) -> Self {
        Self {
            turn,
            words: String::new(),
            hearing: None,
            writing: None,
            reply: Reply::default(),
            sentences: Sentences::default(),
            queue: VecDeque::new(),
            speech: None,
            foreign: None,
            given: Duration::ZERO,
            since: None,
            told: String::new(),
            waits: false,
            ended: None,
            usage: None,
            mute: None,
        }
    }

    /// The model wrote more.
    pub(super) fn wrote(&mut self, event: &ModelEvent) {
        self.reply.apply(event);
        match event {
            ModelEvent::TextDelta { text } => self.queue.extend(self.sentences.push(text)),
            // It does something else now: what it said so far is not waited for.
            ModelEvent::ToolCall { .. } | ModelEvent::ThinkingDelta { .. } => self.pause(),
            _ => {}
        }
    }

    /// Nothing more is written for a while.
    pub(super) fn pause(&mut self) {
        self.queue.extend(self.sentences.finish());
    }

    /// Says something of ours.
    pub(super) fn say(&mut self, text: &str) {
        self.queue.extend(self.sentences.push(text));
        self.pause();
        self.ended = Some(StopReason::Stop);
    }

    /// The next piece whose time has come, and what is said of it; pieces that make no sound go at once.
    pub(super) fn due(&mut self, now: Instant) -> Option<(Piece, String)> {
        if self.speech.is_some() {
            return None;
        }
        let said = self.queue.front().map(|piece| if self.mute.is_some() { String::new() } else { spoken(piece) })?;
        if !said.is_empty() && self.due_at().is_some_and(|due| now < due) {
            return None;
        }
        Some((self.queue.pop_front()?, said))
    }

    /// When the next sentence is to be sent; `None` for at once.
    pub(super) fn due_at(&self) -> Option<Instant> {
        Some(self.since? + self.given.saturating_sub(LEAD))
    }

    /// Sound was given away.
    pub(super) fn gave(&mut self, sound: Duration, now: Instant) {
        match self.since {
            // It had run dry: what comes now is heard from now on.
            Some(since) if since + self.given < now => (self.since, self.given) = (Some(now), sound),
            Some(_) => self.given += sound,
            None => (self.since, self.given) = (Some(now), sound),
        }
    }

    pub(super) fn waits_to_speak(&self) -> bool {
        self.speech.is_none() && !self.queue.is_empty()
    }

    /// Whether nothing more will come.
    pub(super) fn is_whole(&self) -> bool {
        self.ended.is_some() && self.speech.is_none() && self.queue.is_empty()
    }
}
