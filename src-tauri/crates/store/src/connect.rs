//! Connections to the database file and how each kind is set up. Used by `open` and by the writer when it heals.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};

/// How many can read at the same time.
const READERS: u32 = 4;

/// What every connection has in common: nothing in a file that somebody gave us may run code or escape notice.
fn common(path: &Path, busy: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(busy)
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("mmap_size", "0")
        // Statements hold people's words.
        .disable_statement_logging()
}

/// The one connection that writes.
pub(crate) async fn writer(path: &Path, busy: Duration) -> sqlx::Result<SqliteConnection> {
    common(path, busy)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("fullfsync", "ON")
        .pragma("secure_delete", "ON")
        .pragma("wal_autocheckpoint", "1000")
        .pragma("journal_size_limit", "67108864")
        .connect()
        .await
}

/// The connections that read, beside a writer.
pub(crate) fn readers(path: &Path, busy: Duration) -> SqlitePool {
    pool(common(path, busy).pragma("query_only", "ON"), busy)
}

/// The connections that read a file which nobody can write.
pub(crate) fn immutable_readers(path: &Path, busy: Duration) -> SqlitePool {
    pool(common(path, busy).read_only(true).immutable(true).pragma("query_only", "ON"), busy)
}

fn pool(options: SqliteConnectOptions, busy: Duration) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(busy)
        // A reader never breaks by waiting, and pinging it first costs a thread hop for each query.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options)
}

/// A connection that looks before anything is written.
pub(crate) async fn inspector(path: &Path, busy: Duration) -> sqlx::Result<SqliteConnection> {
    common(path, busy).read_only(true).pragma("query_only", "ON").connect().await
}

/// Like [`inspector`], where nothing can be written at all.
pub(crate) async fn immutable_inspector(path: &Path, busy: Duration) -> sqlx::Result<SqliteConnection> {
    common(path, busy).read_only(true).immutable(true).connect().await
}

/// Closes a connection whose work is done; that it could not be closed well changes nothing for anyone.
pub(crate) async fn close(connection: SqliteConnection) {
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "closing a database connection");
    }
}
