//! The schema: which migrations there are, whether a file is ours, and how an older one is brought up to date.
//!
//! Called by `open`, which holds the lock. One file a table: each migration is that table's `.sql`.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Row as _, SqlSafeStr as _};

use crate::backup;
use crate::connect;
use crate::error::{OpenError, code, primary_code};
use crate::folder::Folder;
use crate::table::{message_text, passage};

/// `PRLc` in ASCII, written by the first migration.
const APPLICATION_ID: i64 = 1_347_570_787;

/// The migrations in order. Never change one that was released: add another.
const MIGRATIONS: [(&str, &str); 13] = [
    ("meta", include_str!("table/meta.sql")),
    ("conversation", include_str!("table/conversation.sql")),
    ("message", include_str!("table/message.sql")),
    ("message_part", include_str!("table/message_part.sql")),
    ("media", include_str!("table/media.sql")),
    ("message_text", include_str!("table/message_text.sql")),
    ("running", include_str!("table/running.sql")),
    ("conversation_model", include_str!("table/conversation_model.sql")),
    ("attachment", include_str!("table/attachment.sql")),
    ("note", include_str!("table/note.sql")),
    ("passage", include_str!("table/passage.sql")),
    ("passage_text", include_str!("table/passage_text.sql")),
    ("meaning", include_str!("table/meaning.sql")),
];

/// The newest schema this program knows.
pub(crate) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// What a look at a file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Nothing in it yet.
    Empty,
    /// Ours, with this schema, 1 to [`KNOWN`].
    Ours(i64),
    /// Ours, with this schema, but the text index does not fit the messages it is made from.
    WrongIndex(i64),
    /// Made by a newer Parlance, or by one whose schema differs.
    Newer(i64),
    /// A database, but of another program, or one that does not hang together.
    Damaged(String),
}

/// How deep to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Whose it is and which version.
    Header,
    /// Every page as well (`quick_check`).
    EveryPage,
}

/// Looks at an open database without changing it.
pub(crate) async fn inspect(db: &mut SqliteConnection, depth: Depth) -> sqlx::Result<Finding> {
    match look(db, depth).await {
        Err(error) => match primary_code(&error) {
            Some(code::NOTADB) => Ok(Finding::Damaged("the file is no database".to_owned())),
            Some(code::CORRUPT) => Ok(Finding::Damaged("the file is damaged".to_owned())),
            _ => Err(error),
        },
        found => found,
    }
}

async fn look(db: &mut SqliteConnection, depth: Depth) -> sqlx::Result<Finding> {
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *db).await?;
    if tables == 0 {
        return Ok(Finding::Empty);
    }
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *db).await?;
    let history: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
        .fetch_one(&mut *db)
        .await?;
    if application == 0 && history == 1 && tables <= 2 {
        // The list of migrations (and its index) alone: making it was cut short.
        return Ok(Finding::Empty);
    }
    if application != APPLICATION_ID || history == 0 {
        return Ok(Finding::Damaged("the file is a database of another program".to_owned()));
    }
    let applied =
        sqlx::query("SELECT version, checksum FROM _sqlx_migrations ORDER BY version").fetch_all(&mut *db).await?;
    let ours = migrator();
    let mut newest = 0;
    for row in applied {
        newest = row.try_get::<i64, _>("version")?;
        let checksum: Vec<u8> = row.try_get("checksum")?;
        if !ours.iter().any(|known| known.version == newest && *known.checksum == checksum[..]) {
            return Ok(Finding::Newer(newest));
        }
    }
    if depth == Depth::EveryPage {
        let verdict: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(20)").fetch_all(&mut *db).await?;
        if is_about_index_alone(&verdict) {
            return Ok(Finding::WrongIndex(newest));
        }
        if verdict != ["ok"] {
            tracing::error!(?verdict, "the database did not pass its check");
            return Ok(Finding::Damaged("the file is damaged".to_owned()));
        }
    }
    Ok(Finding::Ours(newest))
}

/// Brings the schema up to date; the caller holds the lock alone and has looked first.
///
/// An existing database is copied before, and nothing is changed when there is no room for that.
pub(crate) async fn migrate(
    db: &mut SqliteConnection,
    folder: &Folder,
    from: Option<i64>,
    wall: Duration,
) -> Result<(), OpenError> {
    if let Some(version) = from {
        backup::write(db, folder, &format!("schema-{version}"), wall).await?;
    }
    let path = folder.database();
    migrator().run_direct(None, &mut *db, false).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) | MigrateError::VersionMismatch(found) => {
            OpenError::Newer { path: path.clone(), found, known: KNOWN }
        }
        other => OpenError::System { doing: "migrating", path: path.clone(), source: Box::new(other) },
    })?;
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_optional(&mut *db).await.map_err(database(&path))?;
    if broken.is_some() {
        return Err(OpenError::Damaged {
            path,
            what: "rows lost what they belong to".to_owned(),
            backups: folder.backups(),
        });
    }
    Ok(())
}

