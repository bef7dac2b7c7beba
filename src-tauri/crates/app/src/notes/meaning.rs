//! What passages mean: which model makes that, and all of it in memory, ready to be searched.
//!
//! The rows of the store are the truth. While a newly chosen model works through the notes, what the one before it made
//! still serves, together with that model itself, which must read the questions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use parlance_core::embedding::{EmbeddingInput, EmbeddingModel, EmbeddingRequest, Purpose};
use parlance_store::{MeaningModel, Store};
use parlance_vectors::{Index, Quantized, codes};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::api::{ErrorBody, ErrorCode, IndexState};
use crate::app::App;

/// The provider that is this computer.
pub(crate) const BUILTIN: &str = "builtin";

/// Its model.
pub(crate) const BUILTIN_MODEL: &str = "all-MiniLM-L6-v2";

/// What the person chose about notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotesConfig {
    /// Whose model makes meanings.
    pub provider: String,
    /// That model.
    pub model: String,
    /// Whether the index is stopped for now.
    pub paused: bool,
}

impl Default for NotesConfig {
    fn default() -> Self {
        Self { provider: BUILTIN.to_owned(), model: BUILTIN_MODEL.to_owned(), paused: false }
    }
}

/// Between provider and model in a name.
const BETWEEN: char = '\u{1f}';

/// A model's name as the store knows it.
pub(super) fn name(provider: &str, model: &str) -> String {
    format!("{provider}{BETWEEN}{model}")
}

/// Meanings in memory, and what is done about them.
pub(crate) struct Meanings {
    serving: RwLock<Option<Serving>>,
    /// Models by their names, made once.
    makers: Mutex<HashMap<String, Arc<dyn EmbeddingModel>>>,
    state: Mutex<IndexState>,
    /// Something is to be done.
    pub(crate) wake: Notify,
    /// One at a time works through the notes.
    pub(super) turn: tokio::sync::Mutex<()>,
}

/// What questions are compared with.
pub(super) struct Serving {
    pub(super) row: MeaningModel,
    pub(super) maker: Arc<dyn EmbeddingModel>,
    pub(super) index: Index,
    /// The last passage it was given.
    last: i64,
}

impl Serving {
    /// Of this model, which has made nothing yet.
    pub(super) fn new(row: MeaningModel, maker: Arc<dyn EmbeddingModel>) -> Self {
        let index = Index::with_capacity(row.dimensions, row.ready as usize);
        Self { row, maker, index, last: 0 }
    }

    /// What the model made of a passage, as the store has it.
    pub(super) fn put(&mut self, n: i64, scale: f32, bytes: &[u8]) {
        match self.index.put(n, scale, codes(bytes)) {
            Ok(()) => self.last = self.last.max(n),
            // It counts as not made.
            Err(error) => tracing::warn!(%error, "a meaning does not fit its model"),
        }
    }

    /// The last passage it was given; 0 for none.
    pub(super) fn last(&self) -> i64 {
        self.last
    }
}

