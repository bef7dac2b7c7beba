//! Search: what is found, in which order, and how hits are shown.

use parlance_core::{ContentBlock, Msg, Role};
use parlance_store::{Ending, MessageStatus, NewMessage, Place, SearchHit, Store};
use proptest::prelude::*;

use crate::support::{ask, fresh, said};

async fn store_with(texts: &[&str]) -> (tempfile::TempDir, Store) {
    let (folder, store) = fresh().await;
    for text in texts {
        store.insert_message(Place::NewConversation, &said(text)).await.unwrap();
    }
    (folder, store)
}

fn drawn(hit: &SearchHit) -> String {
    hit.snippet.iter().map(|piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text.clone() }).collect()
}

async fn found(store: &Store, query: &str) -> Vec<String> {
    store.search(query, 50).await.unwrap().iter().map(drawn).collect()
}

#[tokio::test]
async fn words_are_found_whatever_their_case_and_accents_and_the_last_by_its_beginning() {
    let (_folder, store) = store_with(&["The Café opens at nine", "an office", "officer Kowalski"]).await;
    assert_eq!(found(&store, "cafe NINE").await, ["The [Café] opens at [nine]"]);
    assert_eq!(found(&store, "off").await.len(), 2);
    assert_eq!(found(&store, "off kowalski").await, [""; 0], "only the last word is found by its beginning");
    assert_eq!(found(&store, "café closes").await, [""; 0], "every word must be there");
}

#[tokio::test]
async fn chinese_and_japanese_are_found_by_any_part() {
    let (_folder, store) =
        store_with(&["今天天气很好，我们去公园吧", "東京タワーに行きました", "한국어도 됩니다", "GPT模型"]).await;
    assert_eq!(found(&store, "天气").await, ["今天[天气]很好，我们去公园吧"]);
    assert_eq!(found(&store, "公园吧").await, ["今天天气很好，我们去[公园吧]"]);
    assert_eq!(found(&store, "吧").await, ["今天天气很好，我们去公园[吧]"]);
    assert_eq!(found(&store, "タワー").await, ["東京[タワー]に行きました"]);
    assert_eq!(found(&store, "한국").await, ["[한국]어도 됩니다"]);
    assert_eq!(found(&store, "gpt 模型").await, ["[GPT模型]"]);
    assert_eq!(found(&store, "天公").await, [""; 0], "characters that do not stand together are no hit");
}

#[tokio::test]
async fn among_equals_the_newer_stands_first() {
    let (_folder, store) = store_with(&["blue whale one", "blue whale two", "blue whale six"]).await;
    let order: Vec<_> = store.search("whale", 2).await.unwrap().iter().map(|hit| hit.title.clone()).collect();
    assert_eq!(order, ["blue whale six", "blue whale two"]);
}

#[tokio::test]
async fn answers_are_found_when_they_are_over_and_reasoning_never() {
    let (_folder, store) = fresh().await;
    let turn = ask(&store, Place::NewConversation, "question").await;
    let content = vec![ContentBlock::thinking("secretly"), ContentBlock::text("openly")];
    store.finish_message(&turn.answer_id, &Ending::new(content, MessageStatus::Complete)).await.unwrap();
    assert!(found(&store, "secretly").await.is_empty());
    let hits = store.search("openly", 5).await.unwrap();
    assert_eq!((&hits[0].message_id, &hits[0].conversation_id), (&turn.answer_id, &turn.conversation.id));
    let second = Ending::new(vec![ContentBlock::text("anew")], MessageStatus::Complete);
    store.finish_message(&turn.answer_id, &second).await.unwrap();
    assert!(found(&store, "openly").await.is_empty(), "a second ending replaces the words");
}

#[tokio::test]
async fn a_hit_deep_in_a_long_text_is_shown_with_what_stands_around_it() {
    let text = format!("{}needle {}", "hay ".repeat(5_000), "straw ".repeat(5_000));
    let (_folder, store) = store_with(&[&text]).await;
    let shown = found(&store, "needle").await.remove(0);
    assert!(
        shown.starts_with('…') && shown.ends_with('…') && shown.contains("…hay hay") && shown.contains("hay [needle]"),
        "{shown}"
    );
    assert!(shown.chars().count() < 200, "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn any_string_is_a_legal_query(queries in prop::collection::vec("\\PC{0,40}|[\"*():^+ANDORNEAR -]{0,30}|[一-龥a-z]{0,9}", 20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, store) = store_with(&["some words", "一些字"]).await;
            for query in queries {
                store.search(&query, 5).await.unwrap();
            }
        });
    }
}

#[tokio::test]
async fn search_finds_in_a_system_message_too() {
    let (_folder, store) = fresh().await;
    let frame = NewMessage::complete(Msg::text(Role::System, "frame", "be brief"));
    store.insert_message(Place::NewConversation, &frame).await.unwrap();
    assert_eq!(found(&store, "brief").await, ["be [brief]"]);
}
