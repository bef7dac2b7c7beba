//! Where a data folder must not lie: on another computer's disk, or where a program carries its files elsewhere one by
//! one. There, two computers that write at the same time destroy the database, or half of it is put back. Asked by
//! `open`, before anything is made.
//!
//! Deliberately absent: a way to insist.

use std::ffi::OsStr;
#[cfg(windows)]
use std::path::Component;
use std::path::Path;

/// Why a folder is no place for a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    /// For people: `a network folder (nfs)`, `a folder that Dropbox keeps in step`.
    pub(crate) what: String,
}

impl Elsewhere {
    fn network(kind: &str) -> Self {
        Self { what: format!("a network folder ({kind})") }
    }

    fn synced(by: &str) -> Self {
        Self { what: format!("a folder that {by} keeps in step with other computers") }
    }
}

/// Whether the folder, which need not be there yet, lies elsewhere. `None` where it may stay, and where the system does
/// not tell.
pub(crate) fn elsewhere(path: &Path) -> Option<Elsewhere> {
    let absolute = std::path::absolute(path).ok()?;
    // A link may lead out of a harmless place; what is not there yet will lie where its parent does.
    let (there, rest) = absolute.ancestors().find_map(|parent| {
        let real = parent.canonicalize().ok()?;
        Some((real, absolute.strip_prefix(parent).ok()?))
    })?;
    network(&there).or_else(|| synced(&there.join(rest)))
}

/// Folders that programs keep in step, known by the names they give them and the marks they leave.
fn synced(path: &Path) -> Option<Elsewhere> {
    path.ancestors().find_map(|folder| {
        let by = by_name(folder).or_else(|| by_mark(folder))?;
        Some(Elsewhere::synced(by))
    })
}

fn by_name(folder: &Path) -> Option<&'static str> {
    let name = folder.file_name()?.to_str()?;
    let parent = folder.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    // "Dropbox (Work)", "OneDrive - Work", "GoogleDrive-me@example.org"
    let begins =
        |word: &str| name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '-']));
    match name {
        _ if begins("Dropbox") => Some("Dropbox"),
        _ if begins("OneDrive") => Some("OneDrive"),
        _ if begins("Google Drive") || begins("GoogleDrive") => Some("Google Drive"),
        "iCloudDrive" | "iCloud Drive" => Some("iCloud"),
        "Mobile Documents" if parent == Some("Library") => Some("iCloud"),
        // Where macOS puts the folders of all such programs.
        "CloudStorage" if parent == Some("Library") => Some("a cloud drive"),
        _ => None,
    }
}

fn by_mark(folder: &Path) -> Option<&'static str> {
    let marks = [(".stfolder", "Syncthing"), (".dropbox.cache", "Dropbox"), (".tmp.drivedownload", "Google Drive")];
    marks.into_iter().find(|(mark, _)| folder.join(mark).exists()).map(|(_, by)| by)
}

/// The numbers of statfs(2) and of `include/uapi/linux/magic.h`, with the name of what they stand for.
#[cfg(target_os = "linux")]
const NETWORK: [(u32, &str); 10] = [
    (0x0000_6969, "nfs"),
    (0x0000_517b, "smb"),
    (0xff53_4d42, "cifs"),
    (0xfe53_4d42, "smb"),
    (0x6573_5546, "fuse"),
    (0x0102_1997, "9p"),
    (0x5346_414f, "afs"),
    (0x6b41_4653, "afs"),
    (0x7375_7245, "coda"),
    (0x00c3_6400, "ceph"),
];

#[cfg(target_os = "linux")]
fn network(path: &Path) -> Option<Elsewhere> {
    let facts = rustix::fs::statfs(path).ok()?;
    // The kernel's type is as wide as a word of the machine; the numbers have 32 bits.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers have 32 bits")]
    let number = facts.f_type as u32;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    of_kind(number, mounted_as(&mounts, path).as_deref())
}

/// What the number means. FUSE stands for two things: files over a network, and local disks of other systems, which the
/// mount's type tells apart.
#[cfg(target_os = "linux")]
fn of_kind(number: u32, mounted_as: Option<&str>) -> Option<Elsewhere> {
    let (_, kind) = NETWORK.into_iter().find(|(known, _)| *known == number)?;
    match (kind, mounted_as) {
        ("fuse", Some("fuseblk" | "fuse.fuse-overlayfs")) => None,
        ("fuse", Some(kind)) => Some(Elsewhere::network(kind)),
        (kind, _) => Some(Elsewhere::network(kind)),
    }
}

/// The type of the mount that holds a path, from the text of `/proc/self/mountinfo` (proc(5)).
#[cfg(target_os = "linux")]
fn mounted_as(mounts: &str, path: &Path) -> Option<String> {
    let found = mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = unescaped(before.split(' ').nth(4)?);
        path.starts_with(&point).then_some((point.len(), after.split(' ').next()?))
    });
    // The later of two mounts on the same point hides the earlier one; `max_by_key` takes the last.
    found.max_by_key(|(length, _)| *length).map(|(_, kind)| kind.to_owned())
}

