//! Five files of five MiB: the newest is written, the oldest goes. Rotated while running, since a loop of errors fills a
//! disk faster than anyone restarts a program.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const FILE_BYTES: u64 = 5 * 1024 * 1024;
const FILES: u32 = 5;
/// A longer line is cut.
const LINE_BYTES: usize = 4 * 1024;

/// A log that stays below 25 MiB.
#[derive(Debug)]
pub struct RotatingFile {
    folder: PathBuf,
    file: File,
    written: u64,
}

impl RotatingFile {
    /// Goes on with the newest file in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let file = append_to(&path(folder, 0))?;
        let written = file.metadata()?.len();
        Ok(Self { folder: folder.to_owned(), file, written })
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (0..FILES - 1).rev() {
            let from = path(&self.folder, number);
            if from.exists() {
                fs::rename(from, path(&self.folder, number + 1))?;
            }
        }
        self.file = append_to(&path(&self.folder, 0))?;
        self.written = 0;
        Ok(())
    }
}

impl Write for RotatingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let cut = &line[..line.len().min(LINE_BYTES)];
        if self.written + cut.len() as u64 > FILE_BYTES {
            self.rotate()?;
        }
        self.file.write_all(cut)?;
        self.written += cut.len() as u64;
        if cut.len() < line.len() {
            self.file.write_all(b"\n")?;
            self.written += 1;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn path(folder: &Path, number: u32) -> PathBuf {
    match number {
        0 => folder.join("parlance.log"),
        number => folder.join(format!("parlance.{number}.log")),
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_lines_stays_below_twenty_five_mib() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = RotatingFile::open(folder.path()).unwrap();
        let line = vec![b'x'; 4_000];
        for _ in 0..10_000 {
            log.write_all(&line).unwrap();
        }
        let sizes: Vec<u64> =
            fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).collect();
        assert_eq!(sizes.len(), 5);
        assert!(sizes.iter().all(|size| *size <= FILE_BYTES), "{sizes:?}");
    }

    #[test]
    fn a_long_line_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = RotatingFile::open(folder.path()).unwrap();
        log.write_all(&vec![b'x'; 100_000]).unwrap();
        assert_eq!(fs::metadata(path(folder.path(), 0)).unwrap().len(), 4_097);
    }
}
