//! What tests of the engine share: an engine in a folder, a server on this computer, and what the engine tells.

use std::path::Path;

use parlance_simulator::Simulator;
use serde_json::json;
use tokio::sync::mpsc::Receiver;

use crate::api::{AppEvent, EventBatch};
use crate::{App, Options, Reach};

pub(crate) async fn start(folder: &Path) -> App {
    let reach = Reach::History;
    App::start(Options { data_dir: Some(folder.to_owned()), reach, ..Options::default() }).await
}

/// A server on this computer with two models, of which the first one is chosen.
pub(crate) async fn with_server(app: &App, server: &Simulator) {
    let mine = json!({"id": "mine", "name": "Mine", "base_url": server.base_url(), "model": "gpt-5.2"});
    app.call("save_provider", mine).await.unwrap();
    app.call("update_settings", json!({"provider": "mine"})).await.unwrap();
}

/// The first event that `wanted` makes something of.
pub(crate) async fn heard<T>(events: &mut Receiver<EventBatch>, wanted: impl Fn(&AppEvent) -> Option<T>) -> T {
    let waiting = async {
        loop {
            let batch = events.recv().await.expect("the engine is alive");
            if let Some(found) = batch.events.iter().find_map(&wanted) {
                return found;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await.expect("in time")
}
