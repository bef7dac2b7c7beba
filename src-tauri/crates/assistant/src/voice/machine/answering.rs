//! The model has the floor.

use std::time::{Duration, Instant};

use parlance_core::error::ProviderError;
use parlance_core::realtime::TurnId;

use super::effect::{Effect, KeptId, KeptReason, Spoken};
use super::input::{Cap, Ends, Tools};
use super::shown::Failure;
use super::{Machine, NO_ANSWER, Phase, timeout};

/// An utterance is given to so many sessions by itself: the first, and one more.
const DELIVERIES: u32 = 2;

/// The answer that is waited for, or sounds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) turn: TurnId,
    /// What it answers.
    asked: Asked,
    /// Since when it is waited for, or when something of it last came.
    since: Instant,
    /// Sessions that stood and were given the utterance.
    deliveries: u32,
    /// The provider has the turn.
    is_acknowledged: bool,
    /// Whether it has begun to sound.
    pub(super) sounds: bool,
    /// Whether all of it is here.
    pub(super) whole: bool,
    /// Whether it waits for tools.
    pub(super) tools: Tools,
}

/// What an answer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// An utterance of this length.
    Aloud(Duration),
    /// Something written, which stays in the thread.
    InWriting,
}

impl Answer {
    /// To an utterance of this length.
    pub(super) fn of(utterance: Duration) -> impl FnOnce(TurnId, Instant) -> Self {
        move |turn, now| Self::new(turn, Asked::Aloud(utterance), now)
    }

    /// To what was written.
    fn of_writing(turn: TurnId, now: Instant) -> Self {
        Self::new(turn, Asked::InWriting, now)
    }

    /// To an utterance that the provider has taken already.
    pub(super) fn acknowledged(turn: TurnId, utterance: Duration, now: Instant) -> Self {
        Self { is_acknowledged: true, deliveries: 1, ..Self::new(turn, Asked::Aloud(utterance), now) }
    }

    fn new(turn: TurnId, asked: Asked, since: Instant) -> Self {
        Self {
            turn,
            asked,
            since,
            deliveries: 0,
            is_acknowledged: false,
            sounds: false,
            whole: false,
            tools: Tools::Done,
        }
    }

    /// Something of it came.
    pub(super) fn heard_of(&mut self, now: Instant) {
        self.is_acknowledged = true;
        self.since = now;
    }

    /// A session stands that has the utterance.
    pub(super) fn delivered(&mut self, now: Instant) {
        self.deliveries += 1;
        self.since = now;
    }

    /// Whether the next connection has to be given its utterance.
    pub(super) fn waits_for_line(&self) -> bool {
        !self.is_acknowledged && !self.whole
    }

    /// Whether the person would pay twice, or nothing would come of it.
    pub(super) fn must_not_be_sent_again(&self) -> bool {
        self.is_acknowledged || self.deliveries >= DELIVERIES
    }
}

impl Machine {
    /// A new turn, to be answered.
    pub(super) fn begin_answer(&mut self, answer: impl FnOnce(TurnId, Instant) -> Answer, now: Instant) -> TurnId {
        let turn = self.expected.take().unwrap_or_else(|| {
            self.last_turn += 1;
            TurnId(self.last_turn)
        });
        let mut answer = answer(turn, now);
        if self.line.is_open() {
            answer.delivered(now);
        }
        self.phase = Phase::Answer(answer);
        self.last_word = Some(now);
        turn
    }

    pub(super) fn say(&mut self, now: Instant) -> Vec<Effect> {
        let mut effects = self.cancel(now);
        let turn = self.begin_answer(Answer::of_writing, now);
        let is_waiting = self.line.retry().is_some();
        if !self.line.is_up() && !is_waiting {
            self.line.connect(now);
            effects.push(Effect::Connect);
        }
        effects.push(Effect::Say(turn));
        if self.ends() == Ends::Provider && self.line.is_up() {
            effects.push(self.expect_next());
        }
        effects
    }

