//! What is done for the store while nobody writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parlance_store::{OpenError, Options, Place, Store};
use sqlx::{Connection as _, SqliteConnection};

use crate::support::{SetClock, ask, fresh, open, quick, said, until};

/// A moment in 2023.
const NOW: u64 = 1_700_000_000_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longer than a write must be past.
const IDLE: Duration = Duration::from_secs(61);
const LOOK: Duration = Duration::from_millis(5);

/// A store that is kept safe, and its clock.
struct Kept {
    folder: tempfile::TempDir,
    store: Store,
    clock: Arc<SetClock>,
}

impl Kept {
    async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = SetClock::at(NOW);
        let store = Store::open(folder.path(), Options { clock: clock.clone(), ..quick() }).await.unwrap();
        let kept = Self { folder, store, clock };
        kept.watch();
        kept
    }

    fn watch(&self) {
        let store = self.store.clone();
        tokio::spawn(async move { store.keep_safe(LOOK).await });
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn backups(&self) -> Vec<String> {
        backups(self.folder.path())
    }

    /// Something is written, and so much time passes. Another copy comes of it.
    async fn back_up_after(&self, time: Duration) {
        let before = self.backups();
        self.store.insert_message(Place::NewConversation, &said("something new")).await.unwrap();
        self.clock.pass(time);
        until("a back-up", || self.backups().last() != before.last()).await;
        // The last thing of a round.
        until("the log is cut off", || size(&self.file("parlance.db-wal")) == 0).await;
    }

    /// Eight days pass and everything has been looked after, twice: what the first time began, the second has ended.
    async fn two_rounds(&self) {
        for _ in 0..2 {
            let before = self.verified().await;
            self.clock.pass(8 * DAY);
            let deadline = std::time::Instant::now() + Duration::from_secs(10);
            while self.verified().await == before {
                assert!(std::time::Instant::now() < deadline, "no round was made");
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    async fn verified(&self) -> Option<String> {
        let mut db = raw(&self.file("parlance.db")).await;
        let sql = "SELECT value FROM meta WHERE key = 'verified_ms'";
        let value = sqlx::query_scalar(sql).fetch_optional(&mut db).await.unwrap();
        db.close().await.unwrap();
        value
    }
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap()
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

fn backups(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder.join("backups")) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".db")).collect();
    names.sort();
    names
}

async fn titles(path: &Path) -> Vec<String> {
    let mut db = SqliteConnection::connect(&format!("sqlite://{}?mode=ro", path.display())).await.unwrap();
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut db).await.unwrap();
    assert_eq!(verdict, "ok");
    sqlx::query_scalar("SELECT title FROM conversation ORDER BY n").fetch_all(&mut db).await.unwrap()
}

#[tokio::test]
async fn a_minute_after_the_last_write_the_log_is_cut_off_and_a_private_copy_is_made() {
    let kept = Kept::begin().await;
    ask(&kept.store, Place::NewConversation, "hello").await;
    assert!(size(&kept.file("parlance.db-wal")) > 0);
    kept.back_up_after(IDLE).await;
    let backup = kept.file("backups").join(&kept.backups()[0]);
    assert_eq!(titles(&backup).await, ["hello", "something new"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(kept.backups(), [format!("00{}-daily.db", NOW + 61_000)]);
    ask(&kept.store, Place::NewConversation, "again").await;
    assert!(size(&kept.file("parlance.db-wal")) > 0);
    kept.clock.pass(IDLE);
    until("the log is cut off", || size(&kept.file("parlance.db-wal")) == 0).await;
}

#[tokio::test]
async fn a_copy_is_made_once_a_day_and_only_of_what_changed_and_three_are_kept() {
    let kept = Kept::begin().await;
    for count in [1, 2, 3, 3, 3] {
        kept.back_up_after(DAY).await;
        until("the old ones are tidied away", || kept.backups().len() == count).await;
    }
    let last = kept.backups();
    kept.two_rounds().await;
    assert_eq!(kept.backups(), last, "nothing changed");

    // What an opening writes is nothing that needs a copy either.
    kept.store.close().await;
    let store = Store::open(kept.folder.path(), Options { clock: kept.clock.clone(), ..quick() }).await.unwrap();
    let kept = Kept { store, ..kept };
    kept.watch();
    kept.two_rounds().await;
    assert_eq!(kept.backups(), last, "nothing changed");

    kept.back_up_after(IDLE).await;
    let last = kept.backups();
    ask(&kept.store, Place::NewConversation, "later that day").await;
    kept.clock.pass(IDLE);
    until("the log is cut off", || size(&kept.file("parlance.db-wal")) == 0).await;
    kept.clock.pass(Duration::from_secs(22 * 60 * 60));
    assert_eq!(kept.backups(), last, "one a day");
}

#[tokio::test]
async fn back_ups_are_named_newest_first_when_the_database_is_damaged() {
    let kept = Kept::begin().await;
    kept.back_up_after(DAY).await;
    kept.back_up_after(DAY).await;
    let mut newest_first = kept.backups();
    newest_first.reverse();
    kept.store.close().await;
    std::fs::write(kept.file("parlance.db"), "no database").unwrap();
    match Store::open(kept.folder.path(), quick()).await.err().unwrap() {
        OpenError::Damaged { backups, .. } => {
            let names: Vec<_> = backups.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
            assert_eq!(names, newest_first);
            assert_eq!(names.len(), 2);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_half_copy_of_a_killed_program_is_no_back_up_and_goes() {
    let kept = Kept::begin().await;
    std::fs::create_dir_all(kept.file("backups")).unwrap();
    let half = kept.file("backups/000000000000001-daily.part");
    std::fs::write(&half, "half").unwrap();
    kept.back_up_after(IDLE).await;
    until("the half copy goes", || !half.exists()).await;
    assert_eq!(kept.backups().len(), 1);
}

#[tokio::test]
async fn an_index_that_does_not_fit_the_messages_is_made_anew_at_the_next_start() {
    let (folder, store) = fresh().await;
    ask(&store, Place::NewConversation, "find the heron").await;
    store.close().await;
    drop(store);
    let path = folder.path().join("parlance.db");
    let mut db = raw(&path).await;
    // The rows of the index stay, its words go.
    sqlx::raw_sql("DELETE FROM message_text_data WHERE id > 10").execute(&mut db).await.unwrap();
    db.close().await.unwrap();

    let store = open(folder.path()).await;
    assert_eq!(store.search("heron", 5).await.unwrap().len(), 1);
    assert_eq!(store.conversation_count().await.unwrap(), 1);
}

#[tokio::test]
async fn an_index_that_is_found_wrong_while_the_store_is_open_is_made_anew() {
    let kept = Kept::begin().await;
    ask(&kept.store, Place::NewConversation, "find the heron").await;
    // Another connection of this program does not touch the locks of the store's own.
    let path = kept.file("parlance.db");
    let mut db = raw(&path).await;
    sqlx::raw_sql("DELETE FROM message_text_data WHERE id > 10").execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    assert!(!kept.store.search("heron", 5).await.is_ok_and(|hits| hits.len() == 1), "the harm was done");
    kept.clock.pass(IDLE);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while !kept.store.search("heron", 5).await.is_ok_and(|hits| hits.len() == 1) {
        assert!(std::time::Instant::now() < deadline, "the index was not made anew");
        tokio::time::sleep(LOOK).await;
    }
}
