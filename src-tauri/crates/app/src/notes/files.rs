//! Files that may be notes: found below a folder, read, told apart from what is no text. Blocking; nothing is written.
//!
//! Links are not followed and what is hidden is passed over, so that a walk stays where it began and ends.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use parlance_store::MAX_NOTE_BYTES;

use crate::api::FileTrouble;

/// Folders lie no deeper in each other than this.
const MOST_DEPTH: usize = 32;

/// No more files than this are looked at.
const MOST_FILES: usize = 200_000;

/// Endings of files that are notes.
const ENDINGS: [&str; 7] = ["md", "markdown", "mdown", "mkd", "mdx", "txt", "text"];

/// What a walk comes upon.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A file that should be a note.
    File(PathBuf),
    /// Something that is no note.
    PassedOver,
    /// Something that cannot be looked at.
    Trouble(PathBuf, FileTrouble, String),
}

/// Walks over what lies at a path, a file or a folder, until `take` says no.
pub(super) fn walk(root: &Path, mut take: impl FnMut(Step) -> bool) {
    let mut files = 0;
    let mut open: Vec<(PathBuf, usize)> = Vec::new();
    match fs::symlink_metadata(root) {
        // What the person named is read whatever it is called, and a link they named is followed.
        Ok(_) if root.is_file() => {
            take(Step::File(root.to_owned()));
            return;
        }
        Ok(_) => open.push((root.to_owned(), 0)),
        Err(error) => {
            take(trouble(root, &error));
            return;
        }
    }
    while let Some((folder, depth)) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                if !take(trouble(&folder, &error)) {
                    return;
                }
                continue;
            }
        };
        let mut below = Vec::new();
        let mut here = Vec::new();
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            let is_hidden = entry.file_name().as_encoded_bytes().first() == Some(&b'.');
            if is_hidden || kind.is_symlink() {
                here.push(Step::PassedOver);
            } else if kind.is_dir() {
                below.push(path);
            } else if kind.is_file() && is_note(&path) {
                here.push(Step::File(path));
            } else {
                here.push(Step::PassedOver);
            }
        }
        here.sort_by(|one, other| name(one).cmp(&name(other)));
        for step in here {
            files += 1;
            if files > MOST_FILES {
                take(Step::Trouble(folder, FileTrouble::TooMany, String::new()));
                return;
            }
            if !take(step) {
                return;
            }
        }
        below.sort();
        for path in below.into_iter().rev() {
            if depth < MOST_DEPTH {
                open.push((path, depth + 1));
            } else if !take(Step::Trouble(path, FileTrouble::TooDeep, String::new())) {
                return;
            }
        }
    }
}

fn name(step: &Step) -> Option<&Path> {
    match step {
        Step::File(path) => Some(path),
        Step::PassedOver | Step::Trouble(..) => None,
    }
}

fn is_note(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

pub(super) fn trouble(path: &Path, error: &io::Error) -> Step {
    let why = match error.kind() {
        io::ErrorKind::PermissionDenied => FileTrouble::NotAllowed,
        io::ErrorKind::NotFound => FileTrouble::Gone,
        _ => FileTrouble::Unreadable,
    };
    Step::Trouble(path.to_owned(), why, error.to_string())
}

/// What a look at a file tells without reading it: when it was changed, in milliseconds since 1970, and how long it is.
pub(super) fn look(path: &Path) -> io::Result<(i64, i64)> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let changed = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Ok((i64::try_from(changed.as_millis()).unwrap_or(0), i64::try_from(about.len()).unwrap_or(i64::MAX)))
}

/// The bytes of a file, no more of it than a note may hold, and whether that was all.
pub(super) fn bytes(path: &Path) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_NOTE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    let is_all = bytes.len() <= MAX_NOTE_BYTES;
    bytes.truncate(MAX_NOTE_BYTES);
    Ok((bytes, is_all))
}

/// Bytes as text, with what is wrong about them; `Err` where they are none.
pub(super) fn text(bytes: &[u8]) -> Result<(String, Option<FileTrouble>), FileTrouble> {
    /// So much of a file tells whether it is text.
    const HEAD: usize = 8 * 1024;
    let wide = |decode: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|pair| decode([pair[0], pair[1]]));
        String::from_utf16(&units.collect::<Vec<_>>()).map(|text| (text, None)).map_err(|_| FileTrouble::NotText)
    };
    match bytes {
        [0xff, 0xfe, ..] => return wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => return wide(u16::from_be_bytes),
        _ => {}
    }
    if bytes[..bytes.len().min(HEAD)].contains(&0) {
        return Err(FileTrouble::NotText);
    }
    match String::from_utf8_lossy(bytes) {
        std::borrow::Cow::Borrowed(text) => Ok((text.to_owned(), None)),
        // A long file may have been cut inside its last character; that alone is no fault of it.
        std::borrow::Cow::Owned(text) => match std::str::from_utf8(bytes) {
            Err(error) if error.error_len().is_none() => {
                Ok((String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned(), None))
            }
            _ => Ok((text, Some(FileTrouble::SomeNotText))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(root: &Path) -> Vec<Step> {
        let mut steps = Vec::new();
        walk(root, |step| {
            steps.push(step);
            true
        });
        steps
    }

    #[cfg(unix)]
    #[test]
    fn a_walk_stays_below_its_folder_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("vault");
        fs::create_dir_all(root.join("deep")).unwrap();
        fs::create_dir_all(root.join(".obsidian")).unwrap();
        fs::write(folder.path().join("secret.md"), "s").unwrap();
        for file in ["b.md", "a.TXT", "deep/c.md", "picture.png", ".hidden.md", ".obsidian/x.md"] {
            fs::write(root.join(file), "x").unwrap();
        }
        std::os::unix::fs::symlink(&root, root.join("deep/loop")).unwrap();
        std::os::unix::fs::symlink("../secret.md", root.join("link.md")).unwrap();
        let found = steps(&root);
        let files: Vec<&Path> = found.iter().filter_map(name).map(|path| path.strip_prefix(&root).unwrap()).collect();
        assert_eq!(files, ["a.TXT", "b.md", "deep/c.md"].map(Path::new));
        assert_eq!(found.iter().filter(|step| **step == Step::PassedOver).count(), 5);
    }

    #[test]
    fn folders_that_lie_too_deep_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("d/".repeat(MOST_DEPTH + 2));
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("x.md"), "x").unwrap();
        assert!(matches!(steps(folder.path())[..], [Step::Trouble(_, FileTrouble::TooDeep, _)]));
        assert!(matches!(steps(&folder.path().join("none"))[..], [Step::Trouble(_, FileTrouble::Gone, _)]));
    }

    #[test]
    fn text_is_told_from_what_is_none() {
        assert_eq!(text("é".as_bytes()), Ok(("é".into(), None)));
        assert_eq!(text(b"\xff\xfeh\0i\0"), Ok(("hi".into(), None)));
        assert_eq!(text(b"a\xffb"), Ok(("a\u{fffd}b".into(), Some(FileTrouble::SomeNotText))));
        assert_eq!(text(&"é".as_bytes()[..1]), Ok((String::new(), None)));
        assert_eq!(text(b"PNG\0"), Err(FileTrouble::NotText));
    }
}
