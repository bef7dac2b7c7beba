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
    /// How long to wait, in whole seconds.
    pub seconds: Option<u32>,
    /// What the server or the system said, for "Details". Never a key.
    pub details: Option<String>,
}

impl ErrorBody {
    /// An error with nothing but its code.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self { code, provider: None, host: None, model: None, status: None, seconds: None, details: None }
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
    /// The provider has no room, or a fault of its own.
    ServerFault,
    /// The conversation is longer than the model can read.
    ContextTooLong,
    /// The provider's filter stopped it.
    ContentFilter,
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
    /// The words of the call are wrong.
    BadCall,
    /// A fault of ours.
    Internal,
}