/// Spaces and the like are written as a backslash and three octal digits.
#[cfg(target_os = "linux")]
fn unescaped(point: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .into_iter()
        .fold(point.to_owned(), |text, (escape, character)| text.replace(escape, character))
}

#[cfg(target_vendor = "apple")]
fn network(path: &Path) -> Option<Elsewhere> {
    /// `MNT_LOCAL` of `sys/mount.h`: the files are on this computer.
    const LOCAL: u32 = 0x1000;
    let facts = rustix::fs::statfs(path).ok()?;
    (facts.f_flags & LOCAL == 0).then(|| Elsewhere::network("not on this computer"))
}

#[cfg(windows)]
fn network(path: &Path) -> Option<Elsewhere> {
    use std::path::Prefix;

    // The true name of a folder on a mapped drive begins with its server.
    let Some(Component::Prefix(prefix)) = path.components().next() else { return None };
    matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)).then(|| Elsewhere::network("smb"))
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple", windows)))]
fn network(_: &Path) -> Option<Elsewhere> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_kept_in_step_are_known_by_name() {
        for (path, by) in [
            ("/home/a/Dropbox/parlance", "Dropbox"),
            ("/home/a/Dropbox (Work)/x/y", "Dropbox"),
            ("/Users/a/OneDrive - Work/parlance", "OneDrive"),
            ("/home/a/Google Drive/My Drive", "Google Drive"),
            ("/Users/a/Library/CloudStorage/Box-Box/parlance", "a cloud drive"),
            ("/Users/a/Library/Mobile Documents/com~apple~CloudDocs/p", "iCloud"),
            ("/home/a/iCloudDrive", "iCloud"),
        ] {
            assert_eq!(synced(Path::new(path)), Some(Elsewhere::synced(by)), "{path}");
        }
        for path in ["/home/a/.local/share/parlance", "/home/a/Dropboxes/p", "/home/a/CloudStorage/p", "/"] {
            assert_eq!(synced(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn folders_that_are_kept_in_step_are_known_by_the_marks_in_them_and_links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("notes");
        std::fs::create_dir(&inner).unwrap();
        assert_eq!(elsewhere(&inner.join("not/there/yet")), None);
        std::fs::create_dir(folder.path().join(".stfolder")).unwrap();
        assert_eq!(elsewhere(&inner.join("not/there/yet")), Some(Elsewhere::synced("Syncthing")));
        #[cfg(unix)]
        {
            let innocent = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink(&inner, innocent.path().join("data")).unwrap();
            assert_eq!(elsewhere(&innocent.path().join("data/x")), Some(Elsewhere::synced("Syncthing")));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn file_systems_of_other_computers_are_known_by_their_number() {
        let network = |kind: &str| Some(Elsewhere::network(kind));
        for (number, mounted_as, expected) in [
            (0x6969, Some("nfs4"), network("nfs")),
            (0xff53_4d42, Some("cifs"), network("cifs")),
            (0x0102_1997, Some("9p"), network("9p")),
            (0x00c3_6400, None, network("ceph")),
            (0x6573_5546, Some("fuse.sshfs"), network("fuse.sshfs")),
            (0x6573_5546, None, network("fuse")),
            (0x6573_5546, Some("fuseblk"), None),
            // ext4, btrfs, tmpfs, overlayfs
            (0xef53, Some("ext4"), None),
            (0x9123_683e, Some("btrfs"), None),
            (0x0102_1994, Some("tmpfs"), None),
            (0x794c_7630, Some("overlay"), None),
        ] {
            assert_eq!(of_kind(number, mounted_as), expected, "{number:#x} {mounted_as:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_mount_that_holds_a_folder_is_the_longest_and_the_latest() {
        let mounts = "\
            22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
            40 22 0:50 / /home/a/far\\040away rw - fuse.sshfs me@there: rw\n\
            41 22 8:1 / /media/disk rw - ext4 /dev/sda1 rw\n\
            42 22 8:1 / /media/disk rw shared:7 - fuseblk /dev/sda1 rw\n";
        for (path, kind) in [
            ("/home/a", "ext4"),
            ("/home/a/far", "ext4"),
            ("/home/a/far away/data", "fuse.sshfs"),
            ("/media/disk/x", "fuseblk"),
            ("/media/diskette", "ext4"),
        ] {
            assert_eq!(mounted_as(mounts, Path::new(path)).as_deref(), Some(kind), "{path}");
        }
        assert_eq!(mounted_as("", Path::new("/")), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_computers_own_folders_are_here() {
        assert_eq!(network(&std::env::temp_dir()), None);
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert_eq!(mounted_as(&mounts, Path::new("/proc")).as_deref(), Some("proc"));
    }
}
