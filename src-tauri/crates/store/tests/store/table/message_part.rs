//! Running answers: pieces, endings, and what a start makes of those that never ended.

use std::time::Duration;

use parlance_core::{ContentBlock, ModelEvent, StopReason};
use parlance_store::{AnswerWriter, Ending, MessageStatus, Place, Saved, StoreError};

use crate::support::{ask, fresh, open};

fn text(text: &str) -> ModelEvent {
    ModelEvent::TextDelta { text: text.into() }
}

#[tokio::test]
async fn the_next_start_makes_a_cut_message_of_the_parts() {
    let (folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    let thinking = ModelEvent::ThinkingDelta { thinking: "hm".into() };
    store.append_parts(&turn.answer_id, &[thinking, text("zebra ")]).await.unwrap();
    store.append_parts(&turn.answer_id, &[text("crossing")]).await.unwrap();
    let empty = ask(&store, Place::NewConversation, "nothing came").await;
    drop(store);

    let store = open(folder.path()).await;
    let stored = store.message(&turn.answer_id).await.unwrap().unwrap();
    assert_eq!(stored.status, MessageStatus::Cut);
    assert_eq!(stored.msg.content, [ContentBlock::thinking("hm"), ContentBlock::text("zebra crossing")]);
    assert_eq!(store.search("zebra crossing", 5).await.unwrap().len(), 1);
    assert_eq!(store.message(&empty.answer_id).await.unwrap().unwrap().status, MessageStatus::Cut);
    assert!(matches!(store.append_parts(&turn.answer_id, &[text("!")]).await, Err(StoreError::Gone { .. })));
}

#[tokio::test]
async fn another_opening_beside_a_running_answer_leaves_it_alone() {
    let (folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    let second = open(folder.path()).await;
    assert_eq!(second.message(&turn.answer_id).await.unwrap().unwrap().status, MessageStatus::Streaming);
    store.append_parts(&turn.answer_id, &[text("still mine")]).await.unwrap();
}

#[tokio::test]
async fn a_killed_programs_answer_is_cut_although_others_have_the_store_open() {
    let (folder, killed) = fresh().await;
    let living = open(folder.path()).await;
    let turn = ask(&killed, Place::NewConversation, "hello").await;
    killed.append_parts(&turn.answer_id, &[text("half")]).await.unwrap();
    let other = ask(&living, Place::NewConversation, "mine").await;
    drop(killed);

    let started = open(folder.path()).await;
    let stored = started.message(&turn.answer_id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.msg.content), (MessageStatus::Cut, vec![ContentBlock::text("half")]));
    assert_eq!(started.message(&other.answer_id).await.unwrap().unwrap().status, MessageStatus::Streaming);
    living.append_parts(&other.answer_id, &[text("still mine")]).await.unwrap();
}

#[tokio::test]
async fn the_writer_writes_within_200_ms_without_being_asked() {
    let (folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    let writer = AnswerWriter::start(store.clone(), &*turn.answer_id);
    writer.push(&text("a"));
    writer.push(&text("b"));
    assert!(writer.waiting_bytes() > 0);
    tokio::time::timeout(Duration::from_secs(5), async {
        while writer.waiting_bytes() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    // Taken is not yet committed; a second writer's turn through the same lock proves that it is.
    ask(&store, Place::NewConversation, "after it").await;
    drop(writer);
    store.close().await;
    let stored = open(folder.path()).await.message(&turn.answer_id).await.unwrap().unwrap();
    assert_eq!(stored.msg.content, [ContentBlock::text("ab")]);
}

#[tokio::test]
async fn an_ending_replaces_the_parts() {
    let (folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    let writer = AnswerWriter::start(store.clone(), &*turn.answer_id);
    writer.push(&text("ab"));
    writer.push(&ModelEvent::Finished { reason: StopReason::Stop });
    let ending = Ending::new(vec![ContentBlock::text("ab")], MessageStatus::Complete);
    assert_eq!(writer.finish(&store, ending).await.unwrap(), Saved::Now);
    drop(store);
    let stored = open(folder.path()).await.message(&turn.answer_id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.msg.content), (MessageStatus::Complete, vec![ContentBlock::text("ab")]));
}

#[tokio::test]
async fn an_answer_that_was_removed_meanwhile_ends_in_an_error() {
    let (_folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    let writer = AnswerWriter::start(store.clone(), &*turn.answer_id);
    store.delete_conversation(&turn.conversation.id).await.unwrap();
    store.purge_conversation(&turn.conversation.id).await.unwrap();
    let ended = writer.finish(&store, Ending::new(vec![], MessageStatus::Complete)).await;
    assert!(matches!(ended, Err(StoreError::Gone { .. })), "{ended:?}");
}
