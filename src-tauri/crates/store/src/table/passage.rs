//! The tables `passage` and `passage_text`: notes cut into passages, and the words of each.

use std::collections::HashMap;

use sqlx::sqlite::SqliteConnection;

use crate::error::StoreError;
use crate::store::Store;
use crate::words;

/// How long a [`NewPassage::hash`] is, in bytes.
pub const HASH_BYTES: usize = 16;

/// A passage as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPassage {
    /// Where it begins, in bytes of the note's text; on a character.
    pub start: usize,
    /// Where it ends, likewise.
    pub end: usize,
    /// The headings above it, outermost first.
    pub heading: Vec<String>,
    /// Of all that is embedded: one with the same hash keeps its row and its meaning.
    pub hash: [u8; HASH_BYTES],
}

/// Puts the passages of a note in the place of those that were there. Those that say the same stay;
/// the rows of the others, which are gone.
pub(crate) async fn replace(
    db: &mut SqliteConnection,
    note_n: i64,
    title: &str,
    text: &str,
    passages: &[NewPassage],
) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as("SELECT n, hash FROM passage WHERE note_n = ? ORDER BY start DESC")
        .bind(note_n)
        .fetch_all(&mut *db)
        .await?;
    // Of several that say the same, the first ones are met first.
    let mut old: HashMap<Vec<u8>, Vec<i64>> = HashMap::new();
    for (n, hash) in rows {
        old.entry(hash).or_default().push(n);
    }
    let mut fresh = Vec::new();
    for passage in passages {
        match old.get_mut(passage.hash.as_slice()).and_then(Vec::pop) {
            Some(n) => {
                sqlx::query("UPDATE passage SET start = ?1, stop = ?2 WHERE n = ?3 AND (start <> ?1 OR stop <> ?2)")
                    .bind(offset(passage.start))
                    .bind(offset(passage.end))
                    .bind(n)
                    .execute(&mut *db)
                    .await?;
            }
            None => fresh.push(passage),
        }
    }
    let gone: Vec<i64> = old.into_values().flatten().collect();
    forget_words(db, &gone).await?;
    for n in &gone {
        sqlx::query("DELETE FROM passage WHERE n = ?").bind(n).execute(&mut *db).await?;
    }
    for passage in fresh {
        let n: i64 = sqlx::query_scalar(
            "INSERT INTO passage (note_n, start, stop, heading, hash) VALUES (?, ?, ?, ?, ?) RETURNING n",
        )
        .bind(note_n)
        .bind(offset(passage.start))
        .bind(offset(passage.end))
        .bind(serde_json::to_string(&passage.heading)?)
        .bind(passage.hash.as_slice())
        .fetch_one(&mut *db)
        .await?;
        index(db, n, title, &passage.heading, text.get(passage.start..passage.end).unwrap_or_default()).await?;
    }
    Ok(gone)
}

fn offset(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Puts the words of a passage into the index.
async fn index(db: &mut SqliteConnection, n: i64, title: &str, heading: &[String], text: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO passage_text (rowid, title, heading, words, parts) VALUES (?, ?, ?, ?, ?)")
        .bind(n)
        .bind(words::indexed(title))
        .bind(words::indexed(&heading.join(" ")))
        .bind(words::indexed(text))
        .bind(words::parts(text))
        .execute(db)
        .await
        .map(drop)
}

/// Takes the words of passages out of the index, before the passages themselves go: they are no foreign keys.
pub(crate) async fn forget_words(db: &mut SqliteConnection, passages: &[i64]) -> sqlx::Result<()> {
    for n in passages {
        sqlx::query("DELETE FROM passage_text WHERE rowid = ?").bind(n).execute(&mut *db).await?;
    }
    Ok(())
}

/// Whether a line of SQLite's integrity check is about this index alone.
pub(crate) fn is_complaint_about_index(line: &str) -> bool {
    line.contains("FTS5 table main.passage_text") || line.starts_with("fts5:") && line.contains("\"passage_text\"")
}

/// Makes the index anew from the notes, within a transaction.
pub(crate) async fn fill_anew(db: &mut SqliteConnection) -> Result<(), StoreError> {
    // Not row by row, which would read what is there, and that is wrong.
    sqlx::raw_sql("DROP TABLE passage_text").execute(&mut *db).await?;
    sqlx::raw_sql(include_str!("passage_text.sql")).execute(&mut *db).await?;
    let mut last = 0_i64;
    loop {
        let next: Option<(i64, String, String, Vec<u8>)> = sqlx::query_as(
            "SELECT passage.n, title, heading, substr(CAST(text AS BLOB), start + 1, stop - start)
             FROM passage JOIN note ON note.n = note_n WHERE passage.n > ? ORDER BY passage.n LIMIT 1",
        )
        .bind(last)
        .fetch_optional(&mut *db)
        .await?;
        let Some((n, title, heading, text)) = next else { return Ok(()) };
        last = n;
        let heading: Vec<String> = serde_json::from_str(&heading).unwrap_or_default();
        index(db, n, &title, &heading, &String::from_utf8_lossy(&text)).await?;
    }
}

impl Store {
    /// How many passages there are.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn passage_count(&self) -> Result<u32, StoreError> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM passage JOIN note ON note.n = note_n WHERE deleted_ms IS NULL")
                .fetch_one(self.readers())
                .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}
