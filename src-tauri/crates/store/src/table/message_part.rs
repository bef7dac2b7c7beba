//! The table `message_part`: what came of a running answer, in pieces. Written by [`crate::AnswerWriter`], read once,
//! by the recovery at start.

use parlance_core::{ModelEvent, Reply, StopReason};
use sqlx::sqlite::SqliteConnection;

use crate::error::StoreError;
use crate::store::{Growth, Store, settled};

const EVENTS: &str = "events";

impl Store {
    /// Adds what came since the last call to a running answer. Only what is new: the pieces are folded in order.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the answer is over or was removed, or when writing fails; then nothing was added.
    pub async fn append_parts(&self, message_id: &str, events: &[ModelEvent]) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(events)?;
        settled!(self, self.append_once(message_id, &bytes))
    }

    async fn append_once(&self, message_id: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let added = sqlx::query(
            "INSERT INTO message_part (message_id, seq, kind, bytes)
             SELECT id, (SELECT coalesce(max(seq), 0) + 1 FROM message_part WHERE message_id = ?1), ?2, ?3
             FROM message WHERE id = ?1 AND status = 'streaming'",
        )
        .bind(message_id)
        .bind(EVENTS)
        .bind(bytes)
        .execute(&mut *transaction)
        .await?;
        if added.rows_affected() == 0 {
            return Err(StoreError::Gone { what: "running answer", id: message_id.to_owned() });
        }
        self.commit(transaction).await
    }
}

/// The answer as far as its parts tell. Parts that cannot be read end it: what came before is kept.
pub(crate) async fn fold(db: &mut SqliteConnection, message_id: &str) -> sqlx::Result<Reply> {
    let parts: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT bytes FROM message_part WHERE message_id = ? AND kind = ? ORDER BY seq")
            .bind(message_id)
            .bind(EVENTS)
            .fetch_all(db)
            .await?;
    let mut reply = Reply::default();
    for part in parts {
        match serde_json::from_slice::<Vec<ModelEvent>>(&part) {
            Ok(events) => events.iter().for_each(|event| reply.apply(event)),
            Err(error) => {
                tracing::warn!(%error, "a part of an answer cannot be read");
                break;
            }
        }
    }
    // Writes out sound that was still being joined.
    reply.apply(&ModelEvent::Finished { reason: StopReason::Other("cut".to_owned()) });
    Ok(reply)
}

/// Removes the parts of an answer that is over.
pub(crate) async fn remove(db: &mut SqliteConnection, message_id: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM message_part WHERE message_id = ?").bind(message_id).execute(db).await.map(drop)
}
