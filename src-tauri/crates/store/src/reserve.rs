//! Room put by for a full disk: a file of 8 MiB that is given up at the first `SQLITE_FULL`, since even deleting rows
//! needs room for the log. Used by the writer.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::folder::{Folder, private_file};

/// Larger than the log, which is cut at 4 MiB (1,000 pages).
pub(crate) const RESERVE_BYTES: u64 = 8 * 1024 * 1024;

/// The reserve of one data folder.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    root: PathBuf,
    /// Whether the disk was found full and has not been found to have room since.
    full: AtomicBool,
}

impl Reserve {
    pub(crate) fn of(folder: &Folder) -> Self {
        Self { path: folder.reserve(), root: folder.root().to_owned(), full: AtomicBool::new(false) }
    }

    /// Puts the room by if it is not there yet and there is plenty. Without it the store works all the same.
    pub(crate) fn put_by(&self) {
        if Folder::size_of(&self.path) == RESERVE_BYTES || !self.has_plenty() {
            return;
        }
        if let Err(error) = self.write() {
            tracing::debug!(%error, "putting room by for a full disk");
            self.remove();
        }
    }

    /// The disk is full: gives the room up. Tells whether there was any to give, so that what failed may be tried once
    /// more.
    pub(crate) fn give_up(&self) -> bool {
        self.full.store(true, Ordering::Relaxed);
        Folder::size_of(&self.path) > 0 && self.remove()
    }

    /// Whether new things must wait. Looks at the disk again when it was full, and puts the room by when it is not.
    pub(crate) fn is_full(&self) -> bool {
        if !self.full.load(Ordering::Relaxed) {
            return false;
        }
        if !self.has_plenty() {
            return true;
        }
        self.full.store(false, Ordering::Relaxed);
        self.put_by();
        false
    }

    fn has_plenty(&self) -> bool {
        fs4::available_space(&self.root).is_ok_and(|free| free > RESERVE_BYTES + RESERVE_BYTES / 2)
    }

    fn write(&self) -> io::Result<()> {
        let mut file = private_file().create(true).truncate(true).write(true).open(&self.path)?;
        // Really written, and not all zeros: a sparse or compressed file would hold no room.
        let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
        let mut block = Vec::with_capacity(64 * 1024);
        for _ in 0..RESERVE_BYTES / (64 * 1024) {
            block.clear();
            while block.len() < 64 * 1024 {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                block.extend_from_slice(&noise.to_le_bytes());
            }
            file.write_all(&block)?;
        }
        file.sync_data()
    }

    fn remove(&self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }
}
