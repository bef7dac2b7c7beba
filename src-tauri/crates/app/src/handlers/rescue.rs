//! Ways back when the history could not be opened. What comes of them is opened at the next start: everything that is
//! alive here began without a history.

use parlance_store::{Backup, Options, Store};
use tokio::runtime::Handle;

use crate::api::{BackupName, BackupView, Empty, ErrorBody, ErrorCode, RescueOptions, Rescued};
use crate::app::App;

impl App {
    pub(crate) async fn rescue_options(&self, _: Empty) -> Result<RescueOptions, ErrorBody> {
        self.require_trouble()?;
        let root = self.paths().root().to_owned();
        let options = apart(|| async move { Store::rescue_options(&root, &Options::default()).await }).await?;
        let backups = options.backups.into_iter().map(BackupView::from).collect();
        Ok(RescueOptions { backups, salvageable: options.is_salvageable })
    }

    pub(crate) async fn restore_backup(&self, request: BackupName) -> Result<Rescued, ErrorBody> {
        self.require_trouble()?;
        let root = self.paths().root().to_owned();
        let restored = apart(|| async move { Store::restore(&root, &request.name, &Options::default()).await }).await?;
        Ok(Rescued {
            conversations: restored.conversations,
            of: restored.conversations,
            aside: restored.aside.display().to_string(),
        })
    }

    pub(crate) async fn salvage(&self, _: Empty) -> Result<Rescued, ErrorBody> {
        self.require_trouble()?;
        let root = self.paths().root().to_owned();
        let salvaged = apart(|| async move { Store::salvage(&root, &Options::default()).await }).await?;
        Ok(Rescued {
            conversations: salvaged.conversations,
            of: salvaged.of,
            aside: salvaged.aside.display().to_string(),
        })
    }

    /// A history that is open is not replaced.
    fn require_trouble(&self) -> Result<(), ErrorBody> {
        match &self.inner.store {
            Ok(_) => Err(ErrorBody::new(ErrorCode::BadCall).with_details("the history is open")),
            Err(_) => Ok(()),
        }
    }
}

/// Does long work on a thread apart, where it keeps nobody waiting and what it borrows need not be known to the
/// runtime's threads.
async fn apart<T, E, W>(work: impl FnOnce() -> W + Send + 'static) -> Result<T, ErrorBody>
where
    T: Send + 'static,
    E: Send + 'static,
    ErrorBody: From<E>,
    W: Future<Output = Result<T, E>>,
{
    let runtime = Handle::current();
    let done = tokio::task::spawn_blocking(move || runtime.block_on(work())).await;
    done.map_err(|error| ErrorBody::new(ErrorCode::Internal).with_details(error.to_string()))?.map_err(ErrorBody::from)
}

impl From<Backup> for BackupView {
    fn from(backup: Backup) -> Self {
        Self { name: backup.name, made_ms: backup.made_ms, conversations: backup.conversations }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use parlance_core::{Msg, Role};
    use parlance_store::{NewMessage, Place};
    use serde_json::{Value, json};

    use super::*;
    use crate::Reach;

    async fn start(folder: &Path) -> App {
        App::start(crate::Options {
            data_dir: Some(folder.to_owned()),
            reach: Reach::History,
            ..crate::Options::default()
        })
        .await
    }

    /// A closed history of two conversations.
    async fn filled(folder: &Path) {
        let store = Store::open(folder, Options::default()).await.unwrap();
        for words in ["first", "second"] {
            let message = NewMessage::complete(Msg::text(Role::User, "you", words));
            store.insert_message(Place::NewConversation, &message).await.unwrap();
        }
        store.close().await;
    }

    /// Destroys the first page that holds a title: that of the conversations' rows.
    fn harm(folder: &Path) {
        let path = folder.join("parlance.db");
        let mut bytes = std::fs::read(&path).unwrap();
        let page = bytes.chunks(4096).position(|page| page.windows(6).any(|word| word == b"second")).unwrap();
        bytes[page * 4096..(page + 1) * 4096].fill(0);
        std::fs::write(&path, bytes).unwrap();
    }

    #[tokio::test]
    async fn a_damaged_history_is_salvaged_and_there_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path()).await;
        harm(folder.path());
        let app = start(folder.path()).await;
        let trouble = app.call("snapshot", json!({})).await.unwrap()["trouble"]["code"].clone();
        assert_eq!(trouble, "database_damaged");
        let options = app.call("rescue_options", json!({})).await.unwrap();
        assert_eq!(options, json!({ "backups": [], "salvageable": true }));
        let rescued = app.call("salvage", json!({})).await.unwrap();
        assert_eq!((&rescued["conversations"], &rescued["of"]), (&json!(2), &json!(2)), "{rescued}");
        assert!(Path::new(rescued["aside"].as_str().unwrap()).join("parlance.db").exists());
        app.shut_down().await;

        let app = start(folder.path()).await;
        let snapshot = app.call("snapshot", json!({})).await.unwrap();
        assert_eq!((&snapshot["trouble"], &snapshot["conversation_count"]), (&Value::Null, &json!(2)));
        let refused = app.call("salvage", json!({})).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::BadCall, "an open history is not replaced");
        app.shut_down().await;
    }

    #[tokio::test]
    async fn a_copy_is_offered_with_its_figures_and_put_back() {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path()).await;
        let copies = folder.path().join("backups");
        std::fs::create_dir(&copies).unwrap();
        let name = "001700000000000-daily.db";
        std::fs::copy(folder.path().join("parlance.db"), copies.join(name)).unwrap();
        std::fs::write(folder.path().join("parlance.db"), "no database").unwrap();

        let app = start(folder.path()).await;
        let options = app.call("rescue_options", json!({})).await.unwrap();
        let backup = json!({ "name": name, "made_ms": 1_700_000_000_000_u64, "conversations": 2 });
        assert_eq!(options, json!({ "backups": [backup], "salvageable": false }));
        let refused = app.call("restore_backup", json!({ "name": "../parlance.db" })).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::DatabaseDamaged);
        let rescued = app.call("restore_backup", json!({ "name": name })).await.unwrap();
        assert_eq!((&rescued["conversations"], &rescued["of"]), (&json!(2), &json!(2)));
        app.shut_down().await;
        let app = start(folder.path()).await;
        assert_eq!(app.call("snapshot", json!({})).await.unwrap()["conversation_count"], 2);
        app.shut_down().await;
    }
}
