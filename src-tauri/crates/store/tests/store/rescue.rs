//! The ways back from a damaged database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parlance_store::{NewMessage, OpenError, Options, Place, Store, StoreError};
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::support::{SetClock, end_of, fresh, open, quick, said, until};

/// The 24th of November 2026.
const NOW: u64 = 1_795_478_400_000;

fn now() -> Options {
    Options { clock: SetClock::at(NOW), ..quick() }
}

/// A closed store of so many threads, each with three messages of some length.
async fn filled(threads: usize) -> TempDir {
    let (folder, store) = fresh().await;
    for number in 0..threads {
        let first = long(&format!("thread{number:04} first"));
        let id = store.insert_message(Place::NewConversation, &first).await.unwrap().id;
        for word in ["second", "third"] {
            store.insert_message(end_of(&id), &long(&format!("thread{number:04} {word}"))).await.unwrap();
        }
    }
    store.close().await;
    folder
}

fn long(words: &str) -> NewMessage {
    said(&format!("{words} {}", "lorem ipsum ".repeat(120)))
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("parlance.db")
}

/// Changes the bytes of the database.
fn harm(folder: &TempDir, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(database(folder)).unwrap();
    change(&mut bytes);
    std::fs::write(database(folder), bytes).unwrap();
}

/// Every file in a folder and below it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), std::fs::read(path).unwrap())),
        }
    }
    found
}

/// A store with one copy, made while it held `first`, and then `second` as well; closed.
async fn with_a_back_up() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::at(NOW);
    let store = Store::open(folder.path(), Options { clock: clock.clone(), ..quick() }).await.unwrap();
    store.insert_message(Place::NewConversation, &said("first")).await.unwrap();
    let kept = store.clone();
    let keeping = tokio::spawn(async move { kept.keep_safe(Duration::from_millis(5)).await });
    clock.pass(Duration::from_secs(61));
    let copies = folder.path().join("backups");
    let name = || {
        let entries = std::fs::read_dir(&copies).ok()?.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.into_iter().find(|name| name.ends_with(".db"))
    };
    until("a back-up", || name().is_some()).await;
    keeping.abort();
    let _ = keeping.await;
    store.insert_message(Place::NewConversation, &said("second")).await.unwrap();
    store.close().await;
    let name = name().unwrap();
    (folder, name)
}

#[tokio::test]
async fn a_back_up_is_listed_and_put_back_and_the_damaged_files_are_kept() {
    let (folder, name) = with_a_back_up().await;
    harm(&folder, |bytes| bytes.fill(0x55));
    let damaged = std::fs::read(database(&folder)).unwrap();
    assert!(matches!(Store::open(folder.path(), quick()).await, Err(OpenError::Damaged { .. })));

    let options = Store::rescue_options(folder.path(), &now()).await.unwrap();
    let listed: Vec<_> = options.backups.iter().map(|copy| (&*copy.name, copy.made_ms, copy.conversations)).collect();
    assert_eq!(listed, [(&*name, NOW + 61_000, 1)]);
    assert!(!options.is_salvageable);

    let restored = Store::restore(folder.path(), &name, &now()).await.unwrap();
    assert_eq!(restored.conversations, 1);
    assert_eq!(restored.aside.file_name().unwrap(), "damaged-2026-11-24");
    assert_eq!(std::fs::read(restored.aside.join("parlance.db")).unwrap(), damaged);
    assert!(folder.path().join("backups").join(&name).exists(), "the copy stays");
    let store = open(folder.path()).await;
    assert_eq!(store.conversations(0, 9).await.unwrap()[0].title, "first");
    store.insert_message(Place::NewConversation, &said("goes on")).await.unwrap();
    store.close().await;
    drop(store);
    let again = Store::restore(folder.path(), &name, &now()).await.unwrap();
    assert_eq!(again.aside.file_name().unwrap(), "damaged-2026-11-24-2");
}

