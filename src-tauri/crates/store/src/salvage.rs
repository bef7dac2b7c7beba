//! Carries what can be read of a damaged database into a new one, table by table. Called by the rescue, which has made
//! the new file and puts it in place.
//!
//! Rows are carried in ranges of their numbers; a range that cannot be read is halved until the rows that are lost stand
//! alone. What is derived (titles of lost threads, ends of branches, the text index) is made anew.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, SqlSafeStr as _};

use crate::error::{StoreError, code, primary_code};
use crate::folder::Folder;
use crate::log::Log;
use crate::table::message::StoredMessage;
use crate::table::{conversation, message_text};

/// What was carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) conversations: u32,
    /// How many conversations there were, as far as anything tells.
    pub(crate) of: u32,
    pub(crate) messages: u32,
}

/// A table whose rows have numbers.
struct Numbered {
    name: &'static str,
    columns: &'static str,
    /// Where else the numbers stand when the rows cannot be read.
    index: &'static str,
}

const CONVERSATION: Numbered = Numbered {
    name: "conversation",
    columns: "n, id, title, title_by_person, created_ms, updated_ms, touched, spoken, leaf_id, deleted_ms",
    index: "conversation_touched",
};

const MESSAGE: Numbered = Numbered {
    name: "message",
    columns: "n, id, conversation_id, parent_id, role, name, content, status, error, provider, model, usage, timings,
        spoken_ms, heard_ms, created_ms, timestamp, invocation_id, metadata",
    index: "message_conversation",
};

const MEDIA: Numbered =
    Numbered { name: "media", columns: "n, id, message_id, kind, rate, ms, bytes", index: "media_message" };

const ATTACHMENT: Numbered = Numbered {
    name: "attachment",
    columns: "n, id, message_id, name, media_type, origin, bytes",
    index: "attachment_message",
};

const FOLLOWED: Numbered =
    Numbered { name: "followed_folder", columns: "n, id, path", index: "sqlite_autoindex_followed_folder_1" };

const NOTE: Numbered = Numbered {
    name: "note",
    columns: "n, id, title, given_title, title_key, text, folder, written_by, path, file_hash, file_ms, file_bytes,
        followed_n, divided_by, version, created_ms, updated_ms, touched, deleted_ms",
    index: "note_touched",
};

/// Whether the tables that matter are there, however damaged.
pub(crate) async fn has_tables(db: &mut SqliteConnection) -> bool {
    // As in `fill`.
    if sqlx::raw_sql("PRAGMA writable_schema = ON").execute(&mut *db).await.is_err() {
        return false;
    }
    let count = sqlx::query_scalar::<_, i64>(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('conversation', 'message')",
    );
    count.fetch_one(db).await.is_ok_and(|count| count == 2)
}

/// Fills a new database, whose tables are empty, from the damaged one.
pub(crate) async fn fill(db: &mut SqliteConnection, damaged: &Path, log: Log) -> Result<Found, StoreError> {
    // A file that was cut off is refused without `writable_schema`.
    sqlx::raw_sql("PRAGMA foreign_keys = OFF; PRAGMA writable_schema = ON").execute(&mut *db).await?;
    attach(db, damaged, log).await?;
    // Without a transaction around it: SQLite lets nothing more be written in one that met with damage.
    let mut patience = Patience::for_file(damaged);
    for table in [CONVERSATION, MESSAGE, MEDIA, ATTACHMENT, FOLLOWED, NOTE] {
        if is_there(db, &table).await {
            carry(db, &table, &mut patience).await?;
        }
    }
    carry_parts(db).await?;
    carry_given_tags(db).await?;
    let of = count_known(db).await?;
    sqlx::raw_sql("PRAGMA writable_schema = OFF; DETACH damaged; BEGIN").execute(&mut *db).await?;
    drop_unreadable(db).await?;
    sqlx::raw_sql(
        "DELETE FROM message_part WHERE message_id NOT IN (SELECT id FROM message);
         DELETE FROM media WHERE message_id NOT IN (SELECT id FROM message);
         DELETE FROM attachment WHERE message_id NOT IN (SELECT id FROM message);
         DELETE FROM conversation WHERE id NOT IN (SELECT conversation_id FROM message);",
    )
    .execute(&mut *db)
    .await?;
    // Passages and tags of the text are made anew from the notes when Parlance starts.
    sqlx::raw_sql("UPDATE note SET divided_by = 0, followed_n = (SELECT n FROM followed_folder WHERE n = followed_n)")
        .execute(&mut *db)
        .await?;
    make_lost_threads_anew(db).await?;
    join_branches(db).await?;
    message_text::fill_anew(db).await?;
    let conversations = count(db, "SELECT count(*) FROM conversation WHERE deleted_ms IS NULL").await?;
    let messages = count(db, "SELECT count(*) FROM message").await?;
    sqlx::raw_sql("COMMIT; PRAGMA foreign_keys = ON").execute(&mut *db).await?;
    Ok(Found { conversations, of, messages })
}

