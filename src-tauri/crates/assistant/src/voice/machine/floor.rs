//! The person speaks: by the key, or hands-free by what is heard.

use std::time::{Duration, Instant};

use parlance_core::audio::DeviceLoss;
use parlance_core::realtime::TurnId;
use parlance_core::speech::{Activity, Attention, Gate, SpeechEdge};

use super::answering::Answer;
use super::effect::{Effect, KeptReason, Spoken};
use super::input::{Cap, Ends, Microphone, Mode};
use super::shown::Failure;
use super::{KEY_PRE_ROLL, LONGEST_UTTERANCE, Machine, NO_COMMIT, Phase, RELEASE_TAIL};

/// Likelihood of speech from which on a chunk counts as a voice for what is shown.
const VOICE: f32 = 0.5;
/// Less voice than this, of which the provider has not heard either, was a cough or a door.
const LEAST_VOICE: Duration = Duration::from_millis(400);

/// The person has the floor.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Floor {
    pub(super) ear: Ear,
    held_by: HeldBy,
    /// Sound taken so far.
    taken: Duration,
    /// Of it, how much was a voice.
    voiced: Duration,
    /// When an answer was interrupted to get here.
    pub(super) interrupted: Option<Instant>,
    /// When the person let go; sound is still taken until the tail is over.
    pub(super) given: Option<Instant>,
    /// Hands-free: when nobody spoke any more.
    silent_since: Option<Instant>,
    /// The provider hears a voice too.
    is_heard_there: bool,
}

/// What keeps the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeldBy {
    Key,
    Voice,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ear {
    /// No sample yet.
    Waiting,
    /// Samples, and when a voice was last heard among them.
    Open { voice_at: Option<Instant> },
    /// The device is gone.
    Gone(DeviceLoss),
}

impl Floor {
    fn new(held_by: HeldBy, ear: Ear, interrupted: Option<Instant>) -> Self {
        Self {
            ear,
            held_by,
            taken: Duration::ZERO,
            voiced: Duration::ZERO,
            interrupted,
            given: None,
            silent_since: None,
            is_heard_there: false,
        }
    }

    pub(super) fn is_by_voice(&self) -> bool {
        self.held_by == HeldBy::Voice
    }

    pub(super) fn voice_at(&self) -> Option<Instant> {
        match self.ear {
            Ear::Open { voice_at } => voice_at,
            Ear::Waiting | Ear::Gone(_) => None,
        }
    }

    pub(super) fn capture_back(&mut self) {
        if matches!(self.ear, Ear::Gone(_)) {
            self.ear = Ear::Waiting;
        }
    }

    fn hears(&mut self, duration: Duration, activity: &Activity, now: Instant) {
        let is_voice = activity.speech >= VOICE && activity.gate == Gate::Open;
        let voice_at = if is_voice { Some(now) } else { self.voice_at() };
        self.ear = Ear::Open { voice_at };
        self.taken += duration;
        if is_voice {
            self.voiced += duration;
        }
    }
}

impl Machine {
    pub(super) fn take(&mut self, now: Instant) -> Vec<Effect> {
        if self.microphone == Microphone::Shut {
            return Vec::new();
        }
        if let Phase::Floor(floor) = &mut self.phase {
            // Pressed again within the tail, or while a voice is heard: the key holds the floor from now on.
            floor.given = None;
            floor.held_by = HeldBy::Key;
            return Vec::new();
        }
        self.begin(HeldBy::Key, KEY_PRE_ROLL, now)
    }

    fn begin(&mut self, held_by: HeldBy, back: Duration, now: Instant) -> Vec<Effect> {
        if self.cap == Cap::Reached {
            // Nothing is recorded that could not be sent.
            let mut effects = self.silence_answer();
            self.phase = Phase::Failed(Failure::Capped);
            if self.mode == Mode::HandsFree {
                effects.extend(self.end_call());
            }
            return effects;
        }
        let was_sounding = matches!(self.phase, Phase::Answer(Answer { sounds: true, .. }));
        let mut effects = self.silence_answer();
        let ear = match held_by {
            HeldBy::Key => Ear::Waiting,
            HeldBy::Voice => Ear::Open { voice_at: Some(now) },
        };
        self.phase = Phase::Floor(Floor::new(held_by, ear, was_sounding.then_some(now)));
        self.last_word = Some(now);
        if self.line.is_up() {
            effects.push(Effect::ClearInput);
        }
        effects.push(Effect::BeginUtterance(back));
        effects.extend(self.ensure_line(now));
        effects
    }

