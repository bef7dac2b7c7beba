//! The table `meta`: facts about the file itself. Used by `open`.

use std::time::Duration;

use sqlx::sqlite::SqliteConnection;

use crate::error::StoreError;
use crate::store::{Growth, Store, settled};

/// How often every page is checked without a reason.
const CHECK_EVERY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const CHECKED_MS: &str = "checked_ms";

/// Whether the last check of every page was a week ago, or never. A clock that went backwards does not count.
pub(crate) async fn check_is_due(db: &mut SqliteConnection, wall: Duration) -> sqlx::Result<bool> {
    let stored: Option<String> =
        sqlx::query_scalar("SELECT value FROM meta WHERE key = ?").bind(CHECKED_MS).fetch_optional(db).await?;
    let last = stored.and_then(|text| text.parse().ok()).map(Duration::from_millis);
    Ok(last.is_none_or(|last| wall.saturating_sub(last) > CHECK_EVERY))
}

impl Store {
    /// Notes that every page was found good now.
    pub(crate) async fn note_check(&self) -> Result<(), StoreError> {
        settled!(self, self.note_check_once())
    }

    async fn note_check_once(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        sqlx::query(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(CHECKED_MS)
        .bind(self.now_ms().to_string())
        .execute(&mut *transaction)
        .await?;
        self.commit(transaction).await
    }
}