/// Whether what a check complains about is the text index and nothing else.
pub(crate) fn is_about_index_alone(lines: &[String]) -> bool {
    !lines.is_empty()
        && lines
            .iter()
            .all(|line| message_text::is_complaint_about_index(line) || passage::is_complaint_about_index(line))
}

/// Whether the tables, indexes, views and triggers of a file are those that our migrations make, and no others: a file
/// that somebody gave us may bring SQL of its own.
pub(crate) async fn is_pure(db: &mut SqliteConnection, version: i64) -> sqlx::Result<bool> {
    const ALL: &str = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name";
    type Row = (String, String, String, String);
    let mut model = connect::model().await?;
    migrator().run_to(version, &mut model).await.map_err(|error| sqlx::Error::Migrate(Box::new(error)))?;
    let expected: Vec<Row> = sqlx::query_as(ALL).fetch_all(&mut model).await?;
    connect::close(model).await;
    let found: Vec<Row> = sqlx::query_as(ALL).fetch_all(db).await?;
    Ok(found == expected)
}

/// Reads and compares everything in an open database: pages, indexes and the text index. `["ok"]`, or what is wrong.
pub(crate) async fn integrity(db: &mut SqliteConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("PRAGMA integrity_check(20)").fetch_all(db).await
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().zip(1..).map(|((name, sql), version)| {
        Migration::new(version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// A database error while opening, with the file it concerns.
pub(crate) fn database(path: &Path) -> impl Fn(sqlx::Error) -> OpenError {
    let path = path.to_owned();
    move |error| match primary_code(&error) {
        Some(code::BUSY | code::LOCKED) => OpenError::Busy { path: path.clone() },
        Some(code::READONLY) => OpenError::ReadOnly { path: path.clone() },
        Some(code::FULL) => OpenError::Full { path: path.clone(), needed: 1024 * 1024, free: 0 },
        Some(code::CORRUPT | code::NOTADB) => {
            OpenError::Damaged { path: path.clone(), what: "the file is damaged".to_owned(), backups: Vec::new() }
        }
        _ => OpenError::System { doing: "opening", path: path.clone(), source: Box::new(error) },
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    use super::*;
    use crate::{Options, Store};

    /// A closed database of an older schema with one thread in it.
    async fn older(folder: &Path, version: i64) {
        let (folder, _) = Folder::prepare(folder).unwrap();
        Folder::create_private(&folder.database()).unwrap();
        let mut db = crate::connect::writer(&folder.database(), Duration::from_secs(5)).await.unwrap();
        migrator().run_to(version, &mut db).await.unwrap();
        sqlx::raw_sql(
            "INSERT INTO conversation (id, title, created_ms, updated_ms, touched) VALUES ('c', 'kept', 1, 1, 1)",
        )
        .execute(&mut db)
        .await
        .unwrap();
        db.close().await.unwrap();
        folder.write_mark(crate::folder::Mark::Closed).unwrap();
    }

    #[tokio::test]
    async fn every_older_schema_is_backed_up_and_brought_up_to_date() {
        for version in 2..KNOWN {
            let root = tempfile::tempdir().unwrap();
            older(root.path(), version).await;
            let store = Store::open(root.path(), Options::default()).await.unwrap();
            assert_eq!(store.conversation("c").await.unwrap().unwrap().title, "kept");

            let (folder, _) = Folder::prepare(root.path()).unwrap();
            let backups = folder.backups();
            assert_eq!(backups.len(), 1, "{backups:?}");
            let mut copy = crate::connect::inspector(&backups[0], Duration::from_secs(5)).await.unwrap();
            assert_eq!(inspect(&mut copy, Depth::EveryPage).await.unwrap(), Finding::Ours(version));
            let title: String =
                sqlx::query_scalar("SELECT title FROM conversation").fetch_one(&mut copy).await.unwrap();
            assert_eq!(title, "kept");
            store.close().await;
            drop(store);
            Store::open(root.path(), Options::default()).await.unwrap();
            assert_eq!(folder.backups().len(), 1, "what is up to date is not copied again");
        }
    }

    #[tokio::test]
    async fn a_migration_waits_for_the_others_to_end() {
        let root = tempfile::tempdir().unwrap();
        older(root.path(), 3).await;
        let (folder, access) = Folder::prepare(root.path()).unwrap();
        let other = folder.open_lock(access).unwrap().unwrap();
        other.lock_shared().unwrap();
        let options = Options { busy: Duration::from_millis(100), ..Options::default() };
        assert!(matches!(Store::open(root.path(), options.clone()).await, Err(OpenError::Busy { .. })));
        assert!(folder.backups().is_empty());
        other.unlock().unwrap();
        Store::open(root.path(), options).await.unwrap();
    }
}
