//! Recorded sound: stored with its message, removed with its thread.

use parlance_core::{ContentBlock, Msg, Role, SampleRate, Source};
use parlance_store::{Ending, Media, MessageStatus, NewMessage, Place};

use crate::support::{ask, fresh};

fn sound(id: &str) -> Media {
    Media { id: id.into(), samples: (0..24_000).map(|n| (n % 700) - 350).collect(), rate: SampleRate::HZ_24000 }
}

#[tokio::test]
async fn sound_comes_back_sample_by_sample_and_goes_with_its_thread() {
    let (_folder, store) = fresh().await;
    let said = sound("said");
    let block = ContentBlock::Audio { source: Source::Url { url: said.url() } };
    let message = NewMessage {
        spoken_ms: Some(said.ms()),
        media: vec![said.clone()],
        ..NewMessage::complete(Msg::new(Role::User, "you", vec![block]))
    };
    let thread = store.insert_message(Place::NewConversation, &message).await.unwrap();
    assert!(thread.spoken);
    assert_eq!(thread.title, "", "a thread that was only spoken has no title");
    assert_eq!(store.media("said").await.unwrap(), Some(said));
    assert_eq!(store.media_ms("said").await.unwrap(), Some(1000));
    assert_eq!(store.media("other").await.unwrap(), None);

    store.delete_conversation(&thread.id).await.unwrap();
    store.purge_conversation(&thread.id).await.unwrap();
    assert_eq!(store.media("said").await.unwrap(), None);
}

#[tokio::test]
async fn sound_of_an_answer_is_stored_with_its_ending() {
    let (_folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "speak").await;
    let ending = Ending { media: vec![sound("answer")], ..Ending::new(vec![], MessageStatus::Complete) };
    store.finish_message(&turn.answer_id, &ending).await.unwrap();
    assert_eq!(store.media("answer").await.unwrap(), Some(sound("answer")));
}
