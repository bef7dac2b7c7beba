//! Files taken in as notes: once, and again where they have changed. Resumed after a crash, since what is in already is
//! known by its file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use parlance_store::{KnownFile, NoteDraft, NoteFile, WrittenBy};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::files::{self, Step};
use super::{Written, draft, folder};
use crate::api::{AppEvent, ErrorBody, ErrorCode, FileFault, FileTrouble, ImportView};
use crate::app::App;

/// Notes that are kept in one transaction, and how much text.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 1024 * 1024;

/// Faults that are named.
const MOST_FAULTS: usize = 100;

/// How often hosts hear how far it is.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// What runs, for those who ask.
#[derive(Default)]
pub(crate) struct Imports {
    running: Mutex<Option<(CancellationToken, ImportView)>>,
    /// One after the other.
    turn: tokio::sync::Mutex<()>,
}

impl Imports {
    /// The import that runs.
    pub(crate) fn view(&self) -> Option<ImportView> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, view)| view.clone())
    }

    /// Stops it.
    pub(crate) fn stop(&self) {
        if let Some((cancel, _)) = &*self.running.lock().unwrap_or_else(PoisonError::into_inner) {
            cancel.cancel();
        }
    }

    fn set(&self, running: Option<(CancellationToken, ImportView)>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }
}

/// What the reading thread found out about some files.
#[derive(Default)]
struct Batch {
    drafts: Vec<NoteDraft>,
    bytes: usize,
    seen: u32,
    added: u32,
    changed: u32,
    same: u32,
    kept: u32,
    passed_over: u32,
    faults: Vec<FileFault>,
}

/// How files become notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taking {
    /// What is walked over.
    pub(super) root: PathBuf,
    /// The followed folder whose files they are.
    pub(super) followed_n: Option<i64>,
}

impl App {
    /// Takes in a file, or all files below a folder, and says what became of them. It is over when this returns; dropping
    /// it stops it, and the next start goes on.
    ///
    /// # Errors
    /// When nothing is there, or notes cannot be kept.
    pub async fn import(&self, path: &Path) -> Result<ImportView, ErrorBody> {
        let root = std::fs::canonicalize(path)
            .map_err(|error| ErrorBody::new(ErrorCode::BadFile).with_details(format!("{}: {error}", path.display())))?;
        let store = self.store()?;
        let name = root.to_string_lossy().into_owned();
        store.begin_import(&name).await?;
        let view = self.take_in_all(Taking { root, followed_n: None }).await?;
        store.end_import(&name).await?;
        Ok(view)
    }

    /// Goes on with imports that a crash or the end of the program cut off.
    pub(crate) async fn resume_imports(&self) {
        let Ok(store) = self.store() else { return };
        for path in store.unfinished_imports().await.unwrap_or_default() {
            if let Err(error) = self.import(Path::new(&path)).await {
                tracing::warn!(?error, "an import could not go on");
                // What is not there any more never will be.
                let _ = store.end_import(&path).await;
            }
        }
    }

    pub(super) async fn take_in_all(&self, taking: Taking) -> Result<ImportView, ErrorBody> {
        let imports = &self.inner.notes.imports;
        let _turn = imports.turn.lock().await;
        let root = taking.root.to_string_lossy().into_owned();
        let known = self.store()?.known_files(&root, std::path::MAIN_SEPARATOR).await?;
        let cancel = CancellationToken::new();
        let mut view = ImportView { path: root, ..ImportView::default() };
        imports.set(Some((cancel.clone(), view.clone())));
        // Two batches wait at the most: a fast disk does not fill the memory.
        let (sender, mut batches) = mpsc::channel(2);
        let reading = {
            let (cancel, taking) = (cancel.clone(), taking.clone());
            tokio::task::spawn_blocking(move || read_all(&taking, &known, &sender, &cancel))
        };
        // Dropped half way, the thread ends with its next file.
        let _end = cancel.clone().drop_guard();
        let mut told = self.inner.clock.now();
        let mut outcome = Ok(());
        while let Some(batch) = batches.recv().await {
            if let Err(error) = self.put_batch(batch, &mut view).await {
                outcome = Err(error);
                cancel.cancel();
                break;
            }
            imports.set(Some((cancel.clone(), view.clone())));
            if self.inner.clock.now().saturating_duration_since(told) >= TELL_EVERY {
                told = self.inner.clock.now();
                self.hub().tell(AppEvent::ImportProgress { import: view.clone() });
            }
        }
        drop(batches);
        // It has nothing left to do but to end.
        let _ = reading.await;
        view.over = true;
        imports.set(None);
        self.hub().tell(AppEvent::ImportProgress { import: view.clone() });
        outcome.map(|()| view)
    }

