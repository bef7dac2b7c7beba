use parlance_core::Category;
use parlance_core::audio::DeviceLoss;
use parlance_core::speech::{Activity, Gate};
use proptest::prelude::*;

use super::*;

const VOICE: Activity = Activity { dbfs: -20.0, floor_dbfs: -60.0, speech: 0.95, gate: Gate::Open };
const ROOM: Activity = Activity { dbfs: -60.0, floor_dbfs: -60.0, speech: 0.05, gate: Gate::Open };

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
        self.does(Input::Captured { duration: Duration::from_millis(ms), activity: VOICE })
    }

    /// Time passes, and the microphone hears this in it.
    fn hears(&mut self, ms: u64, activity: Activity) -> Vec<Effect> {
        let mut effects = Vec::new();
        for _ in 0..ms / 20 {
            self.now += Duration::from_millis(20);
            effects.extend(self.does(Input::Captured { duration: Duration::from_millis(20), activity }));
            effects.extend(self.does(Input::Tick));
        }
        effects.retain(|effect| *effect != Effect::TakeChunk);
        effects
    }

    /// The session stands.
    fn connects(&mut self) -> Vec<Effect> {
        self.does(Input::LineOpened { longest: None })
    }

    fn loses(&mut self, error: ProviderError) -> Vec<Effect> {
        self.does(Input::LineLost { error, chance: 1.0 })
    }

    #[track_caller]
    fn shows(&self, shown: Shown) {
        assert_eq!(self.machine.shown(self.now), shown);
    }

    /// Takes the floor, speaks a second, lets go, waits for the tail: the turn is sent.
    #[track_caller]
    fn asks(&mut self) -> TurnId {
        self.does(Input::Take);
        self.connects();
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
    assert_eq!(talk.does(Input::Take), [Effect::BeginUtterance(KEY_PRE_ROLL), Effect::Connect]);
    talk.shows(Shown::Connecting);
    assert_eq!(talk.does(Input::Captured { duration: Duration::from_millis(20), activity: ROOM }), [Effect::TakeChunk]);
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
    let begun = [Effect::Silence(turn), Effect::ClearInput, Effect::BeginUtterance(KEY_PRE_ROLL)];
    assert_eq!(talk.does(Input::Take), begun);
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
    let begun = [Effect::Silence(turn), Effect::ClearInput, Effect::BeginUtterance(KEY_PRE_ROLL)];
    assert_eq!(talk.does(Input::Take), begun);
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
    assert_eq!(
        talk.does(Input::Cancel),
        [Effect::Keep(KeptId(1), Spoken::Now), Effect::RestMicrophone, Effect::ClearInput]
    );
    talk.shows(Shown::Idle);
    assert_eq!(talk.machine.kept().first().map(|kept| kept.duration), Some(Duration::from_secs(2)));
    assert_eq!(talk.waits(7_999), []);
    assert_eq!(talk.does(Input::SendKept(None)), [Effect::ClearInput, Effect::SendKept(KeptId(1), TurnId(1))]);
    assert_eq!(talk.machine.kept(), []);

    let mut talk = Talk::new();
    talk.does(Input::Take);
    talk.speaks(2_000);
    talk.does(Input::Cancel);
    assert_eq!(talk.waits(8_000), [Effect::Forget(KeptId(1))]);
    assert_eq!(talk.does(Input::SendKept(None)), []);
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
    talk.connects();
    talk.does(Input::Give);
    assert_eq!(talk.waits(120), [Effect::DropUtterance, Effect::RestMicrophone]);
    talk.shows(Shown::Failed);
    assert_eq!(talk.machine.failure(), Some(&Failure::NoSound(None)));
    let begun = [Effect::ClearInput, Effect::BeginUtterance(KEY_PRE_ROLL)];
    assert_eq!(talk.does(Input::Take), begun, "the next press begins anew");
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
fn an_answer_that_fails_keeps_the_utterance_for_another_try() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    assert_eq!(
        talk.does(Input::AnswerFailed(turn, error())),
        [Effect::Keep(KeptId(1), Spoken::Before), Effect::SaveBroken(turn, error())]
    );
    talk.shows(Shown::Failed);
    assert_eq!(talk.waits(100_000), [], "the offer does not end by itself");
    assert_eq!(talk.does(Input::SendKept(None)), [Effect::ClearInput, Effect::SendKept(KeptId(1), TurnId(2))]);
    talk.shows(Shown::Thinking);
}

