//! The engine as a host holds it: started once, asked by name, listened to.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlance_assistant::voice::actor::VoiceHandle;
use parlance_assistant::voice::speaker::Speaker;
use parlance_core::Clock;
use parlance_core::audio::{AudioInput, AudioOutput};
use parlance_core::clock::SystemClock;
use parlance_store::Store;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{AppEvent, ErrorBody, ErrorCode, EventBatch, HotkeyState, HotkeyView, Notice, VoiceView};
use crate::config::{Config, ConfigFile};
use crate::given_files::Clipboard;
use crate::held::{Keyboard, Watch};
use crate::hub::Hub;
use crate::keys::Keys;
use crate::lists::Lists;
use crate::log::{self, Detail};
use crate::notes::{Dialogue, Notes};
use crate::notices::Notices;
use crate::paths::Paths;
use crate::{devices, speaking};

/// What a key binding of the desktop's own runs.
const TRIGGER: &str = "parlance-cli trigger toggle";

/// How to start.
#[derive(Clone, Default)]
pub struct Options {
    /// The data folder; `None` for the environment's or the platform's own.
    pub data_dir: Option<PathBuf>,
    /// Where sound comes from and goes to; `None` for the devices the person chose.
    pub sound: Option<Sound>,
    /// The system's clipboard, where the host's page is not given what lies on it.
    pub clipboard: Option<Arc<dyn Clipboard>>,
    /// The host's dialogue to choose files in; `None` where it has none.
    pub dialogue: Option<Arc<dyn Dialogue>>,
    /// The keyboard as it is, to notice lost releases; `None` where it cannot be asked.
    pub keyboard: Option<Arc<dyn Keyboard>>,
    /// How much is logged.
    pub verbose: bool,
    /// How much of the engine is started.
    pub reach: Reach,
}

/// How much of the engine a host needs. What is not started costs nothing and asks nobody for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// All of it, with an eye on devices and keyring.
    #[default]
    Everything,
    /// Settings, keys and the history.
    History,
    /// Settings and keys. The history is not opened, so nobody waits for its lock.
    Settings,
}

impl Options {
    /// As a window starts: nothing but the environment.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::default()
    }
}

/// A microphone and a speaker that stand in for the person's own.
#[derive(Clone)]
pub struct Sound {
    /// The microphone.
    pub input: Arc<dyn AudioInput>,
    /// The speaker.
    pub output: Arc<dyn AudioOutput>,
}

/// The engine. Clones share it.
#[derive(Clone)]
pub struct App {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) paths: Paths,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hub: Hub,
    pub(crate) keys: Keys,
    pub(crate) notices: Notices,
    pub(crate) config: Mutex<ConfigFile>,
    /// The store, or why there is none.
    pub(crate) store: Result<Store, ErrorBody>,
    /// The voice, `None` without a store: what is said could not be kept.
    pub(crate) voice: Option<VoiceHandle>,
    /// What was spent on talking today.
    pub(crate) purse: speaking::Purse,
    pub(crate) voice_view: Mutex<speaking::LastVoice>,
    pub(crate) held: Mutex<Watch>,
    pub(crate) hotkey: Mutex<HotkeyState>,
    /// Answers that are being written, by conversation.
    pub(crate) running: Mutex<HashMap<String, CancellationToken>>,
    /// What tools wait for, and what runs.
    pub(crate) desk: crate::tools::Desk,
    pub(crate) key_states: Mutex<crate::providers::KeyStates>,
    pub(crate) lists: Lists,
    pub(crate) notes: Notes,
    pub(crate) dialogue: Option<Arc<dyn Dialogue>>,
    pub(crate) clipboard: Option<Arc<dyn Clipboard>>,
    pub(crate) last_count: crate::context::LastCount,
    pub(crate) tasks: TaskTracker,
    pub(crate) ending: CancellationToken,
}

impl App {
    /// Starts the engine. It always starts: what is wrong is in the snapshot.
    pub async fn start(options: Options) -> Self {
        let paths = Paths::find(options.data_dir).unwrap_or_else(Paths::without_home);
        log::start(&paths.logs(), if options.verbose { Detail::Verbose } else { Detail::Normal });
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "parlance starts");

        let hub = Hub::start();
        let store = match options.reach {
            Reach::Everything | Reach::History => {
                Store::open(paths.root(), parlance_store::Options::default()).await.map_err(ErrorBody::from)
            }
            Reach::Settings => Err(ErrorBody::new(ErrorCode::Internal).with_details("the history was not opened")),
        };
        let config = ConfigFile::open(paths.settings());
        let notices = Notices::new(hub.clone());
        if config.is_unreadable() {
            notices.raise(Notice::SettingsUnreadable { path: config.path().display().to_string() });
        }
        match &store {
            Ok(store) if store.access() == parlance_store::Access::ReadOnly => notices.raise(Notice::ReadOnly),
            Ok(_) => {}
            Err(_) if options.reach == Reach::Settings => {}
            Err(error) => tracing::error!(?error, "the store cannot be used"),
        }

