//! Files chosen for a message: kept with it, forgotten when asked, removed with the thread.

use parlance_core::{Msg, Role};
use parlance_store::{Attachment, NewAttachment, NewMessage, Place};

use crate::support::fresh;

fn file(id: &str) -> NewAttachment {
    NewAttachment {
        id: id.into(),
        name: format!("{id}.txt"),
        media_type: "text/plain".into(),
        origin: "https://api.openai.com".into(),
        bytes: format!("in {id}").into_bytes(),
    }
}

#[tokio::test]
async fn files_come_back_until_they_are_forgotten_and_go_with_their_thread() {
    let (_folder, store) = fresh().await;
    let message = NewMessage {
        files: vec![file("a"), file("b")],
        ..NewMessage::complete(Msg::text(Role::User, "you", "read these"))
    };
    let thread = store.insert_message(Place::NewConversation, &message).await.unwrap();
    let kept = |id: &str| Attachment {
        id: id.into(),
        message_id: message.msg.id.clone(),
        name: format!("{id}.txt"),
        media_type: "text/plain".into(),
        origin: "https://api.openai.com".into(),
        bytes: 4,
    };
    assert_eq!(store.attachments(&thread.id).await.unwrap(), [kept("a"), kept("b")]);
    assert_eq!(store.attachment_bytes("a").await.unwrap().as_deref(), Some(&b"in a"[..]));

    assert_eq!(store.forget_attachment("a").await.unwrap(), Some(message.msg.id.clone()));
    assert_eq!(store.forget_attachment("a").await.unwrap(), None);
    assert_eq!(store.attachments(&thread.id).await.unwrap(), [kept("b")]);

    store.delete_conversation(&thread.id).await.unwrap();
    store.purge_conversation(&thread.id).await.unwrap();
    assert_eq!(store.attachment_bytes("b").await.unwrap(), None);
}
