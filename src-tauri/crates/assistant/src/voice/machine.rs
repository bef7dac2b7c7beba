//! Who has the floor: a pure state machine.
//!
//! Inputs are what people, devices, the session and the clock do; effects are orders to the actor. The machine holds no
//! sound. Whatever arrives for an older turn is dropped here.

use std::time::{Duration, Instant};

use parlance_core::audio::DeviceLoss;
use parlance_core::error::ProviderError;
use parlance_core::realtime::TurnId;

/// After the key is released, sound is still taken for this long: it is on its way through the sound server (about two
/// blocks of 20 ms), the resampler and the chunking, and people let go a little early.
pub const RELEASE_TAIL: Duration = Duration::from_millis(120);
/// A cancelled utterance is offered back for this long.
pub const UNDO: Duration = Duration::from_secs(8);
/// "Interrupted" is shown for this long, unless the next state comes first.
pub const INTERRUPTED: Duration = Duration::from_millis(1_200);
/// No utterance is longer; then it is sent.
pub const LONGEST_UTTERANCE: Duration = Duration::from_secs(600);
/// Above this level sound counts as a voice: −60 to −6 dBFS is 0 to 1, so this is −44 dBFS.
pub const VOICE_LEVEL: f32 = 0.3;
/// So long after the last voice "hearing" falls back to "listening".
pub const VOICE_HANGOVER: Duration = Duration::from_millis(500);
/// A response that has not begun to sound after this long has failed.
pub const NO_ANSWER: Duration = Duration::from_secs(15);

/// What happens to the conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The person takes the floor.
    Take,
    /// The person is done.
    Give,
    /// Esc: throw the utterance away, or stop the answer.
    Cancel,
    /// End the call.
    HangUp,
    /// Shut or open the microphone by hand.
    Mute(Microphone),
    /// Send the kept utterance.
    SendKept,
    /// Sound came in.
    Captured {
        /// How long it is.
        duration: Duration,
        /// How loud, 0 to 1.
        level: f32,
    },
    /// The microphone is gone.
    CaptureLost(DeviceLoss),
    /// It is back.
    CaptureBack,
    /// The answer has sound for this turn.
    AnswerSound(TurnId),
    /// The answer is whole.
    AnswerDone(TurnId),
    /// The answer failed.
    AnswerFailed(TurnId, ProviderError),
    /// The session ended by itself.
    SessionOver(ProviderError),
    /// All of the answer was heard.
    Drained(TurnId),
    /// Time passes.
    Tick,
}

/// The microphone, by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Microphone {
    /// No sound is taken.
    Shut,
    /// Sound is taken while the floor is the person's.
    Live,
}

/// An order to the actor.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Open the microphone, and begin a new utterance with what the warm one heard just before.
    BeginUtterance,
    /// Append this chunk to the utterance, and to the session.
    TakeChunk,
    /// The microphone is not needed now.
    RestMicrophone,
    /// The utterance is whole: send it as this turn.
    Send(TurnId),
    /// Set the utterance aside.
    Keep(KeptReason),
    /// Send the utterance that was set aside as this turn.
    SendKept(TurnId),
    /// Forget what was set aside.
    Forget,
    /// Play this sound.
    Play,
    /// All of the answer's sound is here: play the rest.
    EndOfAnswer,
    /// Speaker silent now, answer cancelled, truncated at what was heard, saved as interrupted.
    Silence(TurnId),
    /// The answer is over: save it.
    Save(TurnId),
    /// It broke: save what there is.
    SaveBroken(TurnId, ProviderError),
    /// Close the session.
    CloseSession,
}

/// Why an utterance is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptReason {
    /// The person cancelled it.
    Cancelled,
    /// It could not be answered.
    Failed,
}

/// The state as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Nobody has the floor.
    Idle,
    /// The floor is the person's, no sound yet.
    Connecting,
    /// Real samples come in.
    Listening,
    /// They are loud enough to be a voice.
    Hearing,
    /// The person is done, the answer does not sound yet.
    Thinking,
    /// The answer sounds.
    Speaking,
    /// The person talks over the answer.
    Interrupted,
    /// The microphone is gone, the words so far are kept.
    Reconnecting,
    /// The microphone is shut by hand.
    Muted,
    /// It cannot go on by itself.
    Failed,
}