#[tokio::test]
async fn nothing_is_put_back_that_is_no_copy_of_ours() {
    let (folder, name) = with_a_back_up().await;
    let copies = folder.path().join("backups");
    let good = copies.join(&name);
    std::fs::copy(&good, copies.join("half.db")).unwrap();
    let half = std::fs::read(&good).unwrap();
    std::fs::write(copies.join("half.db"), &half[..half.len() / 2]).unwrap();
    std::fs::write(copies.join("text.db"), "Dear diary").unwrap();
    std::fs::write(copies.join("nothing.db"), "").unwrap();
    for (name, sql) in [
        ("trigger.db", "CREATE TRIGGER mine AFTER INSERT ON message BEGIN DELETE FROM message; END"),
        ("view.db", "CREATE VIEW mine AS SELECT * FROM message"),
        ("table.db", "CREATE TABLE mine (x)"),
        ("foreign.db", "PRAGMA application_id = 7"),
        ("future.db", "INSERT INTO _sqlx_migrations VALUES (99, 'x', 0, TRUE, x'00', 0)"),
    ] {
        std::fs::copy(&good, copies.join(name)).unwrap();
        let mut db = raw(&copies.join(name)).await;
        sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    }
    let before = files(folder.path());
    let names = ["half.db", "text.db", "nothing.db", "trigger.db", "view.db", "table.db", "foreign.db", "future.db"];
    for name in names.into_iter().chain(["none.db", "../parlance.db", "", "/etc/passwd"]) {
        match Store::restore(folder.path(), name, &now()).await {
            Err(OpenError::Damaged { .. }) => {}
            Err(OpenError::Newer { .. }) if name == "future.db" => {}
            other => panic!("{name:?}: {other:?}"),
        }
        assert!(files(folder.path()) == before, "{name:?} changed something");
    }
}

#[tokio::test]
async fn an_open_store_is_not_pulled_from_under_anyone() {
    let (folder, name) = with_a_back_up().await;
    let store = open(folder.path()).await;
    let restored = Store::restore(folder.path(), &name, &now()).await;
    assert!(matches!(restored, Err(OpenError::Busy { .. })), "{restored:?}");
    let salvaged = Store::salvage(folder.path(), &now()).await;
    assert!(matches!(salvaged, Err(OpenError::Busy { .. })), "{salvaged:?}");
    assert_eq!(store.conversation_count().await.unwrap(), 2);
}

/// Which page holds a text, and where the page begins.
fn page_of(bytes: &[u8], text: &str) -> usize {
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    at / 4096 * 4096
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap()
}

/// The texts of all messages that are shown in any thread, by thread.
async fn shown(store: &Store) -> BTreeMap<String, Vec<String>> {
    let mut threads = BTreeMap::new();
    for line in store.conversations(0, 10_000).await.unwrap() {
        let messages = store.messages(&line.id).await.unwrap();
        let texts = messages.iter().map(|message| message.msg.content[0].as_text().unwrap()[..16].to_owned());
        threads.insert(line.title[..10].to_owned(), texts.collect());
    }
    threads
}

#[tokio::test]
async fn a_leaf_that_is_damaged_costs_its_own_messages_and_nothing_else() {
    let folder = filled(100).await;
    harm(&folder, |bytes| {
        let page = page_of(bytes, "thread0050 second");
        // The header of the page and its list of cells; the bytes behind it would be the words.
        bytes[page..page + 32].fill(0xff);
    });
    assert!(matches!(Store::open(folder.path(), quick()).await, Err(OpenError::Damaged { .. })));
    assert!(Store::rescue_options(folder.path(), &now()).await.unwrap().is_salvageable);
    let damaged = std::fs::read(database(&folder)).unwrap();

    let salvaged = Store::salvage(folder.path(), &now()).await.unwrap();
    assert_eq!((salvaged.conversations, salvaged.of), (100, 100));
    assert!((297..300).contains(&salvaged.messages), "{salvaged:?}");
    assert_eq!(std::fs::read(salvaged.aside.join("parlance.db")).unwrap(), damaged);

    let store = open(folder.path()).await;
    let threads = shown(&store).await;
    assert_eq!(threads.len(), 100);
    let texts: usize = threads.values().map(Vec::len).sum();
    assert_eq!(texts, salvaged.messages as usize, "whatever is there is shown");
    assert_eq!(threads["thread0000"].len(), 3);
    assert!(threads["thread0050"].len() < 3, "{threads:?}");
    assert_eq!(store.search("thread0099", 9).await.unwrap().len(), 3, "the index is made anew");
    store.insert_message(Place::NewConversation, &said("goes on")).await.unwrap();
}

