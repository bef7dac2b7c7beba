//! The port of models that listen and speak.
//!
//! A session is one connection: commands go in, events come out, each event of an answer carries the id of its turn so
//! that late ones can be dropped at the door.

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;

use serde_json::{Map, Value};

use crate::audio::{AudioChunk, SampleRate};
use crate::chat::FunctionSpec;
use crate::error::ProviderError;
use crate::event::{StopReason, TokenUsage};
use crate::msg::ToolOutput;

/// Names one answer within a conversation; grows. Made by the conversation, not by the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TurnId(pub u64);

/// A model that listens and speaks.
#[async_trait]
pub trait RealtimeModel: Send + Sync {
    /// What it takes and gives.
    fn capabilities(&self) -> RealtimeCapabilities;

    /// Opens a session. Dropping both halves ends it.
    ///
    /// # Errors
    /// When the provider cannot be reached or refuses.
    async fn connect(&self, session: SessionOptions) -> Result<RealtimeSession, ProviderError>;
}

/// What a realtime model takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealtimeCapabilities {
    /// The rate it listens at.
    pub input_rate: SampleRate,
    /// The rate it speaks at.
    pub output_rate: SampleRate,
    /// Whether it writes down what both sides say. Where it does not, the recording itself is the history.
    pub transcribes: bool,
    /// Whether it can tell by itself when the person is done.
    pub turns: TurnDetection,
    /// Whether it looks at pictures.
    pub sees: bool,
    /// Whether it asks for tools.
    pub calls: bool,
    /// The provider ends a session after this long; `None` where nothing is known of it.
    pub longest_session: Option<Duration>,
}

impl RealtimeCapabilities {
    /// A model that listens and speaks at these rates and can do nothing more; the rest is filled in where it can.
    #[must_use]
    pub const fn at(input_rate: SampleRate, output_rate: SampleRate) -> Self {
        Self {
            input_rate,
            output_rate,
            transcribes: false,
            turns: TurnDetection::None,
            sees: false,
            calls: false,
            longest_session: None,
        }
    }
}

/// How far a model can tell by itself that the person is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TurnDetection {
    /// Not at all: it is told.
    None,
    /// By silence.
    Silence,
    /// By silence, or by what was said.
    Meaning,
}

/// How the session should be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionOptions {
    /// The frame of the conversation; empty for none.
    pub instructions: String,
    /// The voice, as the provider names it; `None` for its own choice.
    pub voice: Option<String>,
    /// Who ends the person's turns.
    pub turns: TurnTaking,
    /// Whether what the person says is written down too. What the model says always is.
    pub transcription: Transcription,
    /// What the model answers with.
    pub answers: Answers,
    /// What it may ask to have done.
    pub tools: Vec<FunctionSpec>,
    /// What was said before this session, the oldest first: the model is told when the session begins.
    pub history: Vec<Remembered>,
    /// The session to go on with, as its provider named it in [`RealtimeEvent::Resumable`]. The provider then remembers
    /// by itself, and `history` is not told again.
    pub resume: Option<ResumeHandle>,
}

/// Who ends the person's turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TurnTaking {
    /// We do, by [`RealtimeCommand::CommitAndRespond`]: push-to-talk.
    #[default]
    Manual,
    /// The provider, after this much silence. Which turn it is says [`RealtimeCommand::Expect`].
    Silence(Duration),
    /// The provider, by what was said.
    Meaning(Eagerness),
}

/// How soon a provider that listens to the meaning takes its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Eagerness {
    /// It lets people think.
    Low,
    /// Its own choice.
    #[default]
    Auto,
    /// It answers quickly.
    High,
}

/// Whether what the person says is written down by the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transcription {
    /// Where the provider can.
    #[default]
    On,
    /// The recording itself is the history.
    Off,
}

/// What a model answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// Its voice, and the words of it.
    #[default]
    Spoken,
    /// Words alone.
    Written,
}

/// A message of before, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Who said it.
    pub by: Side,
    /// In words; where a person interrupted, as far as they heard it.
    pub text: String,
}

/// One of the two who talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Who holds the key.
    Person,
    /// Who answers.
    Model,
}

/// How a provider names a session that can be gone on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumeHandle(pub String);

/// An open session.
pub struct RealtimeSession {
    /// Takes commands.
    pub commands: Box<dyn RealtimeCommands>,
    /// Gives events. Its end is the end of the session.
    pub events: Pin<Box<dyn Stream<Item = Result<RealtimeEvent, ProviderError>> + Send>>,
}

/// The half of a session that takes commands.
#[async_trait]
pub trait RealtimeCommands: Send {
    /// Hands one command over, waiting while the connection is busy.
    ///
    /// # Errors
    /// When the session is over; the reason comes through the events.
    async fn send(&mut self, command: RealtimeCommand) -> Result<(), SessionOver>;
}

/// The session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the voice session is over")]
pub struct SessionOver;

