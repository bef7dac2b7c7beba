//! What can go wrong, by what the caller can do about it. Read by the app, which turns it into screens and sentences.
//!
//! Deliberately absent: types of the database library, so that nobody above depends on it.

use std::io;
use std::path::PathBuf;

use sqlx::error::DatabaseError;

/// The cause as the system or SQLite gave it.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// The store could not be opened. In every case nothing was overwritten, and nothing new was put in an old one's place.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer (or another) Parlance made the file: update Parlance or choose another folder.
    #[error("opening {path}: made by a newer Parlance (schema {found}, this one knows {known})", path = path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The schema version found.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// The file is damaged, half, empty, missing or no database of ours, though one was here before.
    #[error("opening {path}: {what}", path = path.display())]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What was found.
        what: String,
        /// Back-ups that could be restored, newest first.
        backups: Vec<PathBuf>,
    },
    /// The folder cannot be written, and there is nothing in it that could be read as it is.
    #[error("opening {path}: the folder cannot be written", path = path.display())]
    ReadOnly {
        /// The folder.
        path: PathBuf,
    },
    /// The folder lies on a network, or where a program keeps it in step with other computers: choose another one.
    #[error("opening {path}: it is {what}", path = path.display())]
    Elsewhere {
        /// The folder.
        path: PathBuf,
        /// What it is, with the kind of network or the name of the program.
        what: String,
    },
    /// Another program holds the database and did not let go in time.
    #[error("opening {path}: another program holds it", path = path.display())]
    Busy {
        /// The database file.
        path: PathBuf,
    },
    /// There is too little room to create or to migrate the database safely.
    #[error("opening {path}: {needed} bytes of free disk space are needed, {free} are there", path = path.display())]
    Full {
        /// The database file.
        path: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// The system said no.
    #[error("{doing} {path}: {source}", path = path.display())]
    System {
        /// What was attempted, such as `creating`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: Source,
    },
}

/// Something asked of an open store could not be done. Nothing of it was done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full. What was stored is safe; deleting still works; try again when there is room.
    #[error("the disk is full")]
    Full,
    /// The store can only be read.
    #[error("the data folder cannot be written")]
    ReadOnly,
    /// Another program held the database for five seconds.
    #[error("another program holds the database")]
    Busy,
    /// The file is damaged; opening it anew will say more.
    #[error("the database is damaged: {0}")]
    Damaged(#[source] Source),
    /// What was named is not there (any more).
    #[error("{what} {id} does not exist")]
    Gone {
        /// `conversation`, `message` …
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// What was named is not as it was when the caller read it.
    #[error("{what} {id} was changed meanwhile")]
    Changed {
        /// `note` …
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// More than the limit.
    #[error("{what} is longer than {limit}")]
    TooLong {
        /// `the title` …
        what: &'static str,
        /// The limit with its unit.
        limit: &'static str,
    },
    /// The answer would have taken longer than a second; ask for less.
    #[error("reading took longer than a second")]
    Slow,
    /// The disk failed to write. It was tried again over a new connection; from now on the store can only be read.
    #[error("the disk failed: {0}")]
    DiskFailed(#[source] Source),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// SQLite failed in another way.
    #[error("the database failed: {0}")]
    Failed(#[source] Source),
}

/// SQLite's primary result codes that callers can do something about (sqlite.org/rescode.html).
pub(crate) mod code {
    pub(crate) const ERROR: i32 = 1;
    pub(crate) const BUSY: i32 = 5;
    pub(crate) const LOCKED: i32 = 6;
    pub(crate) const READONLY: i32 = 8;
    pub(crate) const INTERRUPT: i32 = 9;
    pub(crate) const IOERR: i32 = 10;
    pub(crate) const CORRUPT: i32 = 11;
    pub(crate) const FULL: i32 = 13;
    pub(crate) const TOOBIG: i32 = 18;
    pub(crate) const CONSTRAINT: i32 = 19;
    pub(crate) const NOTADB: i32 = 26;
}

/// The primary result code, `None` when the failure is not SQLite's.
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error().and_then(DatabaseError::code)?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match primary_code(&error) {
            Some(code::FULL) => Self::Full,
            Some(code::READONLY) => Self::ReadOnly,
            Some(code::BUSY | code::LOCKED) => Self::Busy,
            Some(code::CORRUPT | code::NOTADB) => Self::Damaged(Box::new(error)),
            Some(code::INTERRUPT) => Self::Slow,
            Some(code::IOERR) => Self::DiskFailed(Box::new(error)),
            _ => match error {
                sqlx::Error::PoolClosed => Self::Closed,
                sqlx::Error::PoolTimedOut => Self::Busy,
                other => Self::Failed(Box::new(other)),
            },
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(Box::new(error))
    }
}

/// A system error with what was attempted on which file.
pub(crate) fn system(doing: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::System { doing, path, source: Box::new(source) }
}