#[test]
fn an_answer_that_breaks_in_the_middle_is_saved_as_far_as_it_came_and_can_be_asked_for_again() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    talk.does(Input::AnswerSound(turn));
    assert_eq!(
        talk.loses(error()),
        [Effect::Keep(KeptId(1), Spoken::Before), Effect::SaveBroken(turn, error()), Effect::CloseSession]
    );
    talk.shows(Shown::Failed);
}

#[test]
fn an_answer_that_is_all_here_plays_on_when_the_line_is_cut() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    talk.does(Input::AnswerSound(turn));
    talk.does(Input::AnswerDone(turn));
    assert_eq!(talk.loses(error()), [Effect::CloseSession]);
    talk.shows(Shown::Speaking);
    assert_eq!(talk.does(Input::Drained(turn)), [Effect::Save(turn)]);
}

#[test]
fn a_turn_of_which_nothing_was_acknowledged_is_sent_once_more_and_no_oftener() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    assert_eq!(talk.loses(error()), [Effect::CloseSession, Effect::Connect, Effect::SendAgain(turn)], "at once");
    talk.shows(Shown::Thinking);
    assert_eq!(talk.connects(), [Effect::Renewed(Renewal::Lost)]);
    let effects = talk.loses(error());
    assert_eq!(effects[..2], [Effect::Keep(KeptId(1), Spoken::Before), Effect::SaveBroken(turn, error())]);
    talk.shows(Shown::Failed);
}

#[test]
fn a_turn_that_was_acknowledged_is_never_sent_again_unasked() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    talk.does(Input::Committed(turn));
    let effects = talk.loses(error());
    assert_eq!(effects[0], Effect::Keep(KeptId(1), Spoken::Before));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::SendAgain(_))), "{effects:?}");
}

#[test]
fn a_connection_that_never_stands_is_tried_for_a_minute_while_the_words_wait() {
    let mut talk = Talk::new();
    talk.does(Input::Take);
    talk.speaks(1_000);
    talk.does(Input::Give);
    let sent = talk.waits(120);
    assert_eq!(sent, [Effect::RestMicrophone, Effect::Send(TurnId(1))]);
    let mut tries = 0;
    while talk.machine.answering().is_some() {
        let effects = talk.loses(error());
        tries += u32::from(effects.contains(&Effect::Connect));
        if talk.machine.retry().is_some() {
            talk.shows(Shown::Reconnecting);
            while talk.machine.retry().is_some() {
                tries += u32::from(talk.waits(100).contains(&Effect::SendAgain(TurnId(1))));
            }
        }
    }
    talk.shows(Shown::Failed);
    assert_eq!(talk.machine.kept().len(), 1, "the words are offered");
    assert!((8..14).contains(&tries), "{tries} tries in a minute");
}

#[test]
fn a_wrong_key_is_not_tried_again() {
    let refused = ProviderError::new("test", Category::Authentication, "wrong key");
    let mut talk = Talk::new();
    talk.does(Input::Take);
    talk.speaks(1_000);
    assert_eq!(talk.loses(refused.clone()), [Effect::CloseSession], "the person speaks on");
    talk.shows(Shown::Hearing);
    talk.does(Input::Give);
    let effects = talk.waits(120);
    assert_eq!(
        effects,
        [Effect::RestMicrophone, Effect::Connect, Effect::Send(TurnId(1))],
        "once more when they are done"
    );
    talk.loses(refused.clone());
    assert_eq!(talk.machine.failure(), Some(&Failure::Provider(refused)));
    assert_eq!(talk.machine.kept().len(), 1);
}

