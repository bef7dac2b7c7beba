//! The table `message_text`: full-text search over everything said and typed, reasoning left out.

use std::time::{Duration, Instant};

use parlance_core::ContentBlock;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::error::StoreError;
use crate::snippet::{MARK_BEGIN, MARK_END, SnippetPiece, snippet};
use crate::store::Store;
use crate::table::unsigned;
use crate::words;

/// A search may take this long.
const LIMIT: Duration = Duration::from_secs(1);

/// How many steps of SQLite's machine lie between two looks at the clock: well under a millisecond.
const STEPS_PER_LOOK: i32 = 10_000;

/// A hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// The thread.
    pub conversation_id: String,
    /// Its title.
    pub title: String,
    /// The message.
    pub message_id: String,
    /// Words around the hit, cut into pieces that match or do not.
    pub snippet: Vec<SnippetPiece>,
    /// Milliseconds since 1970 (UTC).
    pub created_ms: u64,
}

impl Store {
    /// The messages that hold all words of `query`, the last one by its beginning; best first, newer first among
    /// equals. Any string is a legal query; one without a word finds nothing.
    ///
    /// # Errors
    /// [`StoreError::Slow`] after a second, or when reading fails.
    pub async fn search(&self, query: &str, limit: u32) -> Result<Vec<SearchHit>, StoreError> {
        let Some(query) = words::fts_query(query) else { return Ok(Vec::new()) };
        let mut reader = self.readers().acquire().await?;
        let deadline = Instant::now() + LIMIT;
        reader.lock_handle().await?.set_progress_handler(STEPS_PER_LOOK, move || Instant::now() < deadline);
        let found = find(&mut reader, &query, limit).await;
        reader.lock_handle().await?.remove_progress_handler();
        found?.iter().map(read).collect()
    }
}

async fn find(db: &mut SqliteConnection, query: &str, limit: u32) -> sqlx::Result<Vec<SqliteRow>> {
    sqlx::query(
        "SELECT hit.n, message.id, message.conversation_id, message.content, message.created_ms, conversation.title,
                highlight(message_text, 0, ?3, ?4) AS marked
         FROM (
            SELECT message_text.rowid AS n, message_text.rank AS score
            FROM message_text
            JOIN message ON message.n = message_text.rowid
            JOIN conversation ON conversation.id = message.conversation_id
            WHERE message_text MATCH ?1 AND conversation.deleted_ms IS NULL
            ORDER BY score, n DESC LIMIT ?2
         ) AS hit
         JOIN message ON message.n = hit.n
         JOIN conversation ON conversation.id = message.conversation_id
         JOIN message_text ON message_text.rowid = hit.n
         WHERE message_text MATCH ?1
         ORDER BY hit.score, hit.n DESC",
    )
    .bind(query)
    .bind(limit)
    .bind(MARK_BEGIN.to_string())
    .bind(MARK_END.to_string())
    .fetch_all(db)
    .await
}

fn read(row: &SqliteRow) -> Result<SearchHit, StoreError> {
    let blocks: Vec<ContentBlock> = serde_json::from_str(row.try_get("content")?)?;
    Ok(SearchHit {
        conversation_id: row.try_get("conversation_id")?,
        title: row.try_get("title")?,
        message_id: row.try_get("id")?,
        snippet: snippet(&spoken_words(&blocks), row.try_get("marked")?),
        created_ms: unsigned(row.try_get("created_ms")?),
    })
}

/// The words of a message: its text blocks, a line each.
pub(crate) fn spoken_words(blocks: &[ContentBlock]) -> String {
    blocks.iter().filter_map(ContentBlock::as_text).collect::<Vec<_>>().join("\n")
}

/// Puts the words of a message into the index, in place of what was there.
pub(crate) async fn index(db: &mut SqliteConnection, n: i64, blocks: &[ContentBlock]) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM message_text WHERE rowid = ?").bind(n).execute(&mut *db).await?;
    let words = words::indexed(&spoken_words(blocks));
    if words.is_empty() {
        return Ok(());
    }
    sqlx::query("INSERT INTO message_text (rowid, words) VALUES (?, ?)").bind(n).bind(words).execute(db).await.map(drop)
}
