//! The spoken conversation, plugged together: Echo, devices, history; its news made events.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parlance_assistant::talk_key::TalkKeyMode as KeyMode;
use parlance_assistant::voice::actor::{VoiceCommand, VoiceHandle, VoiceNews, VoiceParts, VoiceStatus, Warmth};
use parlance_assistant::voice::history::{NotSaved, SavedTurn, SpokenAnswer, SpokenHistory, SpokenQuestion};
use parlance_assistant::voice::machine::{Failure, KeptReason as Reason, Microphone, Shown};
use parlance_assistant::voice::speaker::{Speaker, Voice};
use parlance_core::audio::DeviceLoss;
use parlance_core::realtime::SessionOptions;
use parlance_core::{AudioChunk, Clock, ContentBlock, Msg, ProviderError, Role, Source};
use parlance_providers::builtin::echo::{Echo, PROVIDER};
use parlance_store::{Ending, Media, MessageStatus, NewMessage, Place, Store, StoreError, Timings, Turn};
use tokio::sync::mpsc;

use crate::api::{
    AppEvent, ErrorBody, ErrorCode, KeptReason, KeptUtterance, Notice, Settings, TalkKeyMode, VoiceState, VoiceView,
};
use crate::app::{App, Sound};
use crate::hub::Hub;
use crate::models::Wanted;
use crate::views;

/// The person's name towards models.
pub(crate) const PERSON: &str = "user";

/// The voice as it was last told.
pub(crate) struct LastVoice {
    view: VoiceView,
    since: Instant,
}

impl LastVoice {
    pub(crate) fn new(now: Instant) -> Self {
        let view = VoiceView {
            state: VoiceState::Idle,
            for_ms: 0,
            muted: false,
            locked: false,
            conversation_id: None,
            in_call: false,
            kept: None,
            error: None,
        };
        Self { view, since: now }
    }

    /// As it is now.
    pub(crate) fn view(&self, now: Instant) -> VoiceView {
        VoiceView { for_ms: millis(now.saturating_duration_since(self.since)), ..self.view.clone() }
    }
}

/// Starts the voice.
pub(crate) fn start(
    sound: Sound,
    store: Store,
    hub: Hub,
    clock: Arc<dyn Clock>,
) -> (VoiceHandle, mpsc::UnboundedReceiver<VoiceNews>) {
    let parts = VoiceParts {
        input: sound.input,
        output: sound.output,
        voice: echo(),
        history: Arc::new(Kept { store, hub }),
        clock,
    };
    let (sender, news) = mpsc::unbounded_channel();
    (VoiceHandle::start(parts, sender), news)
}

/// The voice without a key.
fn echo() -> Voice {
    let speaker = Speaker {
        name: "Echo".to_owned(),
        provider: PROVIDER.to_owned(),
        host: String::new(),
        model: "echo".to_owned(),
    };
    Voice { speaker, model: Arc::new(Echo), session: SessionOptions::default() }
}

impl App {
    /// Speaks with a provider's voice from now on.
    ///
    /// # Errors
    /// When there is no such provider, it has no voices, or no model is named.
    pub fn speak_with(&self, wanted: &Wanted, session: SessionOptions) -> Result<(), ErrorBody> {
        let voice = self.voice_of(wanted, session)?;
        self.voice()?.send(VoiceCommand::With(Box::new(voice)));
        Ok(())
    }

    /// Hands the voice what the person chose.
    pub(crate) fn apply_voice_settings(&self, settings: &Settings) {
        let Some(voice) = &self.inner.voice else { return };
        voice.send(VoiceCommand::KeyMode(match settings.talk_key {
            TalkKeyMode::Auto => KeyMode::Auto,
            TalkKeyMode::Hold => KeyMode::Hold,
            TalkKeyMode::Toggle => KeyMode::Toggle,
        }));
        voice.send(VoiceCommand::Warmth(if settings.warm_microphone { Warmth::Warm } else { Warmth::Cold }));
    }
}

