//! Orders to the actor.

use std::time::Duration;

use parlance_core::error::ProviderError;
use parlance_core::realtime::TurnId;

/// An order to the actor. Orders of one step are carried out one after the other.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Open the microphone, if it is not, and begin a new utterance with so much of what was heard just before.
    BeginUtterance(Duration),
    /// Append this chunk to the utterance, and to the session.
    TakeChunk,
    /// Open the microphone and listen for a voice.
    Listen,
    /// The microphone is not needed now.
    RestMicrophone,
    /// Connect, and give the session what it does not have of the utterance.
    Connect,
    /// Close the session.
    CloseSession,
    /// The session was made anew.
    Renewed(Renewal),
    /// The session forgets what it was given of an utterance.
    ClearInput,
    /// The next turn that the provider ends is this.
    Expect(TurnId),
    /// The utterance is whole: send it as this turn.
    Send(TurnId),
    /// The provider took the utterance as this turn.
    Given(TurnId),
    /// The session that stands now has nothing of the turn that is being answered: give it all of it.
    SendAgain(TurnId),
    /// Send what was written as this turn.
    Say(TurnId),
    /// Throw the utterance away: nobody meant it.
    DropUtterance,
    /// Set an utterance aside under this id.
    Keep(KeptId, Spoken),
    /// Send the utterance that was set aside under this id as this turn.
    SendKept(KeptId, TurnId),
    /// Forget what was set aside under this id.
    Forget(KeptId),
    /// Play this sound.
    Play,
    /// All of the answer's sound is here: play the rest.
    EndOfAnswer,
    /// Speaker silent now, answer cancelled, truncated at what was heard, saved as interrupted.
    Silence(TurnId),
    /// The answer is over: save it.
    Save(TurnId),
    /// It broke: save what there is.
    SaveBroken(TurnId, ProviderError),
}

/// Names an utterance that is set aside, in this run; grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeptId(pub u64);

/// Which utterance is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// The one that is being said.
    Now,
    /// The one that is being answered.
    Before,
}

/// Why an utterance is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptReason {
    /// The person cancelled it.
    Cancelled,
    /// It could not be answered.
    Failed,
    /// Parlance ended before it was answered.
    LeftOver,
}

/// Why a session was made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It would have ended by itself before long.
    Age,
    /// It was lost.
    Lost,
    /// The computer slept.
    Slept,
}
