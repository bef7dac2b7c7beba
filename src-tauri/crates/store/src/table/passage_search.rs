//! Searching `passage_text`, and reading the passages that were found.

use std::ops::Range;
use std::time::Duration;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::connect::Deadline;
use crate::error::StoreError;
use crate::question::Question;
use crate::store::Store;
use crate::table::note::{NoteFilter, filtered, signed, title_key};
use crate::table::unsigned;

/// A search may take this long.
const LIMIT: Duration = Duration::from_secs(1);

/// Weights of the columns: a word in the title says more about a passage than one in it, a part of a word says less.
const RANK: &str = "bm25(passage_text, 4.0, 2.0, 1.0, 0.4)";

/// Passages that words found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WordsFound {
    /// Best first, by BM25; greater is better.
    pub hits: Vec<(i64, f32)>,
    /// Notes' titles or passages that say exactly what was asked, best first. They are among `hits` or not.
    pub exact: Vec<i64>,
    /// What a passage of usual length with every word of the question once would have: how much of the question a hit
    /// answers is its score divided by this. 0 where nothing was asked.
    pub whole: f32,
}

/// A passage that was found, with what is shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPassage {
    /// The row.
    pub n: i64,
    /// The note.
    pub note_id: String,
    /// The note's title.
    pub title: String,
    /// The file the note was read from.
    pub path: Option<String>,
    /// The folders it lies in.
    pub folder: String,
    /// The headings above it, outermost first.
    pub heading: Vec<String>,
    /// Where it begins and ends, in bytes of the note's text.
    pub range: Range<u64>,
    /// Its words.
    pub text: String,
}

impl Store {
    /// Passages that hold any of the words of `query`, of notes that fit. Any string is a legal query. `total` is how
    /// many passages there are.
    ///
    /// # Errors
    /// [`StoreError::Slow`] after a second, or when reading fails.
    pub async fn search_words(
        &self,
        query: &str,
        which: &NoteFilter,
        total: u32,
        limit: u32,
    ) -> Result<WordsFound, StoreError> {
        let question = Question::new(query);
        if question.is_empty() {
            return Ok(WordsFound::default());
        }
        let mut reader = self.readers().acquire().await?;
        let deadline = Deadline::after(LIMIT);
        deadline.watch(&mut reader).await?;
        let mut hits = matching(&mut reader, &question.any(), which, limit).await?;
        if hits.len() < limit as usize / 2
            && let Some(parts) = question.parts()
        {
            for (n, score) in matching(&mut reader, &parts, which, limit).await? {
                if hits.iter().all(|(known, _)| *known != n) {
                    hits.push((n, score));
                }
            }
        }
        let mut exact = titled(&mut reader, query, which).await?;
        if let Some(phrase) = question.phrase() {
            const MOST: u32 = 5;
            exact.extend(matching(&mut reader, &phrase, which, MOST).await?.into_iter().map(|(n, _)| n));
        }
        let mut whole = 0.0;
        for term in question.each() {
            let with: i64 = sqlx::query_scalar("SELECT count(*) FROM passage_text WHERE passage_text MATCH ?")
                .bind(term)
                .fetch_one(&mut *reader)
                .await?;
            whole += rarity(total, with);
        }
        Ok(WordsFound { hits, exact, whole })
    }

