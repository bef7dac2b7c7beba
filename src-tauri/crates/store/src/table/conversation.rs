//! The table `conversation`: threads, their titles, their order, and taking them away with a way back.
//!
//! Conversations are created by their first message (`message.rs`), so an empty one never lies about.

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::error::StoreError;
use crate::store::{Growth, Store, settled};
use crate::table::unsigned;

/// The longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 200;

/// A title made from the first message ends at this many characters, at a word if there is one: a line of the list.
const DERIVED_TITLE_CHARS: usize = 80;

/// A thread as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// The person's title, else the beginning of the first message; empty for one that was only spoken.
    pub title: String,
    /// Who chose it.
    pub title_by: TitleBy,
    /// Milliseconds since 1970 (UTC).
    pub created_ms: u64,
    /// Milliseconds since 1970 (UTC): last message. For people; the list is ordered by a counter.
    pub updated_ms: u64,
    /// Whether anything in it was spoken.
    pub spoken: bool,
    /// The last message of the branch that is shown, `None` while there is none.
    pub leaf_id: Option<String>,
    /// Which model answers in it; `None` until one was asked or chosen.
    pub model: Option<ChosenModel>,
}

/// A model as a thread remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenModel {
    /// The configured provider's id.
    pub provider: String,
    /// The model, as the provider names it.
    pub model: String,
}

/// Who chose a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TitleBy {
    /// The person; it stays.
    Person,
    /// The first message.
    FirstMessage,
}

/// `SELECT` of what [`Conversation::read`] reads.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, title, title_by_person, created_ms, updated_ms, spoken, leaf_id, provider, model FROM conversation ",
            $rest
        )
    };
}

/// Lines of the list.
pub(crate) const LIST: &str = select!("WHERE deleted_ms IS NULL ORDER BY touched DESC LIMIT ? OFFSET ?");

impl Conversation {
    fn read(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            title: row.try_get("title")?,
            title_by: if row.try_get("title_by_person")? { TitleBy::Person } else { TitleBy::FirstMessage },
            created_ms: unsigned(row.try_get("created_ms")?),
            updated_ms: unsigned(row.try_get("updated_ms")?),
            spoken: row.try_get("spoken")?,
            leaf_id: row.try_get("leaf_id")?,
            model: Option::zip(row.try_get("provider")?, row.try_get("model")?)
                .map(|(provider, model)| ChosenModel { provider, model }),
        })
    }
}

