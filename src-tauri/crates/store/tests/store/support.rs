//! A store in a folder of its own, and a clock that tests set.

pub(crate) mod namespace;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parlance_core::{Clock, Msg, Role};
use parlance_store::{NewMessage, Options, Place, Store, Turn};
use tempfile::TempDir;

/// The wall clock stands where it was set; the other one runs. Both can be moved on.
#[derive(Debug)]
pub(crate) struct SetClock {
    wall_ms: AtomicU64,
    ahead_ms: AtomicU64,
}

impl SetClock {
    pub(crate) fn at(ms: u64) -> Arc<Self> {
        Arc::new(Self { wall_ms: AtomicU64::new(ms), ahead_ms: AtomicU64::new(0) })
    }

    pub(crate) fn set(&self, ms: u64) {
        self.wall_ms.store(ms, Ordering::SeqCst);
    }

    /// So much time passes at once, on both clocks.
    pub(crate) fn pass(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap();
        self.wall_ms.fetch_add(ms, Ordering::SeqCst);
        self.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.ahead_ms.load(Ordering::SeqCst))
    }

    fn wall(&self) -> Duration {
        Duration::from_millis(self.wall_ms.load(Ordering::SeqCst))
    }
}

pub(crate) fn quick() -> Options {
    Options { busy: Duration::from_millis(300), ..Options::default() }
}

pub(crate) async fn open(folder: &Path) -> Store {
    Store::open(folder, quick()).await.unwrap()
}

/// Waits until something has happened; it is a failure when it has not in ten seconds.
#[track_caller]
pub(crate) fn until(what: &'static str, has_happened: impl Fn() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !has_happened() {
            assert!(Instant::now() < deadline, "{what} did not happen ({caller})");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A store in a folder that goes away with the test.
pub(crate) async fn fresh() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    (folder, store)
}

pub(crate) fn said(text: &str) -> NewMessage {
    NewMessage::complete(Msg::text(Role::User, "you", text))
}

pub(crate) fn answer() -> NewMessage {
    NewMessage::streaming("gpt-x", "openai", "gpt-x")
}

pub(crate) async fn ask(store: &Store, place: Place, text: &str) -> Turn {
    store.begin_turn(place, Some(said(text)), answer()).await.unwrap()
}

pub(crate) fn end_of(id: &str) -> Place {
    Place::EndOf { conversation_id: id.to_owned() }
}
