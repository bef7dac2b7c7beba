//! Who speaks when: what was heard in a chunk, and where a person's speech begins and ends.
//!
//! The ear (the crate `audio`) fills in an [`Activity`] for each captured chunk; [`SpeechWatch`] makes edges of them. Time
//! is counted in sound, so that neither needs a clock.

use std::time::Duration;

/// What was heard in a chunk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Activity {
    /// The mean level: 0 is full scale, [`Activity::SILENCE_DBFS`] is digital silence.
    pub dbfs: f32,
    /// The level of what is there while nobody speaks, on the same scale; follows the room within seconds.
    pub floor_dbfs: f32,
    /// How likely it is that somebody speaks, 0 to 1, by the sound's shape and not by its level.
    pub speech: f32,
    /// Whether the microphone was listened to.
    pub gate: Gate,
}

/// Whether the microphone was listened to. Where echo cannot be taken away it is shut while the assistant sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gate {
    /// The chunk is what was captured.
    #[default]
    Open,
    /// The assistant sounded, or had just before: the chunk is silence.
    Shut,
}

impl Activity {
    /// What 16 bit can hold and no less.
    pub const SILENCE_DBFS: f32 = -96.0;

    /// Nobody, nothing.
    pub const SILENCE: Self =
        Self { dbfs: Self::SILENCE_DBFS, floor_dbfs: Self::SILENCE_DBFS, speech: 0.0, gate: Gate::Open };
}

/// How much it takes to believe that a person speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attention {
    /// Nobody else sounds.
    #[default]
    Easy,
    /// The assistant sounds: what is left of its echo may look like speech for a moment. Takes
    /// [`SpeechWatch::ONSET_WHILE_SOUNDING`] instead of [`SpeechWatch::ONSET`].
    WhileSounding,
}

/// An edge of a person's speech, at a position in the captured sound counted from the watch's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeechEdge {
    /// Somebody began to speak.
    Started {
        /// Where to cut in: [`SpeechWatch::LEAD`] before the first sound that was surely speech. At most
        /// [`SpeechWatch::PRE_ROLL`] before the end of the chunk that brought this news.
        at: Duration,
    },
    /// Nobody has spoken for as long as the patience.
    Ended {
        /// Where the last sound of speech ended.
        at: Duration,
    },
}

/// Finds the edges of speech in a stream of activities.
#[derive(Debug, Clone)]
pub struct SpeechWatch {
    patience: Duration,
    /// How much sound there has been.
    position: Duration,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// `evidence` of speech has gathered since `since`; it fades as fast as it grows.
    Quiet { evidence: Duration, since: Duration },
    /// Speech was heard last until `until`; `evidence` of its going on fades as fast as it grows.
    Speaking { until: Duration, evidence: Duration },
}

const QUIET: State = State::Quiet { evidence: Duration::ZERO, since: Duration::ZERO };

/// What counts as speech.
struct Measure {
    /// Likelihood.
    speech: f32,
    /// Decibels above the floor.
    above_floor: f32,
}

/// A quieter sound than this is nobody who means this microphone.
const QUIETEST_DBFS: f32 = -60.0;

impl SpeechWatch {
    /// How much speech it takes to believe it: longer than a click or a breath's beginning, shorter than "yes".
    pub const ONSET: Duration = Duration::from_millis(100);

    /// The same while the assistant sounds.
    pub const ONSET_WHILE_SOUNDING: Duration = Duration::from_millis(160);

    /// Kept before the first sure sound: consonants and breath that begin a word are quiet.
    pub const LEAD: Duration = Duration::from_millis(200);

    /// Whoever keeps so much captured sound can always cut in where [`SpeechEdge::Started`] says. Evidence may gather for
    /// three times as long as it takes.
    pub const PRE_ROLL: Duration = Duration::from_millis(200 + 3 * 160);

    /// What is heard as the beginning of speech, and what is heard as its going on. The likelihoods are earshot's,
    /// tried on synthetic voices, English and Chinese, in noise of 5 to 40 dB less.
    const BEGINS: Measure = Measure { speech: 0.6, above_floor: 6.0 };
    const BEGINS_WHILE_SOUNDING: Measure = Measure { speech: 0.8, above_floor: 9.0 };
    const GOES_ON: Measure = Measure { speech: 0.5, above_floor: 3.0 };

