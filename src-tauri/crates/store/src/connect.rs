//! Connections to the database file and how each kind is set up. Used by `open` and by the writer when it heals.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};

/// How many can read at the same time.
const READERS: u32 = 4;

/// How long to wait for one of them: reads take at most a second each, so this is never reached on a sane machine.
const READER_PATIENCE: Duration = Duration::from_secs(10);

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
    pool(common(path, busy).pragma("query_only", "ON"))
}

/// The connections that read a file which nobody can write.
pub(crate) fn immutable_readers(path: &Path, busy: Duration) -> SqlitePool {
    pool(common(path, busy).read_only(true).immutable(true).pragma("query_only", "ON"))
}

fn pool(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(READER_PATIENCE)
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

/// A connection that copies the whole file elsewhere (`VACUUM INTO`), which counts as writing, though not here.
pub(crate) async fn copier(path: &Path, busy: Duration) -> sqlx::Result<SqliteConnection> {
    common(path, busy).read_only(true).connect().await
}

/// Stops what a connection is doing when it is dropped: by itself, a statement goes on although nobody waits for it.
pub(crate) struct Leash {
    is_let_go: Arc<AtomicBool>,
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.is_let_go.store(true, Ordering::Relaxed);
    }
}

/// Takes a connection of one's own on a leash, for long work that may be given up.
pub(crate) async fn leash(db: &mut SqliteConnection) -> sqlx::Result<Leash> {
    /// Steps of SQLite's machine between two looks: far below a millisecond.
    const STEPS: i32 = 1_000;
    let leash = Leash { is_let_go: Arc::default() };
    let is_let_go = Arc::clone(&leash.is_let_go);
    db.lock_handle().await?.set_progress_handler(STEPS, move || !is_let_go.load(Ordering::Relaxed));
    Ok(leash)
}

/// Ends what a connection is asked when its time is over, until this is dropped. The watch stays with the connection when
/// a question is given up half way, and must not interrupt whoever has the connection next.
pub(crate) struct Deadline {
    at: Instant,
    counts: Arc<AtomicBool>,
}

impl Deadline {
    pub(crate) fn after(time: Duration) -> Self {
        Self { at: Instant::now() + time, counts: Arc::new(AtomicBool::new(true)) }
    }

    /// Watches over everything that the connection is asked from now on.
    pub(crate) async fn watch(&self, db: &mut SqliteConnection) -> sqlx::Result<()> {
        /// Steps of SQLite's machine between two looks. Few, since one step may read a whole text.
        const STEPS: i32 = 100;
        let (at, counts) = (self.at, Arc::clone(&self.counts));
        let goes_on = move || !counts.load(Ordering::Relaxed) || Instant::now() < at;
        db.lock_handle().await?.set_progress_handler(STEPS, goes_on);
        Ok(())
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.counts.store(false, Ordering::Relaxed);
    }
}

/// Like [`inspector`], where nothing can be written at all.
pub(crate) async fn immutable_inspector(path: &Path, busy: Duration) -> sqlx::Result<SqliteConnection> {
    common(path, busy).read_only(true).immutable(true).connect().await
}

/// An empty database in memory, to make a schema in that others are compared with.
pub(crate) async fn model() -> sqlx::Result<SqliteConnection> {
    SqliteConnectOptions::new().in_memory(true).disable_statement_logging().connect().await
}

/// Closes a connection whose work is done; that it could not be closed well changes nothing for anyone.
pub(crate) async fn close(connection: SqliteConnection) {
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "closing a database connection");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fact(db: &mut SqliteConnection, pragma: &'static str) -> String {
        sqlx::query_scalar::<_, i64>(pragma)
            .fetch_one(db)
            .await
            .map_or_else(|error| error.to_string(), |n| n.to_string())
    }

    #[tokio::test]
    async fn the_writer_is_set_up_to_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        std::fs::write(&path, "").unwrap();
        let mut db = writer(&path, Duration::from_secs(5)).await.unwrap();
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut db).await.unwrap();
        assert_eq!(journal, "wal");
        for (pragma, value) in [
            ("PRAGMA synchronous", "2"),
            ("PRAGMA foreign_keys", "1"),
            ("PRAGMA busy_timeout", "5000"),
            ("PRAGMA trusted_schema", "0"),
            ("PRAGMA cell_size_check", "1"),
            ("PRAGMA mmap_size", "0"),
            ("PRAGMA secure_delete", "1"),
            ("PRAGMA wal_autocheckpoint", "1000"),
            ("PRAGMA journal_size_limit", "67108864"),
        ] {
            assert_eq!(fact(&mut db, pragma).await, value, "{pragma}");
        }
        let readers = readers(&path, Duration::from_secs(5));
        let written = sqlx::raw_sql("CREATE TABLE x (y)").execute(&readers).await;
        assert!(written.is_err(), "a reader cannot write");
    }

    #[tokio::test]
    async fn sqlite_has_the_fix_of_the_log_reset() {
        let mut db = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
        let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut db).await.unwrap();
        let numbers: Vec<u32> = version.split('.').map(|number| number.parse().unwrap()).collect();
        assert!(numbers >= vec![3, 51, 3], "{version} may corrupt a log that two write to");
    }
}
