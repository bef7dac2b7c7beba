//! The log beside the database (`-wal`), as far as it can be judged without SQLite, which takes a torn log for none and
//! anybody's for its own. Used by `open` and by the rescue before any connection is there.

use std::fs::File;
use std::io::Read as _;

use crate::folder::{Folder, Mark};

/// Bytes of the header (sqlite.org/fileformat2.html, section 4.1).
const HEADER: usize = 32;

/// What lies beside the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    /// Nothing, or nothing in it.
    None,
    /// What a program that did not end well left.
    Ours,
    /// Its header is damaged: what is in it cannot be told from noise, and SQLite would write over it.
    Torn,
    /// The last program ended well and left none, so this one came from elsewhere.
    Foreign,
}

/// Looks at the log of a folder whose lock the caller holds.
pub(crate) fn look(folder: &Folder) -> Log {
    let wal = folder.wal();
    let size = Folder::size_of(&wal);
    let mut header = [0; HEADER];
    let read = File::open(&wal).and_then(|mut file| file.read_exact(&mut header));
    match (size, read) {
        (0, _) => Log::None,
        _ if folder.read_mark() == Mark::Closed => Log::Foreign,
        (_, Ok(())) if is_whole(&header) => Log::Ours,
        // Shorter than a header: the power went while the first one was written, and nothing came after it.
        (..=31, _) => Log::Ours,
        _ => Log::Torn,
    }
}

/// Whether a header is as SQLite wrote it: its last eight bytes are a checksum of the others.
fn is_whole(header: &[u8; HEADER]) -> bool {
    let word = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
    let big = |at: usize| u32::from_be_bytes(word(at));
    // The lowest bit of the magic number tells in which order the checksum reads its words.
    let read: fn([u8; 4]) -> u32 = match big(0) {
        0x377f_0682 => u32::from_le_bytes,
        0x377f_0683 => u32::from_be_bytes,
        _ => return false,
    };
    let (mut first, mut second) = (0_u32, 0_u32);
    for at in (0..24).step_by(8) {
        first = first.wrapping_add(read(word(at))).wrapping_add(second);
        second = second.wrapping_add(read(word(at + 4))).wrapping_add(first);
    }
    (first, second) == (big(24), big(28))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Store};

    #[tokio::test]
    async fn the_header_that_sqlite_writes_is_whole_and_no_changed_bit_goes_unseen() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Options::default()).await.unwrap();
        let bytes = std::fs::read(store.inner.folder.wal()).unwrap();
        let header: [u8; HEADER] = bytes[..HEADER].try_into().unwrap();
        assert!(is_whole(&header));
        assert_eq!(look(&store.inner.folder), Log::Ours);
        for bit in 0..HEADER * 8 {
            let mut changed = header;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_whole(&changed), "bit {bit}");
        }
    }
}
