use parlance_core::Category;
use proptest::prelude::*;

use super::*;

/// A conversation under a hand-driven clock.
struct Talk {
    machine: Machine,
    now: Instant,
}

impl Talk {
    fn new() -> Self {
        Self { machine: Machine::default(), now: Instant::now() }
    }

    fn does(&mut self, input: Input) -> Vec<Effect> {
        self.machine.step(input, self.now)
    }

    fn waits(&mut self, ms: u64) -> Vec<Effect> {
        self.now += Duration::from_millis(ms);
        self.does(Input::Tick)
    }

    fn speaks(&mut self, ms: u64) -> Vec<Effect> {
        self.does(Input::Captured { duration: Duration::from_millis(ms), level: 0.7 })
    }

    #[track_caller]
    fn shows(&self, shown: Shown) {
        assert_eq!(self.machine.shown(self.now), shown);
    }

    /// Takes the floor, speaks a second, lets go, waits for the tail: the turn is sent.
    #[track_caller]
    fn asks(&mut self) -> TurnId {
        self.does(Input::Take);
        self.speaks(1_000);
        self.does(Input::Give);
        let effects = self.waits(120);
        match effects.last() {
            Some(Effect::Send(turn)) => *turn,
            _ => panic!("a turn is sent: {effects:?}"),
        }
    }
}

fn error() -> ProviderError {
    ProviderError::new("test", Category::Network, "the line is cut")
}

#[test]
fn a_whole_turn_from_hold_to_silence() {
    let mut talk = Talk::new();
    talk.shows(Shown::Idle);
    assert_eq!(talk.does(Input::Take), [Effect::BeginUtterance]);
    talk.shows(Shown::Connecting);
    assert_eq!(talk.does(Input::Captured { duration: Duration::from_millis(20), level: 0.0 }), [Effect::TakeChunk]);
    talk.shows(Shown::Listening);
    assert_eq!(talk.speaks(20), [Effect::TakeChunk]);
    talk.shows(Shown::Hearing);
    talk.waits(501);
    talk.shows(Shown::Listening);
    assert_eq!(talk.does(Input::Give), []);
    talk.shows(Shown::Thinking);
    assert_eq!(talk.speaks(20), [Effect::TakeChunk], "what is still on its way belongs to the utterance");
    assert_eq!(talk.waits(119), []);
    let turn = TurnId(1);
    assert_eq!(talk.waits(1), [Effect::RestMicrophone, Effect::Send(turn)]);
    talk.shows(Shown::Thinking);
    assert_eq!(talk.does(Input::AnswerSound(turn)), [Effect::Play]);
    talk.shows(Shown::Speaking);
    assert_eq!(talk.does(Input::Drained(turn)), [], "more may come");
    assert_eq!(talk.does(Input::AnswerDone(turn)), [Effect::EndOfAnswer]);
    assert_eq!(talk.does(Input::Drained(turn)), [Effect::Save(turn)]);
    talk.shows(Shown::Idle);
}

#[test]
fn talking_over_the_answer_silences_it_at_once_and_drops_its_late_sound() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    talk.does(Input::AnswerSound(turn));
    assert_eq!(talk.does(Input::Take), [Effect::Silence(turn), Effect::BeginUtterance]);
    assert_eq!(talk.does(Input::AnswerSound(turn)), [], "late sound of the old turn");
    assert_eq!(talk.does(Input::AnswerDone(turn)), []);
    assert_eq!(talk.does(Input::Drained(turn)), []);
    talk.shows(Shown::Interrupted);
    talk.speaks(20);
    talk.shows(Shown::Interrupted);
    talk.waits(1_200);
    talk.shows(Shown::Listening);
}

#[test]
fn pressing_before_the_answer_sounds_is_no_interruption() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    assert_eq!(talk.does(Input::Take), [Effect::Silence(turn), Effect::BeginUtterance]);
    talk.shows(Shown::Connecting);
}

