//! Errors as a host shows them: a code with its figures; the sentence for each code lies in `assets/words/`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What went wrong, for a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErrorBody {
    /// Chooses the sentence (`error.CODE` in `assets/words/`) and the one thing to do.
    pub code: ErrorCode,
    /// The provider's display name, where one is concerned.
    pub provider: Option<String>,
    /// The server's host, where one is concerned.
    pub host: Option<String>,
    /// The model, where one is concerned.
    pub model: Option<String>,
    /// The HTTP status or the provider's own code, for the brackets.
    pub status: Option<String>,
    /// How long to wait, or how long was waited in vain, in whole seconds.
    pub seconds: Option<u32>,
    /// What the server or the system said, for "Details". Never a key.
    pub details: Option<String>,
    /// The closer reason, where it is known: its sentence is `why.WHY` in `assets/words/`.
    #[serde(default)]
    pub why: Option<Why>,
    /// What may have been meant: names of models, or the host of another region.
    #[serde(default)]
    pub near: Vec<String>,
    /// Milliseconds since 1970 (UTC): before this the provider wants to be left alone; `None` where it does not say.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub retry_at_ms: Option<u64>,
}

/// A closer reason for an error than its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The name stands for no computer.
    NoSuchHost,
    /// The computer is there, but no server listens.
    ConnectionRefused,
    /// The server cannot prove who it is, or speaks no TLS.
    NotSecure,
    /// Nobody answered in time.
    NoConnectionInTime,
    /// The answer had begun and stood still.
    Stalled,
    /// A web page came.
    WebPage,
    /// The server points to another address.
    Redirected,
    /// Keys belong to a region, and this may be another region's: `near` holds its host.
    OtherRegion,
    /// The provider does not list the model: `near` holds names that are like it.
    NotListed,
}

impl ErrorBody {
    /// An error with nothing but its code.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            provider: None,
            host: None,
            model: None,
            status: None,
            seconds: None,
            details: None,
            why: None,
            near: Vec::new(),
            retry_at_ms: None,
        }
    }

    /// The same with what the system said.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }
}

/// One variant for each error that a host treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The provider has no key yet.
    NoKey,
    /// The key was refused (401, 403).
    KeyRefused,
    /// The key belongs to another host.
    WrongHost,
    /// What was pasted cannot be a key.
    BadKey,
    /// The account has no credit left.
    Quota,
    /// Too many requests; `seconds` says how long to wait.
    RateLimit,
    /// The provider has no room now.
    Overloaded,
    /// The provider has a fault of its own.
    ServerFault,
    /// The conversation is longer than the model can read.
    ContextTooLong,
    /// The provider's filter stopped it.
    ContentFilter,
    /// The model did not want to answer.
    Refused,
    /// The answer reached the longest length that the model gives.
    AnswerLimit,
    /// The provider does not accept the request.
    InvalidRequest,
    /// There is no such model or address.
    NotFound,
    /// The server cannot be reached.
    Unreachable,
    /// The server has not answered in `seconds`.
    Timeout,
    /// The answer broke off; what came is kept.
    CutOff,
    /// What came is not this protocol (a login page, say).
    NotTheApi,
    /// The answer does not have the shape that was asked for; what came is kept.
    Unfit,
    /// What came is larger than a limit of ours.
    TooLarge,
    /// The person stopped it.
    Stopped,
    /// There is no keyring, or it is locked; the key can be used for this session.
    NoKeyring,
    /// The keyring waits for its password, or did not answer.
    KeyringLocked,
    /// The address is not one.
    BadUrl,
    /// A key would travel unencrypted to another computer.
    PlainHttp,
    /// The message is empty.
    EmptyMessage,
    /// The message is larger than 10 MiB.
    MessageTooLong,
    /// No model is chosen for this provider.
    NoModel,
    /// This provider has no voice of its own.
    NoVoice,
    /// The day's cap on spending is reached: nothing was sent.
    SpendingCap,
    /// The conversation, message or provider is gone.
    Gone,
    /// The disk is full; nothing was overwritten.
    DiskFull,
    /// The data folder cannot be written.
    ReadOnly,
    /// The data folder lies on a network, or where a program keeps it in step with other computers.
    NetworkFolder,
    /// Another program holds the database.
    DatabaseBusy,
    /// The database is damaged; nothing was overwritten.
    DatabaseDamaged,
    /// The database was made by a newer Parlance.
    DatabaseNewer,
    /// The microphone, the speaker or the sound server.
    Sound,
    /// A file cannot be read or is not what it should be.
    BadFile,
    /// The note was changed elsewhere since it was opened: nothing was written.
    NoteChanged,
    /// The note follows a file, which alone changes it.
    NoteFollowsFile,
    /// The note is larger than 10 MiB.
    NoteTooLong,
    /// There is no model that makes meanings of passages, or its file is damaged: words alone find notes.
    NoMeaning,
    /// The host has no dialogue to choose files in.
    NoDialogue,
    /// The provider takes no tools for this model: it answered without them.
    NoTools,
    /// No window of Parlance is open on this data folder.
    NotRunning,
    /// The words of the call are wrong.
    BadCall,
    /// A fault of ours.
    Internal,
}
