//! `keys`: into the keyring and out of it. A key comes from stdin, never from the words of the call, which every program
//! of this computer can read.

use std::io::{self, IsTerminal as _, Read as _};

use parlance_app::api::{ErrorBody, ErrorCode, KeyState, KeyringState, ProviderId, ProviderView};
use parlance_app::checkup::{KeyReport, ProviderKeys};
use parlance_app::{App, Reach};
use parlance_core::Secret;
use serde_json::{Map, Value, json};

use crate::engine::{Desk, call, read};
use crate::failure::Failure;
use crate::out::clean::name;
use crate::providers::require;

/// What can be said to `keys`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum KeysCommand {
    /// Read a key from stdin and keep it in the keyring, for the provider's configured address
    Set {
        /// The provider
        provider: String,
        /// Let the key travel unencrypted to this provider's computer, from now on
        #[arg(long)]
        allow_plain_http: bool,
    },
    /// Forget the key of a provider's configured address
    Forget {
        /// The provider
        provider: String,
    },
    /// Say how the keyring is and which providers have a key; never a key
    Status,
}

pub(crate) async fn run(command: KeysCommand, desk: Desk) -> Result<(), Failure> {
    desk.with_engine(Reach::Settings, None, async |app| match command {
        KeysCommand::Set { provider, allow_plain_http } => {
            require(app, &provider)?;
            set(app, &desk, provider, allow_plain_http.into()).await
        }
        KeysCommand::Forget { provider } => {
            require(app, &provider)?;
            let view: ProviderView = call(app, "forget_key", ProviderId { id: provider }).await?;
            desk.out.result(&json!({"provider": view.id, "key": key_word(view.key)}), || {
                format!("The key of {} for {} is forgotten.", name(&view.id), name(&view.host))
            });
            Ok(())
        }
        KeysCommand::Status => {
            status(&app.key_report().await, &desk);
            Ok(())
        }
    })
    .await
}

async fn set(app: &App, desk: &Desk, provider: String, allow_plain_http: Value) -> Result<(), Failure> {
    if io::stdin().is_terminal() {
        desk.out.note("Paste the key, press Enter, then Ctrl-D. It is shown while you type.");
    }
    // The word is moved, not copied, all the way into the engine, which wipes it.
    let request = Map::from_iter([
        ("provider".to_owned(), Value::String(provider)),
        ("key".to_owned(), Value::String(read_key()?)),
        ("keep".to_owned(), json!("keyring")),
        ("allow_plain_http".to_owned(), allow_plain_http),
    ]);
    let view: ProviderView = read(app.call("set_key", Value::Object(request)).await?)?;
    desk.out.result(&json!({"provider": view.id, "host": view.host, "key": key_word(view.key)}), || {
        format!("The key of {} for {} is in the keyring.", name(&view.id), name(&view.host))
    });
    Ok(())
}

fn read_key() -> Result<String, Failure> {
    let bad = |why: &str| ErrorBody::new(ErrorCode::BadKey).with_details(why);
    let mut bytes = Vec::with_capacity(2 * Secret::MAX_BYTES);
    io::stdin()
        .lock()
        .take(2 * Secret::MAX_BYTES as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::file(format!("reading the key from stdin: {error}")))?;
    Ok(String::from_utf8(bytes).map_err(|_| bad("it is not text"))?)
}

fn status(report: &KeyReport, desk: &Desk) {
    let KeyReport { keyring, providers } = report;
    let value = json!({
        "keyring": {"state": keyring.state, "store": keyring.store},
        "providers": providers.iter().map(provider_value).collect::<Vec<_>>(),
    });
    desk.out.result(&value, || {
        let mut lines = format!("{}: {}\n", keyring.store, keyring_words(keyring.state));
        for provider in providers {
            lines.push_str(&format!(
                "{} ({}): {}\n",
                name(&provider.view.id),
                name(&provider.view.host),
                key_words(provider)
            ));
        }
        lines
    });
}

fn provider_value(provider: &ProviderKeys) -> Value {
    json!({
        "name": provider.view.id,
        "host": provider.view.host,
        "key": key_word(provider.view.key),
        "variable": provider.variable,
    })
}

/// How the keyring is, for people.
pub(crate) fn keyring_words(state: KeyringState) -> &'static str {
    match state {
        KeyringState::Ready => "can keep keys",
        KeyringState::Locked => "locked, so it was not asked for keys",
        KeyringState::Absent => "there is none on this system",
        KeyringState::Waiting => "does not answer",
    }
}

/// Where a provider's key is, for people.
pub(crate) fn key_words(provider: &ProviderKeys) -> String {
    match (provider.view.key, provider.variable) {
        (_, Some(variable)) => format!("a key in the variable {variable}"),
        (KeyState::Keyring, None) => "a key in the keyring".to_owned(),
        (KeyState::Session, None) => "a key for this run".to_owned(),
        (KeyState::Missing, None) => "no key".to_owned(),
        (KeyState::Unknown, None) => "not known, the keyring was not asked".to_owned(),
    }
}

fn key_word(state: KeyState) -> Value {
    json!(state)
}
