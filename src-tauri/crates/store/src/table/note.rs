//! The table `note`: whole notes, their tags, and taking them away with a way back.
//!
//! A note and its passages change in one transaction (`passage.rs`), so nothing is ever half there.

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::error::StoreError;
use crate::store::{Growth, Store, settled};
use crate::table::passage::{self, NewPassage};
use crate::table::unsigned;
use crate::words;

/// The longest text of a note.
pub const MAX_NOTE_BYTES: usize = 10 * 1024 * 1024;

/// The longest title, in characters.
const MAX_TITLE_CHARS: usize = 200;

/// A note without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The row; never used again.
    pub n: i64,
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What the person called it; `None` where its text gives the title.
    pub given_title: Option<String>,
    /// Folders with `/` between them; empty at the top.
    pub folder: String,
    /// Tags in its text and tags it was given, in order.
    pub tags: Vec<String>,
    /// Who wrote it.
    pub written_by: WrittenBy,
    /// The file it was read from.
    pub path: Option<String>,
    /// The followed folder that the file lies in.
    pub followed_n: Option<i64>,
    /// Grows with each change.
    pub version: u64,
    /// Milliseconds since 1970 (UTC).
    pub created_ms: u64,
    /// Milliseconds since 1970 (UTC).
    pub updated_ms: u64,
    /// Why no meaning could be made of all of it, as the caller wrote it down.
    pub fault: Option<String>,
}

/// Who wrote a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenBy {
    /// The person, here.
    Person,
    /// Whoever wrote the file.
    File,
    /// A model, with a tool.
    Model,
}

impl WrittenBy {
    fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::File => "file",
            Self::Model => "model",
        }
    }
}

/// A note as it is to be, with everything that is made from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteDraft {
    /// Its id; one that is there is changed.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What the person called it.
    pub given_title: Option<String>,
    /// All of it; at most [`MAX_NOTE_BYTES`].
    pub text: String,
    /// Folders with `/` between them.
    pub folder: String,
    /// Tags that stand in its text.
    pub tags: Vec<String>,
    /// Tags that the person gave it.
    pub given_tags: Vec<String>,
    /// Who wrote it. Of one that is there, it stays.
    pub written_by: WrittenBy,
    /// The file it comes from.
    pub file: Option<NoteFile>,
    /// Its passages in order.
    pub passages: Vec<NewPassage>,
    /// Which rules divided it, 1 or more.
    pub divided_by: i64,
    /// The version that this one is based on, 0 for a new note; `None` where it does not matter.
    pub based_on: Option<u64>,
}

/// Notes that were kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptNotes {
    /// As they are now, in the order they came.
    pub notes: Vec<Note>,
    /// Passages that say nothing any more, and whose meanings went with them.
    pub gone: Vec<i64>,
}

/// The file that a note was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteFile {
    /// Where it is.
    pub path: String,
    /// Of its bytes.
    pub hash: Vec<u8>,
    /// When it was changed, in milliseconds since 1970 (UTC).
    pub ms: i64,
    /// How long it is.
    pub bytes: i64,
    /// The followed folder that it lies in.
    pub followed_n: Option<i64>,
}

/// Which notes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NoteFilter {
    /// In this folder or below it.
    pub folder: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// Changed then or later, in milliseconds since 1970 (UTC).
    pub since_ms: Option<u64>,
    /// Changed before then.
    pub until_ms: Option<u64>,
}

impl NoteFilter {
    /// Whether every note fits.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// The condition of a [`NoteFilter`], with four numbered values: folder, tag, since, until.
macro_rules! filtered {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " note.deleted_ms IS NULL
              AND (?1 IS NULL OR note.folder = ?1 OR (note.folder >= ?1 || '/' AND note.folder < ?1 || '0'))
              AND (?2 IS NULL OR EXISTS (SELECT 1 FROM note_tag WHERE note_n = note.n AND tag = ?2))
              AND (?3 IS NULL OR note.updated_ms >= ?3) AND (?4 IS NULL OR note.updated_ms < ?4) ",
            $after
        )
    };
}
pub(crate) use filtered;

/// A moment as a column holds it.
pub(crate) fn signed(ms: Option<u64>) -> Option<i64> {
    ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX))
}

/// What a note is read from.
macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT note.n, note.id, note.title, given_title, folder, written_by, note.path, followed_n, version, created_ms,
                updated_ms, fault,
                (SELECT json_group_array(tag) FROM (
                    SELECT DISTINCT tag FROM note_tag WHERE note_n = note.n ORDER BY tag)) AS tags
             FROM note ",
            $rest
        )
    };
}

