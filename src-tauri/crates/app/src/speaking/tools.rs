//! The tools that a voice may use: those of typed conversations that need no chosen files.

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use parlance_assistant::tools::{Overseer, Permission, Toolbox};
use parlance_assistant::voice::history::SavedTurn;
use parlance_assistant::voice::toolkit::Toolkit;
use parlance_core::chat::FunctionSpec;
use parlance_core::{ProviderError, ToolUse};
use tokio_util::sync::CancellationToken;

use crate::app::{App, Inner};
use crate::tools::{CurrentTime, Person};

/// The engine's tools, once it stands. It holds the voice, so the voice must not hold it.
#[derive(Default)]
pub(crate) struct VoiceTools {
    engine: OnceLock<Weak<Inner>>,
}

impl VoiceTools {
    /// The engine stands.
    pub(crate) fn belong_to(&self, app: &App) {
        // It stands once.
        let _ = self.engine.set(Arc::downgrade(&app.inner));
    }

    fn app(&self) -> Option<App> {
        self.engine.get().and_then(Weak::upgrade).map(|inner| App { inner })
    }

    fn toolbox(app: &App) -> Toolbox {
        if !app.config().settings.tools {
            return Toolbox::default();
        }
        Toolbox::new([Arc::new(CurrentTime::new(Arc::clone(&app.inner.clock))) as Arc<dyn parlance_core::Tool>])
    }
}

impl Toolkit for VoiceTools {
    fn offered(&self) -> Vec<FunctionSpec> {
        self.app().map(|app| Self::toolbox(&app).functions()).unwrap_or_default()
    }

    fn open(&self, turn: &SavedTurn) -> (Toolbox, Arc<dyn Overseer>) {
        match self.app() {
            Some(app) => {
                let toolbox = Self::toolbox(&app);
                (toolbox, Arc::new(Person::new(app, &turn.conversation, &turn.answer)))
            }
            None => (Toolbox::default(), Arc::new(Nobody)),
        }
    }
}

/// The engine has ended: nothing is allowed any more.
struct Nobody;

#[async_trait]
impl Overseer for Nobody {
    async fn ask(&self, _: &ToolUse) -> Permission {
        Permission::Refused
    }

    fn begins(&self, _: &ToolUse) -> CancellationToken {
        CancellationToken::new()
    }

    fn goes_without(&self, _: &ProviderError) {}
}
