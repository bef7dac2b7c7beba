//! The table `message_text`: full-text search over everything said and typed, reasoning left out.

use std::time::Duration;

use parlance_core::ContentBlock;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::connect::Deadline;
use crate::error::StoreError;
use crate::snippet::{SnippetPiece, snippet};
use crate::store::{Growth, Store, settled};
use crate::table::{passage, unsigned};
use crate::words::{self, Phrase};

/// A search may take this long.
const LIMIT: Duration = Duration::from_secs(1);

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
        self.search_within(query, limit, LIMIT).await
    }

    /// Makes the indexes of words anew, from the messages and the notes.
    pub(crate) async fn index_anew(&self) -> Result<(), StoreError> {
        settled!(self, self.index_anew_once())
    }

    async fn index_anew_once(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        fill_anew(&mut transaction).await?;
        passage::fill_anew(&mut transaction).await?;
        self.commit(transaction).await
    }

    async fn search_within(&self, query: &str, limit: u32, time: Duration) -> Result<Vec<SearchHit>, StoreError> {
        let phrases = words::phrases(query);
        if phrases.is_empty() {
            return Ok(Vec::new());
        }
        let mut reader = self.readers().acquire().await?;
        let deadline = Deadline::after(time);
        deadline.watch(&mut reader).await?;
        let found = sqlx::query(FIND).bind(words::fts_query(&phrases)).bind(limit).fetch_all(&mut *reader).await;
        drop(deadline);
        found?.iter().map(|row| read(row, &phrases)).collect()
    }
}

/// The best hits first, and only then their texts.
pub(crate) const FIND: &str = "SELECT message.id, message.conversation_id, message.content, message.created_ms,
        conversation.title
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
    ORDER BY hit.score, hit.n DESC";

fn read(row: &SqliteRow, phrases: &[Phrase]) -> Result<SearchHit, StoreError> {
    let blocks: Vec<ContentBlock> = serde_json::from_str(row.try_get("content")?)?;
    Ok(SearchHit {
        conversation_id: row.try_get("conversation_id")?,
        title: row.try_get("title")?,
        message_id: row.try_get("id")?,
        snippet: snippet(&spoken_words(&blocks), phrases),
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

/// Whether a line of SQLite's integrity check is about this index alone.
pub(crate) fn is_complaint_about_index(line: &str) -> bool {
    line.contains("FTS5 table main.message_text") || line.starts_with("fts5:") && line.contains("\"message_text\"")
}

/// Makes the index anew from the messages, within a transaction. Messages whose content cannot be read are left out.
pub(crate) async fn fill_anew(db: &mut SqliteConnection) -> sqlx::Result<()> {
    // Not row by row, which would read what is there, and that is wrong.
    sqlx::raw_sql("DROP TABLE message_text").execute(&mut *db).await?;
    sqlx::raw_sql(include_str!("message_text.sql")).execute(&mut *db).await?;
    let mut last = 0_i64;
    loop {
        let next: Option<(i64, String)> =
            sqlx::query_as("SELECT n, content FROM message WHERE n > ? ORDER BY n LIMIT 1")
                .bind(last)
                .fetch_optional(&mut *db)
                .await?;
        let Some((n, content)) = next else { return Ok(()) };
        last = n;
        if let Ok(blocks) = serde_json::from_str::<Vec<ContentBlock>>(&content) {
            index(db, n, &blocks).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use parlance_core::{Msg, Role};

    use super::*;
    use crate::{NewMessage, Options, Place};

    #[tokio::test]
    async fn a_search_that_takes_too_long_ends_and_the_reader_works_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Options::default()).await.unwrap();
        for _ in 0..30 {
            let long = NewMessage::complete(Msg::text(Role::User, "you", "word ".repeat(20_000)));
            store.insert_message(Place::NewConversation, &long).await.unwrap();
        }
        // Every reader in turn.
        for _ in 0..8 {
            let found = store.search_within("word", 50, Duration::ZERO).await.map(|hits| hits.len());
            assert!(matches!(found, Err(StoreError::Slow)), "{found:?}");
        }
        for micros in (0..4_000).step_by(100) {
            let given_up = store.search_within("word", 50, Duration::ZERO);
            let _ = tokio::time::timeout(Duration::from_micros(micros), given_up).await;
        }
        for _ in 0..8 {
            assert_eq!(store.conversations(0, 50).await.unwrap().len(), 30);
        }
        assert_eq!(store.search("word", 50).await.unwrap().len(), 30);
    }
}
