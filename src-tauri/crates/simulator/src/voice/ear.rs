//! Whether somebody speaks: by loudness alone, in pieces of 20 ms, as far as tests need it.

use std::time::Duration;

/// Louder than this on average is speech; 1 % of full scale.
const LOUD: u64 = 330;
/// So much sound before the first loud piece belongs to a turn.
const PREFIX: Duration = Duration::from_millis(300);

/// One turn's listener.
#[derive(Debug)]
pub(super) struct Ear {
    /// Samples of a piece.
    piece: usize,
    /// So many quiet samples in a row end a turn.
    patience: usize,
    prefix: usize,
    /// Samples that are no whole piece yet.
    rest: Vec<i16>,
    /// Samples that were listened to.
    heard: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Silence,
    Speech {
        /// Quiet samples in a row.
        quiet: usize,
    },
}

/// What is heard in some sound.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hears {
    Nothing,
    SpeechBegan {
        /// So many samples before it belong to no turn.
        silence_before: usize,
    },
    SpeechEnded,
}

impl Ear {
    pub(super) fn new(rate: u32, patience: Duration) -> Self {
        let samples = |time: Duration| (time.as_millis() as usize) * rate as usize / 1_000;
        Self {
            piece: samples(Duration::from_millis(20)),
            patience: samples(patience),
            prefix: samples(PREFIX),
            rest: Vec::new(),
            heard: 0,
            state: State::Silence,
        }
    }

    /// Listens to more. Of several changes in one piece of sound the last is told, which no test has needed more of.
    pub(super) fn hear(&mut self, samples: &[i16]) -> Hears {
        self.rest.extend_from_slice(samples);
        let mut hears = Hears::Nothing;
        while self.rest.len() >= self.piece {
            let piece: Vec<i16> = self.rest.drain(..self.piece).collect();
            let loudness =
                piece.iter().map(|sample| u64::from(sample.unsigned_abs())).sum::<u64>() / piece.len() as u64;
            match &mut self.state {
                State::Silence if loudness > LOUD => {
                    hears = Hears::SpeechBegan { silence_before: self.heard.saturating_sub(self.prefix) };
                    self.state = State::Speech { quiet: 0 };
                }
                State::Silence => {}
                State::Speech { quiet } if loudness > LOUD => *quiet = 0,
                State::Speech { quiet } => {
                    *quiet += piece.len();
                    if *quiet >= self.patience {
                        hears = Hears::SpeechEnded;
                        self.state = State::Silence;
                    }
                }
            }
            self.heard += piece.len();
        }
        hears
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_is_heard_between_two_silences() {
        let mut ear = Ear::new(16_000, Duration::from_millis(500));
        let (quiet, loud) = (vec![10; 9_000], vec![4_000; 8_000]);
        assert_eq!(ear.hear(&quiet[..8_000]), Hears::Nothing);
        assert_eq!(ear.hear(&loud), Hears::SpeechBegan { silence_before: 8_000 - 4_800 });
        assert_eq!(ear.hear(&quiet[..7_000]), Hears::Nothing, "people pause");
        assert_eq!(ear.hear(&loud), Hears::Nothing);
        assert_eq!(ear.hear(&quiet), Hears::SpeechEnded);
    }
}
