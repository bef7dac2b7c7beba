//! Notes found by meaning, with a model that is made for the test: its dimensions are ideas, which several words have.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use parlance_core::chat::HttpRequest;
use parlance_core::embedding::{
    EmbeddingCapabilities, EmbeddingInput, EmbeddingModel, EmbeddingRequest, EmbeddingSource, EmbeddingUsage,
    Embeddings, Purpose,
};
use parlance_core::{Consent, ProviderError, Tool as _, ToolOutput};
use serde_json::{Map, Value, json};

use super::meaning::{BUILTIN, BUILTIN_MODEL, name};
use crate::api::{ErrorCode, Found, IndexState, SaveNote, SearchMode, SearchNotes};
use crate::notes::NewNote;
use crate::tools::{AddNote, FindInNotes};
use crate::{App, stage};

/// Each line is a dimension.
const IDEAS: [&[&str]; 4] =
    [&["heating", "warmth", "boiler"], &["money", "cost", "price"], &["garden", "apple"], &["roof", "tile"]];

type Meanwhile = Box<dyn FnMut() -> Option<(App, SaveNote)> + Send>;

/// Knows a few ideas. `meanwhile` is done before it answers about notes.
struct Ideas {
    dimensions: usize,
    meanwhile: Mutex<Option<Meanwhile>>,
}

#[async_trait]
impl EmbeddingModel for Ideas {
    fn capabilities(&self) -> EmbeddingCapabilities {
        EmbeddingCapabilities { dimensions: Some(self.dimensions), batch: 2, sees: false }
    }

    fn requests(&self, _: &EmbeddingRequest) -> Result<Vec<HttpRequest>, ProviderError> {
        Ok(Vec::new())
    }

    async fn embed(&self, request: &EmbeddingRequest) -> Result<Embeddings, ProviderError> {
        let meanwhile = match request.purpose {
            Some(Purpose::Document) => self.meanwhile.lock().unwrap().as_mut().and_then(|meanwhile| meanwhile()),
            _ => None,
        };
        if let Some((app, change)) = meanwhile {
            app.save_note(change).await.unwrap();
        }
        let vectors = request.inputs.iter().map(|input| {
            let EmbeddingInput::Text(text) = input else { panic!("only texts are embedded") };
            let text = text.to_lowercase();
            let mut vector: Vec<f32> = IDEAS
                .iter()
                .map(|words| if words.iter().any(|word| text.contains(word)) { 1.0 } else { 0.01 })
                .collect();
            vector.resize(self.dimensions, 0.0);
            vector
        });
        let vectors = vectors.collect();
        Ok(Embeddings { vectors, usage: EmbeddingUsage::default(), source: EmbeddingSource::Api })
    }
}

fn know(app: &App, model: &str, meanwhile: Option<Meanwhile>) {
    let ideas = Ideas { dimensions: if model == BUILTIN_MODEL { 4 } else { 8 }, meanwhile: Mutex::new(meanwhile) };
    app.inner.notes.meanings.makers().insert(name(BUILTIN, model), Arc::new(ideas));
}

async fn add(app: &App, text: &str) -> String {
    app.add_note(NewNote::written(text.to_owned(), None)).await.unwrap().id
}

async fn found(app: &App, query: &str, mode: SearchMode) -> Vec<(String, Found)> {
    let request = SearchNotes { query: query.to_owned(), limit: 5, mode, ..SearchNotes::default() };
    app.search_notes(request).await.unwrap().hits.into_iter().map(|hit| (hit.text, hit.found)).collect()
}

#[tokio::test]
async fn a_note_is_found_by_what_it_means_and_by_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let app = stage::start(folder.path()).await;
    know(&app, BUILTIN_MODEL, None);
    add(&app, "The boiler stays off until May.").await;
    add(&app, "Apples are ripe.").await;
    add(&app, "Call Miller 0178.").await;
    let before =
        app.search_notes(SearchNotes { query: "apples".into(), limit: 5, ..SearchNotes::default() }).await.unwrap();
    assert_eq!(before.no_meaning.unwrap().code, ErrorCode::NoMeaning, "words alone, and it is said");
    assert_eq!(before.hits[0].text, "Apples are ripe.");
    app.index_notes().await.unwrap();
    let status = app.call("notes_status", json!({})).await.unwrap();
    assert_eq!(
        (&status["searchable"], &status["total"], &status["state"]["is"]),
        (&json!(3), &json!(3), &json!("ready"))
    );
    let warm = found(&app, "how is the warmth", SearchMode::Hybrid).await;
    assert_eq!(warm[0], ("The boiler stays off until May.".into(), Found::Meaning));
    assert_eq!(found(&app, "0178", SearchMode::Hybrid).await[0].0, "Call Miller 0178.");
    assert_eq!(found(&app, "price of an apple", SearchMode::Semantic).await[0].1, Found::Meaning);
    app.shut_down().await;

    let again = stage::start(folder.path()).await;
    know(&again, BUILTIN_MODEL, None);
    again.open_index().await.unwrap();
    assert_eq!(
        found(&again, "warmth", SearchMode::Semantic).await[0].0,
        "The boiler stays off until May.",
        "from the disk"
    );
}

