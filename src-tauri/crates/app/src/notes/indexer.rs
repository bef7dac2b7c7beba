//! Works through the notes until every passage has its meaning. Stops at any moment without loss: what is done is in the
//! store, what is not is found there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parlance_assistant::notes::passages::{RULES, embedded};
use parlance_core::embedding::{EmbeddingInput, EmbeddingModel, EmbeddingRequest, Purpose};
use parlance_core::{Category, ProviderError};
use parlance_store::{MeaningModel, NewMeaning, NoteFilter, Unmeant, WrittenBy};
use parlance_vectors::bytes;

use super::meaning::{Serving, explained, loaded, name, quantized};
use super::{Written, draft};
use crate::api::{AppEvent, Empty, ErrorBody, ErrorCode, IndexState};
use crate::app::App;

/// Passages that are read from the store at once; a model takes fewer at a time, if it says so.
const PAGE: u32 = 64;

/// How often hosts hear how far it is.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// When a model cannot be asked it is tried again, first after this, then after twice as long, up to the second.
const AGAIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// How often it is looked whether another program has changed the notes.
const LOOK: Duration = Duration::from_secs(30);

impl App {
    /// Does what is to be done for as long as it is polled. Started with the engine.
    pub(crate) async fn keep_index(self) {
        if let Err(error) = self.purge_notes(None).await {
            tracing::warn!(?error, "notes that were taken away are still there");
        }
        self.resume_imports().await;
        let mut wait = AGAIN.0;
        loop {
            let pause = match self.index_notes().await {
                Ok(()) => {
                    wait = AGAIN.0;
                    LOOK
                }
                Err(_) => {
                    let now = wait;
                    wait = (wait * 2).min(AGAIN.1);
                    now
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.inner.notes.meanings.wake.notified() => {}
            }
        }
    }

    /// Works until every passage has the meaning that the chosen model makes of it, unless it is paused.
    ///
    /// # Errors
    /// Why it cannot; what is done is kept.
    pub async fn index_notes(&self) -> Result<(), ErrorBody> {
        let _turn = self.inner.notes.meanings.turn.lock().await;
        let done = self.work().await;
        let state = match &done {
            Ok(()) if self.config().notes.paused => IndexState::Paused,
            Ok(()) => IndexState::Ready,
            Err(error) => IndexState::Stuck { error: error.clone() },
        };
        if self.inner.notes.meanings.set_state(state) {
            self.tell_index().await;
        }
        done
    }

    async fn work(&self) -> Result<(), ErrorBody> {
        self.divide_anew().await?;
        let config = self.config().notes;
        let chosen = name(&config.provider, &config.model);
        self.serve_best(&chosen).await?;
        if config.paused {
            return Ok(());
        }
        let store = self.store()?;
        if store.note_count(&NoteFilter::default()).await? == 0 {
            // Nobody is asked for anything before there are notes.
            return Ok(());
        }
        let maker = self.maker(&chosen)?;
        let row = store.meaning_model(&chosen, dimensions(maker.as_ref(), &chosen).await?).await?;
        self.begin_serving(&row, &maker);
        let mut after = 0;
        let mut told = Instant::now();
        loop {
            let passages = store.unmeant(row.n, after, PAGE).await?;
            let Some(last) = passages.last() else { break };
            after = last.n;
            if self.config().notes.paused {
                return Ok(());
            }
            let is_news = self.inner.notes.meanings.set_state(IndexState::Working);
            self.give_meaning(&row, &maker, passages).await?;
            if is_news || told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                self.tell_index().await;
            }
        }
        self.serve_alone(&row, &maker).await
    }

