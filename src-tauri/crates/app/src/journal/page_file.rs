//! What a file of the journal holds: a head, then pieces of sound, each with its length and checksum. A file that ends in
//! the middle of a piece, or with a damaged one, is good up to there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use parlance_core::SampleRate;

/// "Parlance, spoken words", and the version of what follows.
const MAGIC: &[u8; 8] = b"PRLSPOK1";
/// Longer than any id of ours.
const MOST_ID_BYTES: usize = 256;
/// Ten minutes at 48 kHz, and some.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// What is known of an utterance before its first sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) rate: SampleRate,
    pub(super) conversation: Option<String>,
}

/// A new file, locked. The folder is made where there is none, and knows of the file when this returns.
pub(super) fn create(path: &Path, head: &Head) -> io::Result<File> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if !folder.exists() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.try_lock().map_err(|_| io::Error::from(io::ErrorKind::WouldBlock))?;
    let id = head.conversation.as_deref().unwrap_or_default().as_bytes();
    let mut bytes = MAGIC.to_vec();
    bytes.extend(head.rate.hz().to_le_bytes());
    bytes.extend(u32::try_from(id.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(id);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    file.write_all(&bytes)?;
    if let Ok(folder) = File::open(folder) {
        // Not every file system can flush a folder; the file itself is there.
        let _ = folder.sync_all();
    }
    Ok(file)
}

/// One more piece, in one write.
pub(super) fn append(file: &mut File, samples: &[i16]) -> io::Result<()> {
    let sound: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut bytes = Vec::with_capacity(sound.len() + 8);
    bytes.extend(u32::try_from(sound.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(crc32fast::hash(&sound).to_le_bytes());
    bytes.extend(sound);
    file.write_all(&bytes)
}

/// All that is whole.
pub(super) fn read(path: &Path) -> io::Result<(Head, Vec<i16>)> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

/// What is whole in these bytes; `None` where the head is not.
fn parse(bytes: &[u8]) -> Option<(Head, Vec<i16>)> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let rate = SampleRate::new(number(&mut rest)?)?;
    let length = usize::try_from(number(&mut rest)?).ok().filter(|length| *length <= MOST_ID_BYTES)?;
    let (id, after) = rest.split_at_checked(length)?;
    rest = after;
    let head_bytes = &bytes[..bytes.len() - rest.len()];
    if number(&mut rest)? != crc32fast::hash(head_bytes) {
        return None;
    }
    let id = std::str::from_utf8(id).ok()?;
    let head = Head { rate, conversation: (!id.is_empty()).then(|| id.to_owned()) };
    let mut samples = Vec::with_capacity(rest.len() / 2);
    while let Some(sound) = piece(&mut rest) {
        samples.extend(sound.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
    }
    Some((head, samples))
}

fn piece<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(rest)?).ok()?;
    let sum = number(rest)?;
    let (sound, after) = rest.split_at_checked(length)?;
    *rest = after;
    (crc32fast::hash(sound) == sum && length.is_multiple_of(2)).then_some(sound)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal").join("one.pcm");
        let mut file = create(&path, &Head { rate: SampleRate::HZ_16000, conversation: Some("c-1".into()) }).unwrap();
        append(&mut file, &[1, -2, 3]).unwrap();
        append(&mut file, &[4]).unwrap();
        fs::read(path).unwrap()
    }

    #[test]
    fn what_was_written_is_read_and_a_cut_file_is_good_up_to_the_cut() {
        let bytes = written();
        let (head, samples) = parse(&bytes).unwrap();
        assert_eq!((head.rate.hz(), head.conversation.as_deref()), (16_000, Some("c-1")));
        assert_eq!(samples, [1, -2, 3, 4]);
        for cut in 0..bytes.len() {
            match parse(&bytes[..cut]) {
                Some((_, samples)) => assert!([0, 3].contains(&samples.len()), "{cut}: {samples:?}"),
                None => assert!(cut < 23, "the head alone: {cut}"),
            }
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_never_gives_sound_that_was_not_said() {
        let bytes = written();
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            if let Some((_, samples)) = parse(&flipped) {
                assert!([1, -2, 3, 4].starts_with(&samples), "bit {at}: {samples:?}");
            }
        }
    }
}
