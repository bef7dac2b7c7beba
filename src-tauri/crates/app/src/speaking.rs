//! The spoken conversation, plugged together: voices, devices, history; its news made events.
//!
//! * `kept` – the history's port, on the store.
//! * `tools` – what voices may use.
//! * `purse` – what was spent today.

mod kept;
mod purse;
mod tools;

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use parlance_assistant::talk_key::TalkKeyMode as KeyMode;
use parlance_assistant::voice::actor::{VoiceHandle, VoiceParts};
use parlance_assistant::voice::machine::Renewal as Renewed;
use parlance_assistant::voice::machine::{Failure, Kept as OnShelf, KeptReason as Reason, Microphone, Mode, Shown};
use parlance_assistant::voice::news::{Patience, PatienceBy, VoiceCommand, VoiceNews, VoiceStatus, Warmth};
use parlance_assistant::voice::speaker::{Speaker, Voice};
use parlance_assistant::voice::spending::{Amount, DailyCap};
use parlance_core::audio::DeviceLoss;
use parlance_core::model::Price;
use parlance_core::realtime::{Eagerness, SessionOptions, Side};
use parlance_core::{Clock, ProviderError};
use parlance_providers::builtin::echo::{Echo, PROVIDER};
use parlance_store::Store;
use tokio::sync::mpsc;

use crate::api::{
    self, AppEvent, Author, ErrorBody, ErrorCode, KeptReason, KeptUtterance, Notice, Renewal, Settings, Spent,
    SpentView, TalkKeyMode, TalkMode, VoiceChoice, VoiceState, VoiceView,
};
use crate::app::{App, Sound};
use crate::hub::Hub;
use crate::journal::{DiskJournal, Trouble};
use crate::models::Wanted;
use crate::notices::Notices;
use crate::paths::Paths;

pub(crate) use purse::Purse;
pub(crate) use tools::VoiceTools;

/// The person's name towards models.
pub(crate) const PERSON: &str = "user";

/// The voice as it was last told.
pub(crate) struct LastVoice {
    view: VoiceView,
    since: Instant,
    retry_at: Option<Instant>,
    speaker: Speaker,
}

impl LastVoice {
    pub(crate) fn new(now: Instant) -> Self {
        let view = VoiceView {
            state: VoiceState::Idle,
            for_ms: 0,
            muted: false,
            mode: TalkMode::PushToTalk,
            locked: false,
            conversation_id: None,
            in_call: false,
            with: VoiceChoice::default(),
            with_name: "Echo".to_owned(),
            kept: None,
            waiting: Vec::new(),
            error: None,
            retry_in_ms: None,
            spent: SpentView::default(),
        };
        Self { view, since: now, retry_at: None, speaker: echo().speaker }
    }

    /// As it is now.
    pub(crate) fn view(&self, now: Instant) -> VoiceView {
        VoiceView {
            for_ms: millis(now.saturating_duration_since(self.since)),
            retry_in_ms: self.retry_at.map(|at| millis(at.saturating_duration_since(now))),
            ..self.view.clone()
        }
    }

    /// Who is spoken with.
    pub(crate) fn speaker(&self) -> &Speaker {
        &self.speaker
    }
}

/// What the voice is made of, beside sound.
pub(crate) struct Around<'a> {
    pub(crate) store: Store,
    pub(crate) hub: Hub,
    pub(crate) notices: Notices,
    pub(crate) paths: &'a Paths,
    pub(crate) tools: Arc<VoiceTools>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Starts the voice.
pub(crate) fn start(sound: Sound, around: Around<'_>) -> (VoiceHandle, mpsc::UnboundedReceiver<VoiceNews>) {
    let Around { store, hub, notices, paths, tools, clock } = around;
    let trouble: Trouble = Box::new(move |is_wrong| match is_wrong {
        true => notices.raise(Notice::SpokenInMemory),
        false => notices.settle(|notice| matches!(notice, Notice::SpokenInMemory)),
    });
    let disk = store.clone();
    let free = Box::new(move || disk.free_bytes());
    let parts = VoiceParts {
        input: sound.input,
        output: sound.output,
        voice: echo(),
        history: Arc::new(kept::Kept { store, hub }),
        journal: Arc::new(DiskJournal::new(paths.spoken(), Arc::clone(&clock), free, trouble)),
        tools: Some(tools),
        resample: parlance_audio::resample::resample_all,
        chance,
        clock,
    };
    let (sender, news) = mpsc::unbounded_channel();
    (VoiceHandle::start(parts, sender), news)
}