impl Store {
    /// A thread, `None` when there is none of this id or it was taken away.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn conversation(&self, id: &str) -> Result<Option<Conversation>, StoreError> {
        let sql = select!("WHERE id = ? AND deleted_ms IS NULL");
        let row = sqlx::query(sql).bind(id).fetch_optional(self.readers()).await?;
        Ok(row.as_ref().map(Conversation::read).transpose()?)
    }

    /// Lines of the list, newest first: `limit` of them after the first `offset`.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn conversations(&self, offset: u32, limit: u32) -> Result<Vec<Conversation>, StoreError> {
        let rows = sqlx::query(LIST).bind(limit).bind(offset).fetch_all(self.readers()).await?;
        Ok(rows.iter().map(Conversation::read).collect::<sqlx::Result<_>>()?)
    }

    /// How many threads there are.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn conversation_count(&self) -> Result<u32, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM conversation WHERE deleted_ms IS NULL")
            .fetch_one(self.readers())
            .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Gives a thread the person's title. An empty one goes back to the beginning of the first message.
    ///
    /// # Errors
    /// [`StoreError::TooLong`] over [`MAX_TITLE_CHARS`], [`StoreError::Gone`], or when writing fails.
    pub async fn rename_conversation(&self, id: &str, title: &str) -> Result<Conversation, StoreError> {
        let title = one_line(title);
        if title.chars().count() > MAX_TITLE_CHARS {
            return Err(StoreError::TooLong { what: "the title", limit: "200 characters" });
        }
        settled!(self, self.rename_once(id, &title))
    }

    async fn rename_once(&self, id: &str, title: &str) -> Result<Conversation, StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let by_person = !title.is_empty();
        let title = if by_person { title.to_owned() } else { first_title(&mut transaction, id).await? };
        let changed =
            sqlx::query("UPDATE conversation SET title = ?, title_by_person = ? WHERE id = ? AND deleted_ms IS NULL")
                .bind(&title)
                .bind(by_person)
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        require(changed.rows_affected(), id)?;
        let renamed = fetch(&mut transaction, id).await?;
        self.commit(transaction).await?;
        Ok(renamed)
    }

    /// Has a thread remember which model answers in it.
    ///
    /// # Errors
    /// [`StoreError::Gone`], or when writing fails.
    pub async fn choose_model(&self, id: &str, chosen: &ChosenModel) -> Result<Conversation, StoreError> {
        settled!(self, self.choose_model_once(id, chosen))
    }

    async fn choose_model_once(&self, id: &str, chosen: &ChosenModel) -> Result<Conversation, StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let changed =
            sqlx::query("UPDATE conversation SET provider = ?, model = ? WHERE id = ? AND deleted_ms IS NULL")
                .bind(&chosen.provider)
                .bind(&chosen.model)
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        require(changed.rows_affected(), id)?;
        let conversation = fetch(&mut transaction, id).await?;
        self.commit(transaction).await?;
        Ok(conversation)
    }

    /// Takes a thread away; [`Store::restore_conversation`] brings it back until it is purged.
    ///
    /// # Errors
    /// [`StoreError::Gone`], or when writing fails.
    pub async fn delete_conversation(&self, id: &str) -> Result<(), StoreError> {
        let now = self.now_ms();
        self.mark_deleted("UPDATE conversation SET deleted_ms = ? WHERE id = ? AND deleted_ms IS NULL", Some(now), id)
            .await
    }

    /// Brings a thread back that was taken away.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when it was purged or was never taken away, or when writing fails.
    pub async fn restore_conversation(&self, id: &str) -> Result<Conversation, StoreError> {
        let none: Option<i64> = None;
        self.mark_deleted("UPDATE conversation SET deleted_ms = ? WHERE id = ? AND deleted_ms IS NOT NULL", none, id)
            .await?;
        self.conversation(id).await?.ok_or_else(|| gone(id))
    }

    /// Removes a thread that was taken away for good: messages, sound, parts and words, from the log too.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when it was not taken away before, or when writing fails.
    pub async fn purge_conversation(&self, id: &str) -> Result<(), StoreError> {
        require(settled!(self, self.purge_once(Some(id)))?, id)
    }

    /// Removes all threads for good that were taken away. Called at start.
    pub(crate) async fn purge_deleted(&self) -> Result<(), StoreError> {
        settled!(self, self.purge_once(None)).map(drop)
    }

    /// Purges one deleted thread, or all of them, and tells how many went.
    async fn purge_once(&self, id: Option<&str>) -> Result<u64, StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        // Rows of the text index are no foreign keys, so they go first; the rest follows by cascade.
        sqlx::query(
            "DELETE FROM message_text WHERE rowid IN (
                SELECT message.n FROM message JOIN conversation ON conversation.id = message.conversation_id
                WHERE conversation.deleted_ms IS NOT NULL AND (?1 IS NULL OR conversation.id = ?1))",
        )
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        let removed = sqlx::query("DELETE FROM conversation WHERE deleted_ms IS NOT NULL AND (?1 IS NULL OR id = ?1)")
            .bind(id)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if removed == 0 {
            self.commit_as_before(transaction).await?;
            return Ok(0);
        }
        self.commit(transaction).await?;
        self.checkpoint().await?;
        Ok(removed)
    }

    async fn mark_deleted(&self, sql: &'static str, deleted_ms: Option<i64>, id: &str) -> Result<(), StoreError> {
        settled!(self, self.mark_deleted_once(sql, deleted_ms, id))
    }

    async fn mark_deleted_once(&self, sql: &'static str, deleted_ms: Option<i64>, id: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin(Growth::Needed).await?;
        let changed = sqlx::query(sql).bind(deleted_ms).bind(id).execute(&mut *transaction).await?;
        require(changed.rows_affected(), id)?;
        self.commit(transaction).await
    }
}

/// Creates a thread without a message, within the transaction that adds its first.
pub(crate) async fn create(db: &mut SqliteConnection, id: &str, now_ms: i64) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO conversation (id, title, created_ms, updated_ms, touched)
         VALUES (?1, '', ?2, ?2, (SELECT coalesce(max(touched), 0) + 1 FROM conversation))",
    )
    .bind(id)
    .bind(now_ms)
    .execute(db)
    .await
    .map(drop)
}