#[test]
fn a_bouncing_key_neither_ends_nor_restarts_the_utterance() {
    let mut talk = Talk::new();
    talk.does(Input::Take);
    talk.speaks(500);
    talk.does(Input::Give);
    talk.waits(40);
    assert_eq!(talk.does(Input::Take), []);
    assert_eq!(talk.waits(200), []);
    talk.shows(Shown::Hearing);
}

#[test]
fn escape_offers_the_utterance_back_for_eight_seconds() {
    let mut talk = Talk::new();
    talk.does(Input::Take);
    talk.speaks(2_000);
    assert_eq!(talk.does(Input::Cancel), [Effect::Keep(KeptReason::Cancelled), Effect::RestMicrophone]);
    talk.shows(Shown::Idle);
    assert_eq!(talk.machine.kept().map(|kept| kept.duration), Some(Duration::from_secs(2)));
    assert_eq!(talk.waits(7_999), []);
    assert_eq!(talk.does(Input::SendKept), [Effect::SendKept(TurnId(1))]);
    assert_eq!(talk.machine.kept(), None);

    let mut talk = Talk::new();
    talk.does(Input::Take);
    talk.speaks(2_000);
    talk.does(Input::Cancel);
    assert_eq!(talk.waits(8_000), [Effect::Forget]);
    assert_eq!(talk.does(Input::SendKept), []);
}

#[test]
fn escape_stops_an_answer() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    talk.does(Input::AnswerSound(turn));
    assert_eq!(talk.does(Input::Cancel), [Effect::Silence(turn)]);
    talk.shows(Shown::Idle);
}

#[test]
fn a_microphone_unplugged_in_mid_sentence_keeps_the_words() {
    let mut talk = Talk::new();
    talk.does(Input::Take);
    talk.speaks(1_000);
    assert_eq!(talk.does(Input::CaptureLost(DeviceLoss::ServerGone)), []);
    talk.shows(Shown::Reconnecting);
    talk.does(Input::CaptureBack);
    talk.shows(Shown::Connecting);
    talk.speaks(500);
    talk.shows(Shown::Hearing);

    talk.does(Input::CaptureLost(DeviceLoss::ServerGone));
    let effects = talk.does(Input::Give);
    assert_eq!(effects, [Effect::RestMicrophone, Effect::Send(TurnId(1))], "sent without waiting for a dead device");
}

#[test]
fn a_hold_without_any_sound_says_so() {
    let mut talk = Talk::new();
    talk.does(Input::Take);
    talk.does(Input::Give);
    assert_eq!(talk.waits(120), [Effect::RestMicrophone]);
    talk.shows(Shown::Failed);
    assert_eq!(talk.machine.failure(), Some(&Failure::NoSound(None)));
    assert_eq!(talk.does(Input::Take), [Effect::BeginUtterance], "the next press begins anew");
}

#[test]
fn muted_means_that_no_sound_is_taken() {
    let mut talk = Talk::new();
    talk.does(Input::Mute(Microphone::Shut));
    talk.shows(Shown::Muted);
    assert_eq!(talk.does(Input::Take), []);
    talk.does(Input::Mute(Microphone::Live));
    talk.does(Input::Take);
    talk.does(Input::Mute(Microphone::Shut));
    talk.shows(Shown::Muted);
    assert_eq!(talk.speaks(20), []);
}

#[test]
fn an_answer_that_fails_before_it_sounds_keeps_the_utterance_for_another_try() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    assert_eq!(
        talk.does(Input::AnswerFailed(turn, error())),
        [Effect::Keep(KeptReason::Failed), Effect::SaveBroken(turn, error())]
    );
    talk.shows(Shown::Failed);
    assert_eq!(talk.waits(100_000), [], "the offer does not end by itself");
    assert_eq!(talk.does(Input::SendKept), [Effect::SendKept(TurnId(2))]);
    talk.shows(Shown::Thinking);
}

