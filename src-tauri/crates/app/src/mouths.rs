//! A model that speaks, to ask directly: what `say` does with a text, and what reads a cascade's answers aloud. Address, client
//! and key are found as for every other question.

use std::sync::Arc;

use parlance_core::ProviderError;
use parlance_core::asked::Asked;
use parlance_core::synthesis::{SpeechManner, SpeechModel};
use parlance_providers::{KeySource, Provider};

use crate::api::{ErrorBody, ErrorCode};
use crate::app::App;
use crate::models::{Reached, Wanted};
use crate::providers::http;
use crate::registry;
use crate::whom::{HasKey, Whom};

/// A provider's model that speaks, ready to be asked.
pub struct Mouth {
    whom: Whom,
    model: String,
    speech: Arc<dyn SpeechModel>,
}

impl App {
    /// A model that speaks. Where none is named it is the provider's usual one: the model of the settings is one that answers.
    ///
    /// # Errors
    /// [`ErrorCode::Gone`] when there is no such provider, [`ErrorCode::BadUrl`] for an address that is none,
    /// [`ErrorCode::NoVoice`] when the provider has no speech, [`ErrorCode::NoModel`] when none is named and none is usual.
    pub fn mouth(&self, wanted: &Wanted) -> Result<Mouth, ErrorBody> {
        let Reached { address, mut whom } = self.reach(wanted)?;
        let named = wanted.model.as_deref().map(str::trim).filter(|model| !model.is_empty());
        whom.model = named.or_else(|| registry::usual_speech_model(&whom.provider)).map(str::to_owned);
        if !registry::speaks(&whom.provider) {
            return Err(whom.about_us(ErrorBody::new(ErrorCode::NoVoice)));
        }
        let model = whom.name()?.to_owned();
        let keys = Arc::clone(&whom.key) as Arc<dyn KeySource>;
        let asked = Provider { name: whom.provider.id.clone(), base_url: address.base, keys };
        let speech =
            registry::speech_of(&whom.provider, asked, &model, http()?).map_err(|error| whom.failed(&error))?;
        match speech {
            Some(speech) => Ok(Mouth { whom, model, speech }),
            None => Err(whom.about_us(ErrorBody::new(ErrorCode::NoVoice))),
        }
    }
}

impl Mouth {
    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The provider's id in the settings.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.whom.provider.id
    }

    /// The voices it is known to have, by name. There may be others.
    #[must_use]
    pub fn voices(&self) -> &'static [&'static str] {
        registry::speech_voices(&self.whom.provider, &self.model)
    }

    /// What speaks.
    #[must_use]
    pub fn speech(&self) -> &Arc<dyn SpeechModel> {
        &self.speech
    }

    /// Exactly what would be sent, with a placeholder for the key. Sends nothing and asks nobody for the key.
    ///
    /// # Errors
    /// When the request cannot be written.
    pub fn request(&self, text: &str, manner: &SpeechManner) -> Result<Asked, ErrorBody> {
        self.speech.request(text, manner).map_err(|error| self.whom.failed(&error))
    }

    /// Looks for the key before anything is sent, for the sentence that its lack deserves.
    ///
    /// # Errors
    /// When there is none and the service wants one, and when it may not go there.
    pub async fn check_key(&self) -> Result<(), ErrorBody> {
        self.whom.find_key().await.map(|_| ())
    }

    /// A failure of the model, as people are told.
    pub async fn explain(&self, error: &ProviderError) -> ErrorBody {
        let has_key = self.whom.find_key().await.unwrap_or(HasKey::No);
        self.whom.explain(error, has_key)
    }
}