    /// How much it takes to go on: a keystroke must not hold a turn open.
    const GOES_ON_AFTER: Duration = Duration::from_millis(60);

    /// `patience` is how long a person may pause within a turn.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        Self { patience, position: Duration::ZERO, state: QUIET }
    }

    /// Another patience, from now on.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Whether somebody speaks, pauses within the patience included.
    #[must_use]
    pub fn is_speaking(&self) -> bool {
        matches!(self.state, State::Speaking { .. })
    }

    /// How much sound there has been since the beginning.
    #[must_use]
    pub fn position(&self) -> Duration {
        self.position
    }

    /// Forgets whoever speaks: the turn was ended by other means. Positions go on.
    pub fn settle(&mut self) {
        self.state = QUIET;
    }

    /// Hears the next chunk, which lasts for `lasted`. At most one edge comes of it.
    pub fn hear(&mut self, activity: &Activity, lasted: Duration, attention: Attention) -> Option<SpeechEdge> {
        let began = self.position;
        self.position += lasted;
        match self.state {
            State::Quiet { evidence, since } => {
                let (measure, enough) = match attention {
                    Attention::Easy => (Self::BEGINS, Self::ONSET),
                    Attention::WhileSounding => (Self::BEGINS_WHILE_SOUNDING, Self::ONSET_WHILE_SOUNDING),
                };
                let since = if evidence.is_zero() { began } else { since };
                let evidence =
                    if measure.is_met_by(activity) { evidence + lasted } else { evidence.saturating_sub(lasted) };
                // What has gathered for too long was no onset, and would be too far back to cut in at.
                let is_stale = self.position - since > 3 * enough;
                if evidence >= enough && !is_stale {
                    self.state = State::Speaking { until: self.position, evidence: Self::GOES_ON_AFTER };
                    return Some(SpeechEdge::Started { at: since.saturating_sub(Self::LEAD) });
                }
                self.state = if is_stale { QUIET } else { State::Quiet { evidence, since } };
                None
            }
            State::Speaking { until, evidence } => {
                let goes_on = Self::GOES_ON.is_met_by(activity);
                let evidence = match goes_on {
                    true => (evidence + lasted).min(Self::GOES_ON_AFTER),
                    false => evidence.saturating_sub(lasted),
                };
                let until = if goes_on && evidence == Self::GOES_ON_AFTER { self.position } else { until };
                self.state = State::Speaking { until, evidence };
                if goes_on || self.position - until < self.patience {
                    return None;
                }
                self.state = QUIET;
                Some(SpeechEdge::Ended { at: until })
            }
        }
    }
}