#[test]
fn an_answer_that_breaks_in_the_middle_is_saved_as_far_as_it_came() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    talk.does(Input::AnswerSound(turn));
    assert_eq!(talk.does(Input::SessionOver(error())), [Effect::SaveBroken(turn, error())]);
    talk.shows(Shown::Failed);
}

#[test]
fn silence_of_the_provider_ends_after_fifteen_seconds() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    assert_eq!(talk.waits(14_999), []);
    let effects = talk.waits(1);
    assert!(
        matches!(&effects[..], [Effect::Keep(KeptReason::Failed), Effect::SaveBroken(t, e)] if *t == turn && e.category == Category::Timeout),
        "{effects:?}"
    );
}

#[test]
fn the_longest_utterance_is_sent_by_itself() {
    let mut talk = Talk::new();
    talk.does(Input::Take);
    for _ in 0..599 {
        assert_eq!(talk.speaks(1_000), [Effect::TakeChunk]);
    }
    assert_eq!(talk.speaks(1_000), [Effect::TakeChunk, Effect::RestMicrophone, Effect::Send(TurnId(1))]);
}

#[test]
fn hanging_up_is_idle_from_every_state() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    talk.does(Input::AnswerSound(turn));
    assert_eq!(talk.does(Input::HangUp), [Effect::Silence(turn), Effect::CloseSession]);
    talk.shows(Shown::Idle);
}

fn any_input() -> impl Strategy<Value = Input> {
    let turn = (0u64..6).prop_map(TurnId);
    prop_oneof![
        Just(Input::Take),
        Just(Input::Give),
        Just(Input::Cancel),
        Just(Input::HangUp),
        Just(Input::Mute(Microphone::Shut)),
        Just(Input::Mute(Microphone::Live)),
        Just(Input::SendKept),
        (0u64..50, 0.0f32..1.0).prop_map(|(ms, level)| Input::Captured { duration: Duration::from_millis(ms), level }),
        Just(Input::CaptureLost(DeviceLoss::NoDevice)),
        Just(Input::CaptureBack),
        turn.clone().prop_map(Input::AnswerSound),
        turn.clone().prop_map(Input::AnswerDone),
        turn.clone().prop_map(|turn| Input::AnswerFailed(turn, error())),
        Just(Input::SessionOver(error())),
        turn.prop_map(Input::Drained),
        Just(Input::Tick),
    ]
}

proptest! {
    /// Whatever happens: every turn that is sent ends exactly once (saved, saved broken, or silenced), nothing plays
    /// that is not of the current turn, and hanging up reaches idle.
    #[test]
    fn every_turn_ends_once_and_nothing_plays_after_it(
        steps in prop::collection::vec((any_input(), 0u64..3_000), 1..400)
    ) {
        let mut talk = Talk::new();
        let mut open: Option<TurnId> = None;
        for (input, wait) in steps {
            talk.now += Duration::from_millis(wait);
            let muted = talk.machine.microphone() == Microphone::Shut;
            let sound_of = match &input {
                Input::AnswerSound(turn) => Some(*turn),
                _ => None,
            };
            for effect in talk.does(input) {
                match effect {
                    Effect::Send(turn) | Effect::SendKept(turn) => {
                        prop_assert_eq!(open, None);
                        open = Some(turn);
                    }
                    Effect::Silence(turn) | Effect::Save(turn) | Effect::SaveBroken(turn, _) => {
                        prop_assert_eq!(open, Some(turn));
                        open = None;
                    }
                    Effect::Play => prop_assert_eq!(sound_of, open),
                    Effect::TakeChunk => prop_assert!(!muted),
                    _ => {}
                }
            }
            prop_assert_eq!(talk.machine.answering(), open);
        }
        talk.does(Input::Mute(Microphone::Live));
        talk.does(Input::HangUp);
        talk.shows(Shown::Idle);
    }
}
