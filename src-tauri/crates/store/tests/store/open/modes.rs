//! Nobody but the owner can read anything.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use parlance_store::Place;

use crate::support::{ask, open};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every file and folder below, with its mode.
fn modes(folder: &Path) -> Vec<(String, u32)> {
    let mut found = vec![(String::from("."), mode(folder))];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push((path.file_name().unwrap().to_string_lossy().into_owned(), mode(&path)));
    }
    found.sort();
    found
}

#[tokio::test]
async fn all_files_are_private_from_the_first_moment_and_are_made_so_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let store = open(&folder).await;
    ask(&store, Place::NewConversation, "hello").await;
    let private = [
        (".", 0o700),
        ("parlance.db", 0o600),
        ("parlance.db-shm", 0o600),
        ("parlance.db-wal", 0o600),
        ("parlance.lock", 0o600),
        ("parlance.state", 0o600),
        ("reserve.bin", 0o600),
        ("sessions", 0o700),
    ]
    .map(|(name, mode)| (name.to_owned(), mode));
    assert_eq!(modes(&folder), private);
    store.close().await;

    assert!(modes(&folder.join("sessions")).iter().skip(1).all(|(_, mode)| *mode == 0o600));
    for (name, _) in modes(&folder) {
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let store = open(&folder).await;
    ask(&store, Place::NewConversation, "hello").await;
    assert_eq!(modes(&folder), private);
}
