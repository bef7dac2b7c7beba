//! Folders whose files are notes: edits, new files, renames and deletions are followed; the files are never touched.
//!
//! The system says that something changed; what, the folder itself says: it is walked over again, and files whose time and
//! length are the same are not read. So nothing is missed where events are, and a look every few minutes does without any.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};
use parlance_store::{Followed, KnownFile};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::files::{self, Step};
use super::import::{Taking, folder_of};
use crate::api::{ErrorBody, ErrorCode, FollowedFolder, ImportView, NotesAfter};
use crate::app::App;

/// After the last event of many; editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(500);

/// How often it is looked without any event.
const LOOK: Duration = Duration::from_secs(300);

impl App {
    /// Follows a folder from now on, and takes in what is there.
    ///
    /// # Errors
    /// When it is no folder, or nothing can be kept.
    pub async fn follow(&self, path: &Path) -> Result<(), ErrorBody> {
        let folder = self.followed_at(path).await?;
        self.spawn(self.clone().keep_up(folder));
        Ok(())
    }

    /// Follows a folder from now on, for a host that ends: what is there is taken in before this returns, what changes
    /// later when Parlance runs again.
    ///
    /// # Errors
    /// When it is no folder, or nothing can be kept.
    pub async fn follow_once(&self, path: &Path) -> Result<ImportView, ErrorBody> {
        let folder = self.followed_at(path).await?;
        self.take_over(&folder).await
    }

    async fn followed_at(&self, path: &Path) -> Result<Followed, ErrorBody> {
        let bad = |what: String| ErrorBody::new(ErrorCode::BadFile).with_details(format!("{}: {what}", path.display()));
        let root = std::fs::canonicalize(path).map_err(|error| bad(error.to_string()))?;
        if !root.is_dir() {
            return Err(bad("it is no folder".to_owned()));
        }
        Ok(self.store()?.follow(&root.to_string_lossy()).await?)
    }

    pub(crate) async fn unfollow(&self, id: &str, notes: NotesAfter) -> Result<(), ErrorBody> {
        let store = self.store()?;
        let folder = store.followed().await?.into_iter().find(|folder| folder.id == id);
        let folder = folder.ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
        if notes == NotesAfter::Removed {
            let known = store.known_files(&folder.path, std::path::MAIN_SEPARATOR).await?;
            let own = known.into_values().filter(|file| file.followed_n == Some(folder.n)).map(|file| file.id);
            let own: Vec<String> = own.collect();
            store.remove_notes(&own).await?;
            self.purge_notes(None).await?;
        }
        store.unfollow(id).await?;
        self.tell_notes(Vec::new());
        Ok(())
    }

    pub(crate) fn followed_view(&self, folder: Followed) -> FollowedFolder {
        let fault = std::fs::read_dir(&folder.path)
            .err()
            .map(|error| ErrorBody::new(ErrorCode::BadFile).with_details(format!("{}: {error}", folder.path)));
        FollowedFolder { id: folder.id, path: folder.path, notes: folder.notes, fault }
    }

    /// Follows every folder that is to be followed. Started with the engine.
    pub(crate) async fn follow_all(self) {
        let Ok(store) = self.store() else { return };
        for folder in store.followed().await.unwrap_or_default() {
            self.spawn(self.clone().keep_up(folder));
        }
    }

