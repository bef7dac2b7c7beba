//! What the person chooses about notes: files and folders, in the host's own dialogue; the model that makes meanings.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::meaning::{BUILTIN, BUILTIN_MODEL, NotesConfig, name};
use crate::api::{ErrorBody, ErrorCode};
use crate::app::App;

/// What is to be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// Files, one or more.
    Files,
    /// A folder.
    Folder,
}

/// The host's dialogue for files: a page cannot name any.
#[async_trait]
pub trait Dialogue: Send + Sync {
    /// What the person chose; nothing when they chose nothing.
    async fn pick(&self, what: Pick) -> Vec<PathBuf>;
}

impl App {
    pub(crate) async fn picked(&self, what: Pick) -> Result<Vec<PathBuf>, ErrorBody> {
        let dialogue = self.inner.dialogue.as_ref().ok_or_else(|| ErrorBody::new(ErrorCode::NoDialogue))?;
        Ok(dialogue.pick(what).await)
    }

    /// Takes these in beside everything else; how far it is, hosts hear.
    pub fn import_beside(&self, paths: Vec<PathBuf>) {
        let app = self.clone();
        self.spawn(async move {
            for path in paths {
                if let Err(error) = app.import(&path).await {
                    tracing::warn!(?error, "an import ended early");
                }
            }
        });
    }

    /// How many passages have a meaning of the chosen model.
    pub(crate) async fn ready_meanings(&self, config: &NotesConfig) -> Result<u32, ErrorBody> {
        let chosen = name(&config.provider, &config.model);
        let models = self.store()?.meaning_models().await?;
        Ok(models.iter().find(|model| model.name == chosen).map_or(0, |model| model.ready))
    }

    /// Another model makes meanings from now on; what it has not made yet, the one before it has.
    ///
    /// # Errors
    /// When there is no such model, or the settings cannot be written.
    pub async fn choose_meaning(&self, provider: Option<String>, model: Option<String>) -> Result<(), ErrorBody> {
        let now = self.config().notes;
        let provider = provider.unwrap_or_else(|| now.provider.clone());
        let model = match model {
            Some(model) => model,
            None if provider == now.provider => now.model,
            None if provider == BUILTIN => BUILTIN_MODEL.to_owned(),
            None => return Err(ErrorBody { provider: Some(provider), ..ErrorBody::new(ErrorCode::NoModel) }),
        };
        self.maker(&name(&provider, &model))?;
        self.change_config(|config| {
            config.notes.provider = provider;
            config.notes.model = model;
        })?;
        self.inner.notes.meanings.wake.notify_one();
        Ok(())
    }
}

/// The folder that an export makes in the one that was chosen: one that is not there yet.
pub(crate) fn export_folder(chosen: &Path) -> PathBuf {
    let named = |number: u32| match number {
        1 => chosen.join("Parlance notes"),
        number => chosen.join(format!("Parlance notes {number}")),
    };
    (1..=u32::MAX).map(named).find(|path| !path.exists()).unwrap_or_else(|| chosen.to_owned())
}