#[test]
fn too_many_requests_are_waited_out_as_long_as_the_provider_says() {
    let mut busy = ProviderError::new("test", Category::RateLimit, "slow down");
    busy.retry_after = Some(Duration::from_secs(20));
    let mut talk = Talk::new();
    talk.does(Input::Take);
    talk.speaks(1_000);
    talk.loses(busy.clone());
    let (at, why) = talk.machine.retry().expect("a countdown");
    assert_eq!((at - talk.now, why), (Duration::from_secs(20), &busy));
    assert!(!talk.waits(19_999).contains(&Effect::Connect));
    assert_eq!(talk.waits(1), [Effect::Connect]);
    busy.retry_after = Some(Duration::from_secs(121));
    talk.loses(busy);
    assert_eq!(talk.machine.retry(), None, "nobody waits for longer than two minutes");
}

#[test]
fn silence_of_the_provider_ends_after_fifteen_seconds_and_a_second_session_is_asked() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    assert_eq!(talk.waits(14_999), []);
    assert_eq!(talk.waits(1), [Effect::CloseSession, Effect::Connect, Effect::SendAgain(turn)]);
    talk.connects();
    let effects = talk.waits(15_000);
    assert!(
        matches!(&effects[..2], [Effect::Keep(..), Effect::SaveBroken(t, e)] if *t == turn && e.category == Category::Timeout),
        "{effects:?}"
    );
}

#[test]
fn an_answer_that_stands_still_in_the_middle_is_given_up_once_what_came_was_heard() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    talk.does(Input::AnswerSound(turn));
    assert_eq!(talk.waits(60_000), [], "what came still sounds");
    let effects = talk.does(Input::Drained(turn));
    assert!(matches!(effects[..], [Effect::Keep(..), Effect::SaveBroken(..), Effect::CloseSession]), "{effects:?}");
}

#[test]
fn an_answer_that_waits_for_tools_is_not_late() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    talk.does(Input::Tools(turn, Tools::Run));
    assert_eq!(talk.waits(60_000), []);
    talk.does(Input::Tools(turn, Tools::Done));
    assert_eq!(talk.waits(14_999), []);
    assert!(!talk.waits(1).is_empty());
}

