//! What the actor tells, and what it is told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parlance_core::AudioChunk;
use parlance_core::audio::{AudioInput, AudioOutput, Device, DeviceLoss};
use parlance_core::error::ProviderError;
use parlance_core::realtime::{Eagerness, Picture, Side, TurnId};

use super::history::SavedTurn;
use super::machine::{Failure, Kept, KeptId, Microphone, Mode, Renewal, Shown};
use super::speaker::{Speaker, Voice};
use super::spending::{Amount, DailyCap};
use crate::talk_key::{Edge, TalkKeyMode};

/// What the actor tells. The receiver must keep up or drop the channel; nothing here grows faster than 60 a second.
#[derive(Debug, Clone, PartialEq)]
pub enum VoiceNews {
    /// The state changed.
    State(Box<VoiceStatus>),
    /// How loud it is, 0 to 1, about 30 times a second while anything sounds.
    Level {
        /// The microphone.
        input: f32,
        /// The speaker, at what is heard now.
        output: f32,
    },
    /// What one of the two is saying, in words: replaces the one before of the same side and turn.
    Caption {
        /// Which turn.
        turn: TurnId,
        /// Whose words.
        by: Side,
        /// All of them so far.
        text: String,
        /// How many characters of them have been heard.
        heard: usize,
    },
    /// The session was made anew, with what was said so far.
    Renewed(Renewal),
    /// A turn cost this.
    Spent(Box<Amount>),
    /// The microphone is gone.
    InputLost(DeviceLoss),
    /// It is back, or works for the first time.
    InputBack(Device),
    /// The speaker is gone.
    OutputLost(DeviceLoss),
    /// It is back.
    OutputBack(Device),
    /// The microphone gives digital silence while the floor is the person's, or does so no longer.
    DeadSilence(bool),
    /// Sound was lost because this computer was too busy.
    SoundLost(Duration),
}

/// The state as a host draws it.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceStatus {
    /// The state.
    pub shown: Shown,
    /// Since when.
    pub since: Instant,
    /// How turns begin and end.
    pub mode: Mode,
    /// Whether the microphone is shut by hand.
    pub microphone: Microphone,
    /// Whether a tap keeps the floor open.
    pub locked: bool,
    /// The conversation that is spoken to.
    pub conversation: Option<String>,
    /// Whether a call is open.
    pub in_call: bool,
    /// The utterances set aside, the oldest first, each with its conversation.
    pub kept: Vec<(Kept, Option<String>)>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// When the connection is tried again, and why it has to be.
    pub retry: Option<(Instant, ProviderError)>,
    /// Who is spoken with.
    pub speaker: Speaker,
    /// The voice, as the provider names it; `None` for its own choice.
    pub voice: Option<String>,
    /// Since the call began.
    pub call_spent: Amount,
    /// In this conversation, since Parlance began.
    pub conversation_spent: Amount,
    /// Today, as it was told.
    pub today_spent: Amount,
    /// Whether the day's cap is reached.
    pub is_capped: bool,
}

/// Orders for the actor.
pub enum VoiceCommand {
    /// The talk key moved.
    Key(Edge),
    /// What holding and tapping do from the next press on.
    KeyMode(TalkKeyMode),
    /// Esc.
    Cancel,
    /// Hands-free, or by the key.
    Mode(Mode),
    /// When a turn is over, hands-free.
    Patience(Patience),
    /// A call in which nobody says anything for so long ends; `None`: never.
    IdleLimit(Option<Duration>),
    /// Hands-free: what was said so far is the turn.
    SendNow,
    /// Send a kept utterance; `None` for the newest.
    SendKept(Option<KeptId>),
    /// Throw a kept utterance away; `None` for the newest.
    Discard(Option<KeptId>),
    /// Put a failure away.
    Dismiss,
    /// Connect again at once.
    Retry,
    /// The person wrote this into the call; its place in the history is this.
    Say(String, SavedTurn),
    /// Show the model a picture along with what is said next.
    Show(Picture),
    /// End the call.
    HangUp,
    /// Shut or open the microphone by hand.
    Mute(Microphone),
    /// Speak into this conversation; `None` begins a new one.
    Into(Option<String>),
    /// Speak with another voice from now on. What is being said and answered ends.
    With(Box<Voice>),
    /// Other devices from now on.
    Devices(Arc<dyn AudioInput>, Arc<dyn AudioOutput>),
    /// Whether the microphone stays open between turns.
    Warmth(Warmth),
    /// What was spent today, and when to stop.
    Today(Box<Amount>, DailyCap),
    /// Play a recording.
    PlayRecording(AudioChunk),
    /// Stop it.
    StopRecording,
}

/// When a turn of the person is over, hands-free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// By what.
    pub by: PatienceBy,
    /// Whether it is told here even where the provider could.
    pub local: bool,
}

/// By what it is told that a turn is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatienceBy {
    /// So much silence.
    Silence(Duration),
    /// What was said, where the provider can tell.
    Meaning(Eagerness),
}

/// Whether the microphone stays open between turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Warmth {
    /// It opens with the key.
    #[default]
    Cold,
    /// It is always open; what it hears stays in memory, for less than a second.
    Warm,
}
