//! The table `meta`: facts about the file itself. Used by `open`, by every commit and by what is done while idle.

use std::time::Duration;

use sqlx::sqlite::SqliteConnection;

use crate::error::StoreError;
use crate::store::{Growth, Store, settled};

/// How often every page is checked without a reason.
const CHECK_EVERY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const CHECKED_MS: &str = "checked_ms";
const VERIFIED_MS: &str = "verified_ms";
const STAMP: &str = "stamp";

/// Whether the last check of every page was a week ago, or never. A clock that went backwards does not count.
pub(crate) async fn check_is_due(db: &mut SqliteConnection, wall: Duration) -> sqlx::Result<bool> {
    is_week_old(db, CHECKED_MS, wall).await
}

/// Whether everything was last read and compared a week ago, or never. A clock that went backwards does not count.
pub(crate) async fn is_verification_due(db: &mut SqliteConnection, wall: Duration) -> sqlx::Result<bool> {
    is_week_old(db, VERIFIED_MS, wall).await
}

/// Marks the content as another one than before, within the transaction that changes it: a copy of the file with the
/// same stamp holds the same.
pub(crate) async fn stamp(db: &mut SqliteConnection) -> sqlx::Result<()> {
    set(db, STAMP, &parlance_core::id::random()).await
}

/// The stamp of the content; `None` before anything was written.
pub(crate) async fn stamp_of(db: &mut SqliteConnection) -> sqlx::Result<Option<String>> {
    get(db, STAMP).await
}

async fn get(db: &mut SqliteConnection, key: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT value FROM meta WHERE key = ?").bind(key).fetch_optional(db).await
}

async fn set(db: &mut SqliteConnection, key: &str, value: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(key)
        .bind(value)
        .execute(db)
        .await
        .map(drop)
}

async fn is_week_old(db: &mut SqliteConnection, key: &str, wall: Duration) -> sqlx::Result<bool> {
    let last = get(db, key).await?.and_then(|text| text.parse().ok()).map(Duration::from_millis);
    Ok(last.is_none_or(|last| wall.saturating_sub(last) > CHECK_EVERY))
}

impl Store {
    /// Notes that every page was found good now.
    pub(crate) async fn note_check(&self) -> Result<(), StoreError> {
        settled!(self, self.note_once(CHECKED_MS))
    }

    /// Notes that everything was read, compared and found good now.
    pub(crate) async fn note_verified(&self) -> Result<(), StoreError> {
        settled!(self, self.note_once(VERIFIED_MS))
    }

    async fn note_once(&self, key: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        set(&mut transaction, key, &self.now_ms().to_string()).await?;
        self.commit_as_before(transaction).await
    }
}