impl Note {
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let written_by = match row.try_get::<&str, _>("written_by")? {
            "file" => WrittenBy::File,
            "model" => WrittenBy::Model,
            _ => WrittenBy::Person,
        };
        Ok(Self {
            n: row.try_get("n")?,
            id: row.try_get("id")?,
            title: row.try_get("title")?,
            given_title: row.try_get("given_title")?,
            folder: row.try_get("folder")?,
            tags: serde_json::from_str(row.try_get("tags")?)?,
            written_by,
            path: row.try_get("path")?,
            followed_n: row.try_get("followed_n")?,
            version: unsigned(row.try_get("version")?),
            created_ms: unsigned(row.try_get("created_ms")?),
            updated_ms: unsigned(row.try_get("updated_ms")?),
            fault: row.try_get("fault")?,
        })
    }
}

impl Store {
    /// A note, `None` when there is none of this id or it was taken away.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn note(&self, id: &str) -> Result<Option<Note>, StoreError> {
        let row = sqlx::query(select!("WHERE note.id = ? AND deleted_ms IS NULL"));
        row.bind(id).fetch_optional(self.readers()).await?.as_ref().map(Note::read).transpose()
    }

    /// A note and its text.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn note_with_text(&self, id: &str) -> Result<Option<(Note, String)>, StoreError> {
        let mut reader = self.readers().acquire().await?;
        // One transaction, so that the text is that of the version.
        sqlx::raw_sql("BEGIN").execute(&mut *reader).await?;
        let found = read_whole(&mut reader, id).await;
        sqlx::raw_sql("COMMIT").execute(&mut *reader).await?;
        found
    }

    /// Notes, those changed last first.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn notes(&self, which: &NoteFilter, offset: u32, limit: u32) -> Result<Vec<Note>, StoreError> {
        let sql = select!(filtered!("WHERE", "ORDER BY touched DESC LIMIT ?5 OFFSET ?6"));
        let rows = sqlx::query(sql)
            .bind(&which.folder)
            .bind(&which.tag)
            .bind(signed(which.since_ms))
            .bind(signed(which.until_ms))
            .bind(limit)
            .bind(offset)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(Note::read).collect()
    }

    /// How many notes fit.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn note_count(&self, which: &NoteFilter) -> Result<u32, StoreError> {
        let count: i64 = sqlx::query_scalar(filtered!("SELECT count(*) FROM note WHERE", ""))
            .bind(&which.folder)
            .bind(&which.tag)
            .bind(signed(which.since_ms))
            .bind(signed(which.until_ms))
            .fetch_one(self.readers())
            .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Every folder that notes lie in, with how many lie right in it.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn note_folders(&self) -> Result<Vec<(String, u32)>, StoreError> {
        counted(self, "SELECT folder, count(*) FROM note WHERE deleted_ms IS NULL GROUP BY folder ORDER BY folder")
            .await
    }

    /// Every tag, with how many notes have it.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn note_tags(&self) -> Result<Vec<(String, u32)>, StoreError> {
        counted(
            self,
            "SELECT tag, count(DISTINCT note_n) FROM note_tag JOIN note ON note.n = note_n
             WHERE deleted_ms IS NULL GROUP BY tag ORDER BY tag",
        )
        .await
    }

    /// Tags that the person gave a note.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn given_tags(&self, note_n: i64) -> Result<Vec<String>, StoreError> {
        let tags = sqlx::query_scalar("SELECT tag FROM note_tag WHERE note_n = ? AND given ORDER BY tag").bind(note_n);
        Ok(tags.fetch_all(self.readers()).await?)
    }

    /// Keeps notes with their passages, all in one transaction, and says what became of them.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when one is not the version it is based on, [`StoreError::TooLong`], or when writing fails.
    /// Then none is kept.
    pub async fn put_notes(&self, drafts: &[NoteDraft]) -> Result<KeptNotes, StoreError> {
        if drafts.iter().any(|draft| draft.text.len() > MAX_NOTE_BYTES) {
            return Err(StoreError::TooLong { what: "the note", limit: "10 MiB" });
        }
        settled!(self, self.put_notes_once(drafts))
    }

    async fn put_notes_once(&self, drafts: &[NoteDraft]) -> Result<KeptNotes, StoreError> {
        let mut transaction = self.begin(Growth::New).await?;
        let mut ids = Vec::with_capacity(drafts.len());
        let mut gone = Vec::new();
        for draft in drafts {
            gone.extend(put(&mut transaction, draft, self.now_ms()).await?);
            ids.push(draft.id.as_str());
        }
        let rows = sqlx::query(select!("JOIN json_each(?) AS wanted ON note.id = wanted.value ORDER BY wanted.key"))
            .bind(serde_json::to_string(&ids)?)
            .fetch_all(&mut *transaction)
            .await?;
        let notes = rows.iter().map(Note::read).collect::<Result<_, _>>()?;
        self.commit(transaction).await?;
        Ok(KeptNotes { notes, gone })
    }

    /// Takes a note away; [`Store::restore_note`] brings it back until [`Store::purge_notes`].
    ///
    /// # Errors
    /// [`StoreError::Gone`], or when writing fails.
    pub async fn remove_note(&self, id: &str) -> Result<(), StoreError> {
        let now = self.now_ms();
        settled!(
            self,
            self.mark_note_once("UPDATE note SET deleted_ms = ? WHERE id = ? AND deleted_ms IS NULL", now, id)
        )
    }

    /// Brings a note back.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when it is gone for good, or when writing fails.
    pub async fn restore_note(&self, id: &str) -> Result<Note, StoreError> {
        let sql = "UPDATE note SET deleted_ms = NULL WHERE ? > 0 AND id = ? AND deleted_ms IS NOT NULL";
        settled!(self, self.mark_note_once(sql, 1, id))?;
        self.note(id).await?.ok_or_else(|| gone(id))
    }

    async fn mark_note_once(&self, sql: &'static str, value: i64, id: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let changed = sqlx::query(sql).bind(value).bind(id).execute(&mut *transaction).await?.rows_affected();
        if changed == 0 {
            return Err(gone(id));
        }
        self.commit(transaction).await
    }

    /// Removes for good: this note, or every one that was taken away. The passages that went with them.
    ///
    /// # Errors
    /// When writing fails.
    pub async fn purge_notes(&self, id: Option<&str>) -> Result<Vec<i64>, StoreError> {
        settled!(self, self.purge_notes_once(id))
    }

    async fn purge_notes_once(&self, id: Option<&str>) -> Result<Vec<i64>, StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let gone: Vec<i64> = sqlx::query_scalar(
            "SELECT passage.n FROM passage JOIN note ON note.n = passage.note_n
             WHERE note.deleted_ms IS NOT NULL AND (?1 IS NULL OR note.id = ?1)",
        )
        .bind(id)
        .fetch_all(&mut *transaction)
        .await?;
        passage::forget_words(&mut transaction, &gone).await?;
        let removed = sqlx::query("DELETE FROM note WHERE deleted_ms IS NOT NULL AND (?1 IS NULL OR id = ?1)")
            .bind(id)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if removed == 0 {
            self.commit_as_before(transaction).await?;
            return Ok(gone);
        }
        self.commit(transaction).await?;
        self.checkpoint().await?;
        Ok(gone)
    }

    /// Texts of notes that were divided by other rules than these, at most `limit` of them.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn notes_to_divide(&self, rules: i64, limit: u32) -> Result<Vec<String>, StoreError> {
        let ids =
            sqlx::query_scalar("SELECT id FROM note WHERE divided_by <> ? AND deleted_ms IS NULL ORDER BY n LIMIT ?");
        Ok(ids.bind(rules).bind(limit).fetch_all(self.readers()).await?)
    }

    /// Puts what is made from a note's text (title, tags, passages) in the place of what other rules made. The note itself is
    /// as it was; passages that say nothing any more are returned.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when it is not the version the draft is based on, or when writing fails.
    pub async fn divide_note(&self, draft: &NoteDraft) -> Result<Vec<i64>, StoreError> {
        settled!(self, self.divide_note_once(draft))
    }

    async fn divide_note_once(&self, draft: &NoteDraft) -> Result<Vec<i64>, StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let n: Option<i64> = sqlx::query_scalar(
            "UPDATE note SET title = ?1, title_key = ?2, divided_by = ?3 WHERE id = ?4 AND version = ?5 RETURNING n",
        )
        .bind(&draft.title)
        .bind(title_key(&draft.title))
        .bind(draft.divided_by)
        .bind(&draft.id)
        .bind(signed(draft.based_on))
        .fetch_optional(&mut *transaction)
        .await?;
        let n = n.ok_or_else(|| StoreError::Changed { what: "note", id: draft.id.clone() })?;
        sqlx::query("DELETE FROM note_tag WHERE note_n = ? AND NOT given").bind(n).execute(&mut *transaction).await?;
        put_tags(&mut transaction, n, &draft.tags, false).await?;
        let gone = passage::replace(&mut transaction, n, &draft.title, &draft.text, &draft.passages).await?;
        self.commit_as_before(transaction).await?;
        Ok(gone)
    }

    /// Writes down why no meaning could be made of all of a note; `None` when nothing is wrong any more.
    ///
    /// # Errors
    /// When writing fails.
    pub async fn note_fault(&self, note_n: i64, fault: Option<&str>) -> Result<(), StoreError> {
        settled!(self, self.note_fault_once(note_n, fault))
    }

    async fn note_fault_once(&self, note_n: i64, fault: Option<&str>) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        sqlx::query("UPDATE note SET fault = ?1 WHERE n = ?2 AND fault IS NOT ?1")
            .bind(fault)
            .bind(note_n)
            .execute(&mut *transaction)
            .await?;
        self.commit_as_before(transaction).await
    }

    /// The first notes with a fault.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn faulty_notes(&self, limit: u32) -> Result<Vec<Note>, StoreError> {
        let sql = select!("WHERE fault IS NOT NULL AND deleted_ms IS NULL ORDER BY n LIMIT ?");
        let rows = sqlx::query(sql).bind(limit).fetch_all(self.readers()).await?;
        rows.iter().map(Note::read).collect()
    }
}