    /// Notes that other rules divided, or none (after a rescue), are divided by the rules of now.
    async fn divide_anew(&self) -> Result<(), ErrorBody> {
        let store = self.store()?;
        loop {
            let ids = store.notes_to_divide(RULES, PAGE).await?;
            if ids.is_empty() {
                return Ok(());
            }
            for id in ids {
                let Some((note, text)) = store.note_with_text(&id).await? else { continue };
                let given_tags = store.given_tags(note.n).await?;
                let written = Written {
                    id,
                    text,
                    given_title: note.given_title,
                    given_tags,
                    folder: note.folder,
                    by: WrittenBy::Person,
                    file: None,
                    file_stem: note.path.as_deref().and_then(super::keeping::stem),
                    based_on: Some(note.version),
                };
                match store.divide_note(&draft(written)).await {
                    Ok(gone) => self.inner.notes.meanings.forget(&gone),
                    // The one who changed it has divided it.
                    Err(parlance_store::StoreError::Changed { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// Where nothing serves yet, the chosen model does from its first passage on.
    fn begin_serving(&self, row: &MeaningModel, maker: &Arc<dyn EmbeddingModel>) {
        let mut serving = self.inner.notes.meanings.serving_mut();
        if serving.is_none() {
            *serving = Some(Serving::new(row.clone(), Arc::clone(maker)));
        }
    }

    /// All is done: what other models made goes.
    async fn serve_alone(&self, row: &MeaningModel, maker: &Arc<dyn EmbeddingModel>) -> Result<(), ErrorBody> {
        let store = self.store()?;
        let last =
            self.inner.notes.meanings.serving().as_ref().filter(|serving| serving.row.n == row.n).map(Serving::last);
        match last {
            None => {
                let fresh = loaded(store, row, Arc::clone(maker)).await?;
                *self.inner.notes.meanings.serving_mut() = Some(fresh);
            }
            Some(last) => {
                // What another program made meanwhile.
                let mut found = Vec::new();
                store.each_meaning(row.n, last, |n, scale, bytes| found.push((n, scale, bytes.to_vec()))).await?;
                if let Some(serving) = &mut *self.inner.notes.meanings.serving_mut() {
                    found.iter().for_each(|(n, scale, bytes)| serving.put(*n, *scale, bytes));
                }
            }
        }
        for other in store.meaning_models().await? {
            if other.n != row.n {
                store.forget_meaning_model(other.n).await?;
            }
        }
        Ok(())
    }

    async fn give_meaning(
        &self,
        row: &MeaningModel,
        maker: &Arc<dyn EmbeddingModel>,
        passages: Vec<Unmeant>,
    ) -> Result<(), ErrorBody> {
        let batch = maker.capabilities().batch.max(1);
        for some in passages.chunks(batch) {
            match vectors(maker.as_ref(), some).await {
                Ok(vectors) => self.keep_meanings(row, some, &vectors).await?,
                Err(error) if is_about_the_text(&error) => {
                    // One of them is to blame: each by itself.
                    for one in some.chunks(1) {
                        match vectors(maker.as_ref(), one).await {
                            Ok(vectors) => self.keep_meanings(row, one, &vectors).await?,
                            Err(error) if is_about_the_text(&error) => {
                                let fault = serde_json::to_string(&explained(&error, &row.name)).unwrap_or_default();
                                self.store()?.note_fault(one[0].note_n, Some(&fault)).await?;
                            }
                            Err(error) => return Err(explained(&error, &row.name)),
                        }
                    }
                }
                Err(error) => return Err(explained(&error, &row.name)),
            }
        }
        Ok(())
    }

    async fn keep_meanings(
        &self,
        row: &MeaningModel,
        passages: &[Unmeant],
        vectors: &[Vec<f32>],
    ) -> Result<(), ErrorBody> {
        if passages.len() != vectors.len() || vectors.iter().any(|vector| vector.len() != row.dimensions) {
            return Err(ErrorBody::new(ErrorCode::NoMeaning)
                .with_details("the model gave vectors of another number or length than it was asked for"));
        }
        let made: Vec<NewMeaning> = passages
            .iter()
            .zip(vectors)
            .map(|(passage, vector)| {
                let small = quantized(vector);
                NewMeaning {
                    n: passage.n,
                    hash: passage.hash.clone(),
                    scale: small.scale,
                    codes: bytes(&small.codes).to_vec(),
                }
            })
            .collect();
        let kept = self.store()?.put_meanings(row.n, &made).await?;
        let mut serving = self.inner.notes.meanings.serving_mut();
        if let Some(serving) = serving.as_mut().filter(|serving| serving.row.n == row.n) {
            for meaning in made.iter().filter(|meaning| kept.contains(&meaning.n)) {
                serving.put(meaning.n, meaning.scale, &meaning.codes);
            }
        }
        Ok(())
    }

    pub(crate) async fn tell_index(&self) {
        if let Ok(status) = self.notes_status(Empty {}).await {
            self.hub().tell(AppEvent::IndexProgress { status });
        }
    }
}

/// How long a model's vectors are: what it says, else what it does.
async fn dimensions(maker: &dyn EmbeddingModel, name: &str) -> Result<usize, ErrorBody> {
    if let Some(dimensions) = maker.capabilities().dimensions {
        return Ok(dimensions);
    }
    let inputs = vec![EmbeddingInput::Text("notes".to_owned())];
    let request = EmbeddingRequest { inputs, ..EmbeddingRequest::default() };
    let made = maker.embed(&request).await.map_err(|error| explained(&error, name))?;
    made.vectors.first().map(Vec::len).filter(|length| *length > 0).ok_or_else(|| ErrorBody::new(ErrorCode::NoMeaning))
}

async fn vectors(maker: &dyn EmbeddingModel, passages: &[Unmeant]) -> Result<Vec<Vec<f32>>, ProviderError> {
    let inputs = passages
        .iter()
        .map(|passage| EmbeddingInput::Text(embedded(&passage.title, &passage.heading, &passage.text)))
        .collect();
    let request = EmbeddingRequest { inputs, purpose: Some(Purpose::Document), ..EmbeddingRequest::default() };
    Ok(maker.embed(&request).await?.vectors)
}

/// Whether another text may do better.
fn is_about_the_text(error: &ProviderError) -> bool {
    matches!(error.category, Category::InvalidRequest | Category::ContextTooLong | Category::ContentFilter)
}
