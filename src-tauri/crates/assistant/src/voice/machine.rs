//! Who has the floor: a pure state machine.
//!
//! Inputs are what people, devices, the session and the clock do; effects are orders to the actor. The machine holds no
//! sound. Whatever arrives for an older turn is dropped here.
//!
//! * [`Input`] – what happens; [`Effect`] – what is to be done; [`Shown`] – what is drawn.
//! * `floor` – the person speaks: by the key, or hands-free by what is heard.
//! * `answering` – the model does.
//! * `line` – the connection between them.
//! * `shelf` – utterances that are set aside.

mod answering;
mod effect;
mod floor;
mod input;
mod line;
mod shelf;
mod shown;

use std::time::{Duration, Instant};

use parlance_core::error::ProviderError;
use parlance_core::realtime::TurnId;
use parlance_core::speech::SpeechWatch;

use answering::Answer;
pub use effect::{Effect, KeptId, KeptReason, Renewal, Spoken};
use floor::Floor;
pub use input::{Cap, Ends, Input, Microphone, Mode, Tools};
use line::{CONNECT_LIMIT, Line, Loss, State};
use shelf::Shelf;
pub use shelf::{Kept, UNDO};
pub use shown::{Failure, Shown};

/// After the key is released, sound is still taken for this long: it is on its way through the sound server (about two
/// blocks of 20 ms), the resampler and the chunking, and people let go a little early.
pub const RELEASE_TAIL: Duration = Duration::from_millis(120);
/// A key goes down up to a third of a second after the person began to speak.
pub const KEY_PRE_ROLL: Duration = Duration::from_millis(300);
/// "Interrupted" is shown for this long, unless the next state comes first.
pub const INTERRUPTED: Duration = Duration::from_millis(1_200);
/// No utterance is longer; then it is sent.
pub const LONGEST_UTTERANCE: Duration = Duration::from_secs(600);
/// So long after the last voice "hearing" falls back to "listening".
pub const VOICE_HANGOVER: Duration = Duration::from_millis(500);
/// A response that has not begun to sound after this long has failed, and one that stops in the middle too.
pub const NO_ANSWER: Duration = Duration::from_secs(15);
/// A provider that has not ended a turn so long after the person fell silent is told to.
pub const NO_COMMIT: Duration = Duration::from_secs(10);
/// How long a person may pause, until somebody chooses.
pub const PATIENCE: Duration = Duration::from_millis(800);
/// Who sleeps for longer than this does not come back to a call.
const LONGEST_SLEEP: Duration = Duration::from_secs(300);

/// The machine.
#[derive(Debug, Clone)]
pub struct Machine {
    phase: Phase,
    mode: Mode,
    ends: Ends,
    microphone: Microphone,
    /// Hands-free and nobody speaks: the microphone is gone.
    is_deaf: bool,
    line: Line,
    shelf: Shelf,
    watch: SpeechWatch,
    cap: Cap,
    idle_limit: Option<Duration>,
    /// When somebody last said something.
    last_word: Option<Instant>,
    last_turn: u64,
    /// The turn that the provider ends next, once it has been told.
    expected: Option<TurnId>,
}

#[derive(Debug, Clone, PartialEq)]
enum Phase {
    Idle,
    Floor(Floor),
    Answer(Answer),
    Failed(Failure),
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            phase: Phase::Idle,
            mode: Mode::PushToTalk,
            ends: Ends::Here,
            microphone: Microphone::Live,
            is_deaf: false,
            line: Line::default(),
            shelf: Shelf::default(),
            watch: SpeechWatch::new(PATIENCE),
            cap: Cap::Free,
            idle_limit: None,
            last_word: None,
            last_turn: 0,
            expected: None,
        }
    }
}

impl Machine {
    /// Why it failed, in [`Shown::Failed`].
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &self.phase {
            Phase::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// When the connection is tried again, and why it has to be; `None` while nothing is wrong with it.
    #[must_use]
    pub fn retry(&self) -> Option<(Instant, &ProviderError)> {
        self.line.retry()
    }

    /// The utterances that are set aside, the oldest first.
    #[must_use]
    pub fn kept(&self) -> &[Kept] {
        self.shelf.all()
    }

    /// How turns begin and end.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Who ends the turns of the session, as it is to be connected.
    #[must_use]
    pub fn ends(&self) -> Ends {
        if self.mode == Mode::HandsFree { self.ends } else { Ends::Here }
    }

    /// Whether the microphone is shut by hand.
    #[must_use]
    pub fn microphone(&self) -> Microphone {
        self.microphone
    }

    /// Whether a call is open: there is a connection, or one that is tried again.
    #[must_use]
    pub fn in_call(&self) -> bool {
        self.line.state != State::Down || self.mode == Mode::HandsFree
    }

    /// Whether the person has the floor, the tail after letting go included.
    #[must_use]
    pub fn has_floor(&self) -> bool {
        matches!(self.phase, Phase::Floor(_))
    }

    /// Whether it is listened for a voice.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.mode == Mode::HandsFree && self.microphone == Microphone::Live
    }

