//! Back-ups: whole copies of the database beside it, made by SQL, checked before they get their name, and never more
//! than are of use. Called by the migration, by the daily round (`keep.rs`) and by the rescue.
//!
//! Deliberately absent: when one is made.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use crate::connect;
use crate::error::{OpenError, system};
use crate::folder::Folder;
use crate::schema::{self, Depth, Finding, database};

/// The label of the daily ones. Those before a migration are called `schema-N`.
pub(crate) const DAILY: &str = "daily";

/// How many daily ones are kept: three bad days in a row must pass before the last good copy goes.
const KEPT: usize = 3;

/// Until it is whole, a copy has this ending and is no back-up.
const PART: &str = "part";

/// A copy that can be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its name, which [`crate::Store::restore`] takes.
    pub name: String,
    /// When it was made, in milliseconds since 1970 (UTC).
    pub made_ms: u64,
    /// How many conversations it holds.
    pub conversations: u32,
}

/// Copies the database as it is now. Nothing has the name of a back-up before it is whole, checked and on the disk.
pub(crate) async fn write(
    db: &mut SqliteConnection,
    folder: &Folder,
    label: &str,
    wall: Duration,
) -> Result<PathBuf, OpenError> {
    let path = folder.database();
    let needed = Folder::size_of(&path).saturating_add(Folder::size_of(&folder.wal())).saturating_mul(2);
    let free = fs4::available_space(folder.root()).map_err(system("measuring free space of", folder.root()))?;
    if free < needed {
        return Err(OpenError::Full { path, needed, free });
    }
    let copy = folder.new_backup(label, wall).map_err(system("creating a back-up in", folder.root()))?;
    let part = copy.with_extension(PART);
    let written = fill(db, &part).await;
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written?;
    fs::rename(&part, &copy).map_err(system("naming", &copy))?;
    Folder::sync(folder.backup_folder()).map_err(system("syncing", &folder.backup_folder()))?;
    Ok(copy)
}

async fn fill(db: &mut SqliteConnection, part: &Path) -> Result<(), OpenError> {
    // What a killed program left under this name is no copy of now.
    let _ = fs::remove_file(part);
    Folder::create_private(part).map_err(system("creating", part))?;
    let quoted = part.to_string_lossy().replace('\'', "''");
    sqlx::raw_sql(AssertSqlSafe(format!("VACUUM INTO '{quoted}'"))).execute(&mut *db).await.map_err(database(part))?;
    match check(part).await? {
        Finding::Ours(_) => {}
        other => {
            return Err(OpenError::System {
                doing: "checking the back-up",
                path: part.to_owned(),
                source: format!("it reads as {other:?}").into(),
            });
        }
    }
    File::open(part).and_then(|file| file.sync_all()).map_err(system("syncing", part))
}

/// Looks at every page of a copy that nobody has open.
pub(crate) async fn check(copy: &Path) -> Result<Finding, OpenError> {
    let mut db = open(copy).await.map_err(database(copy))?;
    let found = schema::inspect(&mut db, Depth::EveryPage).await.map_err(database(copy));
    connect::close(db).await;
    found
}

/// Opens a copy to read it. Nothing is made beside it.
pub(crate) async fn open(copy: &Path) -> sqlx::Result<SqliteConnection> {
    connect::immutable_inspector(copy, Duration::from_secs(5)).await
}

/// Removes what is of no more use: all but the last daily ones and the last one from before a migration, and what
/// killed programs left half. The caller holds the lock of the back-ups.
pub(crate) fn prune(folder: &Folder, wall: Duration) {
    let all = folder.backups();
    let kept = worth_keeping(&all, wall);
    let halves = fs::read_dir(folder.backup_folder()).into_iter().flatten().flatten().map(|entry| entry.path());
    let halves = halves.filter(|path| path.extension().is_some_and(|extension| extension == PART));
    for path in all.iter().filter(|path| !kept.contains(*path)).cloned().chain(halves) {
        if let Err(error) = fs::remove_file(&path) {
            tracing::debug!(%error, "removing an old back-up");
        }
    }
}

