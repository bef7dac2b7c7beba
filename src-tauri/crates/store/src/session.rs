//! One opening of the store: a file that is locked for as long as it lives. Whoever finds the lock free knows that the
//! program was killed. Used by `open` and by the recovery.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;

use crate::folder::{Folder, private_file};

/// This opening.
#[derive(Debug)]
pub(crate) struct Session {
    id: String,
    path: PathBuf,
    /// Locked until it is dropped.
    _lock: File,
}

impl Session {
    /// Makes and locks the file of a new opening. The caller holds the store's lock.
    pub(crate) fn begin(folder: &Folder) -> io::Result<Self> {
        let id = parlance_core::id::random();
        let path = folder.sessions()?.join(&id);
        let lock = private_file().create_new(true).write(true).open(&path)?;
        lock.lock()?;
        Ok(Self { id, path, _lock: lock })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether an opening still lives.
pub(crate) fn is_alive(folder: &Folder, id: &str) -> bool {
    let Ok(file) = folder.sessions().and_then(|sessions| File::open(sessions.join(id))) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Removes what killed programs left. The caller holds the store's lock alone, so none of them lives.
pub(crate) fn sweep(folder: &Folder) -> io::Result<()> {
    for entry in fs::read_dir(folder.sessions()?)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}