#[tokio::test]
async fn threads_whose_own_rows_are_lost_come_back_with_their_messages() {
    let folder = filled(100).await;
    let mut db = raw(&database(&folder)).await;
    let root: i64 = sqlx::query_scalar("SELECT rootpage FROM sqlite_schema WHERE name = 'conversation'")
        .fetch_one(&mut db)
        .await
        .unwrap();
    db.close().await.unwrap();
    harm(&folder, |bytes| {
        let at = (usize::try_from(root).unwrap() - 1) * 4096;
        bytes[at..at + 4096].fill(0);
    });
    let salvaged = Store::salvage(folder.path(), &now()).await.unwrap();
    assert_eq!((salvaged.conversations, salvaged.of, salvaged.messages), (100, 100, 300));
    let threads = shown(&open(folder.path()).await).await;
    assert_eq!(threads.len(), 100, "with the titles that their messages give");
    assert!(threads.values().all(|texts| texts.len() == 3));
}

#[tokio::test]
async fn what_is_lost_is_counted_as_lost() {
    let folder = filled(100).await;
    harm(&folder, |bytes| bytes.truncate(bytes.len() / 2 / 4096 * 4096));
    let salvaged = Store::salvage(folder.path(), &now()).await.unwrap();
    assert!(salvaged.conversations < salvaged.of, "{salvaged:?}");
    assert!(salvaged.conversations > 10 && salvaged.of <= 100, "{salvaged:?}");
    let threads = shown(&open(folder.path()).await).await;
    assert_eq!(threads.len(), salvaged.conversations as usize);
    assert_eq!(threads.values().map(Vec::len).sum::<usize>(), salvaged.messages as usize);
}

#[tokio::test]
async fn a_log_of_another_database_is_left_out_of_the_salvage() {
    let folder = filled(3).await;
    let (other, store) = fresh().await;
    store.insert_message(Place::NewConversation, &said("somebody else's")).await.unwrap();
    std::fs::copy(other.path().join("parlance.db-wal"), folder.path().join("parlance.db-wal")).unwrap();
    let salvaged = Store::salvage(folder.path(), &now()).await.unwrap();
    assert_eq!((salvaged.conversations, salvaged.of, salvaged.messages), (3, 3, 9));
    assert!(salvaged.aside.join("parlance.db-wal").exists());
    assert_eq!(shown(&open(folder.path()).await).await.len(), 3);
}

#[tokio::test]
async fn what_the_person_took_away_is_neither_lost_nor_brought_back() {
    let (folder, store) = fresh().await;
    for number in 0..3 {
        let id = store.insert_message(Place::NewConversation, &long(&format!("thread{number:04}"))).await.unwrap().id;
        if number == 1 {
            store.delete_conversation(&id).await.unwrap();
        }
    }
    store.close().await;
    drop(store);
    let salvaged = Store::salvage(folder.path(), &now()).await.unwrap();
    assert_eq!((salvaged.conversations, salvaged.of), (2, 2));
    assert_eq!(open(folder.path()).await.conversation_count().await.unwrap(), 2);
}

#[tokio::test]
async fn where_nothing_can_be_read_nothing_is_replaced() {
    for change in [
        (|bytes: &mut Vec<u8>| bytes.fill(0)) as fn(&mut Vec<u8>),
        |bytes| *bytes = b"Dear diary. ".repeat(2_000),
        Vec::clear,
        |bytes| bytes[100..4096].fill(0xff),
    ] {
        let folder = filled(3).await;
        harm(&folder, change);
        let before = std::fs::read(database(&folder)).unwrap();
        assert!(!Store::rescue_options(folder.path(), &now()).await.unwrap().is_salvageable);
        let salvaged = Store::salvage(folder.path(), &now()).await;
        assert!(matches!(salvaged, Err(OpenError::Damaged { .. })), "{salvaged:?}");
        assert_eq!(std::fs::read(database(&folder)).unwrap(), before);
        assert!(!folder.path().join("damaged-2026-11-24").exists());
        assert!(!folder.path().join("parlance.new").exists());
    }
}

