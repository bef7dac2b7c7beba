//! The engine as a command needs it: as much of it as the work takes, ended well afterwards.

use std::time::Duration;

use parlance_app::api::{ErrorBody, ErrorCode};
use parlance_app::paths::Paths;
use parlance_app::{App, Options, Reach, Sound};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::Common;
use crate::failure::Failure;
use crate::out::Out;

/// An engine that has not ended by then is left behind: everything it kept is on disk already.
const FAREWELL: Duration = Duration::from_secs(3);

/// Where a command works: what the call said about all commands, and the way out.
#[derive(Debug)]
pub(crate) struct Desk {
    common: Common,
    pub(crate) out: Out,
}

impl Desk {
    pub(crate) fn new(common: Common, out: Out) -> Self {
        Self { common, out }
    }

    /// Does the work with as much of the engine as it takes.
    pub(crate) async fn with_engine<T>(
        &self,
        reach: Reach,
        sound: Option<Sound>,
        work: impl AsyncFnOnce(&App) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (data_dir, verbose) = (self.common.data_dir.clone(), self.common.verbose);
        let options = Options { data_dir, sound, verbose, reach, ..Options::default() };
        let app = App::start(options).await;
        let waiting = tokio::spawn(say_when_the_keyring_waits(app.clone(), self.out));
        let done = work(&app).await;
        waiting.abort();
        // Whatever it still does, it does not change what the work came to.
        let _ = tokio::time::timeout(FAREWELL, app.shut_down()).await;
        done
    }

    /// Where everything is kept.
    pub(crate) fn paths(&self) -> Paths {
        Paths::find(self.common.data_dir.clone()).unwrap_or_else(Paths::without_home)
    }

    /// Progress, for those who asked for it.
    pub(crate) fn detail(&self, text: &str) {
        if self.common.verbose {
            self.out.note(text);
        }
    }
}

/// Asks the engine by a command's name, typed at both ends.
pub(crate) async fn call<T: DeserializeOwned>(app: &App, name: &str, request: impl Serialize) -> Result<T, ErrorBody> {
    let request = serde_json::to_value(request).map_err(|error| unreadable(&error))?;
    read(app.call(name, request).await?)
}

/// An answer of the engine, typed.
pub(crate) fn read<T: DeserializeOwned>(answer: Value) -> Result<T, ErrorBody> {
    serde_json::from_value(answer).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> ErrorBody {
    ErrorBody::new(ErrorCode::Internal).with_details(error.to_string())
}

async fn say_when_the_keyring_waits(app: App, out: Out) {
    let mut waiting = app.keys().waiting();
    while waiting.wait_for(|calls| *calls > 0).await.is_ok() {
        out.note("Waiting for your keyring; it may be asking for its password.");
        if waiting.wait_for(|calls| *calls == 0).await.is_err() {
            return;
        }
    }
}
