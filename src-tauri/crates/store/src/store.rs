//! The open store: one writer, four readers, and what every write goes through. The tables add their own methods to
//! [`Store`] in `table/`.

use std::fs::File;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use parlance_core::Clock;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::connect;
use crate::error::StoreError;
use crate::folder::{Access, Folder, Mark};
use crate::reserve::Reserve;
use crate::session::Session;
use crate::table::meta;

/// An open store. Clones share it.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) folder: Folder,
    pub(crate) access: Access,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long to wait for another program.
    pub(crate) busy: Duration,
    pub(crate) readers: SqlitePool,
    pub(crate) writer: Arc<Mutex<Writer>>,
    pub(crate) reserve: Reserve,
    /// This opening; `None` when nothing can be written.
    pub(crate) session: Option<Session>,
    /// Held as long as the store is open.
    pub(crate) lock: Option<File>,
    /// A copy that is read because its log could not be replayed in place; removed with the store.
    pub(crate) copy: Option<crate::open::TemporaryCopy>,
    /// When the content changed last, or the store was opened.
    pub(crate) written: std::sync::Mutex<Instant>,
    /// Whether a check found the file damaged: no clean end is marked, so that the next start looks at every page.
    pub(crate) is_suspect: AtomicBool,
}

/// The one connection that writes.
pub(crate) struct Writer {
    /// `None` when the store can only be read, or is closed.
    pub(crate) connection: Option<SqliteConnection>,
    /// Whether the disk failed it before. The first time it is opened anew, the second time it is given up.
    pub(crate) has_failed: bool,
}

/// Whether a write makes the store larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    /// It begins something new: refused while the disk is full.
    New,
    /// It ends what was begun, or removes something: may use the reserve.
    Needed,
}

impl Store {
    /// The data folder, with links resolved.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.inner.folder.root()
    }

    /// Whether the store can be written.
    #[must_use]
    pub fn access(&self) -> Access {
        self.inner.access
    }

    /// Whether the disk was found full. It is looked at again by each call.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.inner.reserve.is_full()
    }

    /// Ends well: writes the log back into the database and lets the files go. Every later call is
    /// [`StoreError::Closed`].
    pub async fn close(&self) {
        let inner = &self.inner;
        inner.readers.close().await;
        let connection = inner.writer.lock().await.connection.take();
        let Some(mut connection) = connection else { return };
        if let Err(error) = checkpoint(&mut connection).await {
            tracing::warn!(%error, "writing the log back into the database");
        }
        connect::close(connection).await;
        let Some(lock) = &inner.lock else { return };
        // The last one to end leaves the mark.
        if lock.unlock().is_ok() && lock.try_lock().is_ok() {
            // A log that could not be written back is not a clean end: after one, a log is somebody else's.
            let is_clean = Folder::size_of(&inner.folder.wal()) == 0 && !inner.is_suspect.load(Ordering::Relaxed);
            // Nor may the power bring the log back after the mark is on the disk.
            if is_clean
                && let Err(error) =
                    Folder::sync(inner.folder.root()).and_then(|()| inner.folder.write_mark(Mark::Closed))
            {
                tracing::debug!(%error, "marking the clean end");
            }
            let _ = lock.unlock();
        }
    }

    /// Milliseconds since 1970 (UTC), for people.
    pub(crate) fn now_ms(&self) -> i64 {
        i64::try_from(self.inner.clock.wall().as_millis()).unwrap_or(i64::MAX)
    }

    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }

    /// Begins a transaction that will write.
    pub(crate) async fn begin(&self, growth: Growth) -> Result<WriteTransaction, StoreError> {
        if self.inner.access == Access::ReadOnly {
            return Err(StoreError::ReadOnly);
        }
        if growth == Growth::New && self.inner.reserve.is_full() {
            return Err(StoreError::Full);
        }
        let mut writer = Arc::clone(&self.inner.writer).lock_owned().await;
        writer.connection_mut()?;
        // Before it begins: given up while it waits, it would begin with nobody to end it.
        let mut transaction = WriteTransaction { writer: Some(writer) };
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *transaction).await?;
        Ok(transaction)
    }

    /// Commits what changes the content, and says so in the file. On an error nothing of the transaction is stored.
    pub(crate) async fn commit(&self, mut transaction: WriteTransaction) -> Result<(), StoreError> {
        meta::stamp(&mut transaction).await?;
        *self.inner.written.lock().unwrap_or_else(PoisonError::into_inner) = self.inner.clock.now();
        self.commit_as_before(transaction).await
    }

    /// Commits what no back-up is needed for. On an error nothing of the transaction is stored.
    pub(crate) async fn commit_as_before(&self, mut transaction: WriteTransaction) -> Result<(), StoreError> {
        sqlx::raw_sql("COMMIT").execute(&mut *transaction).await?;
        transaction.writer = None;
        Ok(())
    }

    /// Whether a write that failed may be tried once more. Every write goes through here; see [`settled`].
    pub(crate) async fn may_try_again<T>(&self, outcome: &Result<T, StoreError>) -> bool {
        match outcome {
            Err(StoreError::Full) => self.inner.reserve.give_up(),
            Err(StoreError::DiskFailed(_)) => self.open_writer_anew().await,
            _ => false,
        }
    }

    /// After a failure of the disk a second sync on the same descriptor would lie: the writer is opened anew, once, and
    /// given up after that.
    async fn open_writer_anew(&self) -> bool {
        let mut writer = self.inner.writer.lock().await;
        if let Some(broken) = writer.connection.take() {
            connect::close(broken).await;
        }
        if writer.has_failed {
            return false;
        }
        writer.has_failed = true;
        writer.connection = connect::writer(&self.inner.folder.database(), self.inner.busy).await.ok();
        writer.connection.is_some()
    }

    /// Writes the log back and cuts it off, so that nothing deleted stays in it.
    pub(crate) async fn checkpoint(&self) -> Result<(), StoreError> {
        let mut writer = self.inner.writer.lock().await;
        checkpoint(writer.connection_mut()?).await.map_err(StoreError::from)
    }
}

