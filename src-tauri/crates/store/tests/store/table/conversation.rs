//! Threads: order, titles, taking away and bringing back.

use parlance_core::{Msg, Role};
use parlance_store::{ChosenModel, NewMessage, Options, Place, Store, StoreError, TitleBy};

use crate::support::{SetClock, ask, end_of, fresh, open, said};

async fn titles(store: &Store) -> Vec<String> {
    store.conversations(0, 100).await.unwrap().into_iter().map(|line| line.title).collect()
}

async fn begin(store: &Store, text: &str) -> String {
    store.insert_message(Place::NewConversation, &said(text)).await.unwrap().id
}

#[tokio::test]
async fn the_newest_stands_first_and_a_message_moves_a_thread_up() {
    let (_folder, store) = fresh().await;
    let first = begin(&store, "first").await;
    begin(&store, "second").await;
    begin(&store, "third").await;
    assert_eq!(titles(&store).await, ["third", "second", "first"]);
    store.insert_message(end_of(&first), &said("again")).await.unwrap();
    assert_eq!(titles(&store).await, ["first", "third", "second"]);
    assert_eq!(store.conversation_count().await.unwrap(), 3);
    let page = store.conversations(1, 1).await.unwrap();
    assert_eq!(page.iter().map(|line| &*line.title).collect::<Vec<_>>(), ["third"]);
}

#[tokio::test]
async fn a_clock_that_jumps_back_does_not_disturb_the_order() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SetClock::at(2_000_000_000_000);
    let store = Store::open(folder.path(), Options { clock: clock.clone(), ..Options::default() }).await.unwrap();
    begin(&store, "older").await;
    clock.set(1_000_000_000_000);
    begin(&store, "newer").await;
    assert_eq!(titles(&store).await, ["newer", "older"]);
    assert_eq!(store.conversations(0, 1).await.unwrap()[0].updated_ms, 1_000_000_000_000);
}

#[tokio::test]
async fn the_title_is_the_persons_or_the_beginning_of_the_first_message() {
    let (_folder, store) = fresh().await;
    let id = begin(&store, "What is\n a  monad?").await;
    store.insert_message(end_of(&id), &said("and a functor?")).await.unwrap();
    let thread = store.conversation(&id).await.unwrap().unwrap();
    assert_eq!((&*thread.title, thread.title_by), ("What is a monad?", TitleBy::FirstMessage));

    let renamed = store.rename_conversation(&id, " Monads\n").await.unwrap();
    assert_eq!((&*renamed.title, renamed.title_by), ("Monads", TitleBy::Person));
    store.insert_message(end_of(&id), &said("more")).await.unwrap();
    assert_eq!(titles(&store).await, ["Monads"]);

    let back = store.rename_conversation(&id, "  ").await.unwrap();
    assert_eq!((&*back.title, back.title_by), ("What is a monad?", TitleBy::FirstMessage));
}

#[tokio::test]
async fn an_answer_gives_no_title() {
    let (_folder, store) = fresh().await;
    let echo = NewMessage::complete(Msg::text(Role::Assistant, "Echo", "hello"));
    let thread = store.insert_message(Place::NewConversation, &echo).await.unwrap();
    assert_eq!(thread.title, "");
}

#[tokio::test]
async fn a_title_of_more_than_200_characters_is_refused() {
    let (_folder, store) = fresh().await;
    let id = begin(&store, "x").await;
    assert!(store.rename_conversation(&id, &"字".repeat(200)).await.is_ok());
    let error = store.rename_conversation(&id, &"字".repeat(201)).await.unwrap_err();
    assert_eq!(error.to_string(), "the title is longer than 200 characters");
    assert_eq!(titles(&store).await, ["字".repeat(200)]);
}