/// Why it cannot go on by itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The provider.
    Provider(ProviderError),
    /// The microphone gave nothing while the floor was the person's.
    NoSound(Option<DeviceLoss>),
}

/// An utterance set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// How long it is.
    pub duration: Duration,
    /// Why.
    pub reason: KeptReason,
    /// When the offer ends; `None`: never by itself.
    until: Option<Instant>,
}

/// The machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    phase: Phase,
    microphone: Microphone,
    kept: Option<Kept>,
    last_turn: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum Phase {
    Idle,
    Floor(Floor),
    Answer(Answer),
    Failed(Failure),
}

/// The person has the floor.
#[derive(Debug, Clone, PartialEq)]
struct Floor {
    ear: Ear,
    /// Sound taken so far.
    taken: Duration,
    /// When an answer was interrupted to get here.
    interrupted: Option<Instant>,
    /// When the person let go; sound is still taken until the tail is over.
    given: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq)]
enum Ear {
    /// No sample yet.
    Waiting,
    /// Samples, and when a voice was last heard among them.
    Open { voice_at: Option<Instant> },
    /// The device is gone.
    Gone(DeviceLoss),
}

/// The model has the floor.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    turn: TurnId,
    /// The turn's utterance, while it may have to be sent again.
    utterance: Duration,
    since: Instant,
    /// Whether it has begun to sound.
    sounds: bool,
    /// Whether all of it is here.
    whole: bool,
}

impl Default for Machine {
    fn default() -> Self {
        Self { phase: Phase::Idle, microphone: Microphone::Live, kept: None, last_turn: 0 }
    }
}

impl Machine {
    /// The state as it is drawn.
    #[must_use]
    pub fn shown(&self, now: Instant) -> Shown {
        match &self.phase {
            Phase::Idle if self.microphone == Microphone::Shut => Shown::Muted,
            Phase::Idle => Shown::Idle,
            Phase::Failed(_) => Shown::Failed,
            Phase::Answer(Answer { sounds: true, .. }) => Shown::Speaking,
            Phase::Answer(_) | Phase::Floor(Floor { given: Some(_), .. }) => Shown::Thinking,
            Phase::Floor(_) if self.microphone == Microphone::Shut => Shown::Muted,
            Phase::Floor(Floor { ear: Ear::Gone(_), .. }) => Shown::Reconnecting,
            Phase::Floor(Floor { interrupted: Some(at), .. }) if now.saturating_duration_since(*at) < INTERRUPTED => {
                Shown::Interrupted
            }
            Phase::Floor(Floor { ear: Ear::Waiting, .. }) => Shown::Connecting,
            Phase::Floor(Floor { ear: Ear::Open { voice_at: Some(at) }, .. })
                if now.saturating_duration_since(*at) < VOICE_HANGOVER =>
            {
                Shown::Hearing
            }
            Phase::Floor(_) => Shown::Listening,
        }
    }

