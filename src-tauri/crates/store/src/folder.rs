//! The data folder: names, modes, the lock and the mark of a clean end. Used by `open` alone.
//!
//! Nothing here opens the database file: in a process that has it open, closing any other descriptor of it would drop
//! SQLite's own locks.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{OpenError, system};

/// Whether the folder can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everything works.
    ReadWrite,
    /// Only reading works; every write is [`crate::StoreError::ReadOnly`].
    ReadOnly,
}

/// A data folder and the names in it.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: PathBuf,
}

/// What the last run left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// No database was ever made here.
    Never,
    /// The last one ended well.
    Closed,
    /// The last one did not, or runs still.
    Open,
}

impl Folder {
    /// Makes the folder if it is missing, with room for its owner only, and finds out whether it can be written.
    pub(crate) fn prepare(path: &Path) -> Result<(Self, Access), OpenError> {
        match private_folder().recursive(true).create(path) {
            Ok(()) => {}
            Err(error) if is_read_only(&error) => return Err(OpenError::ReadOnly { path: path.to_owned() }),
            Err(error) => return Err(system("creating", path)(error)),
        }
        // A linked or twice-named database file would have two logs; one true name has one.
        let root = path.canonicalize().map_err(system("finding", path))?;
        let folder = Self { root };
        let access = match private_file().create(true).truncate(false).write(true).open(folder.lock()) {
            Ok(_) => Access::ReadWrite,
            Err(error) if is_read_only(&error) => Access::ReadOnly,
            Err(error) => return Err(system("creating", &folder.lock())(error)),
        };
        if access == Access::ReadWrite {
            folder.repair_modes()?;
        }
        Ok((folder, access))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("parlance.db")
    }

    pub(crate) fn wal(&self) -> PathBuf {
        self.root.join("parlance.db-wal")
    }

    pub(crate) fn reserve(&self) -> PathBuf {
        self.root.join("reserve.bin")
    }

    fn lock(&self) -> PathBuf {
        self.root.join("parlance.lock")
    }

    fn mark(&self) -> PathBuf {
        self.root.join("parlance.state")
    }

    pub(crate) fn backup_folder(&self) -> PathBuf {
        self.root.join("backups")
    }

    /// The folder of `session.rs`, made if it is missing.
    pub(crate) fn sessions(&self) -> io::Result<PathBuf> {
        let folder = self.root.join("sessions");
        private_folder().recursive(true).create(&folder)?;
        Ok(folder)
    }

    /// The bytes of a file, 0 if it is not there.
    pub(crate) fn size_of(path: &Path) -> u64 {
        fs::metadata(path).map_or(0, |facts| facts.len())
    }

    /// Creates an empty file that only its owner can read, for SQLite to fill: `-wal` and `-shm` get the same mode.
    pub(crate) fn create_private(path: &Path) -> io::Result<()> {
        private_file().create_new(true).write(true).open(path).map(drop)
    }

    /// Makes sure that new names in a folder outlive a loss of power.
    pub(crate) fn sync(folder: impl AsRef<Path>) -> io::Result<()> {
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        // Windows has no such call; its journal keeps names in order.
        #[cfg(not(unix))]
        let _ = folder;
        Ok(())
    }

    /// The folder of the back-ups, made if it is missing.
    pub(crate) fn backups_made(&self) -> io::Result<PathBuf> {
        let folder = self.backup_folder();
        private_folder().recursive(true).create(&folder)?;
        Ok(folder)
    }

    /// A name for a new back-up, in a folder that is there.
    pub(crate) fn new_backup(&self, label: &str, wall: Duration) -> io::Result<PathBuf> {
        Ok(self.backups_made()?.join(format!("{:015}-{label}.db", wall.as_millis())))
    }

