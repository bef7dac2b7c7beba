//! Disks that are full, read-only, or fail.

use std::path::Path;
use std::time::Duration;

use parlance_core::{ContentBlock, ModelEvent};
use parlance_store::{Access, Ending, MessageStatus, OpenError, Options, Place, Store, StoreError};

use crate::support::namespace::{fill, on_a_small_disk, remount};
use crate::support::{SetClock, ask, open, quick, said, until};

#[test]
fn a_full_disk_keeps_what_was_begun_and_refuses_what_is_new_until_there_is_room() {
    let name = "open::disk::a_full_disk_keeps_what_was_begun_and_refuses_what_is_new_until_there_is_room";
    on_a_small_disk(name, 24, "", async |disk| {
        let store = open(&disk.join("data")).await;
        let reserve = disk.join("data/reserve.bin");
        assert_eq!(std::fs::metadata(&reserve).unwrap().len(), 8 * 1024 * 1024);
        let old = ask(&store, Place::NewConversation, &"old ".repeat(1_000)).await;
        let turn = ask(&store, Place::NewConversation, "question").await;
        let filler = fill(&disk);

        // Much, so that it cannot fit into the pages and the log that are there.
        let part = ModelEvent::TextDelta { text: "answer ".repeat(300_000) };
        store.append_parts(&turn.answer_id, &[part]).await.unwrap();
        assert!(!reserve.exists(), "the reserve was given up for it");
        assert!(store.is_full());
        let refused = store.begin_turn(Place::NewConversation, Some(said("new")), crate::support::answer()).await;
        assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
        assert_eq!(store.messages(&turn.conversation.id).await.unwrap().len(), 2, "reading goes on");

        let ending = Ending::new(vec![ContentBlock::text("whole answer")], MessageStatus::Complete);
        store.finish_message(&turn.answer_id, &ending).await.unwrap();
        store.delete_conversation(&old.conversation.id).await.unwrap();
        store.purge_conversation(&old.conversation.id).await.unwrap();

        std::fs::remove_file(filler).unwrap();
        assert!(!store.is_full());
        assert_eq!(std::fs::metadata(&reserve).unwrap().len(), 8 * 1024 * 1024, "the reserve is made again");
        ask(&store, Place::NewConversation, "there is room").await;
        store.close().await;
        let store = open(&disk.join("data")).await;
        assert_eq!(store.message(&turn.answer_id).await.unwrap().unwrap().msg.content, ending.content);
        assert_eq!(store.conversation_count().await.unwrap(), 2);
    });
}

#[test]
fn what_finds_the_disk_full_first_is_refused_whole() {
    let name = "open::disk::what_finds_the_disk_full_first_is_refused_whole";
    on_a_small_disk(name, 24, "", async |disk| {
        let store = open(&disk.join("data")).await;
        let filler = fill(&disk);
        let much = said(&"word ".repeat(1_000_000));
        let refused = store.insert_message(Place::NewConversation, &much).await;
        assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
        assert_eq!(store.conversation_count().await.unwrap(), 0);
        std::fs::remove_file(filler).unwrap();
        ask(&store, Place::NewConversation, "there is room").await;
    });
}

#[test]
fn a_disk_without_room_for_a_new_store_is_told() {
    let name = "open::disk::a_disk_without_room_for_a_new_store_is_told";
    on_a_small_disk(name, 8, "", async |disk| match Store::open(&disk, quick()).await {
        Err(OpenError::Full { needed, free, .. }) => assert!(free < needed),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("was opened"),
    });
}

#[test]
fn with_little_room_the_log_is_written_back_and_no_copy_is_made() {
    let name = "open::disk::with_little_room_the_log_is_written_back_and_no_copy_is_made";
    on_a_small_disk(name, 150, "", async |disk| assert_eq!(copies_of_a_first_day(&disk).await, 0));
}

#[test]
fn with_room_enough_a_copy_is_made_on_a_small_disk_too() {
    let name = "open::disk::with_room_enough_a_copy_is_made_on_a_small_disk_too";
    on_a_small_disk(name, 250, "", async |disk| assert_eq!(copies_of_a_first_day(&disk).await, 1));
}

