//! `doctor`: what works on this computer and what does not, a line each.

use parlance_app::Reach;
use parlance_app::api::{ErrorBody, KeyState, KeyringState};
use parlance_app::checkup::{Checkup, ProviderKeys};
use serde::Serialize;
use serde_json::json;

use crate::engine::Desk;
use crate::failure::Failure;
use crate::keys::{key_words, keyring_words};
use crate::out::Reader;
use crate::out::clean::name;
use crate::words::sentences;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: String,
    state: State,
    detail: String,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It works.
    Ok,
    /// Something of Parlance does not work without it; the rest does.
    Warning,
    /// Nothing works without it.
    Failed,
    /// It could not be looked at.
    NotRun,
}

pub(crate) async fn run(desk: Desk) -> Result<(), Failure> {
    desk.with_engine(Reach::History, None, async |app| {
        let root = app.paths().root().display().to_string();
        let checkup = app.checkup().await;
        let checks = checks(&checkup, &root);
        let ok = checks.iter().all(|check| check.state != State::Failed);
        // A failed check is told in full before the error, so this is not the usual either-or.
        let told = json!({"ok": ok, "version": env!("CARGO_PKG_VERSION"), "checks": checks});
        let broken = checkup.folder.err().or(checkup.history.err());
        if desk.out.reader() == Reader::Person {
            desk.out.text(&lines(&checks));
        }
        match broken {
            Some(error) => Err(Failure::from(error).beside(told.as_object().cloned().unwrap_or_default())),
            None if desk.out.reader() == Reader::Program => {
                desk.out.object(&told);
                Ok(())
            }
            None => Ok(()),
        }
    })
    .await
}

fn checks(checkup: &Checkup, root: &str) -> Vec<Check> {
    let mut checks = vec![
        match &checkup.folder {
            Ok(()) => check("data folder", State::Ok, format!("{root} can be written")),
            Err(error) => check("data folder", State::Failed, format!("{root}: {}", said(error))),
        },
        match &checkup.history {
            Ok(1) => check("history", State::Ok, "opens, with 1 conversation".to_owned()),
            Ok(count) => check("history", State::Ok, format!("opens, with {count} conversations")),
            Err(error) => check("history", State::Failed, said(error)),
        },
        keyring(checkup),
        match &checkup.sound_system {
            Some(system) => check("sound system", State::Ok, system.clone()),
            None => check("sound system", State::Warning, "no sound server or card was found".to_owned()),
        },
    ];
    for (what, devices) in [("microphone", &checkup.devices.inputs), ("speaker", &checkup.devices.outputs)] {
        checks.push(match devices.iter().find(|device| device.is_default).or(devices.first()) {
            Some(device) => check(what, State::Ok, format!("{} ({} in all)", device.name, devices.len())),
            None => check(what, State::Warning, "there is none".to_owned()),
        });
    }
    checks.extend(checkup.keys.providers.iter().filter(|provider| provider.in_use).map(provider));
    checks
}

fn keyring(checkup: &Checkup) -> Check {
    let keyring = &checkup.keys.keyring;
    let state = match keyring.state {
        KeyringState::Ready => State::Ok,
        KeyringState::Locked | KeyringState::Absent | KeyringState::Waiting => State::Warning,
    };
    check("keyring", state, format!("{}: {}", keyring.store, keyring_words(keyring.state)))
}

fn provider(provider: &ProviderKeys) -> Check {
    let view = &provider.view;
    let state = match (view.key, provider.variable) {
        (KeyState::Keyring | KeyState::Session, _) | (_, Some(_)) => State::Ok,
        (KeyState::Missing, None) if view.local => State::Ok,
        (KeyState::Missing, None) => State::Warning,
        (KeyState::Unknown, None) => State::NotRun,
    };
    let host = if view.host.is_empty() { "an address that is none" } else { &view.host };
    check(&format!("provider {}", view.id), state, format!("{host}, {}", key_words(provider)))
}

fn check(name: &str, state: State, detail: String) -> Check {
    Check { name: name.to_owned(), state, detail }
}

fn said(error: &ErrorBody) -> String {
    let details = error.details.as_deref().map(|details| format!(" ({details})")).unwrap_or_default();
    sentences(error).message + &details
}

fn lines(checks: &[Check]) -> String {
    let word = |state| match state {
        State::Ok => "ok     ",
        State::Warning => "warning",
        State::Failed => "FAILED ",
        State::NotRun => "not run",
    };
    checks
        .iter()
        .map(|check| format!("{}  {}: {}\n", word(check.state), name(&check.name), name(&check.detail)))
        .collect()
}