/// Larger than what is looked at whole at every start.
async fn large() -> TempDir {
    let (folder, store) = fresh().await;
    for number in 0..700 {
        let words = format!("thread{number:04} {}", "lorem ipsum dolor ".repeat(1_000));
        store.insert_message(Place::NewConversation, &said(&words)).await.unwrap();
    }
    store.close().await;
    drop(store);
    assert!(std::fs::metadata(database(&folder)).unwrap().len() > 16 * 1024 * 1024);
    // The first look at every page is due at once.
    open(folder.path()).await.close().await;
    folder
}

#[tokio::test]
async fn in_a_large_file_a_damaged_leaf_is_found_after_a_crash_and_when_it_is_read() {
    let folder = large().await;
    harm(&folder, |bytes| {
        let page = page_of(bytes, "\"thread0300");
        bytes[page..page + 64].fill(0xff);
    });
    // After a clean end nobody waits for a look at every page, and what is read says so itself.
    let store = open(folder.path()).await;
    let mut refused = 0;
    for line in store.conversations(0, 1_000).await.unwrap() {
        match store.messages(&line.id).await {
            Ok(messages) => assert_eq!(messages.len(), 1),
            Err(StoreError::Damaged(_)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!((1..10).contains(&refused), "{refused}");
    store.close().await;
    drop(store);
    std::fs::write(folder.path().join("parlance.state"), "open\n").unwrap();
    assert!(matches!(Store::open(folder.path(), quick()).await, Err(OpenError::Damaged { .. })));
    let salvaged = Store::salvage(folder.path(), &now()).await.unwrap();
    assert_eq!(salvaged.of, 700);
    assert!((690..700).contains(&salvaged.conversations), "{salvaged:?}");
}

#[tokio::test]
async fn what_the_weekly_check_finds_is_not_copied_and_is_told_at_the_next_start() {
    let folder = large().await;
    harm(&folder, |bytes| {
        let page = page_of(bytes, "\"thread0300");
        bytes[page..page + 64].fill(0xff);
    });
    let clock = SetClock::at(NOW);
    let store = Store::open(folder.path(), Options { clock: clock.clone(), ..quick() }).await.unwrap();
    let kept = store.clone();
    tokio::spawn(async move { kept.keep_safe(Duration::from_millis(5)).await });
    store.insert_message(Place::NewConversation, &said("new")).await.unwrap();
    clock.pass(Duration::from_secs(61));
    // That is the last thing that is done.
    let log = folder.path().join("parlance.db-wal");
    until("the log is cut off", || std::fs::metadata(&log).unwrap().len() == 0).await;
    assert!(Store::rescue_options(folder.path(), &now()).await.unwrap().backups.is_empty());
    store.close().await;
    drop(store);
    assert!(matches!(Store::open(folder.path(), quick()).await, Err(OpenError::Damaged { .. })));
}

#[tokio::test]
async fn a_folder_of_any_name_can_be_rescued() {
    let (folder, name) = with_a_back_up().await;
    let odd = tempfile::tempdir().unwrap();
    let odd = odd.path().join("it's #1 ?a=b %20 ö 你");
    std::fs::rename(folder.path(), &odd).unwrap();
    assert_eq!(Store::rescue_options(&odd, &now()).await.unwrap().backups.len(), 1);
    assert_eq!(Store::salvage(&odd, &now()).await.unwrap().conversations, 2);
    assert_eq!(Store::restore(&odd, &name, &now()).await.unwrap().conversations, 1);
    assert_eq!(open(&odd).await.conversation_count().await.unwrap(), 1);
}

#[tokio::test]
async fn in_a_large_file_a_damaged_text_index_is_made_anew_after_a_crash() {
    let folder = large().await;
    let mut db = raw(&database(&folder)).await;
    // A leaf of the index, its bytes turned round.
    sqlx::raw_sql(
        "UPDATE message_text_data SET block = zeroblob(length(block))
         WHERE id = (SELECT max(id) FROM message_text_data)",
    )
    .execute(&mut db)
    .await
    .unwrap();
    db.close().await.unwrap();
    std::fs::write(folder.path().join("parlance.state"), "open\n").unwrap();
    let store = open(folder.path()).await;
    for word in ["thread0000", "thread0350", "thread0699"] {
        assert_eq!(store.search(word, 9).await.unwrap().len(), 1, "{word}");
    }
}
