//! The table `running`: answers that are being written, and by which opening of the store. Tells the answers of a killed
//! program from those of another one that lives.

use sqlx::sqlite::{SqliteConnection, SqlitePool};

/// Notes that this opening writes an answer.
pub(crate) async fn begin(db: &mut SqliteConnection, message_id: &str, session: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO running (message_id, session) VALUES (?, ?)")
        .bind(message_id)
        .bind(session)
        .execute(db)
        .await
        .map(drop)
}

/// The answer is over.
pub(crate) async fn end(db: &mut SqliteConnection, message_id: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM running WHERE message_id = ?").bind(message_id).execute(db).await.map(drop)
}

/// All answers that are not over, each with the opening that writes it, if that is known.
pub(crate) async fn all(readers: &SqlitePool) -> sqlx::Result<Vec<(String, Option<String>)>> {
    sqlx::query_as(
        "SELECT message.id, running.session FROM message LEFT JOIN running ON running.message_id = message.id
         WHERE message.status = 'streaming' ORDER BY message.n",
    )
    .fetch_all(readers)
    .await
}
