//! The voice: its state, what it is asked, what it cost.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::error::ErrorBody;

/// The talk key, and the call behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VoiceView {
    /// Its state.
    pub state: VoiceState,
    /// How long it has been in it, in milliseconds; the window counts on from there.
    pub for_ms: u32,
    /// How turns begin and end.
    pub mode: TalkMode,
    /// Whether the microphone is shut by hand.
    pub muted: bool,
    /// Whether a tap keeps the floor open.
    pub locked: bool,
    /// The conversation that is spoken to, `None` before the first turn.
    pub conversation_id: Option<String>,
    /// Whether a call is open, so that hanging up means something.
    pub in_call: bool,
    /// Who is spoken with.
    pub with: VoiceChoice,
    /// Its provider's name, for people.
    pub with_name: String,
    /// The utterance that was set aside last and can be sent again or taken back.
    pub kept: Option<KeptUtterance>,
    /// Others that wait: of an earlier run, or of another voice. The oldest first.
    pub waiting: Vec<KeptUtterance>,
    /// Why it failed, or why it tries again.
    pub error: Option<ErrorBody>,
    /// When the next try comes by itself, in milliseconds from now; `None` when none does.
    pub retry_in_ms: Option<u32>,
    /// What this call, this conversation and this day cost.
    pub spent: SpentView,
}

/// How turns begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TalkMode {
    /// By the talk key.
    #[default]
    PushToTalk,
    /// By what is heard: the call is open and the microphone live.
    HandsFree,
}

/// The talk key's states, drawn as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VoiceState {
    /// Nobody has the floor.
    Idle,
    /// The floor is yours, no sound has come from the microphone yet.
    Connecting,
    /// Real samples come in. Hands-free: nobody speaks, and nothing is sent.
    Listening,
    /// They are loud enough to be you.
    Hearing,
    /// You are done; the answer has not begun to sound.
    Thinking,
    /// The answer sounds.
    Speaking,
    /// You talk over the answer.
    Interrupted,
    /// The device or the connection is gone and looked for; your words are kept.
    Reconnecting,
    /// The microphone is shut by hand.
    Muted,
    /// It cannot go on by itself.
    Failed,
}

impl VoiceState {
    /// Whether the floor is the person's, so that the talk key gives it.
    #[must_use]
    pub fn has_floor(self) -> bool {
        matches!(self, Self::Connecting | Self::Listening | Self::Hearing | Self::Interrupted)
    }
}

/// An utterance that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeptUtterance {
    /// For `talk_send_kept` and `talk_discard_kept`.
    pub id: String,
    /// How long it is.
    pub ms: u32,
    /// Why.
    pub reason: KeptReason,
    /// Where it was spoken; `None` for a new conversation.
    pub conversation_id: Option<String>,
}

/// Why an utterance is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeptReason {
    /// The person cancelled it: offered back for 8 s.
    Cancelled,
    /// It could not be sent, or was not answered.
    Failed,
    /// Parlance ended before it was answered.
    LeftOver,
}

/// A voice to speak with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VoiceChoice {
    /// The provider's id; `builtin` for Echo.
    pub provider: String,
    /// The model, as the provider names it.
    pub model: String,
    /// The voice, as the provider names it; `None` for its own choice.
    #[serde(default)]
    pub voice: Option<String>,
}

impl Default for VoiceChoice {
    fn default() -> Self {
        Self { provider: "builtin".into(), model: "echo".into(), voice: None }
    }
}

/// When a turn of the person is over, hands-free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Patience {
    /// After so much silence.
    Silence {
        /// In milliseconds, 200 to 6000.
        ms: u32,
    },
    /// By what was said, where the provider can tell; elsewhere after 800 ms of silence.
    Meaning {
        /// How soon.
        eagerness: Eagerness,
    },
}

impl Patience {
    /// The nearest one that is allowed.
    pub(crate) fn within_limits(self) -> Self {
        match self {
            Self::Silence { ms } => Self::Silence { ms: ms.clamp(200, 6_000) },
            Self::Meaning { .. } => self,
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::Silence { ms: 800 }
    }
}

/// How soon a provider that listens to the meaning takes its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Eagerness {
    /// It lets people think.
    Low,
    /// Its own choice.
    #[default]
    Auto,
    /// It answers quickly.
    High,
}

/// When spending stops for the day. Both count; `None` of both is no limit at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SpendingCap {
    /// US cents a day, where the model's price is known; `None` for no limit in money.
    pub cents: Option<u32>,
    /// Minutes of sound a day, said and answered, where the price is not known; `None` for no limit in time.
    pub minutes: Option<u32>,
}

impl Default for SpendingCap {
    fn default() -> Self {
        // Two dollars is about an hour of talk with a small voice; an hour is a long talk with any.
        Self { cents: Some(200), minutes: Some(60) }
    }
}

/// What talking cost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct SpentView {
    /// Since the call began.
    pub call: Spent,
    /// In this conversation, since Parlance began.
    pub conversation: Spent,
    /// Today.
    pub today: Spent,
    /// Whether the day's cap is reached: nothing more is sent until it is raised.
    pub capped: bool,
}

/// An amount of talk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct Spent {
    /// Sound that was said and sent, in milliseconds.
    pub said_ms: u32,
    /// Sound that was answered, in milliseconds.
    pub answered_ms: u32,
    /// Tokens of prompts, as far as they are told.
    #[ts(type = "number")]
    pub input_tokens: u64,
    /// Tokens of answers, likewise.
    #[ts(type = "number")]
    pub output_tokens: u64,
    /// US dollars, a decimal number; `None` where a price or a count is not known.
    pub dollars: Option<String>,
}

/// Why a session was made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// The provider ends sessions of this age.
    Age,
    /// The connection was lost.
    Lost,
    /// The computer slept.
    Slept,
}

/// How turns begin and end from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TalkModeRequest {
    /// Hands-free opens the call and the microphone; push-to-talk closes the microphone, and the call goes on.
    pub mode: TalkMode,
}

/// Which kept utterance to send, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct TalkSendKept {
    /// Its id; absent for the newest.
    pub id: Option<String>,
    /// Another voice, which is spoken with from then on; absent for the one of now.
    pub to: Option<VoiceChoice>,
}

/// Which kept utterance is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct TalkKept {
    /// Its id; absent for the newest.
    pub id: Option<String>,
}

/// A picture for the model to look at along with what is said next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TalkShow {
    /// A file that was taken in by `choose_file`.
    pub file: String,
}

/// How many times are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VoiceTimes {
    /// At most; 1000 are given at once.
    pub limit: u32,
}

/// How long a spoken turn took: from the end of speech to the first sound of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VoiceTimeView {
    /// The answer.
    pub message_id: String,
    /// Who answered.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Milliseconds since 1970 (UTC).
    #[ts(type = "number")]
    pub created_ms: u64,
    /// All of it, in milliseconds.
    pub first_sound_ms: u32,
    /// Of that: this computer, from the end of speech to the commit, and from the first sound's arrival to the speaker.
    pub ours_ms: Option<u32>,
    /// Of that: the way there and back.
    pub network_ms: Option<u32>,
    /// Of that: the model.
    pub model_ms: Option<u32>,
}
