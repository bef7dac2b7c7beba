//! The assistant's voice comes back through the microphone: what is done about it, and how a room was found to be.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is done about the assistant's own voice in the microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoHandling {
    /// Nothing: with headphones nothing comes back, and the microphone's sound stays as it is.
    Off,
    /// It is taken off by reckoning, with the sound that was played as the reference. Harmless with headphones.
    #[default]
    Cancel,
    /// The microphone is not listened to while the assistant sounds. Only a key interrupts it.
    HalfDuplex,
}

/// What came back of a test sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EchoReport {
    /// From the moment a sound was handed to the speaker until it was in the hands of the program again, all buffers and
    /// the way through the air included. `None` when nothing was recognised.
    pub round_trip: Option<Duration>,
    /// How loud it came back, beside how it was played: −20 is a tenth of the amplitude. The noise's level stands here
    /// when nothing was recognised: the echo is quieter than this.
    pub coupling_db: f32,
    /// How loud the room was before the test sound, 0 for full scale.
    pub noise_dbfs: f32,
    /// What follows.
    pub verdict: EchoVerdict,
}

/// What a room and its devices are fit for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoVerdict {
    /// Nothing comes back that matters.
    Headphones,
    /// Something comes back, and can be taken off.
    Speakers,
    /// So much comes back, or so distorted, that a person could not be told from it.
    TooLoud,
}

impl EchoVerdict {
    /// How to listen in such a room.
    #[must_use]
    pub fn handling(self) -> EchoHandling {
        match self {
            Self::Headphones => EchoHandling::Off,
            Self::Speakers => EchoHandling::Cancel,
            Self::TooLoud => EchoHandling::HalfDuplex,
        }
    }
}

/// What is done to captured sound before anybody hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CaptureHandling {
    /// The assistant's own voice.
    pub echo: EchoHandling,
    /// Fans, traffic, hiss.
    pub noise: NoiseHandling,
    /// How loud it is.
    pub gain: GainHandling,
}

/// What is done about noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseHandling {
    /// Nothing: models were taught with noise, and suppression takes some of the voice with it.
    #[default]
    Keep,
    /// It is made some 12 dB quieter.
    Suppress,
}

/// What is done about loudness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GainHandling {
    /// Nothing.
    #[default]
    Keep,
    /// Quiet voices are made louder, by 24 dB at most.
    Level,
}