#[tokio::test]
async fn what_is_taken_away_is_hidden_and_can_come_back_until_it_is_purged() {
    let (_folder, store) = fresh().await;
    let id = begin(&store, "keep me").await;
    store.delete_conversation(&id).await.unwrap();
    assert!(titles(&store).await.is_empty());
    assert!(store.conversation(&id).await.unwrap().is_none());
    assert!(store.messages(&id).await.unwrap().is_empty());
    assert!(store.search("keep", 10).await.unwrap().is_empty());
    assert!(matches!(store.insert_message(end_of(&id), &said("x")).await, Err(StoreError::Gone { .. })));

    assert_eq!(store.restore_conversation(&id).await.unwrap().title, "keep me");
    assert_eq!(store.messages(&id).await.unwrap().len(), 1);
    assert_eq!(store.search("keep", 10).await.unwrap().len(), 1);

    store.delete_conversation(&id).await.unwrap();
    store.purge_conversation(&id).await.unwrap();
    assert!(matches!(store.restore_conversation(&id).await, Err(StoreError::Gone { .. })));
}

#[tokio::test]
async fn only_what_was_taken_away_can_be_purged() {
    let (_folder, store) = fresh().await;
    let id = begin(&store, "keep me").await;
    assert!(matches!(store.purge_conversation(&id).await, Err(StoreError::Gone { .. })));
    assert_eq!(store.messages(&id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_next_start_purges_what_was_taken_away() {
    let (folder, store) = fresh().await;
    let (gone, kept) = (begin(&store, "gone").await, begin(&store, "kept").await);
    store.delete_conversation(&gone).await.unwrap();
    store.close().await;
    drop(store);
    let store = open(folder.path()).await;
    assert!(matches!(store.restore_conversation(&gone).await, Err(StoreError::Gone { .. })));
    assert_eq!(store.messages(&kept).await.unwrap().len(), 1);
}

#[tokio::test]
async fn no_word_of_a_purged_thread_is_left_in_any_file() {
    let (folder, store) = fresh().await;
    let words: Vec<String> = (0..30).map(|n| format!("canary{n}feather")).collect();
    let kept = begin(&store, "unrelated words stay").await;
    let turn = ask(&store, Place::NewConversation, &words.join(" ")).await;
    let part = parlance_core::ModelEvent::TextDelta { text: words.join(" ") };
    store.append_parts(&turn.answer_id, &[part]).await.unwrap();
    store.rename_conversation(&turn.conversation.id, "canarytitle").await.unwrap();
    assert!(count_in_files(folder.path(), "canary") > 0, "the canaries must be there to be missed");

    store.delete_conversation(&turn.conversation.id).await.unwrap();
    store.purge_conversation(&turn.conversation.id).await.unwrap();
    store.close().await;
    assert_eq!(count_in_files(folder.path(), "canary"), 0);
    drop(store);
    assert_eq!(open(folder.path()).await.messages(&kept).await.unwrap().len(), 1);
}

fn count_in_files(folder: &std::path::Path, word: &str) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| std::fs::read(path).unwrap())
        .map(|bytes| bytes.windows(word.len()).filter(|window| *window == word.as_bytes()).count())
        .sum()
}

#[tokio::test]
async fn a_thread_remembers_its_model_through_a_restart() {
    let (folder, store) = fresh().await;
    let id = begin(&store, "first").await;
    assert_eq!(store.conversation(&id).await.unwrap().unwrap().model, None);
    let chosen = |model: &str| ChosenModel { provider: "mine".into(), model: model.into() };
    store.choose_model(&id, &chosen("a")).await.unwrap();
    let changed = store.choose_model(&id, &chosen("b")).await.unwrap();
    assert_eq!(changed.model, Some(chosen("b")));
    store.close().await;
    drop(store);
    let store = open(folder.path()).await;
    assert_eq!(store.conversations(0, 1).await.unwrap()[0].model, Some(chosen("b")));
    let gone = store.choose_model("nothing", &chosen("a")).await;
    assert!(matches!(gone, Err(StoreError::Gone { .. })), "{gone:?}");
}