    fn silence_answer(&mut self) -> Vec<Effect> {
        self.answering().map(Effect::Silence).into_iter().collect()
    }

    pub(super) fn give(&mut self, now: Instant) -> Vec<Effect> {
        match &mut self.phase {
            Phase::Floor(floor) if floor.given.is_none() && !floor.is_by_voice() => {
                floor.given = Some(now);
                // Nothing more can come from a device that is gone.
                if matches!(floor.ear, Ear::Gone(_)) { self.send(now) } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn send_now(&mut self, now: Instant) -> Vec<Effect> {
        match &self.phase {
            Phase::Floor(floor) if !floor.taken.is_zero() => self.send(now),
            _ => Vec::new(),
        }
    }

    pub(super) fn cancel(&mut self, now: Instant) -> Vec<Effect> {
        self.watch.settle();
        match &self.phase {
            Phase::Floor(_) => {
                let mut effects = self.keep_utterance(KeptReason::Cancelled, now);
                if self.line.is_up() {
                    effects.push(Effect::ClearInput);
                }
                effects
            }
            Phase::Answer(answer) => {
                let turn = answer.turn;
                self.phase = Phase::Idle;
                vec![Effect::Silence(turn)]
            }
            Phase::Idle => Vec::new(),
            Phase::Failed(_) => {
                self.phase = Phase::Idle;
                Vec::new()
            }
        }
    }

    /// What is being said is set aside, and nobody has the floor.
    pub(super) fn keep_utterance(&mut self, reason: KeptReason, now: Instant) -> Vec<Effect> {
        let Phase::Floor(floor) = std::mem::replace(&mut self.phase, Phase::Idle) else { return Vec::new() };
        self.watch.settle();
        let mut effects = Vec::new();
        if floor.taken.is_zero() {
            effects.push(Effect::DropUtterance);
        } else {
            effects.push(Effect::Keep(self.shelf.put(floor.taken, reason, now), Spoken::Now));
        }
        effects.extend(self.rest());
        effects
    }

    /// The microphone goes on listening hands-free, and rests otherwise.
    fn rest(&self) -> Option<Effect> {
        (self.mode == Mode::PushToTalk).then_some(Effect::RestMicrophone)
    }

    pub(super) fn captured(&mut self, duration: Duration, activity: &Activity, now: Instant) -> Vec<Effect> {
        if self.microphone == Microphone::Shut {
            return Vec::new();
        }
        self.is_deaf = false;
        let attention = match &self.phase {
            Phase::Answer(Answer { sounds: true, .. }) => Attention::WhileSounding,
            _ => Attention::Easy,
        };
        let edge = match self.mode {
            Mode::HandsFree => self.watch.hear(activity, duration, attention),
            Mode::PushToTalk => None,
        };
        let position = self.watch.position();
        match &mut self.phase {
            Phase::Floor(floor) => {
                floor.hears(duration, activity, now);
                self.last_word = Some(now);
                let mut effects = vec![Effect::TakeChunk];
                if self.is_over(edge, now) {
                    effects.extend(self.send(now));
                }
                effects
            }
            Phase::Idle | Phase::Answer(_) | Phase::Failed(_) => match edge {
                Some(SpeechEdge::Started { at }) => {
                    let effects = self.begin(HeldBy::Voice, position.saturating_sub(at), now);
                    if let Phase::Floor(floor) = &mut self.phase {
                        floor.taken = position.saturating_sub(at);
                        floor.voiced = duration;
                    }
                    effects
                }
                Some(SpeechEdge::Ended { .. }) | None => Vec::new(),
            },
        }
    }

    /// Whether the person's turn is over with this chunk.
    fn is_over(&mut self, edge: Option<SpeechEdge>, now: Instant) -> bool {
        // A provider that is not there ends nothing.
        let ends = if self.line.is_open() { self.ends() } else { Ends::Here };
        let Phase::Floor(floor) = &mut self.phase else { return false };
        if floor.taken >= LONGEST_UTTERANCE {
            return true;
        }
        if !floor.is_by_voice() {
            return false;
        }
        match edge {
            Some(SpeechEdge::Ended { .. }) => {
                floor.silent_since = Some(now);
                ends == Ends::Here
            }
            Some(SpeechEdge::Started { .. }) => {
                floor.silent_since = None;
                false
            }
            None => false,
        }
    }

    pub(super) fn capture_lost(&mut self, loss: DeviceLoss, now: Instant) -> Vec<Effect> {
        self.is_deaf = true;
        let Phase::Floor(floor) = &mut self.phase else { return Vec::new() };
        floor.ear = Ear::Gone(loss);
        if floor.given.is_some() { self.send(now) } else { Vec::new() }
    }

    /// The provider hears a voice. Over an answer that means that the person interrupts it.
    pub(super) fn provider_hears(&mut self, now: Instant) -> Vec<Effect> {
        if let Phase::Floor(floor) = &mut self.phase {
            floor.is_heard_there = true;
        }
        match &self.phase {
            Phase::Answer(Answer { sounds: true, .. }) if self.hears_by_provider() => self.barge_in(now),
            _ => Vec::new(),
        }
    }

    /// The provider has stopped the answer, since it hears the person.
    pub(super) fn interrupted(&mut self, turn: TurnId, now: Instant) -> Vec<Effect> {
        if self.current(turn).is_none() {
            return Vec::new();
        }
        if self.hears_by_provider() {
            return self.barge_in(now);
        }
        self.phase = Phase::Idle;
        vec![Effect::Silence(turn)]
    }

    fn hears_by_provider(&self) -> bool {
        self.ends() == Ends::Provider && self.microphone == Microphone::Live
    }

    /// The provider heard the person begin before we did; it has their first sound already.
    fn barge_in(&mut self, now: Instant) -> Vec<Effect> {
        let mut effects = self.begin(HeldBy::Voice, KEY_PRE_ROLL, now);
        effects.retain(|effect| *effect != Effect::ClearInput);
        if let Phase::Floor(floor) = &mut self.phase {
            // Unless a voice is heard here too, the turn does not wait for one.
            floor.silent_since = Some(now);
        }
        effects
    }

    /// The provider has a turn of the person's.
    pub(super) fn committed(&mut self, turn: TurnId, now: Instant) -> Vec<Effect> {
        self.line.works();
        if let Some(answer) = self.current(turn) {
            answer.heard_of(now);
            return Vec::new();
        }
        if self.expected != Some(turn) {
            return Vec::new();
        }
        self.expected = None;
        let mut effects = Vec::new();
        match &self.phase {
            Phase::Floor(floor) => {
                let taken = floor.taken;
                self.watch.settle();
                self.phase = Phase::Answer(Answer::acknowledged(turn, taken, now));
                effects.push(Effect::Given(turn));
                effects.extend(self.rest());
            }
            // What it heard was cancelled here, or sent by hand: its answer is not wanted.
            Phase::Idle | Phase::Answer(_) | Phase::Failed(_) => {}
        }
        if self.ends() == Ends::Provider {
            effects.push(self.expect_next());
        }
        effects
    }

    /// The person's turn is over: it is sent.
    fn send(&mut self, now: Instant) -> Vec<Effect> {
        let Phase::Floor(floor) = &self.phase else { return Vec::new() };
        self.watch.settle();
        let taken = floor.taken;
        if taken.is_zero() {
            let loss = match &floor.ear {
                Ear::Gone(loss) => Some(loss.clone()),
                Ear::Waiting | Ear::Open { .. } => None,
            };
            self.phase = Phase::Failed(Failure::NoSound(loss));
            return [Effect::DropUtterance].into_iter().chain(self.rest()).collect();
        }
        let mut effects: Vec<Effect> = self.rest().into_iter().collect();
        let turn = self.begin_answer(Answer::of(taken), now);
        let is_new = !self.line.is_up();
        if is_new && self.line.retry().is_none() {
            // The connection is made with nothing in it; `Send` gives it all.
            self.line.connect(now);
            effects.push(Effect::Connect);
        }
        effects.push(Effect::Send(turn));
        if self.ends() == Ends::Provider && self.line.is_up() {
            effects.push(self.expect_next());
        }
        effects
    }

    pub(super) fn floor_tick(&mut self, now: Instant) -> Vec<Effect> {
        let Phase::Floor(floor) = &self.phase else { return Vec::new() };
        if floor.given.is_some_and(|at| now.saturating_duration_since(at) >= RELEASE_TAIL) {
            return self.send(now);
        }
        let is_late = floor.silent_since.is_some_and(|at| now.saturating_duration_since(at) >= NO_COMMIT);
        let is_silent = !self.watch.is_speaking();
        if !floor.is_by_voice() || !is_late || !is_silent {
            return Vec::new();
        }
        if floor.voiced < LEAST_VOICE && !floor.is_heard_there {
            self.phase = Phase::Idle;
            let mut effects = vec![Effect::DropUtterance];
            if self.line.is_up() {
                effects.push(Effect::ClearInput);
            }
            return effects;
        }
        self.send(now)
    }
}
