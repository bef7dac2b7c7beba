//! A chat model between an ear and a mouth, plugged together: a voice like others.

use std::sync::Arc;

use parlance_assistant::cascade::{Cascade, SoundWays};
use parlance_assistant::voice::news::VoiceCommand;
use parlance_assistant::voice::speaker::{Speaker, Voice};
use parlance_core::ChatRequest;
use parlance_core::model::Mark;
use parlance_core::realtime::SessionOptions;
use parlance_core::synthesis::SpeechManner;
use parlance_core::transcription::TranscriptionManner;
use parlance_providers::KeySource;
use parlance_providers::media::LocalFiles;
use parlance_providers::retry::Retry;

use crate::api::{ErrorBody, ErrorCode};
use crate::app::App;
use crate::ears::Ear;
use crate::models::{Reached, Wanted};
use crate::mouths::Mouth;
use crate::providers::client;
use crate::registry;
use crate::whom::Whom;

/// Who listens, who answers and who speaks.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    /// Writes down what the person says.
    pub ear: Wanted,
    /// Answers.
    pub chat: Wanted,
    /// Speaks the answer.
    pub mouth: Wanted,
    /// The language of both sides as a BCP 47 tag; `None` lets the models find out.
    pub language: Option<String>,
}

impl App {
    /// Whether a provider has voices of its own.
    ///
    /// # Errors
    /// When there is no such provider.
    pub fn has_voices(&self, wanted: &Wanted) -> Result<bool, ErrorBody> {
        Ok(registry::voices(&self.reach(wanted)?.whom.provider).is_some())
    }

    /// Speaks through a chat model from now on.
    ///
    /// # Errors
    /// When one of the three is not there or cannot do its part, when no model is named, or when an ear or a mouth lacks its key:
    /// nobody should have spoken in vain.
    pub async fn speak_through(&self, chain: &Chain, session: SessionOptions) -> Result<(), ErrorBody> {
        let (ear, mouth) = (self.ear(&chain.ear)?, self.mouth(&chain.mouth)?);
        let voice = self.cascade(chain, &ear, &mouth, session)?;
        ear.check_key().await?;
        mouth.check_key().await?;
        self.voice()?.send(VoiceCommand::With(Box::new(voice)));
        Ok(())
    }

    fn cascade(&self, chain: &Chain, ear: &Ear, mouth: &Mouth, session: SessionOptions) -> Result<Voice, ErrorBody> {
        let Reached { address, whom } = self.reach(&chain.chat)?;
        let model = whom.name()?.to_owned();
        let keys = Arc::clone(&whom.key) as Arc<dyn KeySource>;
        let chat = client(&whom.provider, &address, keys, Arc::new(LocalFiles), Retry::default())?;
        let Whom { provider, host, .. } = whom;
        let known = self.model_info(&provider, &model);
        let cascade = Cascade {
            ear: Arc::clone(ear.transcription()),
            hearing: TranscriptionManner { language: chain.language.clone(), ..TranscriptionManner::default() },
            chat,
            request: ChatRequest { model: model.clone(), ..ChatRequest::default() },
            sees: known.capabilities.can(Mark::Images),
            mouth: Arc::clone(mouth.speech()),
            speaking: SpeechManner { language: chain.language.clone(), ..SpeechManner::default() },
            sound: SoundWays { wav: parlance_audio::wav::encode, resample: parlance_audio::resample::resample_all },
            not_understood: not_understood(chain.language.as_deref()).to_owned(),
        };
        let speaker = Speaker { name: provider.name, provider: provider.id, host, model };
        Ok(Voice { speaker, model: Arc::new(cascade), price: known.price, session })
    }
}

/// What is said, aloud, where no words were found in what the person said.
fn not_understood(language: Option<&str>) -> &'static str {
    match language {
        Some(tag) if tag.starts_with("zh") => "我没有听清，请再说一遍。",
        _ => "I did not catch that. Say it again, a little louder perhaps.",
    }
}

/// A provider's part in words: `NAME`, or `NAME/MODEL`.
///
/// # Errors
/// [`ErrorCode::BadCall`] where there is no name.
pub fn part(words: &str) -> Result<Wanted, ErrorBody> {
    let (provider, model) = words.split_once('/').map_or((words, None), |(name, model)| (name, Some(model)));
    if provider.trim().is_empty() {
        return Err(ErrorBody::new(ErrorCode::BadCall).with_details("a provider's name is missing"));
    }
    Ok(Wanted { provider: Some(provider.to_owned()), model: model.map(str::to_owned), ..Wanted::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_a_provider_and_perhaps_its_model() {
        let named = |words| part(words).map(|wanted| (wanted.provider.unwrap(), wanted.model));
        assert_eq!(named("openai"), Ok(("openai".into(), None)));
        assert_eq!(named("mine/org/model"), Ok(("mine".into(), Some("org/model".into()))));
        assert_eq!(named("/model").unwrap_err().code, ErrorCode::BadCall);
    }
}