/// A number from 0 to 1.
fn chance() -> f64 {
    let digits = parlance_core::id::random();
    let number = u32::from_str_radix(digits.get(..8).unwrap_or_default(), 16).unwrap_or(u32::MAX / 2);
    f64::from(number) / f64::from(u32::MAX)
}

/// The voice without a key.
fn echo() -> Voice {
    let speaker = Speaker {
        name: "Echo".to_owned(),
        provider: PROVIDER.to_owned(),
        host: String::new(),
        model: "echo".to_owned(),
    };
    let free = Some(Price { input: 0, output: 0 });
    Voice { speaker, model: Arc::new(Echo), price: free, session: SessionOptions::default() }
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

    /// Speaks with a voice that a host chose from now on.
    ///
    /// # Errors
    /// As [`App::speak_with`].
    pub(crate) fn choose_voice(&self, choice: &VoiceChoice) -> Result<(), ErrorBody> {
        let settings = self.config().settings;
        let voice = if choice.provider == PROVIDER {
            echo()
        } else {
            let wanted = Wanted {
                provider: Some(choice.provider.clone()),
                model: Some(choice.model.clone()),
                ..Wanted::default()
            };
            let session = SessionOptions {
                instructions: settings.voice_instructions.clone(),
                voice: choice.voice.clone(),
                ..SessionOptions::default()
            };
            self.voice_of(&wanted, session)?
        };
        self.voice()?.send(VoiceCommand::With(Box::new(voice)));
        Ok(())
    }

    /// Speaks as the settings say.
    pub(crate) fn begin_voice(&self) {
        let settings = self.config().settings;
        self.apply_voice_settings(&settings);
        if settings.voice != VoiceChoice::default()
            && let Err(error) = self.choose_voice(&settings.voice)
        {
            // It may have been taken away since; Echo is always there.
            tracing::warn!(?error, "the chosen voice cannot be spoken with");
        }
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
        voice.send(VoiceCommand::Patience(patience(settings)));
        let idle = Duration::from_secs(u64::from(settings.idle_hang_up_s));
        voice.send(VoiceCommand::IdleLimit((!idle.is_zero()).then_some(idle)));
        self.tell_today(Amount::default());
    }

    /// Tells the voice what was spent today, once this is added, and when to stop.
    fn tell_today(&self, more: Amount) {
        let Some(voice) = &self.inner.voice else { return };
        let today = self.inner.purse.spend(more, self.inner.clock.wall());
        let cap = self.config().settings.spending_cap;
        let cap = DailyCap {
            // A cent is ten thousand millionths of a dollar.
            cost: cap.cents.map(|cents| u64::from(cents) * 10_000),
            sound: cap.minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
        };
        voice.send(VoiceCommand::Today(Box::new(today), cap));
    }
}

fn patience(settings: &Settings) -> Patience {
    let by = match settings.patience {
        api::Patience::Silence { ms } => PatienceBy::Silence(Duration::from_millis(u64::from(ms))),
        api::Patience::Meaning { eagerness } => PatienceBy::Meaning(match eagerness {
            api::Eagerness::Low => Eagerness::Low,
            api::Eagerness::Auto => Eagerness::Auto,
            api::Eagerness::High => Eagerness::High,
        }),
    };
    Patience { by, local: settings.local_turns }
}

