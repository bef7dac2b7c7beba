//! Writes a running answer to the store while it comes, without ever making the one who decodes it wait.
//!
//! An actor: [`AnswerWriter`] is the handle; its task writes what waits every 200 ms or 16 KiB. A slow disk only makes
//! the pieces larger.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use parlance_core::ModelEvent;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::StoreError;
use crate::pending::Pending;
use crate::store::Store;
use crate::turn::Ending;

/// How long to wait before trying again to write what could not be written.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// An ending that cannot be written is kept in memory up to this size.
const KEEP_BYTES: usize = 64 * 1024 * 1024;

/// Writes one running answer. Dropped without [`AnswerWriter::finish`] the answer stays as far as it was written, and
/// the next start marks it cut.
#[derive(Debug)]
pub struct AnswerWriter {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    message_id: String,
    pending: Mutex<Pending>,
    /// Something came, or it is over.
    changed: Notify,
}

/// What became of an ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is on the disk.
    Now,
    /// The disk is full or held by another program: it is kept in memory and tried again every two seconds.
    Later,
}

impl AnswerWriter {
    /// Begins to write the answer `message_id`, a streaming message of [`Store::begin_turn`].
    #[must_use]
    pub fn start(store: Store, message_id: impl Into<String>) -> Self {
        let shared =
            Arc::new(Shared { message_id: message_id.into(), pending: Mutex::default(), changed: Notify::new() });
        let task = tokio::spawn(run(store, Arc::clone(&shared)));
        Self { shared, task }
    }

    /// Takes an event; returns at once. [`ModelEvent::Finished`] and the like may come too.
    pub fn push(&self, event: &ModelEvent) {
        self.shared.pending().push(event, Instant::now().into_std());
        self.shared.changed.notify_one();
    }

    /// How many bytes wait to be written. More than a few KiB for long means that the disk is behind.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.shared.pending().bytes()
    }

    /// Ends the answer with its final blocks. What waits need not be written before: the blocks hold it.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the message was removed meanwhile, or when writing fails for good.
    pub async fn finish(self, store: &Store, ending: Ending) -> Result<Saved, StoreError> {
        self.task.abort();
        let id = self.shared.message_id.clone();
        match store.finish_message(&id, &ending).await {
            Ok(()) => Ok(Saved::Now),
            Err(error) if may_pass(&error) && size_of(&ending) <= KEEP_BYTES => {
                tokio::spawn(finish_later(store.clone(), id, ending));
                Ok(Saved::Later)
            }
            Err(error) => Err(error),
        }
    }
}

impl Drop for AnswerWriter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn pending(&self) -> std::sync::MutexGuard<'_, Pending> {
        // Nothing in there can be left half done.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(store: Store, shared: Arc<Shared>) {
    loop {
        let due = shared.pending().due();
        match due {
            None => shared.changed.notified().await,
            Some(due) if Instant::from_std(due) > Instant::now() => {
                tokio::select! {
                    () = tokio::time::sleep_until(Instant::from_std(due)) => {}
                    // It may have grown large.
                    () = shared.changed.notified() => {}
                }
            }
            Some(_) => {
                let events = shared.pending().take();
                match store.append_parts(&shared.message_id, &events).await {
                    Ok(()) => {}
                    Err(error) if may_pass(&error) => {
                        tracing::warn!(%error, "a piece of an answer waits to be written");
                        shared.pending().put_back(events, Instant::now().into_std());
                        tokio::time::sleep(TRY_AGAIN).await;
                    }
                    Err(error) => {
                        // The ending will tell the person; until then the answer is in memory with its reader.
                        tracing::warn!(%error, "pieces of an answer are not written any more");
                        return;
                    }
                }
            }
        }
    }
}

async fn finish_later(store: Store, id: String, ending: Ending) {
    loop {
        tokio::time::sleep(TRY_AGAIN).await;
        match store.finish_message(&id, &ending).await {
            Ok(()) => return,
            Err(error) if may_pass(&error) => {}
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                return;
            }
        }
    }
}

/// Whether waiting may help.
fn may_pass(error: &StoreError) -> bool {
    match error {
        StoreError::Full | StoreError::Busy => true,
        StoreError::ReadOnly
        | StoreError::Damaged(_)
        | StoreError::Gone { .. }
        | StoreError::Changed { .. }
        | StoreError::TooLong { .. }
        | StoreError::Slow
        | StoreError::DiskFailed(_)
        | StoreError::Closed
        | StoreError::Failed(_) => false,
    }
}

fn size_of(ending: &Ending) -> usize {
    let sound: usize = ending.media.iter().map(|media| media.samples.len() * 2).sum();
    sound + serde_json::to_vec(&ending.content).map_or(usize::MAX / 2, |json| json.len())
}
