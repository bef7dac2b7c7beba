//! What is done for the store while nobody writes: the log is written back, once a day a copy is made, once a week
//! everything is read and compared. The app runs [`Store::keep_safe`] for as long as it lives.

use std::fs;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnection;

use crate::backup;
use crate::connect;
use crate::error::{OpenError, StoreError, system};
use crate::folder::{Access, Folder, private_file};
use crate::schema;
use crate::store::Store;
use crate::table::meta;

/// So long without a write counts as idle.
const IDLE: Duration = Duration::from_secs(60);

/// While it stays idle, it is looked again this often whether a day or a week has passed.
const AGAIN: Duration = Duration::from_secs(60 * 60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// With less room than this no back-ups are made: the room is for what the person says next.
const ROOM_FOR_BACKUPS: u64 = 200_000_000;

impl Store {
    /// Keeps the store safe until it is dropped, looking `every` so often whether it is idle.
    pub async fn keep_safe(&self, every: Duration) {
        if self.access() == Access::ReadOnly {
            return;
        }
        let mut quiet = Quiet::since(self.written());
        loop {
            tokio::time::sleep(every).await;
            if quiet.is_due(self.written(), self.inner.clock.now()) {
                self.tend().await;
            }
        }
    }

    /// Bytes free where the data lies, `None` when the system does not tell. Bytes that only the system's own user may
    /// fill do not count.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        fs4::available_space(self.folder()).ok()
    }

    fn written(&self) -> Instant {
        *self.inner.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does all that is due. What fails is tried again when it is due again; the person's own work never waits for it.
    async fn tend(&self) {
        if let Err(error) = self.verify_weekly().await {
            tracing::warn!(%error, "checking the database");
        }
        if let Err(error) = self.back_up_daily().await {
            tracing::warn!(%error, "backing the database up");
        }
        // Last, since what was found is noted in the log as well.
        if Folder::size_of(&self.inner.folder.wal()) > 0
            && let Err(error) = self.checkpoint().await
        {
            tracing::warn!(%error, "writing the log back into the database");
        }
    }

    async fn back_up_daily(&self) -> Result<(), OpenError> {
        let folder = &self.inner.folder;
        let wall = self.inner.clock.wall();
        // A copy of what is damaged would push out a good one.
        if self.inner.is_suspect.load(Ordering::Relaxed) || self.free_bytes().is_none_or(|free| free < ROOM_FOR_BACKUPS)
        {
            return Ok(());
        }
        let last = backup::last_daily(folder, wall);
        if last.as_ref().is_some_and(|last| wall.saturating_sub(backup::made(last)) < DAY) {
            return Ok(());
        }
        let path = folder.database();
        let mut db = connect::copier(&path, self.inner.busy).await.map_err(schema::database(&path))?;
        let made = self.back_up_if_changed(&mut db, last.as_deref(), wall).await;
        connect::close(db).await;
        made
    }

    async fn back_up_if_changed(
        &self,
        db: &mut SqliteConnection,
        last: Option<&Path>,
        wall: Duration,
    ) -> Result<(), OpenError> {
        let folder = &self.inner.folder;
        let path = folder.database();
        let failed = schema::database(&path);
        // Two programs must not make the same copy, nor tidy away what the other one makes.
        let Some(_lock) = folder.lock_backups()? else { return Ok(()) };
        // Given up with this future, so that the end of the program does not wait for a copy.
        let _leash = connect::leash(db).await.map_err(&failed)?;
        let now = meta::stamp_of(db).await.map_err(&failed)?;
        let Some(now) = now else { return Ok(()) };
        if let Some(last) = last
            && stamp_in(last).await.is_ok_and(|then| then.is_some_and(|then| then == now))
        {
            return Ok(());
        }
        backup::write(db, folder, backup::DAILY, wall).await?;
        backup::prune(folder, wall);
        tracing::info!("backed the database up");
        Ok(())
    }

    async fn verify_weekly(&self) -> Result<(), StoreError> {
        let path = self.inner.folder.database();
        let mut db = connect::inspector(&path, self.inner.busy).await?;
        let outcome = self.verify(&mut db).await;
        connect::close(db).await;
        match outcome? {
            None => Ok(()),
            Some(Verdict::Good) => self.note_verified().await,
            Some(Verdict::BadIndex) => {
                tracing::warn!("the text index did not fit the messages; made anew");
                self.index_anew().await?;
                self.note_verified().await
            }
            Some(Verdict::Bad(what)) => {
                tracing::error!(%what, "the database did not pass its weekly check");
                self.inner.is_suspect.store(true, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// `None` when a check is not due yet.
    async fn verify(&self, db: &mut SqliteConnection) -> Result<Option<Verdict>, StoreError> {
        if !meta::is_verification_due(db, self.inner.clock.wall()).await? {
            return Ok(None);
        }
        let _leash = connect::leash(db).await?;
        match schema::integrity(db).await {
            Ok(verdict) => Ok(Some(Verdict::of(&verdict))),
            Err(error) => match StoreError::from(error) {
                StoreError::Damaged(source) => Ok(Some(Verdict::Bad(source.to_string()))),
                other => Err(other),
            },
        }
    }
}

/// What reading everything showed.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    /// Only the text index is wrong, which can be made anew from the messages.
    BadIndex,
    /// What SQLite said.
    Bad(String),
}

impl Verdict {
    fn of(lines: &[String]) -> Self {
        match lines {
            [line] if line == "ok" => Self::Good,
            lines if schema::is_about_index_alone(lines) => Self::BadIndex,
            lines => Self::Bad(lines.join("; ")),
        }
    }
}

async fn stamp_in(copy: &Path) -> sqlx::Result<Option<String>> {
    let mut db = backup::open(copy).await?;
    let stamp = meta::stamp_of(&mut db).await;
    connect::close(db).await;
    stamp
}

impl Folder {
    /// The lock of those who make back-ups, `None` while another one does.
    fn lock_backups(&self) -> Result<Option<fs::File>, OpenError> {
        let path = self.backups_made().map_err(system("creating", &self.backup_folder()))?.join("lock");
        let file =
            private_file().create(true).truncate(false).write(true).open(&path).map_err(system("opening", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(system("locking", &path)(error)),
        }
    }
}

/// Tells when nobody has written for a while, once, and then from time to time. Pure.
#[derive(Debug)]
struct Quiet {
    since: Instant,
    /// When it was told last, since the last write.
    told: Option<Instant>,
}

impl Quiet {
    fn since(written: Instant) -> Self {
        Self { since: written, told: None }
    }

    fn is_due(&mut self, written: Instant, now: Instant) -> bool {
        if written != self.since {
            *self = Self::since(written);
        }
        let due = match self.told {
            None => now.duration_since(self.since) >= IDLE,
            Some(told) => now.duration_since(told) >= AGAIN,
        };
        if due {
            self.told = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_once_after_a_minute_without_a_write_and_then_each_hour() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut quiet = Quiet::since(start);
        let mut look = |written, now| quiet.is_due(at(written), at(now));
        assert!(!look(0, 59));
        assert!(look(0, 60));
        assert!(!look(0, 120));
        assert!(look(0, 60 + 3_600));
        assert!(!look(4_990, 5_000), "a write begins it anew");
        assert!(!look(5_050, 5_059));
        assert!(!look(5_050, 5_109));
        assert!(look(5_050, 5_110));
    }

    #[test]
    fn a_wrong_index_is_told_from_wrong_pages() {
        let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
        let index = "malformed inverted index for FTS5 table main.message_text";
        assert_eq!(Verdict::of(&lines(&["ok"])), Verdict::Good);
        assert_eq!(Verdict::of(&lines(&[index])), Verdict::BadIndex);
        let blob = "fts5: corruption found reading blob 137438953473 from table \"message_text\"";
        assert_eq!(Verdict::of(&lines(&[blob])), Verdict::BadIndex);
        assert!(matches!(Verdict::of(&[]), Verdict::Bad(_)));
        let both = Verdict::of(&lines(&["Tree 5 page 7: btreeInitPage() returns error code 11", index]));
        assert!(matches!(both, Verdict::Bad(_)), "{both:?}");
    }
}
