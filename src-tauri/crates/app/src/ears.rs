//! A model that writes down what is said, to ask directly: what `transcribe` does with a recording, and what listens in front
//! of a chat model. Address, client and key are found as for every other question.

use std::path::Path;
use std::sync::Arc;

use parlance_core::ProviderError;
use parlance_core::asked::Asked;
use parlance_core::transcription::{Recording, TranscriptionManner, TranscriptionModel};
use parlance_providers::{KeySource, Provider};

use crate::api::{ErrorBody, ErrorCode};
use crate::app::App;
use crate::models::{Reached, Wanted};
use crate::providers::http;
use crate::registry;
use crate::whom::{HasKey, Whom};

/// A provider's model that writes down what is said, ready to be asked.
pub struct Ear {
    whom: Whom,
    transcription: Arc<dyn TranscriptionModel>,
}

impl App {
    /// A model that writes down what is said. Where none is named it is the provider's usual one: the model of the settings is
    /// one that answers.
    ///
    /// # Errors
    /// [`ErrorCode::Gone`] when there is no such provider, [`ErrorCode::BadUrl`] for an address that is none,
    /// [`ErrorCode::NoVoice`] when the provider writes nothing down, [`ErrorCode::NoModel`] when none is named and none is
    /// usual.
    pub fn ear(&self, wanted: &Wanted) -> Result<Ear, ErrorBody> {
        let Reached { address, mut whom } = self.reach(wanted)?;
        let named = wanted.model.as_deref().map(str::trim).filter(|model| !model.is_empty());
        whom.model = named.or_else(|| registry::usual_transcription_model(&whom.provider)).map(str::to_owned);
        let none =
            |whom: &Whom| whom.about_us(ErrorBody::new(ErrorCode::NoVoice).with_details("it writes down no speech"));
        if !registry::transcribes(&whom.provider) {
            return Err(none(&whom));
        }
        let model = whom.name()?.to_owned();
        let keys = Arc::clone(&whom.key) as Arc<dyn KeySource>;
        let asked = Provider { name: whom.provider.id.clone(), base_url: address.base, keys };
        let transcription =
            registry::transcription_of(&whom.provider, asked, &model, http()?).map_err(|error| whom.failed(&error))?;
        match transcription {
            Some(transcription) => Ok(Ear { whom, transcription }),
            None => Err(none(&whom)),
        }
    }
}

impl Ear {
    /// What writes down.
    #[must_use]
    pub fn transcription(&self) -> &Arc<dyn TranscriptionModel> {
        &self.transcription
    }

    /// Exactly what would be sent, with a placeholder for the key and the sound's length in place of the sound. Sends nothing
    /// and asks nobody for the key.
    ///
    /// # Errors
    /// When the request cannot be written.
    pub fn request(&self, recording: &Recording, manner: &TranscriptionManner) -> Result<Asked, ErrorBody> {
        self.transcription.request(recording, manner).map_err(|error| self.whom.failed(&error))
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

/// The kinds of sound files by their names' endings.
const KINDS: [(&str, &str); 11] = [
    ("wav", "audio/wav"),
    ("mp3", "audio/mpeg"),
    ("mpga", "audio/mpeg"),
    ("mpeg", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("mp4", "video/mp4"),
    ("aac", "audio/aac"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("flac", "audio/flac"),
    ("webm", "audio/webm"),
];

/// A sound file as it lies on the disk. Of a WAV file the length is known too.
///
/// # Errors
/// [`ErrorCode::BadFile`] when it cannot be read or when its name says that it is no sound.
pub fn read_recording(path: &Path) -> Result<Recording, ErrorBody> {
    let bad = |why: String| ErrorBody::new(ErrorCode::BadFile).with_details(format!("{}: {why}", path.display()));
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let Some((_, media_type)) = KINDS.iter().find(|(known, _)| *known == ending) else {
        let known: Vec<&str> = KINDS.iter().map(|(ending, _)| *ending).collect();
        return Err(bad(format!("its name ends in none of {}", known.join(", "))));
    };
    let bytes = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
    let duration = match *media_type {
        "audio/wav" => {
            let sound = parlance_audio::wav::decode(bytes.as_slice()).map_err(|error| bad(error.to_string()))?;
            Some(sound.duration())
        }
        _ => None,
    };
    Ok(Recording { bytes, media_type: (*media_type).to_owned(), duration })
}
