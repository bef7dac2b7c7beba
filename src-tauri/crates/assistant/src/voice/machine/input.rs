//! What happens to the conversation.

use std::time::Duration;

use parlance_core::audio::DeviceLoss;
use parlance_core::error::ProviderError;
use parlance_core::realtime::TurnId;
use parlance_core::speech::Activity;

use super::KeptId;

/// What people, devices, the session and the clock do.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The person takes the floor, by the key.
    Take,
    /// The person is done.
    Give,
    /// Hands-free: what was said so far is the turn.
    SendNow,
    /// The person wrote something.
    Say,
    /// Esc: throw the utterance away, or stop the answer.
    Cancel,
    /// End the call.
    HangUp,
    /// How turns begin and end from now on.
    Mode(Mode, Ends),
    /// How long a person may pause within a turn.
    Patience(Duration),
    /// A call in which nobody says anything for so long ends; `None`: never.
    IdleLimit(Option<Duration>),
    /// Whether the cap on spending is reached.
    Capped(Cap),
    /// Shut or open the microphone by hand.
    Mute(Microphone),
    /// Send a kept utterance; `None`: the newest.
    SendKept(Option<KeptId>),
    /// Throw a kept utterance away; `None`: the newest.
    Discard(Option<KeptId>),
    /// An utterance of an earlier run was found.
    Found(Duration),
    /// Put a failure away.
    Dismiss,
    /// Connect again at once.
    Retry,
    /// Sound came in.
    Captured {
        /// How long it is.
        duration: Duration,
        /// Whether somebody speaks, and how loud it is.
        activity: Activity,
    },
    /// The microphone is gone.
    CaptureLost(DeviceLoss),
    /// It is back.
    CaptureBack,
    /// The session stands.
    LineOpened {
        /// It ends by itself after this; `None` where nothing is known of it.
        longest: Option<Duration>,
    },
    /// The session ended by itself, or never stood. `chance` is 0 to 1.
    LineLost {
        /// Why.
        error: ProviderError,
        /// Spreads the next try.
        chance: f64,
    },
    /// The provider will end the session after this.
    GoingAway(Duration),
    /// The provider hears a voice.
    SpeechStarted,
    /// The provider has the person's turn.
    Committed(TurnId),
    /// Something of the answer came that does not sound: its beginning, its words.
    AnswerBegan(TurnId),
    /// The answer has sound for this turn.
    AnswerSound(TurnId),
    /// The answer waits for tools, or goes on without them.
    Tools(TurnId, Tools),
    /// The answer is whole.
    AnswerDone(TurnId),
    /// The answer failed.
    AnswerFailed(TurnId, ProviderError),
    /// The provider stopped the answer because it hears the person.
    Interrupted(TurnId),
    /// All of the answer so far was heard.
    Drained(TurnId),
    /// The computer slept for so long.
    Woke(Duration),
    /// Time passes.
    Tick,
}

/// How turns begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// By the talk key.
    #[default]
    PushToTalk,
    /// By what is heard.
    HandsFree,
}

/// Who ends the person's turns, hands-free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ends {
    /// We do, when nobody has spoken for as long as the patience.
    #[default]
    Here,
    /// The provider.
    Provider,
}

/// The microphone, by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Microphone {
    /// No sound is taken.
    Shut,
    /// Sound is taken while the floor is the person's.
    Live,
}

/// The cap on spending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cap {
    /// Not reached.
    #[default]
    Free,
    /// Reached: nothing more is sent.
    Reached,
}

/// Whether an answer waits for tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tools {
    /// It does.
    Run,
    /// It goes on.
    Done,
}