/// What a new or changed message means for its thread.
#[derive(Debug)]
pub(crate) struct Touch<'a> {
    /// The thread.
    pub(crate) id: &'a str,
    /// The message that is now the end of the shown branch.
    pub(crate) leaf_id: &'a str,
    /// What the person wrote, for a title if there is none yet.
    pub(crate) question: Option<&'a str>,
    /// Whether the message was spoken.
    pub(crate) spoken: bool,
    /// Milliseconds since 1970 (UTC).
    pub(crate) now_ms: i64,
}

/// Names a thread after what was said in it, unless it has another title than what was understood `before` gave it.
pub(crate) async fn name_after(db: &mut SqliteConnection, id: &str, before: &str, words: &str) -> sqlx::Result<()> {
    sqlx::query("UPDATE conversation SET title = ? WHERE id = ? AND title = ? AND title_by_person = 0")
        .bind(derived_title(words))
        .bind(id)
        .bind(derived_title(before))
        .execute(db)
        .await
        .map(drop)
}

/// Moves a thread to the top of the list with its new end.
pub(crate) async fn touch(db: &mut SqliteConnection, touch: Touch<'_>) -> sqlx::Result<u64> {
    let title = touch.question.map(derived_title).unwrap_or_default();
    let changed = sqlx::query(
        "UPDATE conversation SET
            leaf_id = ?2, updated_ms = ?3, spoken = max(spoken, ?4),
            title = CASE WHEN title = '' AND title_by_person = 0 THEN ?5 ELSE title END,
            touched = (SELECT max(touched) + 1 FROM conversation)
         WHERE id = ?1 AND deleted_ms IS NULL",
    )
    .bind(touch.id)
    .bind(touch.leaf_id)
    .bind(touch.now_ms)
    .bind(touch.spoken)
    .bind(title)
    .execute(db)
    .await?;
    Ok(changed.rows_affected())
}

/// Notes that something in a thread was spoken.
pub(crate) async fn mark_spoken(db: &mut SqliteConnection, id: &str) -> sqlx::Result<()> {
    sqlx::query("UPDATE conversation SET spoken = 1 WHERE id = ?").bind(id).execute(db).await.map(drop)
}

/// The thread as it is within a transaction.
pub(crate) async fn fetch(db: &mut SqliteConnection, id: &str) -> Result<Conversation, StoreError> {
    let row = sqlx::query(select!("WHERE id = ? AND deleted_ms IS NULL")).bind(id).fetch_optional(db).await?;
    Ok(Conversation::read(&row.ok_or_else(|| gone(id))?)?)
}

/// The title that a thread's first message gives it.
pub(crate) async fn first_title(db: &mut SqliteConnection, id: &str) -> Result<String, StoreError> {
    let content: Option<String> = sqlx::query_scalar(
        "SELECT content FROM message WHERE conversation_id = ? AND role = 'user' ORDER BY n LIMIT 1",
    )
    .bind(id)
    .fetch_optional(db)
    .await?;
    let Some(content) = content else { return Ok(String::new()) };
    let blocks: Vec<parlance_core::ContentBlock> = serde_json::from_str(&content)?;
    Ok(derived_title(&super::message_text::spoken_words(&blocks)))
}

/// The beginning of a text as a title: one line, cut at a word where there is one.
fn derived_title(text: &str) -> String {
    // A message may be 10 MiB; its title is in the first few hundred characters or nowhere.
    let beginning: String = text.trim_start().chars().take(4 * DERIVED_TITLE_CHARS).collect();
    let line = one_line(&beginning);
    let Some((end, _)) = line.char_indices().nth(DERIVED_TITLE_CHARS) else { return line };
    let cut = &line[..end];
    let at_word = cut.rfind(' ').filter(|at| *at > end / 2).unwrap_or(end);
    format!("{}…", cut[..at_word].trim_end())
}

/// White space of every kind as single spaces, none at the ends.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn require(changed: u64, id: &str) -> Result<(), StoreError> {
    if changed == 0 { Err(gone(id)) } else { Ok(()) }
}

fn gone(id: &str) -> StoreError {
    StoreError::Gone { what: "conversation", id: id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_beginning_of_the_text_on_one_line() {
        assert_eq!(derived_title("  What is\n\ta monad? "), "What is a monad?");
        assert_eq!(derived_title(""), "");
        assert_eq!(derived_title(&"word ".repeat(40)), format!("{}…", "word ".repeat(16).trim_end()));
        assert_eq!(derived_title(&"字".repeat(100)), format!("{}…", "字".repeat(80)));
        assert_eq!(derived_title(&"x".repeat(11_000_000)).chars().count(), 81);
    }
}