/// Awaits a write, and again if the first attempt failed on something that could be mended. The expression is evaluated
/// for each attempt.
macro_rules! settled {
    ($store:expr, $write:expr) => {
        loop {
            let outcome = $write.await;
            if !$store.may_try_again(&outcome).await {
                break outcome;
            }
        }
    };
}
pub(crate) use settled;

async fn checkpoint(db: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(db).await.map(drop)
}

impl Writer {
    pub(crate) fn connection_mut(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            None if self.has_failed => Err(StoreError::ReadOnly),
            None => Err(StoreError::Closed),
        }
    }
}

/// A transaction on the writer. Dropped without [`Store::commit`] it is rolled back, also when the task is cancelled.
///
/// SQLite ends a transaction by itself on some failures (a full disk, for one), which the library's own transactions
/// do not expect, so this one speaks plain SQL.
pub(crate) struct WriteTransaction {
    writer: Option<OwnedMutexGuard<Writer>>,
}

impl Deref for WriteTransaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        let writer = self.writer.as_ref().expect("BUG: an open transaction has its writer");
        writer.connection.as_ref().expect("BUG: an open transaction has its connection")
    }
}

impl DerefMut for WriteTransaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        let writer = self.writer.as_mut().expect("BUG: an open transaction has its writer");
        writer.connection.as_mut().expect("BUG: an open transaction has its connection")
    }
}

impl Drop for WriteTransaction {
    fn drop(&mut self) {
        let Some(mut writer) = self.writer.take() else { return };
        // The next write waits for the lock, and so for the rollback.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Some(connection) = &mut writer.connection {
                    // That SQLite has ended the transaction by itself is as good.
                    let _ = sqlx::raw_sql("ROLLBACK").execute(connection).await;
                }
            });
        }
    }
}