/// Makes the voice's news events, until the voice ends.
pub(crate) async fn relay(app: App, mut news: mpsc::UnboundedReceiver<VoiceNews>) {
    let mut lost = Duration::ZERO;
    while let Some(news) = news.recv().await {
        match news {
            VoiceNews::State(status) => {
                let now = app.inner.clock.now();
                let mut last = app.inner.voice_view.lock().unwrap_or_else(PoisonError::into_inner);
                *last = LastVoice {
                    since: status.since,
                    view: view(&status),
                    retry_at: status.retry.as_ref().map(|(at, _)| *at),
                    speaker: status.speaker.clone(),
                };
                let voice = last.view(now);
                drop(last);
                app.hub().tell(AppEvent::Voice { voice });
            }
            VoiceNews::Level { input, output } => app.hub().tell(AppEvent::Level { input, output }),
            VoiceNews::Caption { turn, by, text, heard } => app.hub().tell(AppEvent::Caption {
                turn: turn.0,
                by: match by {
                    Side::Person => Author::You,
                    Side::Model => Author::They,
                },
                text,
                heard: u32::try_from(heard).unwrap_or(u32::MAX),
            }),
            VoiceNews::Renewed(why) => {
                let conversation_id = app.voice_view().conversation_id;
                app.hub().tell(AppEvent::VoiceRenewed {
                    conversation_id,
                    why: match why {
                        Renewed::Age => Renewal::Age,
                        Renewed::Lost => Renewal::Lost,
                        Renewed::Slept => Renewal::Slept,
                    },
                });
            }
            VoiceNews::Spent(amount) => app.tell_today(*amount),
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
    let mut kept: Vec<KeptUtterance> = status.kept.iter().map(|(kept, within)| utterance(kept, within)).collect();
    // What earlier runs left is no answer to what just happened.
    let newest = kept.iter().rposition(|kept| kept.reason != KeptReason::LeftOver);
    let newest = newest.map(|at| kept.remove(at));
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
        mode: match status.mode {
            Mode::PushToTalk => TalkMode::PushToTalk,
            Mode::HandsFree => TalkMode::HandsFree,
        },
        muted: status.microphone == Microphone::Shut,
        locked: status.locked,
        conversation_id: status.conversation.clone(),
        in_call: status.in_call,
        with: VoiceChoice {
            provider: status.speaker.provider.clone(),
            model: status.speaker.model.clone(),
            voice: status.voice.clone(),
        },
        with_name: status.speaker.name.clone(),
        kept: newest,
        waiting: kept,
        error: match (&status.failure, &status.retry) {
            (Some(Failure::Provider(error)), _) => Some(explain(error, &status.speaker)),
            (Some(Failure::NoSound(Some(loss))), _) => Some(ErrorBody::from(loss)),
            (Some(Failure::NoSound(None)), _) => Some(ErrorBody::new(ErrorCode::Sound)),
            (Some(Failure::Capped), _) => Some(ErrorBody::new(ErrorCode::SpendingCap)),
            (None, Some((_, error))) => Some(explain(error, &status.speaker)),
            (None, None) => None,
        },
        retry_in_ms: None,
        spent: SpentView {
            call: spent(&status.call_spent),
            conversation: spent(&status.conversation_spent),
            today: spent(&status.today_spent),
            capped: status.is_capped,
        },
    }
}

fn utterance(kept: &OnShelf, conversation_id: &Option<String>) -> KeptUtterance {
    KeptUtterance {
        id: kept.id.0.to_string(),
        ms: millis(kept.duration),
        reason: match kept.reason {
            Reason::Cancelled => KeptReason::Cancelled,
            Reason::Failed => KeptReason::Failed,
            Reason::LeftOver => KeptReason::LeftOver,
        },
        conversation_id: conversation_id.clone(),
    }
}

fn spent(amount: &Amount) -> Spent {
    Spent {
        said_ms: millis(amount.said),
        answered_ms: millis(amount.answered),
        input_tokens: amount.tokens.input_tokens,
        output_tokens: amount.tokens.output_tokens,
        dollars: (amount.unpriced == 0).then(|| dollars(amount.cost)),
    }
}

/// Millionths of a dollar as a decimal number, to the hundredth of a cent.
fn dollars(micros: u64) -> String {
    format!("{}.{:04}", micros / 1_000_000, micros % 1_000_000 / 100)
}

pub(crate) fn explain(error: &ProviderError, speaker: &Speaker) -> ErrorBody {
    ErrorBody::from_provider(error, &speaker.name, &speaker.host, &speaker.model)
}

/// Whole milliseconds, as views carry them.
pub(crate) fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