    pub(super) fn send_kept(&mut self, id: Option<KeptId>, now: Instant) -> Vec<Effect> {
        match self.phase {
            Phase::Floor(_) | Phase::Answer(_) => return Vec::new(),
            Phase::Idle | Phase::Failed(_) => {}
        }
        if self.cap == Cap::Reached {
            self.phase = Phase::Failed(Failure::Capped);
            return Vec::new();
        }
        let Some(kept) = self.shelf.take(id) else { return Vec::new() };
        self.line.works();
        let mut effects = Vec::new();
        let turn = self.begin_answer(Answer::of(kept.duration), now);
        if self.line.is_up() {
            effects.push(Effect::ClearInput);
        } else {
            self.line.connect(now);
            effects.push(Effect::Connect);
        }
        effects.push(Effect::SendKept(kept.id, turn));
        if self.ends() == Ends::Provider {
            effects.push(self.expect_next());
        }
        effects
    }

    pub(super) fn answer_done(&mut self, turn: TurnId, now: Instant) -> Vec<Effect> {
        let Some(answer) = self.current(turn) else { return Vec::new() };
        answer.heard_of(now);
        answer.whole = true;
        if answer.sounds {
            return vec![Effect::EndOfAnswer];
        }
        // An answer without sound has nothing to wait for.
        self.over(turn, now)
    }

    pub(super) fn drained(&mut self, turn: TurnId, now: Instant) -> Vec<Effect> {
        let Some(answer) = self.current(turn) else { return Vec::new() };
        if answer.whole {
            return self.over(turn, now);
        }
        // It stopped in the middle: what was said was heard, and nothing more comes.
        let is_stalled = answer.sounds && answer.is_late(now);
        if is_stalled { self.no_answer(now) } else { Vec::new() }
    }

    fn over(&mut self, turn: TurnId, now: Instant) -> Vec<Effect> {
        self.phase = Phase::Idle;
        self.last_word = Some(now);
        let mut effects = vec![Effect::Save(turn)];
        effects.extend(self.renew_if_due(now));
        effects
    }

    /// The answer broke: what was heard is kept, and the utterance can be sent again.
    pub(super) fn broken(&mut self, error: ProviderError, now: Instant) -> Vec<Effect> {
        let Phase::Answer(answer) = &self.phase else { return Vec::new() };
        let mut effects = Vec::new();
        let turn = answer.turn;
        if let Asked::Aloud(utterance) = answer.asked {
            let id = self.shelf.put(utterance, KeptReason::Failed, now);
            effects.push(Effect::Keep(id, Spoken::Before));
        }
        effects.push(Effect::SaveBroken(turn, error.clone()));
        self.phase = Phase::Failed(Failure::Provider(error));
        effects
    }

    pub(super) fn answer_tick(&mut self, now: Instant) -> Vec<Effect> {
        let Phase::Answer(answer) = &self.phase else { return Vec::new() };
        // While there is no connection the connection's own limits count.
        if answer.sounds || answer.whole || !self.line.is_open() || !answer.is_late(now) {
            return Vec::new();
        }
        self.no_answer(now)
    }

    /// The session stands and says nothing: it is not believed any longer.
    fn no_answer(&mut self, now: Instant) -> Vec<Effect> {
        self.line_lost(timeout(&format!("no answer within {} s", NO_ANSWER.as_secs())), 0.0, now)
    }

    /// The answer that is running, if it is of this turn.
    pub(super) fn current(&mut self, turn: TurnId) -> Option<&mut Answer> {
        match &mut self.phase {
            Phase::Answer(answer) if answer.turn == turn => Some(answer),
            _ => None,
        }
    }
}

impl Answer {
    fn is_late(&self, now: Instant) -> bool {
        self.tools == Tools::Done && now.saturating_duration_since(self.since) >= NO_ANSWER
    }
}