    /// Keeps the notes of a folder as its files are, until it is followed no longer.
    async fn keep_up(self, folder: Followed) {
        let (sender, mut events) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |_| {
            // One that waits says as much as many.
            let _ = sender.try_send(());
        });
        // Where the system cannot watch, or not so much, looking every few minutes does.
        let watching = watcher.and_then(|mut watcher| {
            watcher.watch(Path::new(&folder.path), RecursiveMode::Recursive)?;
            Ok(watcher)
        });
        if let Err(error) = &watching {
            tracing::warn!(%error, "a folder cannot be watched; it is looked at every few minutes");
        }
        loop {
            let Ok(store) = self.store() else { return };
            match store.followed().await {
                Ok(all) if all.iter().all(|one| one.n != folder.n) => return,
                Ok(_) => {
                    if let Err(error) = self.take_over(&folder).await {
                        tracing::warn!(?error, "a followed folder could not be taken over");
                    }
                }
                Err(error) => tracing::warn!(%error, "reading which folders are followed"),
            }
            match tokio::time::timeout(LOOK, events.recv()).await {
                Ok(Some(())) => {
                    while tokio::time::timeout(QUIET, events.recv()).await.is_ok_and(|event| event.is_some()) {}
                }
                Ok(None) => tokio::time::sleep(LOOK).await,
                Err(_) => {}
            }
        }
    }

    /// Makes the notes of a folder what its files are now.
    ///
    /// # Errors
    /// When the folder cannot be read; then its notes stay as they are.
    pub(crate) async fn take_over(&self, folder: &Followed) -> Result<ImportView, ErrorBody> {
        let root = PathBuf::from(&folder.path);
        // A disk that is not there is no folder without files.
        std::fs::read_dir(&root)
            .map_err(|error| ErrorBody::new(ErrorCode::BadFile).with_details(format!("{}: {error}", root.display())))?;
        let store = self.store()?.clone();
        let known = store.known_files(&folder.path, std::path::MAIN_SEPARATOR).await?;
        let own: HashMap<String, KnownFile> =
            known.into_iter().filter(|(_, file)| file.followed_n == Some(folder.n)).collect();
        let walked = {
            let (root, own) = (root.clone(), own.clone());
            tokio::task::spawn_blocking(move || compare(&root, &own)).await
        };
        let Compared { gone, moved } =
            walked.map_err(|error| ErrorBody::new(ErrorCode::Internal).with_details(error.to_string()))?;
        for (id, path) in &moved {
            store.move_note_file(id, &path.to_string_lossy(), &folder_of(&root, path)).await?;
        }
        if !gone.is_empty() {
            store.remove_notes(&gone).await?;
            self.purge_notes(None).await?;
        }
        let taken = self.take_in_all(Taking { root, followed_n: Some(folder.n) }).await?;
        if !gone.is_empty() || !moved.is_empty() {
            self.tell_notes(gone.into_iter().chain(moved.into_iter().map(|(id, _)| id)).collect());
        }
        Ok(taken)
    }
}

/// How files differ from what is known of them.
struct Compared {
    /// Notes whose files are gone.
    gone: Vec<String>,
    /// Notes whose files are called otherwise now.
    moved: Vec<(String, PathBuf)>,
}

fn compare(root: &Path, known: &HashMap<String, KnownFile>) -> Compared {
    let mut there = HashSet::new();
    let mut fresh = Vec::new();
    let mut unreadable: Vec<PathBuf> = Vec::new();
    files::walk(root, |step| {
        match step {
            Step::File(path) => {
                let name = path.to_string_lossy().into_owned();
                if !known.contains_key(&name) {
                    fresh.push(path);
                }
                there.insert(name);
            }
            Step::Trouble(path, ..) => unreadable.push(path),
            Step::PassedOver => {}
        }
        true
    });
    // A folder without a single file is mostly the place of a disk that is not there: its notes stay.
    if there.is_empty() {
        return Compared { gone: Vec::new(), moved: Vec::new() };
    }
    // What cannot be looked at now is not gone.
    let is_hidden = |path: &str| unreadable.iter().any(|folder| Path::new(path).starts_with(folder));
    let mut gone: Vec<(&String, &KnownFile)> =
        known.iter().filter(|(path, _)| !there.contains(*path) && !is_hidden(path)).collect();
    let mut moved = Vec::new();
    if !gone.is_empty() {
        for path in fresh {
            let Ok((_, bytes)) = files::look(&path) else { continue };
            if gone.iter().all(|(_, file)| file.bytes != bytes) {
                continue;
            }
            let Ok((content, _)) = files::bytes(&path) else { continue };
            let hash = Sha256::digest(&content)[..16].to_vec();
            if let Some(at) = gone.iter().position(|(_, file)| file.hash.as_ref() == Some(&hash)) {
                moved.push((gone.swap_remove(at).1.id.clone(), path));
            }
        }
    }
    Compared { gone: gone.into_iter().map(|(_, file)| file.id.clone()).collect(), moved }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_file_takes_its_note_along_and_a_disk_that_is_not_there_takes_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let file = |id: &str| KnownFile { id: id.into(), hash: None, ms: 0, bytes: 1, followed_n: Some(1) };
        let known = HashMap::from([(path("a.md"), file("a")), (path("b.md"), file("b"))]);
        std::fs::write(path("a.md"), "a").unwrap();
        assert_eq!(compare(folder.path(), &known).gone, ["b"]);
        std::fs::remove_file(path("a.md")).unwrap();
        assert_eq!(compare(folder.path(), &known).gone, Vec::<String>::new());
    }
}
