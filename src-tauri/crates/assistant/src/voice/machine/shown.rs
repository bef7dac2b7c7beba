//! What is drawn.

use std::time::Instant;

use parlance_core::audio::DeviceLoss;
use parlance_core::error::ProviderError;

use super::floor::{Ear, Floor};
use super::input::{Microphone, Mode};
use super::{Answer, INTERRUPTED, Machine, Phase, VOICE_HANGOVER};

/// The state as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Nobody has the floor.
    Idle,
    /// The floor is the person's, no sound yet.
    Connecting,
    /// Real samples come in; hands-free, nobody speaks.
    Listening,
    /// They are loud enough to be a voice.
    Hearing,
    /// The person is done, the answer does not sound yet.
    Thinking,
    /// The answer sounds.
    Speaking,
    /// The person talks over the answer.
    Interrupted,
    /// The microphone or the connection is gone and looked for, the words so far are kept.
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
    /// The cap on spending is reached.
    Capped,
}

impl Machine {
    /// The state as it is drawn.
    #[must_use]
    pub fn shown(&self, now: Instant) -> Shown {
        let is_shut = self.microphone == Microphone::Shut;
        match &self.phase {
            Phase::Failed(_) => Shown::Failed,
            Phase::Idle if is_shut => Shown::Muted,
            Phase::Idle if self.mode == Mode::PushToTalk => Shown::Idle,
            Phase::Idle if self.line.retry().is_some() || self.is_deaf => Shown::Reconnecting,
            Phase::Idle => Shown::Listening,
            Phase::Answer(Answer { sounds: true, .. }) => Shown::Speaking,
            Phase::Answer(_) if self.line.retry().is_some() => Shown::Reconnecting,
            Phase::Answer(_) | Phase::Floor(Floor { given: Some(_), .. }) => Shown::Thinking,
            Phase::Floor(_) if is_shut => Shown::Muted,
            Phase::Floor(Floor { ear: Ear::Gone(_), .. }) => Shown::Reconnecting,
            Phase::Floor(_) if self.line.retry().is_some() => Shown::Reconnecting,
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
}
