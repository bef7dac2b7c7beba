//! Carries out the machine's effects: microphone, session, speaker, history. One task owns them all; a cheap handle
//! talks to it.
//!
//! * `obeying` – what people and settings want.
//! * `hearing` – the microphone's sound.
//! * `listening` – what the session tells.
//! * `carrying` – the machine's effects.
//! * `telling` – what is told to hosts, and what the clock brings.

mod carrying;
mod hearing;
mod listening;
mod obeying;
mod telling;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, future::poll_fn};
use parlance_core::audio::{AudioInput, AudioOutput, CaptureEvent, CaptureStream};
use parlance_core::error::ProviderError;
use parlance_core::realtime::{Picture, RealtimeCapabilities, ResumeHandle, TurnId};
use parlance_core::{AudioChunk, Clock, SampleRate};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::history::{Entry, SavedTurn, SpokenAnswer, SpokenHistory, keep};
use super::journal::{Journal, LeftOver};
use super::machine::{Input, KeptId, Machine, PATIENCE};
use super::mouth::Mouth;
use super::news::{Patience, PatienceBy, VoiceCommand, VoiceNews, VoiceStatus, Warmth};
use super::session::{Session, Told};
use super::sleep::SleepWatch;
use super::speaker::Voice;
use super::spending::{Amount, DailyCap};
use super::toolkit::Toolkit;
use super::transcript::Transcript;
use super::utterance::{PreRoll, Utterance};
use crate::talk_key::TalkKey;
use crate::tools::{Errands, Finished};

/// The actor looks at positions, levels and deadlines this often: 30 levels a second.
const TICK: Duration = Duration::from_millis(33);

/// What the actor is plugged into.
pub struct VoiceParts {
    /// The microphone.
    pub input: Arc<dyn AudioInput>,
    /// The speaker.
    pub output: Arc<dyn AudioOutput>,
    /// Who answers.
    pub voice: Voice,
    /// Where it is kept.
    pub history: Arc<dyn SpokenHistory>,
    /// Where it is kept until then.
    pub journal: Arc<dyn Journal>,
    /// What voices may use; `None` for nothing.
    pub tools: Option<Arc<dyn Toolkit>>,
    /// Brings kept sound to another voice's rate.
    pub resample: fn(&AudioChunk, SampleRate) -> AudioChunk,
    /// A number from 0 to 1, another one each time.
    pub chance: fn() -> f64,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Talks to the actor. The actor ends when the last handle is dropped.
#[derive(Clone)]
pub struct VoiceHandle {
    commands: mpsc::UnboundedSender<VoiceCommand>,
}

impl VoiceHandle {
    /// Starts the actor on the current runtime.
    #[must_use]
    pub fn start(parts: VoiceParts, news: mpsc::UnboundedSender<VoiceNews>) -> Self {
        // People cannot press keys fast enough to fill it.
        let (commands, queue) = mpsc::unbounded_channel();
        tokio::spawn(Actor::new(parts, news).run(queue));
        Self { commands }
    }