        let ending = CancellationToken::new();
        let tasks = TaskTracker::new();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let voice_view = Mutex::new(speaking::LastVoice::new(clock.now()));
        let tools = Arc::new(speaking::VoiceTools::default());
        let (voice, news) = match &store {
            Ok(store) => {
                let sound = options.sound.clone().unwrap_or_else(|| devices::chosen(&config.content().settings));
                let around = speaking::Around {
                    store: store.clone(),
                    hub: hub.clone(),
                    notices: notices.clone(),
                    paths: &paths,
                    tools: Arc::clone(&tools),
                    clock: Arc::clone(&clock),
                };
                let (voice, news) = speaking::start(sound, around);
                (Some(voice), Some(news))
            }
            Err(_) => (None, None),
        };
        let app = Self {
            inner: Arc::new(Inner {
                lists: Lists::new(paths.models()),
                notes: Notes::default(),
                dialogue: options.dialogue,
                purse: speaking::Purse::new(paths.spending()),
                clipboard: options.clipboard,
                last_count: Mutex::default(),
                paths,
                clock,
                hub,
                keys: Keys::default(),
                notices,
                config: Mutex::new(config),
                store,
                voice,
                voice_view,
                held: Mutex::new(Watch::new(options.keyboard)),
                hotkey: Mutex::default(),
                running: Mutex::default(),
                desk: crate::tools::Desk::default(),
                key_states: Mutex::default(),
                tasks,
                ending,
            }),
        };
        tools.belong_to(&app);
        if let Some(news) = news {
            app.spawn(speaking::relay(app.clone(), news));
            app.begin_voice();
        }
        if options.reach == Reach::Everything {
            if options.sound.is_none() {
                app.spawn(devices::watch(app.clone()));
            }
            app.spawn(crate::providers::look_for_keys(app.clone()));
            app.spawn(crate::storage::watch(app.clone()));
            app.spawn(app.clone().keep_index());
            app.spawn(app.clone().follow_all());
        }
        app
    }

    /// A host's own line of events.
    #[must_use]
    pub fn subscribe(&self) -> mpsc::Receiver<EventBatch> {
        self.inner.hub.subscribe()
    }

    /// Ends well: running answers are stopped and stored, the database is closed.
    pub async fn shut_down(&self) {
        for cancel in self.running().values() {
            cancel.cancel();
        }
        self.inner.ending.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        if let Ok(store) = &self.inner.store {
            store.close().await;
        }
        tracing::info!("parlance ends");
    }

    /// The store.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn store(&self) -> Result<&Store, ErrorBody> {
        self.inner.store.as_ref().map_err(Clone::clone)
    }

    /// Keys of providers.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    /// What the person has configured.
    #[must_use]
    pub fn config(&self) -> Config {
        self.config_file().content().clone()
    }

    /// Where everything is kept.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.inner.paths
    }

    pub(crate) fn change_config(&self, change: impl FnOnce(&mut Config)) -> Result<(), ErrorBody> {
        self.config_file().change(change).map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ErrorCode::DiskFull,
                _ => ErrorCode::ReadOnly,
            };
            ErrorBody::new(code).with_details(error.to_string())
        })
    }

    pub(crate) fn voice(&self) -> Result<&VoiceHandle, ErrorBody> {
        match (&self.inner.voice, &self.inner.store) {
            (Some(voice), _) => Ok(voice),
            (None, Err(error)) => Err(error.clone()),
            (None, Ok(_)) => Err(ErrorBody::new(ErrorCode::Internal)),
        }
    }

    pub(crate) fn voice_view(&self) -> VoiceView {
        let last = self.inner.voice_view.lock().unwrap_or_else(PoisonError::into_inner);
        last.view(self.inner.clock.now())
    }

    /// Who is spoken with.
    pub(crate) fn speaker(&self) -> Speaker {
        self.inner.voice_view.lock().unwrap_or_else(PoisonError::into_inner).speaker().clone()
    }

    pub(crate) fn held(&self) -> MutexGuard<'_, Watch> {
        self.inner.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host says how the talk key of the whole desktop stands.
    pub fn hotkey_is(&self, state: HotkeyState) {
        *self.inner.hotkey.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.hub().tell(AppEvent::Hotkey { hotkey: self.hotkey_view() });
    }

    pub(crate) fn hotkey_view(&self) -> HotkeyView {
        let state = *self.inner.hotkey.lock().unwrap_or_else(PoisonError::into_inner);
        HotkeyView { state, command: TRIGGER.to_owned() }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    pub(crate) fn running(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a task that the engine's end waits for, and that ends when the engine does.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let ending = self.inner.ending.clone();
        self.inner.tasks.spawn(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = task => {}
            }
        });
    }

    fn config_file(&self) -> MutexGuard<'_, ConfigFile> {
        self.inner.config.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
