//! Folders that are no place for a database.

use parlance_store::{OpenError, Store};

use crate::support::quick;

#[tokio::test]
async fn a_folder_that_is_kept_in_step_with_other_computers_is_refused_and_nothing_is_made_in_it() {
    let parent = tempfile::tempdir().unwrap();
    let synced = parent.path().join("Dropbox");
    std::fs::create_dir(&synced).unwrap();
    match Store::open(&synced.join("parlance"), quick()).await.err().unwrap() {
        OpenError::Elsewhere { what, .. } => assert!(what.contains("Dropbox"), "{what}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(std::fs::read_dir(&synced).unwrap().count(), 0);
}