    /// The turn that is being answered.
    #[must_use]
    pub fn answering(&self) -> Option<TurnId> {
        match &self.phase {
            Phase::Answer(answer) => Some(answer.turn),
            _ => None,
        }
    }

    /// Whether all of the answer's sound is here.
    #[must_use]
    pub fn answer_is_whole(&self) -> bool {
        matches!(&self.phase, Phase::Answer(answer) if answer.whole)
    }

    /// When the person's voice was last heard in the turn that they have or had last, hands-free.
    #[must_use]
    pub fn fell_silent(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Floor(floor) => floor.voice_at(),
            _ => None,
        }
    }

    /// Takes one input.
    pub fn step(&mut self, input: Input, now: Instant) -> Vec<Effect> {
        match input {
            Input::Take => self.take(now),
            Input::Give => self.give(now),
            Input::SendNow => self.send_now(now),
            Input::Say => self.say(now),
            Input::Cancel => self.cancel(now),
            Input::HangUp => self.hang_up(now),
            Input::Mode(mode, ends) => self.change_mode(mode, ends, now),
            Input::Patience(patience) => {
                self.watch.set_patience(patience);
                // Where the provider ends the turns, it is told with a new session.
                if self.ends() == Ends::Provider {
                    self.line.renew_soon(now);
                }
                self.renew_if_due(now)
            }
            Input::IdleLimit(limit) => {
                self.idle_limit = limit;
                Vec::new()
            }
            Input::Capped(cap) => {
                self.cap = cap;
                Vec::new()
            }
            Input::Mute(microphone) => self.mute(microphone, now),
            Input::SendKept(id) => self.send_kept(id, now),
            Input::Discard(id) => self.shelf.take(id).map(|kept| Effect::Forget(kept.id)).into_iter().collect(),
            Input::Found(duration) => {
                self.shelf.put(duration, KeptReason::LeftOver, now);
                Vec::new()
            }
            Input::Dismiss => {
                if matches!(self.phase, Phase::Failed(_)) {
                    self.phase = Phase::Idle;
                }
                Vec::new()
            }
            Input::Retry => {
                self.line.works();
                match self.line.state {
                    State::Waiting { .. } => self.connect(now),
                    _ => Vec::new(),
                }
            }
            Input::Captured { duration, activity } => self.captured(duration, &activity, now),
            Input::CaptureLost(loss) => self.capture_lost(loss, now),
            Input::CaptureBack => {
                self.is_deaf = false;
                if let Phase::Floor(floor) = &mut self.phase {
                    floor.capture_back();
                }
                Vec::new()
            }
            Input::LineOpened { longest } => self.line_opened(longest, now),
            Input::LineLost { error, chance } => self.line_lost(error, chance, now),
            Input::GoingAway(left) => {
                self.line.goes(left, now);
                self.renew_if_due(now)
            }
            Input::SpeechStarted => self.provider_hears(now),
            Input::Committed(turn) => self.committed(turn, now),
            Input::AnswerBegan(turn) => {
                if let Some(answer) = self.current(turn) {
                    answer.heard_of(now);
                    self.line.works();
                }
                Vec::new()
            }
            Input::AnswerSound(turn) => self.current(turn).map_or_else(Vec::new, |answer| {
                answer.heard_of(now);
                answer.sounds = true;
                vec![Effect::Play]
            }),
            Input::Tools(turn, tools) => {
                if let Some(answer) = self.current(turn) {
                    answer.heard_of(now);
                    answer.tools = tools;
                }
                Vec::new()
            }
            Input::AnswerDone(turn) => self.answer_done(turn, now),
            Input::AnswerFailed(turn, error) => match self.current(turn) {
                Some(_) => self.broken(error, now),
                None => Vec::new(),
            },
            Input::Interrupted(turn) => self.interrupted(turn, now),
            Input::Drained(turn) => self.drained(turn, now),
            Input::Woke(slept) => self.woke(slept, now),
            Input::Tick => self.tick(now),
        }
    }

    fn hang_up(&mut self, now: Instant) -> Vec<Effect> {
        let mut effects = self.cancel(now);
        effects.extend(self.end_call());
        effects
    }

    /// No connection, no open microphone, by the key again.
    fn end_call(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if std::mem::take(&mut self.mode) == Mode::HandsFree {
            effects.push(Effect::RestMicrophone);
        }
        effects.push(self.close(None));
        effects
    }

    fn close(&mut self, renewal: Option<Renewal>) -> Effect {
        self.line.close(renewal);
        self.expected = None;
        Effect::CloseSession
    }

    fn change_mode(&mut self, mode: Mode, ends: Ends, now: Instant) -> Vec<Effect> {
        if (self.mode, self.ends) == (mode, ends) {
            return Vec::new();
        }
        let mut effects = Vec::new();
        let before = self.ends();
        let is_by_voice = matches!(&self.phase, Phase::Floor(floor) if floor.is_by_voice());
        if mode == Mode::PushToTalk && is_by_voice {
            effects.extend(self.cancel(now));
        }
        let was = std::mem::replace(&mut self.mode, mode);
        self.ends = ends;
        self.last_word = Some(now);
        self.watch.settle();
        if before != self.ends() {
            self.line.renew_soon(now);
            effects.extend(self.renew_if_due(now));
        }
        match (was, mode) {
            (Mode::PushToTalk, Mode::HandsFree) => {
                if matches!(self.phase, Phase::Failed(_)) {
                    self.phase = Phase::Idle;
                }
                effects.push(Effect::Listen);
                effects.extend(self.ensure_line(now));
            }
            (Mode::HandsFree, Mode::PushToTalk) if !self.has_floor() => effects.push(Effect::RestMicrophone),
            _ => {}
        }
        effects
    }

    fn mute(&mut self, microphone: Microphone, now: Instant) -> Vec<Effect> {
        self.microphone = microphone;
        self.watch.settle();
        let is_by_voice = matches!(&self.phase, Phase::Floor(floor) if floor.is_by_voice());
        // Half a sentence would wait for ever for its end. It is offered back.
        if microphone == Microphone::Shut && is_by_voice { self.cancel(now) } else { Vec::new() }
    }

    /// Makes sure that there is a connection, or that one is being made.
    fn ensure_line(&mut self, now: Instant) -> Vec<Effect> {
        if self.line.is_up() { Vec::new() } else { self.connect(now) }
    }

    fn connect(&mut self, now: Instant) -> Vec<Effect> {
        self.line.connect(now);
        let mut effects = vec![Effect::Connect];
        if self.ends() == Ends::Provider {
            effects.push(self.expect_next());
        }
        match &self.phase {
            Phase::Answer(answer) if answer.waits_for_line() => effects.push(Effect::SendAgain(answer.turn)),
            _ => {}
        }
        effects
    }

    /// Gives the provider the name of the next turn that it ends.
    fn expect_next(&mut self) -> Effect {
        let turn = *self.expected.get_or_insert_with(|| {
            self.last_turn += 1;
            TurnId(self.last_turn)
        });
        Effect::Expect(turn)
    }

    fn line_opened(&mut self, longest: Option<Duration>, now: Instant) -> Vec<Effect> {
        let renewal = self.line.opened(longest, now);
        if let Phase::Answer(answer) = &mut self.phase {
            answer.delivered(now);
        }
        let mut effects: Vec<Effect> = renewal.map(Effect::Renewed).into_iter().collect();
        effects.extend(self.renew_if_due(now));
        effects
    }

    fn line_lost(&mut self, error: ProviderError, chance: f64, now: Instant) -> Vec<Effect> {
        self.expected = None;
        let is_needed = match &self.phase {
            // All of it is here: it plays on.
            Phase::Answer(answer) if answer.whole => self.mode == Mode::HandsFree,
            Phase::Answer(answer) if answer.must_not_be_sent_again() => {
                let mut effects = self.broken(error.clone(), now);
                effects.extend(self.after_loss(error, chance, now));
                return effects;
            }
            Phase::Floor(_) | Phase::Answer(_) => true,
            Phase::Idle | Phase::Failed(_) => self.mode == Mode::HandsFree,
        };
        if !is_needed {
            self.line.close(Some(Renewal::Lost));
            return vec![Effect::CloseSession];
        }
        self.after_loss(error, chance, now)
    }

    /// Tries again, or ends what needs the connection.
    fn after_loss(&mut self, error: ProviderError, chance: f64, now: Instant) -> Vec<Effect> {
        let mut effects = vec![Effect::CloseSession];
        if !self.has_floor() && self.answering().is_none() && self.mode == Mode::PushToTalk {
            self.line.close(Some(Renewal::Lost));
            return effects;
        }
        match self.line.lost(error.clone(), chance, now) {
            Loss::Again => {
                // The first try is at once.
                if self.line.retry().is_some_and(|(until, _)| until <= now) {
                    effects.extend(self.connect(now));
                }
            }
            Loss::Final => match &self.phase {
                // By the key the person speaks on, and it is tried once more when they are done.
                Phase::Floor(floor) if !floor.is_by_voice() => {}
                Phase::Floor(_) => {
                    effects.extend(self.keep_utterance(KeptReason::Failed, now));
                    effects.extend(self.end_call());
                    self.phase = Phase::Failed(Failure::Provider(error));
                }
                Phase::Answer(answer) if !answer.whole => {
                    effects.extend(self.broken(error, now));
                    if self.mode == Mode::HandsFree {
                        effects.extend(self.end_call());
                    }
                }
                Phase::Answer(_) => {}
                Phase::Idle | Phase::Failed(_) => {
                    effects.extend(self.end_call());
                    self.phase = Phase::Failed(Failure::Provider(error));
                }
            },
        }
        effects
    }

    /// Between turns a connection that ends before long is made anew.
    fn renew_if_due(&mut self, now: Instant) -> Vec<Effect> {
        if !self.line.is_due(now) || !matches!(self.phase, Phase::Idle | Phase::Failed(_)) {
            return Vec::new();
        }
        let mut effects = vec![self.close(Some(Renewal::Age))];
        if self.mode == Mode::HandsFree {
            effects.extend(self.connect(now));
        }
        effects
    }

    fn woke(&mut self, slept: Duration, now: Instant) -> Vec<Effect> {
        if !self.in_call() && !self.has_floor() {
            return Vec::new();
        }
        let mut effects = Vec::new();
        match &self.phase {
            // What the microphone hears after a sleep is the room, not the sentence.
            Phase::Floor(_) => effects.extend(self.keep_utterance(KeptReason::Failed, now)),
            Phase::Answer(answer) if !answer.whole => {
                let error = cut("the computer slept");
                effects.extend(self.broken(error, now));
            }
            _ => {}
        }
        if slept > LONGEST_SLEEP {
            effects.extend(self.end_call());
        } else {
            // It is opened on use: a call that nobody goes on with costs nothing.
            effects.push(self.close(Some(Renewal::Slept)));
            self.last_word = Some(now);
        }
        effects
    }

    fn tick(&mut self, now: Instant) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.shelf.expired(now).into_iter().map(Effect::Forget).collect();
        match &self.line.state {
            State::Waiting { until, .. } if now >= *until => effects.extend(self.connect(now)),
            State::Connecting { since } if now.saturating_duration_since(*since) >= CONNECT_LIMIT => {
                let error = timeout(&format!("no connection within {} s", CONNECT_LIMIT.as_secs()));
                effects.extend(self.line_lost(error, 1.0, now));
            }
            _ => {}
        }
        effects.extend(match &self.phase {
            Phase::Floor(_) => self.floor_tick(now),
            Phase::Answer(_) => self.answer_tick(now),
            Phase::Idle | Phase::Failed(_) => self.idle_tick(now),
        });
        effects
    }

    fn idle_tick(&mut self, now: Instant) -> Vec<Effect> {
        let is_over = |limit| self.last_word.is_some_and(|last| now.saturating_duration_since(last) >= limit);
        if self.in_call() && self.idle_limit.is_some_and(is_over) {
            return self.end_call();
        }
        self.renew_if_due(now)
    }
}

fn cut(message: &str) -> ProviderError {
    ProviderError::new("voice", parlance_core::Category::Cut, message)
}

fn timeout(message: &str) -> ProviderError {
    ProviderError::new("voice", parlance_core::Category::Timeout, message)
}

#[cfg(test)]
mod tests;