#[test]
fn the_longest_utterance_is_sent_by_itself() {
    let mut talk = Talk::new();
    talk.does(Input::Take);
    talk.connects();
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

/// A call, hands-free.
fn hands_free(ends: Ends) -> Talk {
    let mut talk = Talk::new();
    let effects = talk.does(Input::Mode(Mode::HandsFree, ends));
    assert_eq!(effects[..2], [Effect::Listen, Effect::Connect]);
    talk.connects();
    talk.shows(Shown::Listening);
    talk
}

#[test]
fn hands_free_a_voice_takes_the_floor_and_silence_gives_it_where_we_tell_turns_apart() {
    let mut talk = hands_free(Ends::Here);
    assert_eq!(talk.hears(60_000, ROOM), [], "a silent room sends nothing");
    let begun = talk.hears(200, VOICE);
    assert!(
        matches!(begun[..], [Effect::ClearInput, Effect::BeginUtterance(back)] if back >= Duration::from_millis(300)),
        "{begun:?}"
    );
    talk.hears(1_000, VOICE);
    talk.shows(Shown::Hearing);
    assert_eq!(talk.hears(780, ROOM), []);
    assert_eq!(talk.hears(40, ROOM), [Effect::Send(TurnId(1))], "after the patience");
    talk.shows(Shown::Thinking);
}

#[test]
fn hands_free_the_provider_ends_the_turn_and_gets_the_silence_it_listens_to() {
    let mut talk = hands_free(Ends::Provider);
    let turn = TurnId(1);
    talk.hears(1_000, VOICE);
    let mut sent = Duration::ZERO;
    for _ in 0..100 {
        talk.now += Duration::from_millis(20);
        let effects = talk.does(Input::Captured { duration: Duration::from_millis(20), activity: ROOM });
        assert_eq!(effects, [Effect::TakeChunk], "silence after speech is sent until the turn is over");
        sent += Duration::from_millis(20);
    }
    assert_eq!(talk.does(Input::Committed(turn)), [Effect::Given(turn), Effect::Expect(TurnId(2))]);
    talk.shows(Shown::Thinking);
    assert_eq!(talk.hears(1_000, ROOM), [], "and then no more");
    talk.does(Input::AnswerSound(turn));
    talk.does(Input::AnswerDone(turn));
    assert_eq!(talk.does(Input::Drained(turn)), [Effect::Save(turn)]);
    talk.shows(Shown::Listening);
}

#[test]
fn hands_free_a_provider_that_does_not_end_a_turn_is_told_after_ten_seconds() {
    let mut talk = hands_free(Ends::Provider);
    talk.hears(1_000, VOICE);
    assert_eq!(talk.hears(10_000, ROOM), []);
    assert_eq!(talk.hears(1_000, ROOM), [Effect::Send(TurnId(1)), Effect::Expect(TurnId(2))]);
}

#[test]
fn hands_free_a_door_that_slams_is_no_turn() {
    let mut talk = hands_free(Ends::Provider);
    talk.hears(160, VOICE);
    let effects = talk.hears(12_000, ROOM);
    assert_eq!(effects, [Effect::DropUtterance, Effect::ClearInput]);
    talk.shows(Shown::Listening);
}

#[test]
fn hands_free_talking_over_the_answer_silences_it_at_once() {
    for ends in [Ends::Here, Ends::Provider] {
        let mut talk = hands_free(ends);
        let turn = TurnId(1);
        talk.hears(1_000, VOICE);
        talk.does(Input::SendNow);
        talk.does(Input::AnswerSound(turn));
        let effects = talk.hears(180, VOICE);
        assert_eq!(effects[0], Effect::Silence(turn));
        talk.shows(Shown::Interrupted);
    }
}

#[test]
fn hands_free_the_provider_may_hear_the_person_first() {
    let mut talk = hands_free(Ends::Provider);
    let turn = TurnId(1);
    talk.hears(1_000, VOICE);
    talk.does(Input::Committed(turn));
    talk.does(Input::AnswerSound(turn));
    let effects = talk.does(Input::Interrupted(turn));
    assert_eq!(effects, [Effect::Silence(turn), Effect::BeginUtterance(KEY_PRE_ROLL)], "what it heard is not cleared");
}

#[test]
fn hands_free_muting_sends_nothing_and_offers_half_a_sentence_back() {
    let mut talk = hands_free(Ends::Here);
    talk.hears(1_000, VOICE);
    assert_eq!(talk.does(Input::Mute(Microphone::Shut)), [Effect::Keep(KeptId(1), Spoken::Now), Effect::ClearInput]);
    talk.shows(Shown::Muted);
    assert_eq!(talk.hears(1_000, VOICE), []);
}

#[test]
fn half_duplex_the_assistant_does_not_interrupt_itself() {
    let mut talk = hands_free(Ends::Here);
    talk.hears(1_000, VOICE);
    talk.does(Input::SendNow);
    talk.does(Input::AnswerSound(TurnId(1)));
    assert_eq!(talk.hears(5_000, Activity { gate: Gate::Shut, ..VOICE }), []);
    talk.shows(Shown::Speaking);
}

#[test]
fn a_session_is_renewed_before_its_end_between_turns() {
    let mut talk = Talk::new();
    talk.does(Input::Mode(Mode::HandsFree, Ends::Here));
    talk.does(Input::LineOpened { longest: Some(Duration::from_secs(600)) });
    assert_eq!(talk.waits(539_000), []);
    talk.hears(200, VOICE);
    assert_eq!(talk.waits(2_000), [], "not in the middle of a sentence");
    talk.does(Input::Cancel);
    assert_eq!(talk.waits(20), [Effect::CloseSession, Effect::Connect]);
    assert_eq!(talk.connects(), [Effect::Renewed(Renewal::Age)]);
    talk.does(Input::GoingAway(Duration::from_secs(50)));
    assert_eq!(talk.waits(44_000), [Effect::Forget(KeptId(1))], "the cancelled sentence is offered no longer");
    assert_eq!(talk.waits(1_000), [Effect::CloseSession, Effect::Connect]);
}

#[test]
fn another_patience_takes_hold_when_nobody_speaks() {
    let mut talk = hands_free(Ends::Provider);
    talk.hears(200, VOICE);
    assert_eq!(talk.does(Input::Patience(Duration::from_secs(2))), []);
    talk.does(Input::Cancel);
    let anew = [Effect::CloseSession, Effect::Connect, Effect::Expect(TurnId(2))];
    assert_eq!(talk.waits(20), anew);
}

#[test]
fn a_call_in_which_nobody_speaks_ends_by_itself() {
    let mut talk = hands_free(Ends::Here);
    talk.does(Input::IdleLimit(Some(Duration::from_secs(300))));
    assert_eq!(talk.hears(200_000, ROOM), [], "sound that is no voice does not keep it open");
    talk.hears(200, VOICE);
    talk.does(Input::Cancel);
    assert_eq!(talk.waits(299_000), [Effect::Forget(KeptId(1))]);
    assert_eq!(talk.waits(2_000), [Effect::RestMicrophone, Effect::CloseSession]);
    talk.shows(Shown::Idle);
}

#[test]
fn at_the_cap_nothing_is_recorded_that_could_not_be_sent() {
    let mut talk = hands_free(Ends::Here);
    talk.does(Input::Capped(Cap::Reached));
    assert_eq!(talk.hears(500, VOICE), [Effect::RestMicrophone, Effect::CloseSession]);
    assert_eq!(talk.machine.failure(), Some(&Failure::Capped));
    talk.does(Input::Dismiss);
    assert_eq!(talk.does(Input::Take), []);
    talk.shows(Shown::Failed);
}

#[test]
fn after_a_sleep_the_room_is_not_recorded_and_the_line_is_made_anew_on_use() {
    let mut talk = hands_free(Ends::Here);
    talk.hears(1_000, VOICE);
    let effects = talk.does(Input::Woke(Duration::from_secs(60)));
    assert_eq!(effects, [Effect::Keep(KeptId(1), Spoken::Now), Effect::CloseSession]);
    assert_eq!(talk.waits(10_000), [], "nothing is connected before somebody speaks");
    assert!(talk.hears(200, VOICE).contains(&Effect::Connect));
    assert_eq!(talk.connects(), [Effect::Renewed(Renewal::Slept)]);
    talk.does(Input::Woke(Duration::from_secs(3_600)));
    talk.shows(Shown::Idle);
}

#[test]
fn what_was_kept_of_earlier_runs_is_sent_or_discarded_by_name() {
    let mut talk = Talk::new();
    talk.does(Input::Found(Duration::from_secs(2)));
    talk.does(Input::Found(Duration::from_secs(3)));
    assert_eq!(talk.does(Input::Discard(Some(KeptId(1)))), [Effect::Forget(KeptId(1))]);
    assert_eq!(talk.does(Input::Discard(Some(KeptId(1)))), []);
    let sent = talk.does(Input::SendKept(Some(KeptId(2))));
    assert_eq!(sent, [Effect::Connect, Effect::SendKept(KeptId(2), TurnId(1))]);
}

#[test]
fn what_is_written_in_a_call_is_answered_in_it() {
    let mut talk = Talk::new();
    let turn = talk.asks();
    talk.does(Input::AnswerSound(turn));
    assert_eq!(talk.does(Input::Say), [Effect::Silence(turn), Effect::Say(TurnId(2))]);
    assert_eq!(talk.loses(error()), [Effect::CloseSession, Effect::Connect, Effect::SendAgain(TurnId(2))]);
}

fn any_input() -> impl Strategy<Value = Input> {
    let turn = (0u64..9).prop_map(TurnId);
    let category = prop_oneof![
        Just(Category::Network),
        Just(Category::Cut),
        Just(Category::Authentication),
        Just(Category::RateLimit),
        Just(Category::Timeout)
    ];
    let mode = prop_oneof![Just(Mode::HandsFree), Just(Mode::PushToTalk)];
    let ends = prop_oneof![Just(Ends::Here), Just(Ends::Provider)];
    let sound = prop_oneof![Just(VOICE), Just(ROOM), Just(Activity { gate: Gate::Shut, ..VOICE })];
    prop_oneof![
        2 => Just(Input::Take),
        2 => Just(Input::Give),
        1 => Just(Input::SendNow),
        1 => Just(Input::Say),
        1 => Just(Input::Cancel),
        1 => Just(Input::HangUp),
        1 => (mode, ends).prop_map(|(mode, ends)| Input::Mode(mode, ends)),
        1 => Just(Input::Mute(Microphone::Shut)),
        2 => Just(Input::Mute(Microphone::Live)),
        1 => Just(Input::SendKept(None)),
        1 => Just(Input::Discard(None)),
        1 => Just(Input::Dismiss),
        1 => Just(Input::Retry),
        1 => Just(Input::Found(Duration::from_secs(1))),
        9 => (100u64..400, sound).prop_map(|(ms, activity)| {
            Input::Captured { duration: Duration::from_millis(ms), activity }
        }),
        1 => Just(Input::CaptureLost(DeviceLoss::NoDevice)),
        1 => Just(Input::CaptureBack),
        5 => Just(Input::LineOpened { longest: Some(Duration::from_secs(60)) }),
        1 => (category.clone(), 0.0f64..1.0).prop_map(|(category, chance)| {
            Input::LineLost { error: ProviderError::new("test", category, "lost"), chance }
        }),
        1 => (0u64..20).prop_map(|s| Input::GoingAway(Duration::from_secs(s))),
        1 => Just(Input::SpeechStarted),
        3 => turn.clone().prop_map(Input::Committed),
        1 => turn.clone().prop_map(Input::AnswerBegan),
        5 => turn.clone().prop_map(Input::AnswerSound),
        1 => turn.clone().prop_map(|turn| Input::Tools(turn, Tools::Run)),
        1 => turn.clone().prop_map(|turn| Input::Tools(turn, Tools::Done)),
        3 => turn.clone().prop_map(Input::AnswerDone),
        1 => turn.clone().prop_map(|turn| Input::AnswerFailed(turn, error())),
        1 => turn.clone().prop_map(Input::Interrupted),
        3 => turn.prop_map(Input::Drained),
        1 => (6u64..600).prop_map(|s| Input::Woke(Duration::from_secs(s))),
        4 => Just(Input::Tick),
    ]
}

/// Inputs with turns that exist: what is drawn counts from the newest turn.
fn of_now(input: Input, newest: u64) -> Input {
    let near = |TurnId(back): TurnId| TurnId((newest + 2).saturating_sub(back));
    match input {
        Input::Committed(turn) => Input::Committed(near(turn)),
        Input::AnswerBegan(turn) => Input::AnswerBegan(near(turn)),
        Input::AnswerSound(turn) => Input::AnswerSound(near(turn)),
        Input::Tools(turn, tools) => Input::Tools(near(turn), tools),
        Input::AnswerDone(turn) => Input::AnswerDone(near(turn)),
        Input::AnswerFailed(turn, error) => Input::AnswerFailed(near(turn), error),
        Input::Interrupted(turn) => Input::Interrupted(near(turn)),
        Input::Drained(turn) => Input::Drained(near(turn)),
        other => other,
    }
}

proptest! {
    // 24 × about 420 steps: ten thousand.
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever happens: an utterance that was begun is sent, kept or dropped; every turn ends exactly once; nothing plays
    /// that is not of the current turn; there is at most one session; a shut microphone gives nothing away; and hanging up
    /// reaches idle.
    #[test]
    fn no_word_is_lost_and_nothing_runs_twice(
        steps in prop::collection::vec((any_input(), 0u64..3_000), 240..600)
    ) {
        let mut talk = Talk::new();
        let mut open: Option<TurnId> = None;
        let mut spoken = false;
        let mut sessions = 0u32;
        let mut newest = 0;
        let mut shelf = Vec::new();
        for (input, wait) in steps {
            talk.now += Duration::from_millis(wait);
            let input = of_now(input, newest);
            // A session says something only while there is one.
            if matches!(input, Input::LineOpened { .. } | Input::LineLost { .. }) && sessions == 0 {
                continue;
            }
            let muted = talk.machine.microphone() == Microphone::Shut;
            let sound_of = match &input {
                Input::AnswerSound(turn) => Some(*turn),
                _ => None,
            };
            if matches!(input, Input::LineLost { .. }) {
                sessions = 0;
            }
            if let Input::Found(_) = input {
                talk.does(input);
                shelf.push(talk.machine.kept().last().unwrap().id);
                continue;
            }
            for effect in talk.does(input) {
                match effect {
                    Effect::BeginUtterance(_) => {
                        prop_assert!(!spoken, "an utterance begins in another");
                        spoken = true;
                    }
                    Effect::DropUtterance => spoken = false,
                    Effect::Keep(id, which) => {
                        if which == Spoken::Now {
                            prop_assert!(spoken);
                            spoken = false;
                        }
                        shelf.push(id);
                    }
                    Effect::Send(turn) | Effect::Given(turn) => {
                        prop_assert!(spoken);
                        spoken = false;
                        prop_assert_eq!(open, None);
                        (open, newest) = (Some(turn), turn.0);
                    }
                    Effect::SendKept(id, turn) => {
                        prop_assert!(shelf.contains(&id));
                        shelf.retain(|known| *known != id);
                        prop_assert_eq!(open, None);
                        (open, newest) = (Some(turn), turn.0);
                    }
                    Effect::Forget(id) => shelf.retain(|known| *known != id),
                    Effect::Say(turn) => {
                        prop_assert_eq!(open, None);
                        (open, newest) = (Some(turn), turn.0);
                    }
                    Effect::SendAgain(turn) => prop_assert_eq!(open, Some(turn)),
                    Effect::Silence(turn) | Effect::Save(turn) | Effect::SaveBroken(turn, _) => {
                        prop_assert_eq!(open, Some(turn));
                        open = None;
                    }
                    Effect::Connect => {
                        prop_assert_eq!(sessions, 0, "a second session");
                        sessions = 1;
                    }
                    Effect::CloseSession => sessions = 0,
                    Effect::Play => {
                        prop_assert!(open.is_some());
                        prop_assert_eq!(sound_of, open);
                    }
                    Effect::TakeChunk => prop_assert!(!muted && spoken),
                    _ => {}
                }
            }
            prop_assert_eq!(talk.machine.answering(), open);
            prop_assert_eq!(talk.machine.has_floor(), spoken);
            prop_assert_eq!(talk.machine.kept().iter().map(|kept| kept.id).collect::<Vec<_>>(), shelf.clone());
        }
        talk.does(Input::Mute(Microphone::Live));
        talk.does(Input::HangUp);
        talk.shows(Shown::Idle);
        prop_assert!(!talk.machine.in_call());
    }
}
