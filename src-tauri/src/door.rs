//! The one door between window and engine: a call by name, and the line of events.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parlance_app::api::{ErrorBody, EventBatch};
use parlance_app::{App, Given};
use serde_json::Value;
use tauri::State;
use tauri::ipc::Channel;
use tokio::runtime::Handle;
use tokio::sync::SetOnce;

/// The engine, which starts while the window opens.
#[derive(Clone, Default)]
pub(crate) struct Engine {
    app: Arc<SetOnce<App>>,
}

impl Engine {
    /// The engine has started.
    pub(crate) fn arrive(&self, app: App) {
        // It starts once; a second one would be dropped.
        let _ = self.app.set(app);
    }

    /// The person dropped files on the window.
    pub(crate) async fn drop_files(&self, paths: Vec<PathBuf>) {
        self.started().await.drop_files(paths.into_iter().map(Given::At).collect()).await;
    }

    /// The engine, once it has started.
    pub(crate) async fn started(&self) -> &App {
        self.app.wait().await
    }

    /// Ends the engine, waiting no longer than `patience`.
    pub(crate) fn leave(&self, runtime: &Handle, patience: Duration) {
        if let Some(app) = self.app.get() {
            let ended = runtime.block_on(async { tokio::time::timeout(patience, app.shut_down()).await });
            if ended.is_err() {
                tracing::warn!("the engine did not end in time");
            }
        }
    }
}

/// Asks the engine.
#[tauri::command]
pub(crate) async fn call(engine: State<'_, Engine>, name: String, payload: Value) -> Result<Value, ErrorBody> {
    engine.started().await.call(&name, payload).await
}

/// Hands the line of events to the window.
#[tauri::command]
pub(crate) async fn subscribe(engine: State<'_, Engine>, channel: Channel<EventBatch>) -> Result<(), ErrorBody> {
    let mut events = engine.started().await.subscribe();
    tauri::async_runtime::spawn(async move {
        while let Some(batch) = events.recv().await {
            if let Err(error) = channel.send(batch) {
                tracing::debug!(%error, "a window stopped listening");
                return;
            }
        }
    });
    Ok(())
}
