//! The tools that a voice may use: those of typed conversations that need no chosen files.

use std::sync::{Arc, OnceLock, Weak};

use parlance_assistant::tools::{Overseer, Toolbox};
use parlance_assistant::voice::history::SavedTurn;
use parlance_assistant::voice::toolkit::Toolkit;
use parlance_core::Tool;
use parlance_core::chat::FunctionSpec;

use crate::app::{App, Inner};
use crate::models::Nobody;
use crate::tools::{AddNote, CurrentTime, FindInNotes, Person};

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
        let tools: [Arc<dyn Tool>; 3] = [
            Arc::new(CurrentTime::new(Arc::clone(&app.inner.clock))),
            Arc::new(FindInNotes(app.clone())),
            Arc::new(AddNote(app.clone())),
        ];
        Toolbox::new(tools)
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
            // The engine has ended: nothing is allowed any more.
            None => (Toolbox::default(), Arc::new(Nobody::default())),
        }
    }
}