impl Default for Meanings {
    fn default() -> Self {
        Self {
            serving: RwLock::default(),
            makers: Mutex::default(),
            state: Mutex::new(IndexState::Ready),
            wake: Notify::new(),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl Meanings {
    pub(super) fn serving(&self) -> RwLockReadGuard<'_, Option<Serving>> {
        self.serving.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn serving_mut(&self) -> RwLockWriteGuard<'_, Option<Serving>> {
        self.serving.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self) -> IndexState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it differs from before.
    pub(super) fn set_state(&self, state: IndexState) -> bool {
        let mut now = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let differs = *now != state;
        *now = state;
        differs
    }

    pub(super) fn makers(&self) -> MutexGuard<'_, HashMap<String, Arc<dyn EmbeddingModel>>> {
        self.makers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passages that can be found by meaning now.
    pub(crate) fn searchable(&self) -> u32 {
        self.serving().as_ref().map_or(0, |serving| u32::try_from(serving.index.len()).unwrap_or(u32::MAX))
    }

    /// Passages that say nothing any more.
    pub(crate) fn forget(&self, passages: &[i64]) {
        if passages.is_empty() {
            return;
        }
        if let Some(serving) = &mut *self.serving_mut() {
            for n in passages {
                serving.index.remove(*n);
            }
        }
    }
}

/// All that a model made, from the store.
pub(super) async fn loaded(
    store: &Store,
    row: &MeaningModel,
    maker: Arc<dyn EmbeddingModel>,
) -> Result<Serving, ErrorBody> {
    let mut serving = Serving::new(row.clone(), maker);
    store.each_meaning(row.n, 0, |n, scale, bytes| serving.put(n, scale, bytes)).await?;
    Ok(serving)
}

/// A vector of unit length, so that products are cosines.
pub(super) fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 { vector.iter().map(|x| x / length).collect() } else { vector.to_vec() }
}

/// A vector as it is kept.
pub(super) fn quantized(vector: &[f32]) -> Quantized {
    Quantized::of(&unit(vector))
}

impl App {
    /// The model of this name; made once.
    pub(super) fn maker(&self, name: &str) -> Result<Arc<dyn EmbeddingModel>, ErrorBody> {
        if let Some(maker) = self.inner.notes.meanings.makers().get(name) {
            return Ok(Arc::clone(maker));
        }
        let (provider, model) = name.split_once(BETWEEN).unwrap_or((name, ""));
        let maker = super::makers::make(self, provider, model)?;
        self.inner.notes.meanings.makers().insert(name.to_owned(), Arc::clone(&maker));
        Ok(maker)
    }

    /// Puts into memory what serves best: the chosen model's meanings, or those of another as long as it made more.
    ///
    /// # Errors
    /// When reading fails.
    pub(super) async fn serve_best(&self, chosen: &str) -> Result<(), ErrorBody> {
        let store = self.store()?;
        let models = store.meaning_models().await?;
        let best =
            models.into_iter().filter(|model| model.ready > 0).max_by_key(|model| (model.ready, model.name == chosen));
        let Some(row) = best else { return Ok(()) };
        if self.inner.notes.meanings.serving().as_ref().is_some_and(|serving| serving.row.n == row.n) {
            return Ok(());
        }
        // One that cannot be asked any more understands no question.
        let Ok(maker) = self.maker(&row.name) else { return Ok(()) };
        let serving = loaded(store, &row, maker).await?;
        *self.inner.notes.meanings.serving_mut() = Some(serving);
        Ok(())
    }

    /// Makes ready for questions what is there, for a host that asks once and ends. Nothing new is made.
    ///
    /// # Errors
    /// Why nothing can be found by meaning.
    pub async fn open_index(&self) -> Result<(), ErrorBody> {
        let config = self.config().notes;
        let chosen = name(&config.provider, &config.model);
        self.serve_best(&chosen).await?;
        if self.inner.notes.meanings.serving().is_some() {
            return Ok(());
        }
        let tried = self.maker(&chosen).map(drop);
        if let Err(error) = &tried {
            self.inner.notes.meanings.set_state(IndexState::Stuck { error: error.clone() });
        }
        tried
    }

    /// A question as the model that serves understands it; `None` where none serves.
    ///
    /// # Errors
    /// When the model cannot be asked.
    pub(super) async fn understood(&self, question: &str) -> Result<Option<(i64, Vec<f32>)>, ErrorBody> {
        let Some((n, name, maker)) = self
            .inner
            .notes
            .meanings
            .serving()
            .as_ref()
            .map(|serving| (serving.row.n, serving.row.name.clone(), Arc::clone(&serving.maker)))
        else {
            return Ok(None);
        };
        let request = EmbeddingRequest {
            inputs: vec![EmbeddingInput::Text(question.to_owned())],
            purpose: Some(Purpose::Query),
            ..EmbeddingRequest::default()
        };
        let made = maker.embed(&request).await.map_err(|error| explained(&error, &name))?;
        let vector = made.vectors.first().ok_or_else(|| ErrorBody::new(ErrorCode::NoMeaning))?;
        Ok(Some((n, unit(vector))))
    }
}

/// A model's failure for a host.
pub(super) fn explained(error: &parlance_core::ProviderError, name: &str) -> ErrorBody {
    let (provider, model) = name.split_once(BETWEEN).unwrap_or((name, ""));
    if provider == BUILTIN {
        return ErrorBody::new(ErrorCode::NoMeaning).with_details(error.message.clone());
    }
    ErrorBody::from_provider(error, provider, "", model)
}
