//! Other programs with the same store.

use std::time::{Duration, Instant};

use parlance_core::ModelEvent;
use parlance_store::{AnswerWriter, Ending, MessageStatus, Place, Saved, StoreError};
use sqlx::{Connection as _, SqliteConnection};

use crate::support::{ask, end_of, fresh, open};

async fn held(folder: &std::path::Path) -> SqliteConnection {
    let mut other =
        SqliteConnection::connect(&format!("sqlite://{}", folder.join("parlance.db").display())).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    other
}

#[tokio::test]
async fn two_have_the_store_open_and_both_write() {
    let (folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "first").await;
    let second = open(folder.path()).await;
    ask(&second, end_of(&turn.conversation.id), "second").await;
    ask(&store, end_of(&turn.conversation.id), "third").await;
    second.close().await;
    assert_eq!(store.messages(&turn.conversation.id).await.unwrap().len(), 6);
}

#[tokio::test]
async fn a_database_that_another_holds_is_busy_after_a_while_and_reading_goes_on() {
    let (folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    let other = held(folder.path()).await;
    let asked = Instant::now();
    let refused = store.insert_message(Place::NewConversation, &crate::support::said("x")).await;
    assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    assert!(asked.elapsed() >= Duration::from_millis(250), "it waits first");
    assert_eq!(store.messages(&turn.conversation.id).await.unwrap().len(), 2);
    other.close().await.unwrap();
    ask(&store, Place::NewConversation, "works again").await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_now_is_written_later() {
    let (folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    let writer = AnswerWriter::start(store.clone(), &*turn.answer_id);
    let other = held(folder.path()).await;
    writer.push(&ModelEvent::TextDelta { text: "kept".into() });
    let ending = Ending::new(vec![parlance_core::ContentBlock::text("kept")], MessageStatus::Complete);
    assert_eq!(writer.finish(&store, ending.clone()).await.unwrap(), Saved::Later);
    other.close().await.unwrap();
    let written = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let stored = store.message(&turn.answer_id).await.unwrap().unwrap();
            if stored.status == MessageStatus::Complete {
                return stored.msg.content;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert_eq!(written.await.unwrap(), ending.content);
}

#[tokio::test]
async fn a_write_that_is_given_up_leaves_nothing_and_holds_nobody_up() {
    let (_folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    let text = "word ".repeat(200_000);
    for micros in (0..4_000).step_by(250) {
        let message = crate::support::said(&text);
        let write = store.insert_message(Place::NewConversation, &message);
        let _ = tokio::time::timeout(Duration::from_micros(micros), write).await;
    }
    ask(&store, end_of(&turn.conversation.id), "still works").await;
    let (threads, found) = (store.conversation_count().await.unwrap(), store.search("word", 100).await.unwrap().len());
    assert_eq!(usize::try_from(threads).unwrap(), found + 1, "a thread is there with its message or not at all");
}