#[tokio::test]
async fn a_meaning_that_comes_late_for_a_text_that_has_changed_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let app = stage::start(folder.path()).await;
    let id = add(&app, "All about the boiler.").await;
    let change = SaveNote { id: Some(id), text: "All about apples.".to_owned(), ..SaveNote::default() };
    let mut once = Some((app.clone(), change));
    know(&app, BUILTIN_MODEL, Some(Box::new(move || once.take())));
    app.index_notes().await.unwrap();
    assert_eq!(found(&app, "warmth", SearchMode::Semantic).await.len(), 1, "one passage, one meaning");
    let cosine = |query: &'static str| {
        let app = app.clone();
        async move {
            let request =
                SearchNotes { query: query.into(), limit: 1, mode: SearchMode::Semantic, ..SearchNotes::default() };
            app.search_notes(request).await.unwrap().hits[0].score
        }
    };
    assert!(cosine("garden").await > 0.9 && cosine("warmth").await < 0.1, "the meaning is that of the new text");
}

#[tokio::test]
async fn another_model_takes_over_when_it_has_made_all_and_a_removed_note_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let app = stage::start(folder.path()).await;
    know(&app, BUILTIN_MODEL, None);
    know(&app, "other", None);
    let boiler = add(&app, "The boiler stays off.").await;
    add(&app, "Tiles are missing.").await;
    app.index_notes().await.unwrap();
    app.choose_meaning(None, Some("other".into())).await.unwrap();
    assert_eq!(found(&app, "roof", SearchMode::Semantic).await[0].0, "Tiles are missing.", "the old one still serves");
    app.call("order_index", json!({"order": "pause"})).await.unwrap();
    app.index_notes().await.unwrap();
    assert_eq!(app.inner.notes.meanings.state(), IndexState::Paused);
    let store = app.store().unwrap();
    assert_eq!(store.meaning_models().await.unwrap().len(), 1, "paused, nothing is made");
    app.call("order_index", json!({"order": "resume"})).await.unwrap();
    app.index_notes().await.unwrap();
    let models = store.meaning_models().await.unwrap();
    assert_eq!(models.iter().map(|model| (model.dimensions, model.ready)).collect::<Vec<_>>(), [(8, 2)]);
    assert_eq!(found(&app, "roof", SearchMode::Semantic).await[0].0, "Tiles are missing.");
    let like = app.like_note(&boiler, 5).await.unwrap();
    assert_eq!(like.hits.iter().map(|hit| hit.text.as_str()).collect::<Vec<_>>(), ["Tiles are missing."]);
    app.remove_note_for_good(&boiler).await.unwrap();
    assert_eq!(found(&app, "warmth", SearchMode::Semantic).await.len(), 1);
}

#[tokio::test]
async fn models_find_passages_with_links_and_keep_notes_that_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let app = stage::start(folder.path()).await;
    let arguments = |value: Value| value.as_object().unwrap().clone();
    let added = AddNote(app.clone()).run(&arguments(json!({"text": "Buy milk", "tags": ["home"]}))).await.unwrap();
    let ToolOutput::Text(added) = added else { panic!("{added:?}") };
    assert!(added.contains("\"link\":\"note:"), "{added}");
    let listed = app.call("notes_list", json!({"offset": 0, "limit": 9})).await.unwrap();
    assert_eq!((&listed["notes"][0]["by_model"], &listed["notes"][0]["tags"]), (&json!(true), &json!(["home"])));
    let search = FindInNotes(app.clone());
    assert_eq!(search.consent(&Map::new()), Consent::Asked, "notes go to whoever answers");
    let ToolOutput::Text(found) = search.run(&arguments(json!({"query": "milk"}))).await.unwrap() else { panic!() };
    let found: Value = serde_json::from_str(&found).unwrap();
    let id = listed["notes"][0]["id"].as_str().unwrap();
    assert_eq!(
        found["passages"][0],
        json!({"title": "Buy milk", "heading": [], "text": "Buy milk", "link": format!("note:{id}#0-8")})
    );
    let none = search.run(&arguments(json!({"query": "zebra"}))).await.unwrap();
    assert!(matches!(none, ToolOutput::Text(text) if text.starts_with("No note")));
}