async fn counted(store: &Store, sql: &'static str) -> Result<Vec<(String, u32)>, StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(store.readers()).await?;
    Ok(rows.into_iter().map(|(name, count)| (name, u32::try_from(count).unwrap_or(u32::MAX))).collect())
}

async fn read_whole(db: &mut SqliteConnection, id: &str) -> Result<Option<(Note, String)>, StoreError> {
    let row =
        sqlx::query(select!("WHERE note.id = ? AND deleted_ms IS NULL")).bind(id).fetch_optional(&mut *db).await?;
    let Some(note) = row.as_ref().map(Note::read).transpose()? else { return Ok(None) };
    let text = sqlx::query_scalar("SELECT text FROM note WHERE n = ?").bind(note.n).fetch_one(db).await?;
    Ok(Some((note, text)))
}

fn gone(id: &str) -> StoreError {
    StoreError::Gone { what: "note", id: id.to_owned() }
}

/// A title as it is compared with a query: its words as they are compared.
pub(crate) fn title_key(title: &str) -> String {
    let mut folded = String::new();
    let words = words::words(title).map(|word| {
        words::fold(&title[word], &mut folded);
        folded.clone()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Puts one note in the place of what was there.
async fn put(db: &mut SqliteConnection, draft: &NoteDraft, now_ms: i64) -> Result<Vec<i64>, StoreError> {
    let there: Option<(i64, i64)> =
        sqlx::query_as("SELECT n, version FROM note WHERE id = ?").bind(&draft.id).fetch_optional(&mut *db).await?;
    let version = there.map_or(0, |(_, version)| version);
    if draft.based_on.is_some_and(|based_on| based_on != unsigned(version)) {
        return Err(StoreError::Changed { what: "note", id: draft.id.clone() });
    }
    let title: String = draft.title.chars().take(MAX_TITLE_CHARS).collect();
    let file = draft.file.as_ref();
    let n: i64 = sqlx::query_scalar(
        "INSERT INTO note (n, id, title, given_title, title_key, text, folder, written_by, path, file_hash, file_ms,
            file_bytes, followed_n, divided_by, version, created_ms, updated_ms, touched)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?16,
            (SELECT coalesce(max(touched), 0) + 1 FROM note))
         ON CONFLICT (id) DO UPDATE SET title = excluded.title, given_title = excluded.given_title,
            title_key = excluded.title_key, text = excluded.text, folder = excluded.folder, path = coalesce(excluded.path, path),
            file_hash = excluded.file_hash, file_ms = excluded.file_ms, file_bytes = excluded.file_bytes,
            followed_n = excluded.followed_n, divided_by = excluded.divided_by, version = excluded.version,
            updated_ms = excluded.updated_ms, touched = excluded.touched, deleted_ms = NULL, fault = NULL
         RETURNING n",
    )
    .bind(there.map(|(n, _)| n))
    .bind(&draft.id)
    .bind(&title)
    .bind(&draft.given_title)
    .bind(title_key(&title))
    .bind(&draft.text)
    .bind(&draft.folder)
    .bind(draft.written_by.name())
    .bind(file.map(|file| &file.path))
    .bind(file.map(|file| &file.hash))
    .bind(file.map(|file| file.ms))
    .bind(file.map(|file| file.bytes))
    .bind(file.and_then(|file| file.followed_n))
    .bind(draft.divided_by)
    .bind(version + 1)
    .bind(now_ms)
    .fetch_one(&mut *db)
    .await?;
    sqlx::query("DELETE FROM note_tag WHERE note_n = ?").bind(n).execute(&mut *db).await?;
    put_tags(db, n, &draft.tags, false).await?;
    put_tags(db, n, &draft.given_tags, true).await?;
    passage::replace(db, n, &title, &draft.text, &draft.passages).await
}

async fn put_tags(db: &mut SqliteConnection, note_n: i64, tags: &[String], given: bool) -> sqlx::Result<()> {
    for tag in tags {
        sqlx::query("INSERT OR IGNORE INTO note_tag (note_n, tag, given) VALUES (?, ?, ?)")
            .bind(note_n)
            .bind(tag)
            .bind(given)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