/// The newest daily ones and the newest from before a migration. One that claims to be from the future was made while
/// the clock was wrong, and is older than any that is not.
fn worth_keeping(all: &[PathBuf], wall: Duration) -> HashSet<PathBuf> {
    let newest = |is_wanted: &dyn Fn(&str) -> bool, count: usize| {
        let mut some: Vec<&PathBuf> = all.iter().filter(|path| label(path).is_some_and(is_wanted)).collect();
        some.sort_by_key(|path| std::cmp::Reverse((made(path) <= wall, made(path))));
        some.into_iter().take(count).cloned().collect::<Vec<_>>()
    };
    let daily = newest(&|label| label == DAILY, KEPT);
    let migration = newest(&|label| label.starts_with("schema-"), 1);
    // What bears another label was put there by a person.
    let theirs = all.iter().filter(|path| !label(path).is_some_and(|it| it == DAILY || it.starts_with("schema-")));
    daily.into_iter().chain(migration).chain(theirs.cloned()).collect()
}

/// The newest daily one that is not from the future.
pub(crate) fn last_daily(folder: &Folder, wall: Duration) -> Option<PathBuf> {
    let daily = folder.backups().into_iter().filter(|path| label(path) == Some(DAILY) && made(path) <= wall);
    daily.max_by_key(|path| made(path))
}

/// When a back-up was made, as its name tells; 1970 if it does not.
pub(crate) fn made(path: &Path) -> Duration {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let digits = stem.split_once('-').map_or(stem, |(digits, _)| digits);
    Duration::from_millis(digits.parse().unwrap_or(0))
}

fn label(path: &Path) -> Option<&str> {
    Some(path.file_stem()?.to_str()?.split_once('-')?.1)
}

/// The back-ups that can be restored, newest first, with what is in them. Those that cannot be read are left out.
pub(crate) async fn list(folder: &Folder) -> Vec<Backup> {
    let mut found = Vec::new();
    for path in folder.backups() {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Ok(Finding::Ours(_) | Finding::WrongIndex(_)) = check(&path).await else { continue };
        let Ok(mut db) = open(&path).await else { continue };
        let counted = count(&mut db).await;
        connect::close(db).await;
        let Ok(conversations) = counted else { continue };
        let made_ms = u64::try_from(made(&path).as_millis()).unwrap_or(u64::MAX);
        found.push(Backup { name: name.to_owned(), made_ms, conversations });
    }
    found
}

/// How many conversations a copy holds.
pub(crate) async fn count(db: &mut SqliteConnection) -> sqlx::Result<u32> {
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM conversation WHERE deleted_ms IS NULL").fetch_one(db).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_kept(names: &[&str], wall_ms: u64, expected: &[&str]) {
        let all: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        let kept = worth_keeping(&all, Duration::from_millis(wall_ms));
        let mut kept: Vec<&str> = kept.iter().map(|path| path.to_str().unwrap()).collect();
        kept.sort_unstable();
        assert_eq!(kept, expected);
    }

    #[test]
    fn three_days_and_the_last_migration_are_kept() {
        check_kept(
            &["1-schema-2.db", "2-daily.db", "3-daily.db", "4-schema-3.db", "5-daily.db", "6-daily.db"],
            9,
            &["3-daily.db", "4-schema-3.db", "5-daily.db", "6-daily.db"],
        );
        check_kept(&[], 9, &[]);
    }

    #[test]
    fn copies_of_a_clock_that_was_wrong_go_before_those_of_a_right_one() {
        check_kept(
            &["20-daily.db", "3-daily.db", "30-daily.db", "40-daily.db", "4-daily.db"],
            9,
            &["3-daily.db", "4-daily.db", "40-daily.db"],
        );
    }

    #[test]
    fn what_a_person_put_there_is_never_removed() {
        let names = ["1-daily.db", "2-daily.db", "3-daily.db", "4-daily.db", "before the holidays.db"];
        check_kept(&names, 9, &["2-daily.db", "3-daily.db", "4-daily.db", "before the holidays.db"]);
    }
}