/// How many copies there are when a store was looked after on its first day.
async fn copies_of_a_first_day(disk: &Path) -> usize {
    let clock = SetClock::at(1_700_000_000_000);
    let store = Store::open(disk, Options { clock: clock.clone(), ..quick() }).await.unwrap();
    let kept = store.clone();
    tokio::spawn(async move { kept.keep_safe(Duration::from_millis(5)).await });
    store.insert_message(Place::NewConversation, &said("new")).await.unwrap();
    clock.pass(Duration::from_secs(61));
    // That is the last thing that is done.
    let log = disk.join("parlance.db-wal");
    until("the log is cut off", || std::fs::metadata(&log).unwrap().len() == 0).await;
    let entries = std::fs::read_dir(disk.join("backups")).into_iter().flatten();
    entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|it| it == "db")).count()
}

#[test]
fn a_read_only_folder_can_be_read_and_nothing_is_written_elsewhere() {
    let name = "open::disk::a_read_only_folder_can_be_read_and_nothing_is_written_elsewhere";
    on_a_small_disk(name, 32, "", async |disk| {
        let folder = disk.join("data");
        let store = open(&folder).await;
        let turn = ask(&store, Place::NewConversation, "hello").await;
        store.close().await;
        drop(store);
        remount(&disk, "ro");

        let store = open(&folder).await;
        assert_eq!(store.access(), Access::ReadOnly);
        assert_eq!(store.messages(&turn.conversation.id).await.unwrap().len(), 2);
        assert_eq!(store.search("hello", 5).await.unwrap().len(), 1);
        let refused = store.insert_message(Place::NewConversation, &said("x")).await;
        assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
        assert!(matches!(Store::open(&disk.join("new"), quick()).await, Err(OpenError::ReadOnly { .. })));
        store.close().await;
        drop(store);
        remount(&disk, "rw");
        assert_eq!(open(&folder).await.access(), Access::ReadWrite);
    });
}

#[test]
fn a_read_only_folder_with_a_log_left_by_a_crash_is_read_with_what_the_log_holds() {
    let name = "open::disk::a_read_only_folder_with_a_log_left_by_a_crash_is_read_with_what_the_log_holds";
    on_a_small_disk(name, 32, "", async |disk| {
        let (folder, copy) = (disk.join("data"), disk.join("copy"));
        let store = open(&folder).await;
        let turn = ask(&store, Place::NewConversation, "hello").await;
        // What a crash would leave: the files as they are now.
        std::fs::create_dir(&copy).unwrap();
        for file in ["parlance.db", "parlance.db-wal", "parlance.lock", "parlance.state"] {
            std::fs::copy(folder.join(file), copy.join(file)).unwrap();
        }
        store.close().await;
        drop(store);
        remount(&disk, "ro");
        let store = open(&copy).await;
        assert_eq!(store.access(), Access::ReadOnly);
        assert_eq!(store.messages(&turn.conversation.id).await.unwrap().len(), 2);
    });
}

#[test]
fn a_disk_that_fails_again_after_opening_anew_is_only_read_and_nothing_stored_is_lost() {
    let name = "open::disk::a_disk_that_fails_again_after_opening_anew_is_only_read_and_nothing_stored_is_lost";
    // Writing past 2 MiB of any file fails, as on a broken disk.
    on_a_small_disk(name, 64, "trap '' XFSZ; ulimit -f 2048;", async |disk| {
        let store = open(&disk.join("data")).await;
        let turn = ask(&store, Place::NewConversation, "small").await;
        let large = store.insert_message(Place::NewConversation, &said(&"word ".repeat(1_000_000))).await;
        assert!(matches!(large, Err(StoreError::DiskFailed(_))), "{large:?}");
        let small = store.insert_message(Place::NewConversation, &said("small")).await;
        assert!(matches!(small, Err(StoreError::ReadOnly)), "{small:?}");
        assert_eq!(store.messages(&turn.conversation.id).await.unwrap().len(), 2, "reading goes on");
        store.close().await;
        let store = open(&disk.join("data")).await;
        assert_eq!(store.conversation_count().await.unwrap(), 1);
        ask(&store, Place::NewConversation, "small").await;
    });
}