/// Opens the damaged file beside the new one, to read it only.
async fn attach(db: &mut SqliteConnection, damaged: &Path, log: Log) -> Result<(), StoreError> {
    let mut address = url::Url::from_file_path(damaged).map_err(|()| StoreError::Failed("no absolute path".into()))?;
    address.set_query(Some(match log {
        Log::None | Log::Ours => "mode=ro",
        Log::Torn | Log::Foreign => "mode=ro&immutable=1",
    }));
    sqlx::query("ATTACH ? AS damaged").bind(address.as_str()).execute(db).await?;
    Ok(())
}

/// How many more statements may fail. Each row that is lost costs some, and no file holds more rows than it has room
/// for; numbers that are noise would cost them for ever.
struct Patience {
    left: u64,
}

impl Patience {
    fn for_file(damaged: &Path) -> Self {
        /// Few rows are smaller, so this is about as many statements as there can be rows.
        const SMALL_ROW: u64 = 64;
        /// Some minutes.
        const MOST: u64 = 2_000_000;
        Self { left: (Folder::size_of(damaged) / SMALL_ROW + 1_000).min(MOST) }
    }
}

/// Whether the damaged file has a table: one of an older Parlance lacks some. Where that cannot be read, it may have it.
async fn is_there(db: &mut SqliteConnection, table: &Numbered) -> bool {
    let found = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM damaged.sqlite_schema WHERE name = ?");
    !matches!(found.bind(table.name).fetch_one(db).await, Ok(0))
}

async fn carry(db: &mut SqliteConnection, table: &Numbered, patience: &mut Patience) -> Result<(), StoreError> {
    let Some(last) = last_number(db, table).await? else { return Ok(()) };
    let Numbered { name, columns, .. } = table;
    let sql = AssertSqlSafe(format!(
        "INSERT OR IGNORE INTO main.{name} ({columns})
         SELECT {columns} FROM damaged.{name} NOT INDEXED WHERE n BETWEEN ? AND ? ORDER BY n"
    ))
    .into_sql_str();
    // In pieces, so that one bad row does not make all others be read twice.
    const PIECE: i64 = 1_024;
    let mut from = 1;
    while from <= last && patience.left > 0 {
        let to = from.saturating_add(PIECE - 1).min(last);
        let mut ranges = vec![(from, to)];
        while let Some((low, high)) = ranges.pop() {
            let carried = sqlx::query(sql.clone()).bind(low).bind(high).execute(&mut *db).await;
            if is_read(carried)?.is_some() {
                continue;
            }
            patience.left = patience.left.saturating_sub(1);
            if low < high && patience.left > 0 {
                let middle = low + (high - low) / 2;
                ranges.extend([(middle + 1, high), (low, middle)]);
            }
        }
        from = to.saturating_add(1);
    }
    Ok(())
}

/// The highest number that anything tells of, `None` when nothing does.
async fn last_number(db: &mut SqliteConnection, table: &Numbered) -> Result<Option<i64>, StoreError> {
    let Numbered { name, index, .. } = table;
    let questions = [
        format!("SELECT max(n) FROM damaged.{name} NOT INDEXED"),
        format!("SELECT max(n) FROM damaged.{name} INDEXED BY {index}"),
        format!("SELECT max(seq) FROM damaged.sqlite_sequence WHERE name = '{name}'"),
    ];
    let mut last = None;
    for question in questions {
        let answer = sqlx::query_scalar::<_, Option<i64>>(AssertSqlSafe(question)).fetch_one(&mut *db).await;
        last = last.max(is_read(answer)?.flatten());
    }
    Ok(last)
}

/// Pieces of answers that were running, as far as they can be read: they belong to few messages.
async fn carry_parts(db: &mut SqliteConnection) -> Result<(), StoreError> {
    let running: Vec<String> =
        sqlx::query_scalar("SELECT id FROM main.message WHERE status = 'streaming'").fetch_all(&mut *db).await?;
    for id in running {
        let carried = sqlx::query(
            "INSERT OR IGNORE INTO main.message_part (message_id, seq, kind, bytes)
             SELECT message_id, seq, kind, bytes FROM damaged.message_part WHERE message_id = ?",
        )
        .bind(id)
        .execute(&mut *db)
        .await;
        is_read(carried)?;
    }
    Ok(())
}

/// The tags that the person gave their notes, as far as they can be read.
async fn carry_given_tags(db: &mut SqliteConnection) -> Result<(), StoreError> {
    let carried = sqlx::raw_sql(
        "INSERT OR IGNORE INTO main.note_tag (note_n, tag, given)
         SELECT note_n, tag, given FROM damaged.note_tag WHERE given AND note_n IN (SELECT n FROM main.note)",
    );
    is_read(carried.execute(db).await)?;
    Ok(())
}

