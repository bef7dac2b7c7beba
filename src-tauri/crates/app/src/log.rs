//! The log: a few files that never grow large, without keys and without what people say.

mod rotating;

use std::io;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use parlance_core::Secret;
use parlance_core::redact::{RedactingWriter, Redactor};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub use rotating::RotatingFile;

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Warnings, and the milestones of our own crates.
    Normal,
    /// Everything our own crates say.
    Verbose,
}

/// Logs to files below `folder`; with [`Detail::Verbose`] to the terminal as well. Called once by each host. A folder
/// that cannot be written is no reason not to start.
pub fn start(folder: &Path, detail: Detail) {
    let filter = match detail {
        Detail::Normal => "warn,parlance=info",
        Detail::Verbose => "info,parlance=debug",
    };
    let filter = EnvFilter::try_from_env("PARLANCE_LOG").unwrap_or_else(|_| EnvFilter::new(filter));
    let file = RotatingFile::open(folder).ok().map(|file| {
        tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Mutex::new(RedactingWriter::new(file, clean)))
    });
    let terminal = (detail == Detail::Verbose)
        .then(|| tracing_subscriber::fmt::layer().with_ansi(false).with_writer(clean_stderr));
    // A second start in one process (tests) keeps the first.
    let _ = tracing_subscriber::registry().with(filter).with(file).with(terminal).try_init();
}

/// Every key that is in use is taken out of every line from now on.
pub(crate) fn learn(secret: &Secret) {
    known().write().unwrap_or_else(PoisonError::into_inner).learn(secret);
}

/// The text without keys in use, and without what looks like one.
#[must_use]
pub fn clean(text: &str) -> String {
    known().read().unwrap_or_else(PoisonError::into_inner).clean(text)
}

fn known() -> &'static RwLock<Redactor> {
    // One for the process, as the log is: a line may come from any task.
    static KNOWN: OnceLock<RwLock<Redactor>> = OnceLock::new();
    KNOWN.get_or_init(RwLock::default)
}

fn clean_stderr() -> RedactingWriter<io::Stderr, fn(&str) -> String> {
    RedactingWriter::new(io::stderr(), clean)
}
