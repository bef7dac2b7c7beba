//! Notes and their passages: kept, changed, found, taken away.

use parlance_store::{NewPassage, NoteDraft, NoteFilter, Store, StoreError, WrittenBy};

use crate::support::open;

/// A note of these paragraphs, a passage each.
fn draft(id: &str, title: &str, paragraphs: &[&str]) -> NoteDraft {
    let mut text = String::new();
    let mut passages = Vec::new();
    for paragraph in paragraphs {
        let start = text.len();
        text.push_str(paragraph);
        let mut hash = [0; 16];
        for (at, byte) in paragraph.bytes().enumerate() {
            hash[at % 16] ^= byte.rotate_left(u32::try_from(at % 7).unwrap());
        }
        passages.push(NewPassage { start, end: text.len(), heading: vec!["Part".to_owned()], hash });
        text.push_str("\n\n");
    }
    NoteDraft {
        id: id.to_owned(),
        title: title.to_owned(),
        given_title: None,
        text,
        folder: String::new(),
        tags: Vec::new(),
        given_tags: Vec::new(),
        written_by: WrittenBy::Person,
        file: None,
        passages,
        divided_by: 1,
        based_on: None,
    }
}

async fn found(store: &Store, query: &str) -> Vec<String> {
    let words = store.search_words(query, &NoteFilter::default(), 10, 20).await.unwrap();
    let wanted: Vec<i64> = words.hits.iter().map(|(n, _)| *n).collect();
    let passages = store.read_passages(&wanted, &NoteFilter::default()).await.unwrap();
    passages.into_iter().map(|passage| passage.text).collect()
}

#[tokio::test]
async fn a_changed_note_keeps_the_rows_of_passages_that_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.put_notes(&[draft("a", "House", &["one heating", "two roof", "three garden"])]).await.unwrap();
    let before = store.passages_of("a").await.unwrap();
    let changed = draft("a", "House", &["zero new", "one heating", "three garden"]);
    let note = store.put_notes(&[changed]).await.unwrap().notes.remove(0);
    let after = store.passages_of("a").await.unwrap();
    assert_eq!(note.version, 2);
    assert_eq!(after[1..], [before[0], before[2]]);
    assert!(!before.contains(&after[0]), "a row is never used again");
    assert_eq!(found(&store, "roof ").await, [""; 0]);
    assert_eq!(found(&store, "garden ").await, ["three garden"], "the range moved with the text");
}

#[tokio::test]
async fn what_was_changed_elsewhere_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let based_on = |version| NoteDraft { based_on: Some(version), ..draft("a", "t", &["mine"]) };
    store.put_notes(&[based_on(0)]).await.unwrap();
    store.put_notes(&[based_on(1)]).await.unwrap();
    let late = store.put_notes(&[draft("b", "t", &["x"]), based_on(1)]).await;
    assert!(matches!(late, Err(StoreError::Changed { .. })), "{late:?}");
    assert!(store.note("b").await.unwrap().is_none(), "all or none");
}

#[tokio::test]
async fn words_are_found_in_every_script_and_inside_long_words() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let texts =
        ["我们决定关掉暖气", "Die Heizungsanlage ist alt", "Le Café ferme", "We decided to wait", "暖房を止める"];
    store.put_notes(&texts.map(|text| draft(text, text, &[text]))).await.unwrap();
    for (query, text) in [
        ("暖气", texts[0]),
        ("关于暖气的决定", texts[0]),
        ("anlage", texts[1]),
        ("heizung", texts[1]),
        ("cafe", texts[2]),
        ("what was the decision, did we decide?", texts[3]),
        ("暖房", texts[4]),
    ] {
        assert_eq!(found(&store, query).await.first().map(String::as_str), Some(text), "{query}");
    }
    assert_eq!(found(&store, "\"*:^ AND (").await, [""; 0]);
}

#[tokio::test]
async fn filters_leave_out_what_lies_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let in_folder = |id: &str, folder: &str, tag: &str| NoteDraft {
        folder: folder.to_owned(),
        tags: vec![tag.to_owned()],
        ..draft(id, id, &["the same words"])
    };
    let notes = [in_folder("a", "house", "x"), in_folder("b", "house/roof", "y"), in_folder("c", "household", "x")];
    store.put_notes(&notes).await.unwrap();
    let ids = async |which: NoteFilter| {
        let words = store.search_words("words", &which, 3, 20).await.unwrap();
        let hits: Vec<i64> = words.hits.iter().map(|(n, _)| *n).collect();
        assert_eq!(store.passages_within(&which).await.unwrap().len(), hits.len());
        let mut ids: Vec<String> =
            store.read_passages(&hits, &which).await.unwrap().into_iter().map(|hit| hit.note_id).collect();
        ids.sort();
        let mut listed: Vec<String> =
            store.notes(&which, 0, 9).await.unwrap().into_iter().map(|note| note.id).collect();
        listed.sort();
        assert_eq!(ids, listed);
        ids
    };
    assert_eq!(ids(NoteFilter::default()).await, ["a", "b", "c"]);
    assert_eq!(ids(NoteFilter { folder: Some("house".into()), ..NoteFilter::default() }).await, ["a", "b"]);
    assert_eq!(ids(NoteFilter { tag: Some("x".into()), ..NoteFilter::default() }).await, ["a", "c"]);
    assert_eq!(ids(NoteFilter { since_ms: Some(u64::MAX), ..NoteFilter::default() }).await, [""; 0]);
}

#[tokio::test]
async fn an_exact_title_and_the_very_words_are_told_apart_from_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let notes = [draft("a", "Heating plan", &["nothing else"]), draft("b", "Other", &["heating plan heating plan"])];
    store.put_notes(&notes).await.unwrap();
    let words = store.search_words("Heating Plan", &NoteFilter::default(), 2, 20).await.unwrap();
    assert_eq!(words.exact[0], store.passages_of("a").await.unwrap()[0]);
    assert!(words.exact.contains(&store.passages_of("b").await.unwrap()[0]));
}

#[tokio::test]
async fn what_was_taken_away_comes_back_or_leaves_no_word_behind() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.put_notes(&[draft("a", "Canaryone", &["canarytwo words"])]).await.unwrap();
    store.remove_note("a").await.unwrap();
    assert!(store.note("a").await.unwrap().is_none());
    assert!(found(&store, "canarytwo").await.is_empty());
    assert!(matches!(store.remove_note("a").await, Err(StoreError::Gone { .. })));
    store.restore_note("a").await.unwrap();
    assert_eq!(found(&store, "canarytwo").await.len(), 1);
    store.remove_note("a").await.unwrap();
    assert_eq!(store.purge_notes(Some("a")).await.unwrap().len(), 1);
    assert!(matches!(store.restore_note("a").await, Err(StoreError::Gone { .. })));
    store.close().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let lower = bytes.to_ascii_lowercase();
        assert!(!lower.windows(6).any(|window| window == b"canary"), "{}", path.display());
    }
}