/// Makes the voice's news events, until the voice ends.
pub(crate) async fn relay(app: App, mut news: mpsc::UnboundedReceiver<VoiceNews>) {
    let mut lost = Duration::ZERO;
    while let Some(news) = news.recv().await {
        match news {
            VoiceNews::State(status) => {
                let now = app.inner.clock.now();
                let mut last = app.inner.voice_view.lock().unwrap_or_else(PoisonError::into_inner);
                *last = LastVoice { since: status.since, view: view(&status) };
                let voice = last.view(now);
                drop(last);
                app.hub().tell(AppEvent::Voice { voice });
            }
            VoiceNews::Level { input, output } => app.hub().tell(AppEvent::Level { input, output }),
            VoiceNews::InputLost(loss) => app.inner.notices.raise(match loss {
                DeviceLoss::NoDevice | DeviceLoss::Refused { .. } => Notice::NoMicrophone,
                DeviceLoss::Unplugged { name } => Notice::MicrophoneGone { device: name },
                DeviceLoss::ServerGone => Notice::SoundServerGone,
            }),
            VoiceNews::InputBack(_) => app.inner.notices.settle(|notice| {
                matches!(notice, Notice::NoMicrophone | Notice::MicrophoneGone { .. } | Notice::SoundServerGone)
            }),
            VoiceNews::OutputLost(loss) => app.inner.notices.raise(match loss {
                DeviceLoss::NoDevice | DeviceLoss::Refused { .. } => Notice::NoSpeaker,
                DeviceLoss::Unplugged { name } => Notice::SpeakerGone { device: name },
                DeviceLoss::ServerGone => Notice::SoundServerGone,
            }),
            VoiceNews::OutputBack(_) => app.inner.notices.settle(|notice| {
                matches!(notice, Notice::NoSpeaker | Notice::SpeakerGone { .. } | Notice::SoundServerGone)
            }),
            VoiceNews::DeadSilence(true) => {
                let device = app.input_name();
                app.inner.notices.raise(Notice::MicrophoneSilent { device });
            }
            VoiceNews::DeadSilence(false) => {
                app.inner.notices.settle(|notice| matches!(notice, Notice::MicrophoneSilent { .. }));
            }
            VoiceNews::SoundLost(duration) => {
                lost += duration;
                app.inner.notices.raise(Notice::SoundLost { ms: millis(lost) });
            }
        }
    }
}

fn view(status: &VoiceStatus) -> VoiceView {
    VoiceView {
        state: match status.shown {
            Shown::Idle => VoiceState::Idle,
            Shown::Connecting => VoiceState::Connecting,
            Shown::Listening => VoiceState::Listening,
            Shown::Hearing => VoiceState::Hearing,
            Shown::Thinking => VoiceState::Thinking,
            Shown::Speaking => VoiceState::Speaking,
            Shown::Interrupted => VoiceState::Interrupted,
            Shown::Reconnecting => VoiceState::Reconnecting,
            Shown::Muted => VoiceState::Muted,
            Shown::Failed => VoiceState::Failed,
        },
        for_ms: 0,
        muted: status.microphone == Microphone::Shut,
        locked: status.locked,
        conversation_id: status.conversation.clone(),
        in_call: status.in_call,
        kept: status.kept.map(|kept| KeptUtterance {
            ms: millis(kept.duration),
            reason: match kept.reason {
                Reason::Cancelled => KeptReason::Cancelled,
                Reason::Failed => KeptReason::Failed,
            },
        }),
        error: status.failure.as_ref().map(|failure| match failure {
            Failure::Provider(error) => explain(error, &status.speaker),
            Failure::NoSound(Some(loss)) => ErrorBody::from(loss),
            Failure::NoSound(None) => ErrorBody::new(ErrorCode::Sound),
        }),
    }
}

/// Spoken turns in the store.
struct Kept {
    store: Store,
    hub: Hub,
}