    /// Hands an order over.
    pub fn send(&self, command: VoiceCommand) {
        if self.commands.send(command).is_err() {
            tracing::error!("the voice task has ended");
        }
    }
}

struct Actor {
    parts: VoiceParts,
    news: mpsc::UnboundedSender<VoiceNews>,
    history: mpsc::UnboundedSender<Entry>,
    /// Where turns are kept, as the history says it.
    places: mpsc::UnboundedReceiver<(TurnId, SavedTurn)>,
    machine: Machine,
    key: TalkKey,
    warmth: Warmth,
    patience: Patience,
    microphone: Option<CaptureStream>,
    pre_roll: PreRoll,
    session: Option<Session>,
    /// Nothing has come of the session yet.
    session_is_new: bool,
    /// To be shown to the next session.
    waiting_picture: Option<Picture>,
    /// What was written, and its place, until its turn begins.
    asked_next: Option<(String, SavedTurn)>,
    /// How the provider names the session that can be gone on with.
    handle: Option<ResumeHandle>,
    mouth: Mouth,
    /// What the person is saying.
    utterance: Utterance,
    /// What they said in the turn that is being answered.
    asked: Asked,
    /// What is set aside.
    kept: HashMap<KeptId, Held>,
    answer: Answer,
    /// Calls of the answer, once its place is known.
    errands: Option<Errands>,
    finished: (mpsc::UnboundedSender<Finished>, mpsc::UnboundedReceiver<Finished>),
    conversation: Option<String>,
    /// The chunk that the current input is about.
    in_hand: Option<AudioChunk>,
    input_level: f32,
    silent_for: Duration,
    idle_since: Instant,
    sleep: SleepWatch,
    /// The network alone, as it was measured last.
    round_trip: Option<Duration>,
    spent: Spent,
    last_status: Option<VoiceStatus>,
}

/// What a turn is about.
enum Asked {
    Aloud(Utterance),
    InWriting(String),
}

/// An utterance set aside.
enum Held {
    /// With its sound.
    Here { utterance: Utterance, conversation: Option<String> },
    /// Its sound lies in the journal.
    Left(LeftOver),
}

/// The answer as it comes.
struct Answer {
    /// What is to be saved of it.
    saved: SpokenAnswer,
    transcript: Transcript,
    /// Characters of it that were told as heard.
    told_heard: usize,
    place: Option<SavedTurn>,
    /// Calls that came.
    calls: usize,
    /// Calls that came before the place was known.
    early_calls: Vec<listening::Early>,
    /// When the person fell silent, when the turn was sent on, and when the first sound came.
    silent_at: Option<Instant>,
    sent_at: Option<Instant>,
    first_at: Option<Instant>,
    /// What it cost so far.
    spent: Amount,
}

/// What was spent, by what it is counted for.
#[derive(Default)]
struct Spent {
    call: Amount,
    conversation: Amount,
    today: Amount,
    cap: DailyCap,
}

impl Answer {
    fn new(rate: SampleRate) -> Self {
        let saved = SpokenAnswer {
            sound: AudioChunk { samples: Vec::new(), rate },
            transcript: String::new(),
            tools: Vec::new(),
            heard: None,
            first_sound: None,
            error: None,
            usage: None,
        };
        Self {
            saved,
            transcript: Transcript::default(),
            told_heard: 0,
            place: None,
            calls: 0,
            early_calls: Vec::new(),
            silent_at: None,
            sent_at: None,
            first_at: None,
            spent: Amount::default(),
        }
    }
}

impl Actor {
    fn new(parts: VoiceParts, news: mpsc::UnboundedSender<VoiceNews>) -> Self {
        let capabilities = parts.voice.model.capabilities();
        let (history, entries) = mpsc::unbounded_channel();
        let (saved, places) = mpsc::unbounded_channel();
        tokio::spawn(keep(Arc::clone(&parts.history), Arc::clone(&parts.journal), entries, saved));
        let now = parts.clock.now();
        let empty = Utterance::new(capabilities.input_rate);
        let mut actor = Self {
            mouth: Mouth::new(Arc::clone(&parts.output), capabilities.output_rate),
            news,
            history,
            places,
            machine: Machine::default(),
            key: TalkKey::default(),
            warmth: Warmth::Cold,
            patience: Patience { by: PatienceBy::Silence(PATIENCE), local: false },
            microphone: None,
            pre_roll: PreRoll::new(capabilities.input_rate),
            session: None,
            session_is_new: false,
            waiting_picture: None,
            asked_next: None,
            handle: None,
            utterance: empty.clone(),
            asked: Asked::Aloud(empty),
            kept: HashMap::new(),
            answer: Answer::new(capabilities.output_rate),
            errands: None,
            finished: mpsc::unbounded_channel(),
            conversation: None,
            in_hand: None,
            input_level: 0.0,
            silent_for: Duration::ZERO,
            idle_since: now,
            sleep: SleepWatch::default(),
            round_trip: None,
            spent: Spent::default(),
            last_status: None,
            parts,
        };
        actor.find_left_over();
        actor
    }

    /// What earlier runs left is offered.
    fn find_left_over(&mut self) {
        for left in self.parts.journal.left_over() {
            self.step(Input::Found(left.duration));
            if let Some(kept) = self.machine.kept().last() {
                self.kept.insert(kept.id, Held::Left(left));
            }
        }
    }

    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<VoiceCommand>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.tell_status();
        loop {
            if !self.is_awake() {
                self.sleep.rest();
            }
            tokio::select! {
                // People first, then the microphone (its ring is the shortest), then the answer, then the clock.
                biased;
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => break,
                },
                event = next_capture(&mut self.microphone) => self.captured(event),
                Some((turn, place)) = self.places.recv() => self.placed(turn, place),
                event = next_event(&mut self.session), if self.mouth.has_room() => self.answered(event),
                Some(finished) = self.finished.1.recv() => self.call_finished(finished),
                _ = ticks.tick(), if self.is_awake() => self.tick(),
            }
            self.tell_status();
        }
        tracing::debug!("the voice task ends: nobody holds its handle");
    }

    fn capabilities(&self) -> RealtimeCapabilities {
        self.parts.voice.model.capabilities()
    }

    fn step(&mut self, input: Input) {
        let now = self.parts.clock.now();
        for effect in self.machine.step(input, now) {
            self.carry_out(effect, now);
        }
        self.unlock_without_floor();
    }

    fn unlock_without_floor(&mut self) {
        if !self.machine.has_floor() {
            self.key.release_lock();
        }
    }

    fn note(&self, entry: Entry) {
        // The task ends with this actor.
        let _ = self.history.send(entry);
    }

    fn tell(&self, news: VoiceNews) {
        // Without a listener the conversation goes on.
        let _ = self.news.send(news);
    }
}

/// Pends for ever without a microphone.
async fn next_capture(microphone: &mut Option<CaptureStream>) -> Option<CaptureEvent> {
    poll_fn(|cx| match microphone {
        Some(stream) => Pin::new(stream).poll_next_unpin(cx),
        None => Poll::Pending,
    })
    .await
}

/// Pends for ever without a session.
async fn next_event(session: &mut Option<Session>) -> Result<Told, ProviderError> {
    match session {
        Some(session) => session.event().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
