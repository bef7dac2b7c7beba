//! Files that are half, empty, foreign, flipped, missing or from the future.

use std::collections::BTreeMap;
use std::path::Path;

use parlance_store::{OpenError, Place, Store};
use sqlx::{Connection as _, SqliteConnection};

use crate::support::{ask, fresh, open, quick, said};

/// A closed store with a few threads in it.
async fn filled() -> tempfile::TempDir {
    let (folder, store) = fresh().await;
    for number in 0..40 {
        store.insert_message(Place::NewConversation, &said(&format!("message {number} ").repeat(40))).await.unwrap();
    }
    store.close().await;
    folder
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

/// Does harm to the closed database and expects that opening says so, leaving every file as it is.
#[track_caller]
fn check(what: &str, outcome: Result<Store, OpenError>, before: &BTreeMap<String, Vec<u8>>, folder: &Path) {
    match outcome {
        Err(OpenError::Damaged { .. }) => {}
        Err(other) => panic!("{what}: {other:?}"),
        Ok(_) => panic!("{what}: was opened"),
    }
    for (name, bytes) in before {
        assert!(std::fs::read(folder.join(name)).is_ok_and(|now| now == *bytes), "{what}: {name} was changed");
    }
}

#[tokio::test]
async fn a_damaged_database_is_told_and_left_as_it_is() {
    type Harm = fn(&mut Vec<u8>);
    let harms: [(&str, Harm); 7] = [
        ("half file", |bytes| bytes.truncate(bytes.len() / 2)),
        ("no bytes", Vec::clear),
        ("text file", |bytes| *bytes = b"Dear diary, this is no database at all.\n".repeat(200)),
        ("flipped header", |bytes| bytes[..16].iter_mut().for_each(|byte| *byte ^= 0x55)),
        ("flipped first page", |bytes| bytes[100..108].iter_mut().for_each(|byte| *byte ^= 0x55)),
        ("flipped pages", |bytes| bytes[4096..].iter_mut().step_by(97).for_each(|byte| *byte ^= 0x55)),
        ("all zeros", |bytes| bytes.fill(0)),
    ];
    for (what, harm) in harms {
        let folder = filled().await;
        let path = folder.path().join("parlance.db");
        let mut bytes = std::fs::read(&path).unwrap();
        harm(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        let before = files(folder.path());
        check(what, Store::open(folder.path(), quick()).await, &before, folder.path());
    }
}

#[tokio::test]
async fn a_missing_database_that_was_known_is_not_made_anew() {
    let folder = filled().await;
    std::fs::remove_file(folder.path().join("parlance.db")).unwrap();
    check("missing", Store::open(folder.path(), quick()).await, &files(folder.path()), folder.path());
    assert!(!folder.path().join("parlance.db").exists());
}

#[tokio::test]
async fn a_missing_database_with_back_ups_is_not_made_anew_and_they_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backups/000001700000000-schema-1.db");
    std::fs::create_dir(folder.path().join("backups")).unwrap();
    std::fs::write(&backup, "a back-up").unwrap();
    match Store::open(folder.path(), quick()).await.err().unwrap() {
        OpenError::Damaged { backups, .. } => assert_eq!(backups, [backup.canonicalize().unwrap()]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_empty_file_that_a_killed_first_start_left_is_used() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("parlance.db"), "").unwrap();
    ask(&open(folder.path()).await, Place::NewConversation, "hello").await;
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parlance.db");
    let mut other = raw(&path).await;
    sqlx::raw_sql("CREATE TABLE theirs (x)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let before = files(folder.path());
    check("foreign", Store::open(folder.path(), quick()).await, &before, folder.path());
}

#[tokio::test]
async fn a_database_from_the_future_is_not_written() {
    let folder = filled().await;
    let path = folder.path().join("parlance.db");
    let mut future = raw(&path).await;
    sqlx::raw_sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'future', TRUE, x'00', 0)",
    )
    .execute(&mut future)
    .await
    .unwrap();
    future.close().await.unwrap();
    let before = files(folder.path());
    match Store::open(folder.path(), quick()).await.err().unwrap() {
        OpenError::Newer { found, known, .. } => assert_eq!((found, known), (999, 13)),
        other => panic!("{other:?}"),
    }
    assert_eq!(files(folder.path())["parlance.db"], before["parlance.db"]);
    assert!(!folder.path().join("backups").exists());
}

#[tokio::test]
async fn a_changed_migration_counts_as_another_parlance() {
    let folder = filled().await;
    let mut other = raw(&folder.path().join("parlance.db")).await;
    sqlx::raw_sql("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 2").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    assert!(matches!(Store::open(folder.path(), quick()).await, Err(OpenError::Newer { found: 2, .. })));
}

#[tokio::test]
async fn a_file_where_the_folder_should_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "x").unwrap();
    let error = Store::open(&path, quick()).await.err().unwrap();
    assert!(error.to_string().starts_with("creating "), "{error}");
}

/// What is left of a store of which `titles` are in the log alone, as after a kill.
async fn killed(titles: &[&str]) -> tempfile::TempDir {
    let (folder, store) = fresh().await;
    for title in titles {
        store.insert_message(Place::NewConversation, &said(title)).await.unwrap();
    }
    let left = tempfile::tempdir().unwrap();
    for file in ["parlance.db", "parlance.db-wal", "parlance.state"] {
        std::fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    }
    left
}

#[tokio::test]
async fn a_log_that_a_kill_left_is_taken_in() {
    let left = killed(&["in the log"]).await;
    assert_eq!(open(left.path()).await.conversation_count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_log_with_a_damaged_header_is_told_and_not_written_over() {
    for byte in [0, 9, 17, 24, 31] {
        let left = killed(&["in the log"]).await;
        let log = left.path().join("parlance.db-wal");
        let mut bytes = std::fs::read(&log).unwrap();
        bytes[byte] ^= 0x10;
        std::fs::write(&log, bytes).unwrap();
        check("torn log", Store::open(left.path(), quick()).await, &files(left.path()), left.path());
    }
}

#[tokio::test]
async fn a_log_of_another_database_is_told_and_not_taken_in() {
    let folder = filled().await;
    let other = killed(&["somebody else's"]).await;
    std::fs::copy(other.path().join("parlance.db-wal"), folder.path().join("parlance.db-wal")).unwrap();
    check("foreign log", Store::open(folder.path(), quick()).await, &files(folder.path()), folder.path());
    std::fs::remove_file(folder.path().join("parlance.db-wal")).unwrap();
    assert_eq!(open(folder.path()).await.conversation_count().await.unwrap(), 40);
}

#[tokio::test]
async fn a_log_without_its_database_is_told() {
    let left = killed(&["in the log"]).await;
    std::fs::remove_file(left.path().join("parlance.db")).unwrap();
    check("log alone", Store::open(left.path(), quick()).await, &files(left.path()), left.path());
    assert!(!left.path().join("parlance.db").exists());
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", path.display())).await.unwrap()
}