#[async_trait]
impl SpokenHistory for Kept {
    async fn begin(&self, question: SpokenQuestion) -> Result<SavedTurn, NotSaved> {
        let turn = match self.begin_in(&question).await {
            // The conversation was taken away meanwhile: what is said is kept in a new one.
            Err(StoreError::Gone { .. }) => {
                self.begin_in(&SpokenQuestion { conversation: None, ..question.clone() }).await
            }
            begun => begun,
        };
        let turn = turn.map_err(|error| not_saved(&error))?;
        self.hub.tell(AppEvent::Conversation { summary: turn.conversation.clone().into() });
        if let Some(id) = &turn.question_id {
            self.tell_message(id).await;
        }
        self.hub.begin_answer(&turn.conversation.id, &turn.answer_id);
        self.tell_message(&turn.answer_id).await;
        Ok(SavedTurn {
            conversation: turn.conversation.id,
            question: turn.question_id.unwrap_or_default(),
            answer: turn.answer_id,
            speaker: question.speaker,
        })
    }

    async fn finish(&self, turn: &SavedTurn, answer: SpokenAnswer) -> Result<(), NotSaved> {
        let recording = recording(answer.sound);
        let status = match (&answer.error, answer.heard) {
            (Some(_), _) if recording.samples.is_empty() => MessageStatus::Failed,
            (Some(_), _) => MessageStatus::Cut,
            (None, Some(_)) => MessageStatus::Stopped,
            (None, None) => MessageStatus::Complete,
        };
        let mut content = Vec::new();
        if !recording.samples.is_empty() {
            content.push(audio_block(&recording));
        }
        if !answer.transcript.is_empty() {
            content.push(ContentBlock::text(answer.transcript));
        }
        let error = answer.error.map(|error| explain(&error, &turn.speaker));
        let ending = Ending {
            error: error.and_then(|error| serde_json::to_value(error).ok()),
            usage: answer.usage,
            timings: Timings { first_sound_ms: answer.first_sound.map(millis), ..Timings::default() },
            spoken_ms: Some(recording.ms()),
            heard_ms: answer.heard.map(millis),
            media: if recording.samples.is_empty() { Vec::new() } else { vec![recording] },
            ..Ending::new(content, status)
        };
        let finished = self.store.finish_message(&turn.answer, &ending).await;
        self.hub.end_answer(&turn.answer);
        finished.map_err(|error| not_saved(&error))?;
        self.tell_message(&turn.answer).await;
        Ok(())
    }

    async fn write_down(&self, turn: &SavedTurn, words: &str) -> Result<(), NotSaved> {
        self.store.set_words(&turn.question, words).await.map_err(|error| not_saved(&error))?;
        self.tell_message(&turn.question).await;
        if let Ok(Some(conversation)) = self.store.conversation(&turn.conversation).await {
            self.hub.tell(AppEvent::Conversation { summary: conversation.into() });
        }
        Ok(())
    }
}

fn explain(error: &ProviderError, speaker: &Speaker) -> ErrorBody {
    ErrorBody::from_provider(error, &speaker.name, &speaker.host, &speaker.model)
}

impl Kept {
    async fn begin_in(&self, question: &SpokenQuestion) -> Result<Turn, StoreError> {
        let SpokenQuestion { conversation, sound, speaker } = question;
        let recording = recording(sound.clone());
        let place = match conversation {
            Some(id) => Place::EndOf { conversation_id: id.clone() },
            None => Place::NewConversation,
        };
        let spoken = NewMessage {
            spoken_ms: Some(recording.ms()),
            ..NewMessage::complete(Msg::new(Role::User, PERSON, vec![audio_block(&recording)]))
        };
        let question = NewMessage { media: vec![recording], ..spoken };
        let Speaker { name, provider, model, .. } = speaker;
        self.store.begin_turn(place, Some(question), NewMessage::streaming(name, provider, model)).await
    }

    async fn tell_message(&self, id: &str) {
        if let Ok(Some(row)) = self.store.message(id).await {
            let message = views::message(&self.store, row).await;
            self.hub.tell(AppEvent::Message { message });
        }
    }
}

fn not_saved(error: &StoreError) -> NotSaved {
    tracing::error!(%error, "a spoken turn is not in the history");
    NotSaved
}

fn recording(sound: AudioChunk) -> Media {
    Media { id: parlance_core::id::random(), samples: sound.samples, rate: sound.rate }
}

fn audio_block(recording: &Media) -> ContentBlock {
    ContentBlock::Audio { source: Source::Url { url: recording.url() } }
}

/// Whole milliseconds, as views carry them.
pub(crate) fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
