//! A store in a folder of its own, and a clock that tests set.

pub(crate) mod namespace;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parlance_core::{Clock, Msg, Role};
use parlance_store::{NewMessage, Options, Place, Store, Turn};
use tempfile::TempDir;

/// The wall clock stands where it was set; the other one runs.
#[derive(Debug)]
pub(crate) struct SetClock {
    wall_ms: AtomicU64,
}

impl SetClock {
    pub(crate) fn at(ms: u64) -> Arc<Self> {
        Arc::new(Self { wall_ms: AtomicU64::new(ms) })
    }

    pub(crate) fn set(&self, ms: u64) {
        self.wall_ms.store(ms, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        Instant::now()
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