/// What can be asked of a session.
#[derive(Debug, Clone, PartialEq)]
pub enum RealtimeCommand {
    /// More of what the person says, at the model's input rate.
    AppendAudio(AudioChunk),
    /// The person is done: take what was appended as a turn, and answer it under this id.
    CommitAndRespond(TurnId),
    /// Where the provider ends the turns: the next one it ends is this. Told when the session begins and after each
    /// [`RealtimeEvent::Committed`]; a second one replaces the first.
    Expect(TurnId),
    /// Forget what was appended since the last commit.
    ClearInput,
    /// Stop answering.
    Cancel(TurnId),
    /// The person heard only this much of the answer.
    Truncate {
        /// Which answer.
        turn: TurnId,
        /// How much of it was heard; nothing at all is said by zero.
        heard: Duration,
        /// The words that were heard, for providers that can be told only in words; empty where none are known.
        words: String,
    },
    /// The person wrote this in the middle of the conversation: answer it under this id.
    Say {
        /// Its answer's id.
        turn: TurnId,
        /// What was written.
        text: String,
    },
    /// The person shows this along with what they say next.
    Show(Picture),
    /// What came of the tools that an answer asked for, all of them: the answer goes on under the same id.
    ToolResults {
        /// Which answer.
        turn: TurnId,
        /// In the order of the calls.
        results: Vec<CallResult>,
    },
    /// From now on the session is like this. What a provider cannot change in mid-session it leaves.
    Update(Box<SessionOptions>),
}

/// A picture, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// `image/jpeg` or `image/png`.
    pub media_type: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

/// Of the tokens that were used, those of sound. Providers charge more for them than for words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SoundTokens {
    /// Heard.
    pub input: u64,
    /// Spoken.
    pub output: u64,
}

/// What came of one tool call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallResult {
    /// The call's id, as the provider gave it.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// What came of it.
    pub output: ToolOutput,
}

/// What a session tells.
#[derive(Debug, Clone, PartialEq)]
pub enum RealtimeEvent {
    /// The provider has the person's turn; it need not be sent again.
    Committed(TurnId),
    /// What the person said, in words, so far.
    UserTranscript {
        /// Which turn.
        turn: TurnId,
        /// Replaces the previous one.
        text: String,
    },
    /// Where the provider ends the turns: it hears a voice.
    SpeechStarted,
    /// … and hears it no longer. The turn may yet go on.
    SpeechStopped,
    /// The answer has begun.
    ResponseStarted(TurnId),
    /// More of the answer's sound, at the model's output rate.
    AudioDelta {
        /// Which turn.
        turn: TurnId,
        /// To append.
        chunk: AudioChunk,
    },
    /// More of the answer's words.
    TranscriptDelta {
        /// Which turn.
        turn: TurnId,
        /// To append.
        text: String,
    },
    /// The answer asks for a tool. It goes on after [`RealtimeCommand::ToolResults`], which is due when
    /// [`RealtimeEvent::CallsComplete`] has come.
    ToolCall {
        /// Which turn.
        turn: TurnId,
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// What it is called with. Text that is no JSON object comes as it is.
        arguments: Result<Map<String, Value>, String>,
    },
    /// All calls of this part of the answer are told; the model waits for their results.
    CallsComplete {
        /// Which turn.
        turn: TurnId,
        /// Tokens used by this part of the answer, `None` where nothing is counted yet.
        usage: Option<TokenUsage>,
        /// Of them, sound; `None` where the provider does not tell.
        sound: Option<SoundTokens>,
    },
    /// The model no longer wants the results of these calls.
    CallsWithdrawn {
        /// Their ids.
        ids: Vec<String>,
    },
    /// The provider stopped this answer because it hears the person; no more of it comes, and no
    /// [`RealtimeEvent::ResponseDone`].
    Interrupted(TurnId),
    /// The answer is whole.
    ResponseDone {
        /// Which turn.
        turn: TurnId,
        /// Why it ended.
        reason: StopReason,
        /// Tokens used since the answer began or since [`RealtimeEvent::CallsComplete`], `None` where nothing is counted.
        usage: Option<TokenUsage>,
        /// Of them, sound; `None` where the provider does not tell.
        sound: Option<SoundTokens>,
    },
    /// The provider could not answer this turn; the session goes on.
    ResponseFailed {
        /// Which turn.
        turn: TurnId,
        /// Why.
        error: ProviderError,
    },
    /// Tokens of an answer that was cancelled or interrupted: they are paid for, too.
    Spent {
        /// The counts.
        usage: TokenUsage,
        /// Of them, sound; `None` where the provider does not tell.
        sound: Option<SoundTokens>,
    },
    /// The provider could not write down what the person said; the recording itself is the history.
    TranscriptFailed {
        /// Which turn.
        turn: TurnId,
        /// Why.
        error: ProviderError,
    },
    /// A picture was not taken; the session goes on without it.
    PictureRefused(ProviderError),
    /// The provider can go on with this session after a new connection. The newest handle counts.
    Resumable(ResumeHandle),
    /// The provider will end this session before long.
    GoingAway {
        /// How long it still lasts.
        left: Duration,
    },
    /// How much of a limit is left.
    RateLimit {
        /// Which, as the provider names it: `requests`, `tokens` …
        name: String,
        /// What is left of it.
        remaining: u64,
        /// Until it is whole again.
        resets_in: Duration,
    },
    /// How long a question to the server and its answer took on the network alone, newly measured.
    RoundTrip(Duration),
}