    /// The back-ups there are, newest first: their names begin with the time.
    pub(crate) fn backups(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.backup_folder()) else { return Vec::new() };
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "db"))
            .collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    }

    pub(crate) fn read_mark(&self) -> Mark {
        match fs::read(self.mark()) {
            Err(_) => Mark::Never,
            Ok(text) if text == b"closed\n" => Mark::Closed,
            // A torn mark was being written while a database was there.
            Ok(_) => Mark::Open,
        }
    }

    /// Writes the mark. It must not be lost that the store is open: a log after a clean end is taken for a foreign one.
    pub(crate) fn write_mark(&self, mark: Mark) -> io::Result<()> {
        let text: &[u8] = match mark {
            Mark::Never => return Ok(()),
            Mark::Closed => b"closed\n",
            Mark::Open => b"open\n",
        };
        let mut file = private_file().create(true).truncate(true).write(true).open(self.mark())?;
        file.write_all(text)?;
        file.sync_data()
    }

    /// Opens the lock file, `None` when it cannot be had in a folder that is only read.
    pub(crate) fn open_lock(&self, access: Access) -> Result<Option<File>, OpenError> {
        let path = self.lock();
        let opened = match access {
            Access::ReadWrite => private_file().create(true).truncate(false).read(true).write(true).open(&path),
            Access::ReadOnly => File::open(&path),
        };
        match (opened, access) {
            (Ok(file), _) => Ok(Some(file)),
            (Err(_), Access::ReadOnly) => Ok(None),
            (Err(error), Access::ReadWrite) => Err(system("opening", &path)(error)),
        }
    }

    /// Makes the folder and all that lies in it private again: another program or a copy may have changed it.
    #[cfg(unix)]
    fn repair_modes(&self) -> Result<(), OpenError> {
        use std::os::unix::fs::PermissionsExt as _;

        let narrow = |path: &Path, mode: u32| -> Result<(), OpenError> {
            let facts = fs::metadata(path).map_err(system("reading the mode of", path))?;
            if facts.permissions().mode() & 0o777 != mode {
                tracing::warn!("the mode of a file in the data folder was too wide; narrowed");
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(system("making private", path))?;
            }
            Ok(())
        };
        narrow(&self.root, 0o700)?;
        for folder in [self.root.join("sessions"), self.backup_folder()].iter().filter(|folder| folder.exists()) {
            narrow(folder, 0o700)?;
        }
        let names =
            ["parlance.db", "parlance.db-wal", "parlance.db-shm", "parlance.lock", "parlance.state", "reserve.bin"];
        let files = names.iter().map(|name| self.root.join(name)).chain(self.backups());
        for file in files.filter(|file| file.exists()) {
            narrow(&file, 0o600)?;
        }
        Ok(())
    }

    /// Elsewhere the profile folder is private by the system's own rules.
    #[cfg(not(unix))]
    fn repair_modes(&self) -> Result<(), OpenError> {
        Ok(())
    }
}

/// How the lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Nobody else has the store open.
    Alone,
    /// Others may have it open as well.
    Shared,
}

/// Takes the lock: alone if nobody has it, else shared, waiting up to `patience` for one who migrates. `None` if that
/// was not enough.
pub(crate) async fn take(lock: &File, patience: Duration) -> io::Result<Option<Hold>> {
    poll(patience, || match would_block(lock.try_lock())? {
        true => Ok(match would_block(lock.try_lock_shared())? {
            true => None,
            false => Some(Hold::Shared),
        }),
        false => Ok(Some(Hold::Alone)),
    })
    .await
}

/// Takes the lock alone, waiting up to `patience` for the others to end.
pub(crate) async fn take_alone(lock: &File, patience: Duration) -> io::Result<Option<Hold>> {
    lock.unlock()?;
    poll(patience, || Ok((!would_block(lock.try_lock())?).then_some(Hold::Alone))).await
}

/// Lets others in, waiting up to `patience` for one who slipped in to migrate. `None` if that was not enough.
pub(crate) async fn share(lock: &File, patience: Duration) -> io::Result<Option<Hold>> {
    // Unlocking first: Windows has no conversion of a held lock.
    lock.unlock()?;
    poll(patience, || Ok((!would_block(lock.try_lock_shared())?).then_some(Hold::Shared))).await
}

fn would_block(outcome: Result<(), TryLockError>) -> io::Result<bool> {
    match outcome {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

async fn poll<T>(patience: Duration, mut attempt: impl FnMut() -> io::Result<Option<T>>) -> io::Result<Option<T>> {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        if let Some(done) = attempt()? {
            return Ok(Some(done));
        }
        if tokio::time::Instant::now() >= deadline {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

pub(crate) fn private_folder() -> DirBuilder {
    #[allow(unused_mut, reason = "only Unix has modes")]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

pub(crate) fn private_file() -> OpenOptions {
    #[allow(unused_mut, reason = "only Unix has modes")]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