    /// Why it failed, in [`Shown::Failed`].
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &self.phase {
            Phase::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// The utterance that is set aside.
    #[must_use]
    pub fn kept(&self) -> Option<Kept> {
        self.kept
    }

    /// Whether the microphone is shut by hand.
    #[must_use]
    pub fn microphone(&self) -> Microphone {
        self.microphone
    }

    /// Whether the person has the floor, the tail after letting go included.
    #[must_use]
    pub fn has_floor(&self) -> bool {
        matches!(self.phase, Phase::Floor(_))
    }

    /// The turn that is being answered.
    #[must_use]
    pub fn answering(&self) -> Option<TurnId> {
        match &self.phase {
            Phase::Answer(answer) => Some(answer.turn),
            _ => None,
        }
    }

    /// Nothing is set aside any more.
    pub fn forget_kept(&mut self) {
        self.kept = None;
    }

    /// Takes one input.
    pub fn step(&mut self, input: Input, now: Instant) -> Vec<Effect> {
        match input {
            Input::Take => self.take(now),
            Input::Give => self.give(now),
            Input::Cancel => self.cancel(now),
            Input::HangUp => self.hang_up(now),
            Input::Mute(microphone) => {
                self.microphone = microphone;
                Vec::new()
            }
            Input::SendKept => self.send_kept(now),
            Input::Captured { duration, level } => self.captured(duration, level, now),
            Input::CaptureLost(loss) => self.capture_lost(loss, now),
            Input::CaptureBack => {
                if let Phase::Floor(floor) = &mut self.phase
                    && matches!(floor.ear, Ear::Gone(_))
                {
                    floor.ear = Ear::Waiting;
                }
                Vec::new()
            }
            Input::AnswerSound(turn) => self.current(turn).map_or_else(Vec::new, |answer| {
                answer.sounds = true;
                vec![Effect::Play]
            }),
            Input::AnswerDone(turn) => self.answer_done(turn),
            Input::AnswerFailed(turn, error) => {
                if self.current(turn).is_none() {
                    return Vec::new();
                }
                self.broken(error)
            }
            Input::SessionOver(error) => match &self.phase {
                Phase::Answer(_) => self.broken(error),
                // The utterance is whole in memory: the next send opens a new session for it.
                Phase::Idle | Phase::Floor(_) | Phase::Failed(_) => Vec::new(),
            },
            Input::Drained(turn) => match self.current(turn) {
                Some(answer) if answer.whole => {
                    self.phase = Phase::Idle;
                    vec![Effect::Save(turn)]
                }
                _ => Vec::new(),
            },
            Input::Tick => self.tick(now),
        }
    }

    fn take(&mut self, now: Instant) -> Vec<Effect> {
        if self.microphone == Microphone::Shut {
            return Vec::new();
        }
        let mut effects = Vec::new();
        let interrupted = match &mut self.phase {
            // Pressed again within the tail: the person goes on.
            Phase::Floor(floor) => {
                floor.given = None;
                return effects;
            }
            Phase::Answer(answer) => {
                effects.push(Effect::Silence(answer.turn));
                answer.sounds.then_some(now)
            }
            Phase::Idle | Phase::Failed(_) => None,
        };
        self.phase = Phase::Floor(Floor { ear: Ear::Waiting, taken: Duration::ZERO, interrupted, given: None });
        effects.push(Effect::BeginUtterance);
        effects
    }

    fn give(&mut self, now: Instant) -> Vec<Effect> {
        match &mut self.phase {
            Phase::Floor(floor) if floor.given.is_none() => {
                floor.given = Some(now);
                // Nothing more can come from a device that is gone.
                if matches!(floor.ear, Ear::Gone(_)) { self.send(now) } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    fn cancel(&mut self, now: Instant) -> Vec<Effect> {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Floor(floor) if floor.taken.is_zero() => vec![Effect::RestMicrophone],
            Phase::Floor(floor) => {
                self.kept =
                    Some(Kept { duration: floor.taken, reason: KeptReason::Cancelled, until: Some(now + UNDO) });
                vec![Effect::Keep(KeptReason::Cancelled), Effect::RestMicrophone]
            }
            Phase::Answer(answer) => vec![Effect::Silence(answer.turn)],
            Phase::Idle | Phase::Failed(_) => Vec::new(),
        }
    }

    fn hang_up(&mut self, now: Instant) -> Vec<Effect> {
        let mut effects = self.cancel(now);
        effects.push(Effect::CloseSession);
        effects
    }

    fn send_kept(&mut self, now: Instant) -> Vec<Effect> {
        let Some(kept) = self.kept else { return Vec::new() };
        match self.phase {
            Phase::Floor(_) | Phase::Answer(_) => return Vec::new(),
            Phase::Idle | Phase::Failed(_) => {}
        }
        self.kept = None;
        let turn = self.begin_answer(kept.duration, now);
        vec![Effect::SendKept(turn)]
    }

    fn captured(&mut self, duration: Duration, level: f32, now: Instant) -> Vec<Effect> {
        let Phase::Floor(floor) = &mut self.phase else { return Vec::new() };
        if self.microphone == Microphone::Shut {
            return Vec::new();
        }
        let heard_before = match floor.ear {
            Ear::Open { voice_at } => voice_at,
            Ear::Waiting | Ear::Gone(_) => None,
        };
        floor.ear = Ear::Open { voice_at: if level >= VOICE_LEVEL { Some(now) } else { heard_before } };
        floor.taken += duration;
        let mut effects = vec![Effect::TakeChunk];
        if floor.taken >= LONGEST_UTTERANCE {
            effects.extend(self.send(now));
        }
        effects
    }

    fn capture_lost(&mut self, loss: DeviceLoss, now: Instant) -> Vec<Effect> {
        let Phase::Floor(floor) = &mut self.phase else { return Vec::new() };
        floor.ear = Ear::Gone(loss);
        if floor.given.is_some() { self.send(now) } else { Vec::new() }
    }

    /// The person's turn is over.
    fn send(&mut self, now: Instant) -> Vec<Effect> {
        let Phase::Floor(floor) = &self.phase else { return Vec::new() };
        let taken = floor.taken;
        if taken.is_zero() {
            let loss = match &floor.ear {
                Ear::Gone(loss) => Some(loss.clone()),
                Ear::Waiting | Ear::Open { .. } => None,
            };
            self.phase = Phase::Failed(Failure::NoSound(loss));
            return vec![Effect::RestMicrophone];
        }
        let mut effects = vec![Effect::RestMicrophone];
        if self.kept.take().is_some() {
            effects.push(Effect::Forget);
        }
        let turn = self.begin_answer(taken, now);
        effects.push(Effect::Send(turn));
        effects
    }

    fn begin_answer(&mut self, utterance: Duration, now: Instant) -> TurnId {
        self.last_turn += 1;
        let turn = TurnId(self.last_turn);
        self.phase = Phase::Answer(Answer { turn, utterance, since: now, sounds: false, whole: false });
        turn
    }

    fn answer_done(&mut self, turn: TurnId) -> Vec<Effect> {
        let Some(answer) = self.current(turn) else { return Vec::new() };
        answer.whole = true;
        if answer.sounds {
            return vec![Effect::EndOfAnswer];
        }
        // An answer without sound has nothing to wait for.
        self.phase = Phase::Idle;
        vec![Effect::Save(turn)]
    }

    /// The answer broke: what was heard is kept; an utterance that got no sound at all can be sent again.
    fn broken(&mut self, error: ProviderError) -> Vec<Effect> {
        let Phase::Answer(answer) = &self.phase else { return Vec::new() };
        let Answer { turn, utterance, sounds, .. } = *answer;
        let mut effects = Vec::new();
        if !sounds {
            self.kept = Some(Kept { duration: utterance, reason: KeptReason::Failed, until: None });
            effects.push(Effect::Keep(KeptReason::Failed));
        }
        effects.push(Effect::SaveBroken(turn, error.clone()));
        self.phase = Phase::Failed(Failure::Provider(error));
        effects
    }

    fn tick(&mut self, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Some(Kept { until: Some(until), .. }) = self.kept
            && now >= until
        {
            self.kept = None;
            effects.push(Effect::Forget);
        }
        match &self.phase {
            Phase::Floor(Floor { given: Some(at), .. }) if now.saturating_duration_since(*at) >= RELEASE_TAIL => {
                effects.extend(self.send(now));
            }
            Phase::Answer(Answer { sounds: false, whole: false, since, .. })
                if now.saturating_duration_since(*since) >= NO_ANSWER =>
            {
                let error = ProviderError::new(
                    "voice",
                    parlance_core::Category::Timeout,
                    format!("no answer within {} s", NO_ANSWER.as_secs()),
                );
                effects.extend(self.broken(error));
            }
            _ => {}
        }
        effects
    }

    /// The answer that is running, if it is of this turn.
    fn current(&mut self, turn: TurnId) -> Option<&mut Answer> {
        match &mut self.phase {
            Phase::Answer(answer) if answer.turn == turn => Some(answer),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
