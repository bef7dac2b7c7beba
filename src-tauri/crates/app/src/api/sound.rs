//! Sound: what is done about the assistant's voice in the microphone, and how that is found out.

use parlance_core::echo::{EchoHandling, EchoVerdict};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is done about the assistant's own voice in the microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Echo {
    /// Nothing: with headphones nothing comes back.
    Off,
    /// It is taken off by reckoning. Harmless with headphones.
    #[default]
    Cancel,
    /// The microphone is not listened to while the assistant speaks. Only a key interrupts it.
    HalfDuplex,
}

impl From<Echo> for EchoHandling {
    fn from(echo: Echo) -> Self {
        match echo {
            Echo::Off => Self::Off,
            Echo::Cancel => Self::Cancel,
            Echo::HalfDuplex => Self::HalfDuplex,
        }
    }
}

impl From<EchoHandling> for Echo {
    fn from(handling: EchoHandling) -> Self {
        match handling {
            EchoHandling::Off => Self::Off,
            EchoHandling::Cancel => Self::Cancel,
            EchoHandling::HalfDuplex => Self::HalfDuplex,
        }
    }
}

/// What came back of a test sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EchoTested {
    /// What the room and its devices are fit for.
    pub verdict: Room,
    /// What to choose in such a room.
    pub advice: Echo,
    /// From speaker to microphone, buffers included; `None` when nothing was recognised.
    pub round_trip_ms: Option<u32>,
    /// How loud it came back, in decibels beside how it was played. Where nothing was recognised it is quieter than this.
    pub coupling_db: f32,
    /// How loud the room is, in decibels below full scale.
    pub noise_dbfs: f32,
}

/// What a room and its devices are fit for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// Nothing comes back that matters.
    Headphones,
    /// Something comes back, and can be taken off.
    Speakers,
    /// Too much comes back for a person to be told from it.
    TooLoud,
}

impl From<EchoVerdict> for Room {
    fn from(verdict: EchoVerdict) -> Self {
        match verdict {
            EchoVerdict::Headphones => Self::Headphones,
            EchoVerdict::Speakers => Self::Speakers,
            EchoVerdict::TooLoud => Self::TooLoud,
        }
    }
}