impl Measure {
    fn is_met_by(&self, activity: &Activity) -> bool {
        activity.gate == Gate::Open
            && activity.speech >= self.speech
            && activity.dbfs >= QUIETEST_DBFS
            && activity.dbfs >= activity.floor_dbfs + self.above_floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: Duration = Duration::from_millis(20);
    const VOICE: Activity = Activity { dbfs: -30.0, floor_dbfs: -60.0, speech: 0.95, gate: Gate::Open };
    const ROOM: Activity = Activity { dbfs: -60.0, floor_dbfs: -60.0, speech: 0.05, gate: Gate::Open };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Hears so many chunks of each kind; all edges.
    fn edges(patience: u64, attention: Attention, sound: &[(Activity, u32)]) -> Vec<SpeechEdge> {
        let mut watch = SpeechWatch::new(ms(patience));
        let chunks = sound.iter().flat_map(|&(activity, count)| (0..count).map(move |_| activity));
        chunks.filter_map(|activity| watch.hear(&activity, CHUNK, attention)).collect()
    }

    #[test]
    fn speech_begins_before_it_is_believed_and_ends_where_the_voice_did() {
        let sound = [(ROOM, 50), (VOICE, 50), (ROOM, 100)];
        let expected = [SpeechEdge::Started { at: ms(800) }, SpeechEdge::Ended { at: ms(2_000) }];
        assert_eq!(edges(600, Attention::Easy, &sound), expected);
    }

    #[test]
    fn a_pause_within_the_patience_ends_nothing() {
        let sound = [(VOICE, 20), (ROOM, 29), (VOICE, 20), (ROOM, 30)];
        assert_eq!(edges(600, Attention::Easy, &sound).len(), 2);
        let impatient = edges(500, Attention::Easy, &sound);
        assert_eq!(impatient.len(), 4, "{impatient:?}");
    }

    #[test]
    fn clicks_never_add_up_to_speech() {
        let typing: Vec<_> = std::iter::repeat_n([(VOICE, 2), (ROOM, 4)], 200).flatten().collect();
        assert_eq!(edges(600, Attention::Easy, &typing), []);
        // A voice that is found in two chunks of three is one, at once or not at all.
        let doubtful: Vec<_> = std::iter::repeat_n([(VOICE, 2), (ROOM, 1)], 20).flatten().collect();
        let found = edges(600, Attention::Easy, &doubtful);
        assert!(matches!(found[..], [SpeechEdge::Started { at }] if at == ms(0)), "{found:?}");
    }

    #[test]
    fn typing_does_not_hold_a_turn_open() {
        let typing = std::iter::repeat_n([(VOICE, 2), (ROOM, 4)], 100).flatten();
        let sound: Vec<_> = [(VOICE, 50), (ROOM, 1)].into_iter().chain(typing).collect();
        let found = edges(600, Attention::Easy, &sound);
        assert!(matches!(found[..], [_, SpeechEdge::Ended { at }] if at <= ms(1_060)), "{found:?}");
    }

    #[test]
    fn it_takes_more_while_the_assistant_sounds() {
        let short = [(VOICE, 6), (ROOM, 60)];
        assert_eq!(edges(200, Attention::Easy, &short).len(), 2);
        assert_eq!(edges(200, Attention::WhileSounding, &short), []);
        let unsure = Activity { speech: 0.7, ..VOICE };
        assert_eq!(edges(200, Attention::WhileSounding, &[(unsure, 50)]), []);
        assert_eq!(edges(200, Attention::WhileSounding, &[(VOICE, 8)]).len(), 1);
    }

    #[test]
    fn what_is_no_louder_than_the_room_or_behind_a_shut_gate_is_nobody() {
        let television = Activity { dbfs: -40.0, floor_dbfs: -42.0, ..VOICE };
        let whisper_next_door = Activity { dbfs: -62.0, floor_dbfs: -90.0, ..VOICE };
        let gated = Activity { gate: Gate::Shut, ..VOICE };
        for nobody in [television, whisper_next_door, gated] {
            assert_eq!(edges(200, Attention::Easy, &[(nobody, 100)]), [], "{nobody:?}");
        }
    }

    #[test]
    fn the_pre_roll_always_reaches_back_to_the_start() {
        // The slowest way to believe it: evidence grows by one chunk in three.
        for (voice, room) in [(1, 0), (2, 1), (3, 2), (4, 3), (5, 4)] {
            let mut watch = SpeechWatch::new(ms(600));
            for n in 0..500 {
                let activity = if n % (voice + room) < voice { VOICE } else { ROOM };
                if let Some(SpeechEdge::Started { at }) = watch.hear(&activity, CHUNK, Attention::WhileSounding) {
                    assert!(watch.position() - at <= SpeechWatch::PRE_ROLL, "{voice}:{room} at {at:?}");
                    break;
                }
            }
        }
    }

    #[test]
    fn a_turn_that_was_ended_by_hand_is_not_ended_again() {
        let mut watch = SpeechWatch::new(ms(600));
        for _ in 0..10 {
            watch.hear(&VOICE, CHUNK, Attention::Easy);
        }
        assert!(watch.is_speaking());
        watch.settle();
        for _ in 0..100 {
            assert_eq!(watch.hear(&ROOM, CHUNK, Attention::Easy), None);
        }
        assert_eq!(watch.position(), ms(2_200));
    }
}