    async fn put_batch(&self, batch: Batch, view: &mut ImportView) -> Result<(), ErrorBody> {
        if !batch.drafts.is_empty() {
            self.put_notes(batch.drafts).await?;
        }
        view.seen += batch.seen;
        view.added += batch.added;
        view.changed += batch.changed;
        view.same += batch.same;
        view.kept += batch.kept;
        view.passed_over += batch.passed_over;
        view.faulty += u32::try_from(batch.faults.len()).unwrap_or(u32::MAX);
        view.faults.extend(batch.faults);
        view.faults.truncate(MOST_FAULTS);
        Ok(())
    }
}

fn read_all(taking: &Taking, known: &HashMap<String, KnownFile>, to: &mpsc::Sender<Batch>, cancel: &CancellationToken) {
    let mut batch = Batch::default();
    files::walk(&taking.root, |step| {
        batch.take(taking, known, step);
        let is_full = batch.drafts.len() >= BATCH || batch.bytes >= BATCH_BYTES || batch.seen as usize >= 100 * BATCH;
        if is_full && to.blocking_send(std::mem::take(&mut batch)).is_err() {
            return false;
        }
        !cancel.is_cancelled()
    });
    // Nobody waits for it where the receiver is gone.
    let _ = to.blocking_send(batch);
}

impl Batch {
    fn take(&mut self, taking: &Taking, known: &HashMap<String, KnownFile>, step: Step) {
        match step {
            Step::PassedOver => self.passed_over += 1,
            Step::Trouble(path, why, details) => self.fault(&path, why, details),
            Step::File(path) => {
                self.seen += 1;
                if let Err(error) = self.read(taking, known, &path)
                    && let Step::Trouble(path, why, details) = files::trouble(&path, &error)
                {
                    self.fault(&path, why, details);
                }
            }
        }
    }

    fn fault(&mut self, path: &Path, why: FileTrouble, details: String) {
        self.faults.push(FileFault { path: path.to_string_lossy().into_owned(), why, details });
    }

    fn read(&mut self, taking: &Taking, known: &HashMap<String, KnownFile>, path: &Path) -> std::io::Result<()> {
        let name = path.to_string_lossy().into_owned();
        let there = known.get(&name);
        let (ms, length) = files::look(path)?;
        let follows = |there: &KnownFile| taking.followed_n.is_some() && there.followed_n != taking.followed_n;
        if let Some(there) = there {
            if there.hash.is_none() && taking.followed_n.is_none() {
                self.kept += 1;
                return Ok(());
            }
            if (there.ms, there.bytes) == (ms, length) && !follows(there) {
                self.same += 1;
                return Ok(());
            }
        }
        let (bytes, is_all) = files::bytes(path)?;
        let hash = Sha256::digest(&bytes)[..16].to_vec();
        let text = match files::text(&bytes) {
            Ok((text, trouble)) => {
                if let Some(trouble) = trouble {
                    self.fault(path, trouble, String::new());
                }
                text
            }
            Err(why) => {
                self.fault(path, why, String::new());
                return Ok(());
            }
        };
        if !is_all {
            self.fault(path, FileTrouble::TooLong, String::new());
        }
        match there {
            Some(there) if there.hash.as_ref() == Some(&hash) && !follows(there) => {
                // Touched, not changed; the new time is written down with the next change.
                self.same += 1;
                return Ok(());
            }
            Some(_) => self.changed += 1,
            None => self.added += 1,
        }
        self.bytes += text.len();
        self.drafts.push(draft(Written {
            id: there.map_or_else(parlance_core::id::random, |there| there.id.clone()),
            text,
            given_title: None,
            given_tags: Vec::new(),
            folder: folder_of(&taking.root, path),
            by: WrittenBy::File,
            file: Some(NoteFile { path: name, hash, ms, bytes: length, followed_n: taking.followed_n }),
            file_stem: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
            based_on: None,
        }));
        Ok(())
    }
}

/// Where a file's note lies: in folders called as those on the disk, from the one that was chosen on.
pub(super) fn folder_of(root: &Path, path: &Path) -> String {
    let Ok(below) = path.strip_prefix(root) else { return String::new() };
    if below.as_os_str().is_empty() {
        return String::new();
    }
    let first = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let names = below.parent().into_iter().flat_map(Path::iter).map(|name| name.to_string_lossy().into_owned());
    folder(&std::iter::once(first).chain(names).collect::<Vec<_>>().join("/"))
}