/// Removes messages that were carried and cannot be understood: one of them would make its whole thread unreadable.
async fn drop_unreadable(db: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut last = 0_i64;
    loop {
        let row = sqlx::query("SELECT * FROM main.message WHERE n > ? ORDER BY n LIMIT 1").bind(last);
        let Some(row) = row.fetch_optional(&mut *db).await? else { return Ok(()) };
        last = sqlx::Row::try_get(&row, "n")?;
        if let Err(error) = StoredMessage::read(&row) {
            tracing::debug!(%error, "a message cannot be understood");
            sqlx::query("DELETE FROM main.message WHERE n = ?").bind(last).execute(&mut *db).await?;
        }
    }
}

/// Threads whose own row is lost come back with their messages, at the top of the list.
async fn make_lost_threads_anew(db: &mut SqliteConnection) -> Result<(), StoreError> {
    let lost: Vec<String> = sqlx::query_scalar(
        "SELECT conversation_id FROM main.message
         WHERE conversation_id NOT IN (SELECT id FROM main.conversation) GROUP BY 1 ORDER BY max(n)",
    )
    .fetch_all(&mut *db)
    .await?;
    for id in lost {
        sqlx::query(
            "INSERT INTO main.conversation (id, title, created_ms, updated_ms, spoken, touched)
             SELECT conversation_id, '', min(created_ms), max(created_ms), max(spoken_ms IS NOT NULL),
                (SELECT coalesce(max(touched), 0) + 1 FROM main.conversation)
             FROM main.message WHERE conversation_id = ?",
        )
        .bind(&id)
        .execute(&mut *db)
        .await?;
        let title = conversation::first_title(db, &id).await?;
        sqlx::query("UPDATE main.conversation SET title = ? WHERE id = ?")
            .bind(title)
            .bind(id)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// A message whose parent is lost follows the one before it in its thread, and a thread without its end ends with its
/// last message, so that whatever is there is shown. A parent that is no earlier message would make a circle.
async fn join_branches(db: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::raw_sql(
        "UPDATE main.message AS this SET parent_id = (
            SELECT earlier.id FROM main.message AS earlier
            WHERE earlier.conversation_id = this.conversation_id AND earlier.n < this.n ORDER BY earlier.n DESC LIMIT 1)
         WHERE parent_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM main.message AS parent WHERE parent.id = this.parent_id AND parent.n < this.n
                AND parent.conversation_id = this.conversation_id);
         UPDATE main.conversation AS this SET leaf_id = (
            SELECT last.id FROM main.message AS last
            WHERE last.conversation_id = this.id ORDER BY last.n DESC LIMIT 1)
         WHERE NOT EXISTS (
            SELECT 1 FROM main.message AS leaf WHERE leaf.id = this.leaf_id AND leaf.conversation_id = this.id);",
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Counts the conversations of which anything tells, those that the person took away left out.
async fn count_known(db: &mut SqliteConnection) -> Result<u32, StoreError> {
    sqlx::raw_sql("CREATE TEMP TABLE known (id TEXT PRIMARY KEY) STRICT").execute(&mut *db).await?;
    let tellers = [
        "SELECT id FROM main.conversation",
        "SELECT conversation_id FROM main.message",
        "SELECT id FROM damaged.conversation INDEXED BY sqlite_autoindex_conversation_1",
        "SELECT conversation_id FROM damaged.message INDEXED BY message_conversation",
    ];
    for teller in tellers {
        let told = sqlx::query(AssertSqlSafe(format!("INSERT OR IGNORE INTO temp.known {teller}")));
        is_read(told.execute(&mut *db).await)?;
    }
    let known = count(
        db,
        "SELECT count(*) FROM temp.known
         WHERE id NOT IN (SELECT id FROM main.conversation WHERE deleted_ms IS NOT NULL)",
    )
    .await;
    sqlx::raw_sql("DROP TABLE temp.known").execute(db).await?;
    known
}

async fn count(db: &mut SqliteConnection, sql: &'static str) -> Result<u32, StoreError> {
    let count: i64 = sqlx::query_scalar(sql).fetch_one(db).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// `None` where the damage is to blame. Any other failure ends the salvage: what comes of it would be less than there
/// is.
fn is_read<T>(outcome: sqlx::Result<T>) -> Result<Option<T>, StoreError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) => match primary_code(&error) {
            // A table that is not there is `ERROR`; lengths that are noise are `TOOBIG`.
            Some(code::CORRUPT | code::NOTADB | code::CONSTRAINT | code::TOOBIG | code::ERROR) => Ok(None),
            _ => Err(error.into()),
        },
    }
}
