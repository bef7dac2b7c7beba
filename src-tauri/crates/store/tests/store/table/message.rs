//! Messages: turns, branches, endings, and blocks exactly as received.

use parlance_core::{ContentBlock, Msg, Role, TokenUsage};
use parlance_store::{Ending, MessageStatus, NewMessage, Place, StoreError, Timings};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{answer, ask, end_of, fresh, open, said};

#[tokio::test]
async fn a_turn_stores_question_and_running_answer_at_once() {
    let (_folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    assert_eq!(turn.conversation.title, "hello");
    assert_eq!(turn.conversation.leaf_id.as_deref(), Some(&*turn.answer_id));
    let messages = store.messages(&turn.conversation.id).await.unwrap();
    let states: Vec<_> = messages.iter().map(|message| (message.msg.role, message.status)).collect();
    assert_eq!(states, [(Role::User, MessageStatus::Complete), (Role::Assistant, MessageStatus::Streaming)]);
    assert_eq!(messages[1].parent_id, turn.question_id);
}

#[tokio::test]
async fn a_turn_that_cannot_begin_leaves_nothing() {
    let (_folder, store) = fresh().await;
    let question = said("hello");
    let same_id =
        NewMessage { msg: Msg { id: question.msg.id.clone(), ..Msg::text(Role::Assistant, "m", "") }, ..answer() };
    assert!(store.begin_turn(Place::NewConversation, Some(question), same_id).await.is_err());
    assert_eq!(store.conversation_count().await.unwrap(), 0);
    ask(&store, Place::NewConversation, "the next one works").await;
}

#[tokio::test]
async fn an_ending_holds_everything() {
    let (_folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    let ending = Ending {
        error: Some(json!({"code": "cut_off"})),
        invocation_id: Some("resp_1".into()),
        model: Some("gpt-x-2026".into()),
        usage: Some(TokenUsage { input_tokens: 3, output_tokens: 5, ..TokenUsage::default() }),
        timings: Timings { first_word_ms: Some(120), ..Timings::default() },
        spoken_ms: Some(900),
        heard_ms: Some(400),
        ..Ending::new(vec![ContentBlock::thinking("hm"), ContentBlock::text("hi")], MessageStatus::Stopped)
    };
    store.finish_message(&turn.answer_id, &ending).await.unwrap();
    let stored = store.message(&turn.answer_id).await.unwrap().unwrap();
    let read = Ending {
        content: stored.msg.content,
        status: stored.status,
        error: stored.error,
        invocation_id: stored.msg.invocation_id,
        model: stored.model,
        usage: stored.usage,
        timings: stored.timings,
        spoken_ms: stored.spoken_ms,
        heard_ms: stored.heard_ms,
        media: Vec::new(),
    };
    assert_eq!(read, ending);
    assert!(store.conversation(&turn.conversation.id).await.unwrap().unwrap().spoken);
    store.set_heard(&turn.answer_id, 650).await.unwrap();
    assert_eq!(store.message(&turn.answer_id).await.unwrap().unwrap().heard_ms, Some(650));
}

#[tokio::test]
async fn an_ending_without_a_model_keeps_the_one_asked_for() {
    let (_folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    store.finish_message(&turn.answer_id, &Ending::new(vec![], MessageStatus::Failed)).await.unwrap();
    let stored = store.message(&turn.answer_id).await.unwrap().unwrap();
    assert_eq!((stored.model.as_deref(), stored.status), (Some("gpt-x"), MessageStatus::Failed));
}

#[tokio::test]
async fn a_second_answer_is_a_branch_and_either_can_be_shown() {
    let (_folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "question").await;
    let id = turn.conversation.id.clone();
    let question = turn.question_id.clone().unwrap();
    ask(&store, end_of(&id), "follow-up").await;
    let again = Place::After { conversation_id: id.clone(), message_id: Some(question.clone()) };
    let second = store.begin_turn(again, None, answer()).await.unwrap();
    let shown = |messages: Vec<parlance_store::StoredMessage>| -> Vec<String> {
        messages.into_iter().map(|message| message.msg.id).collect()
    };
    assert_eq!(shown(store.messages(&id).await.unwrap()), [question.clone(), second.answer_id.clone()]);
    assert_eq!(store.siblings(&second.answer_id).await.unwrap(), [turn.answer_id.clone(), second.answer_id]);

    store.choose_branch(&turn.answer_id).await.unwrap();
    let first_branch = shown(store.messages(&id).await.unwrap());
    assert_eq!(first_branch.len(), 4, "down to the newest answer of the branch");
    assert_eq!(first_branch[..2], [question, turn.answer_id]);
}

#[tokio::test]
async fn an_edited_first_message_is_a_branch_from_the_beginning() {
    let (_folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "question").await;
    let id = turn.conversation.id;
    let anew = Place::After { conversation_id: id.clone(), message_id: None };
    let edited = ask(&store, anew, "better question").await;
    assert_eq!(store.messages(&id).await.unwrap().len(), 2);
    assert_eq!(store.siblings(edited.question_id.as_ref().unwrap()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_message_of_another_thread_is_no_place_to_answer() {
    let (_folder, store) = fresh().await;
    let (one, other) = (ask(&store, Place::NewConversation, "a").await, ask(&store, Place::NewConversation, "b").await);
    let crossed = Place::After { conversation_id: one.conversation.id, message_id: Some(other.answer_id) };
    assert!(matches!(store.begin_turn(crossed, None, answer()).await, Err(StoreError::Gone { .. })));
}

#[tokio::test]
async fn ten_mebibytes_are_stored_and_one_byte_more_is_refused() {
    let (_folder, store) = fresh().await;
    let most = said(&"x".repeat(parlance_store::MAX_MESSAGE_BYTES));
    let thread = store.insert_message(Place::NewConversation, &most).await.unwrap();
    assert_eq!(store.messages(&thread.id).await.unwrap()[0].msg, most.msg);
    let more = said(&"x".repeat(parlance_store::MAX_MESSAGE_BYTES + 1));
    let error = store.insert_message(Place::NewConversation, &more).await.unwrap_err();
    assert_eq!(error.to_string(), "the message is longer than 10 MiB");
    assert_eq!(store.conversation_count().await.unwrap(), 1);
}

#[tokio::test]
async fn messages_survive_a_restart() {
    let (folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "hello").await;
    let ending = Ending::new(vec![ContentBlock::text("hi")], MessageStatus::Complete);
    store.finish_message(&turn.answer_id, &ending).await.unwrap();
    let before = store.messages(&turn.conversation.id).await.unwrap();
    store.close().await;
    assert!(matches!(store.messages(&turn.conversation.id).await, Err(StoreError::Closed)));
    drop(store);
    assert_eq!(open(folder.path()).await.messages(&turn.conversation.id).await.unwrap(), before);
}

#[tokio::test]
async fn odd_blocks_come_back_byte_for_byte() {
    let (_folder, store) = fresh().await;
    let blocks = json!([
        {"type": "thinking", "thinking": "hm", "signature": "c2ln", "opaque": {"z": 1, "a": [null, 1.50, "\u{0}"]}},
        {"type": "text", "text": "a\u{0}\u{202e}b 🎉", "thought_signature": "dHM="},
        {"type": "tool_use", "id": "1", "name": "f", "input": {"b": 1, "a": 2}, "raw_input": "{\"b\": 1,  \"a\": 2}"},
        {"type": "tool_result", "id": "1", "name": "f", "output": null},
        {"type": "audio", "source": {"type": "url", "url": "media:1"}},
    ]);
    let content: Vec<ContentBlock> = serde_json::from_value(blocks.clone()).unwrap();
    let thread = store
        .insert_message(Place::NewConversation, &NewMessage::complete(Msg::new(Role::User, "you", content)))
        .await
        .unwrap();
    let stored = store.messages(&thread.id).await.unwrap();
    assert_eq!(serde_json::to_string(&stored[0].msg.content).unwrap(), blocks.to_string());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_message_round_trips(
        text in "\\PC{0,200}", name in "\\PC{0,20}", timestamp in "[0-9: -]{0,23}", key in "\\PC{0,8}", value in any::<i64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, store) = fresh().await;
            let mut msg = Msg::new(Role::User, name, vec![ContentBlock::text(&*text), ContentBlock::thinking(&*text)]);
            msg.timestamp = timestamp;
            msg.metadata.insert(key, value.into());
            let thread = store.insert_message(Place::NewConversation, &NewMessage::complete(msg.clone())).await.unwrap();
            assert_eq!(store.messages(&thread.id).await.unwrap()[0].msg, msg);
        });
    }
}

#[tokio::test]
async fn words_of_a_spoken_message_are_found_and_name_its_conversation_until_a_person_does() {
    let (_folder, store) = fresh().await;
    let sound = ContentBlock::Audio { source: parlance_core::Source::Url { url: "media:1".into() } };
    let question = NewMessage::complete(Msg::new(Role::User, "user", vec![sound.clone()]));
    let turn = store.begin_turn(Place::NewConversation, Some(question), answer()).await.unwrap();
    let id = turn.question_id.unwrap();
    for words in ["Will it", "Will it rain tomorrow?"] {
        store.set_words(&id, words).await.unwrap();
        let stored = store.message(&id).await.unwrap().unwrap();
        assert_eq!(stored.msg.content, [sound.clone(), ContentBlock::text(words)]);
        let conversation = store.conversation(&turn.conversation.id).await.unwrap().unwrap();
        assert_eq!(conversation.title, words);
    }
    assert_eq!(store.search("tomorrow", 10).await.unwrap().len(), 1);
    store.rename_conversation(&turn.conversation.id, "Weather").await.unwrap();
    store.set_words(&id, "Will it snow?").await.unwrap();
    assert_eq!(store.conversation(&turn.conversation.id).await.unwrap().unwrap().title, "Weather");
    let gone = store.set_words("nobody", "x").await;
    assert!(matches!(gone, Err(StoreError::Gone { .. })), "{gone:?}");
}