    /// These passages, those that are gone, or of notes that do not fit, left out; in the order asked for.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn read_passages(&self, wanted: &[i64], which: &NoteFilter) -> Result<Vec<FoundPassage>, StoreError> {
        let sql = filtered!(
            "SELECT passage.n, note.id, title, note.path, folder, heading, start, stop,
                substr(CAST(text AS BLOB), start + 1, stop - start) AS words
             FROM json_each(?5) AS wanted JOIN passage ON passage.n = wanted.value JOIN note ON note.n = passage.note_n
             WHERE",
            "ORDER BY wanted.key"
        );
        let rows = sqlx::query(sql)
            .bind(&which.folder)
            .bind(&which.tag)
            .bind(signed(which.since_ms))
            .bind(signed(which.until_ms))
            .bind(serde_json::to_string(wanted)?)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read).collect()
    }

    /// The passages of notes that fit.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn passages_within(&self, which: &NoteFilter) -> Result<Vec<i64>, StoreError> {
        let sql = filtered!("SELECT passage.n FROM note JOIN passage ON passage.note_n = note.n WHERE", "");
        let passages = sqlx::query_scalar(sql)
            .bind(&which.folder)
            .bind(&which.tag)
            .bind(signed(which.since_ms))
            .bind(signed(which.until_ms));
        Ok(passages.fetch_all(self.readers()).await?)
    }

    /// The passages of a note in order.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn passages_of(&self, note_id: &str) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT passage.n FROM passage JOIN note ON note.n = note_n WHERE note.id = ? ORDER BY start";
        Ok(sqlx::query_scalar(sql).bind(note_id).fetch_all(self.readers()).await?)
    }
}

/// Where the words of a query stand in a text, in bytes, in order and apart from each other.
#[must_use]
pub fn marks(query: &str, text: &str) -> Vec<Range<usize>> {
    Question::new(query).marks(text)
}

async fn matching(
    db: &mut SqliteConnection,
    question: &str,
    which: &NoteFilter,
    limit: u32,
) -> Result<Vec<(i64, f32)>, StoreError> {
    let open = format!(
        "SELECT rowid, -{RANK} AS score FROM passage_text WHERE passage_text MATCH ?5 ORDER BY score DESC, rowid LIMIT ?6"
    );
    let narrow = format!(
        "SELECT passage_text.rowid, -{RANK} AS score FROM passage_text JOIN passage ON passage.n = passage_text.rowid
         JOIN note ON note.n = passage.note_n WHERE passage_text MATCH ?5 AND {} ORDER BY score DESC, passage.n LIMIT ?6",
        filtered!("", "")
    );
    // Without a condition no note is looked at, only the index.
    let sql = if which.is_open() { open } else { narrow };
    let rows: Vec<(i64, f64)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(&which.folder)
        .bind(&which.tag)
        .bind(signed(which.since_ms))
        .bind(signed(which.until_ms))
        .bind(question)
        .bind(limit)
        .fetch_all(db)
        .await?;
    #[expect(clippy::cast_possible_truncation, reason = "a score needs no more digits")]
    Ok(rows.into_iter().map(|(n, score)| (n, score as f32)).collect())
}

/// First passages of notes that are called exactly so.
async fn titled(db: &mut SqliteConnection, query: &str, which: &NoteFilter) -> Result<Vec<i64>, StoreError> {
    let sql = filtered!(
        "SELECT (SELECT n FROM passage WHERE note_n = note.n ORDER BY start LIMIT 1) AS first FROM note
         WHERE title_key = ?5 AND first IS NOT NULL AND",
        "ORDER BY touched DESC LIMIT 5"
    );
    let found = sqlx::query_scalar(sql)
        .bind(&which.folder)
        .bind(&which.tag)
        .bind(signed(which.since_ms))
        .bind(signed(which.until_ms))
        .bind(title_key(query));
    Ok(found.fetch_all(db).await?)
}

/// How much a word says that so many passages hold, as BM25 has it.
fn rarity(total: u32, with: i64) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a weight needs no more digits")]
    let (total, with) = (total as f32, with as f32);
    ((total - with + 0.5).max(0.5) / (with + 0.5)).ln().max(1e-6)
}

fn read(row: &SqliteRow) -> Result<FoundPassage, StoreError> {
    let words: &[u8] = row.try_get("words")?;
    Ok(FoundPassage {
        n: row.try_get("n")?,
        note_id: row.try_get("id")?,
        title: row.try_get("title")?,
        path: row.try_get("path")?,
        folder: row.try_get("folder")?,
        heading: serde_json::from_str(row.try_get("heading")?)?,
        range: unsigned(row.try_get("start")?)..unsigned(row.try_get("stop")?),
        text: String::from_utf8_lossy(words).into_owned(),
    })
}
