//! The talk key of the whole desktop: registered as the settings name it, its press and release passed on.

use std::str::FromStr as _;

use parlance_app::App;
use parlance_app::api::{AppEvent, HotkeyState, TalkKey};
use tauri::AppHandle;
use tauri_plugin_global_shortcut::{GlobalShortcutExt as _, Shortcut, ShortcutState};
use tokio::sync::mpsc;

use crate::door::Engine;
use crate::{keyboard, window};

/// Keeps the hotkey as the settings want it, and takes orders from the desktop's own key bindings, until the engine ends.
pub(crate) async fn serve(handle: AppHandle, engine: Engine) {
    let app = engine.started().await;
    let raised = handle.clone();
    if let Err(error) = app.take_orders(move || window::raise(&raised)) {
        tracing::warn!(%error, "orders from outside are not taken");
    }
    let presses = pass_on(app.clone());
    let mut events = app.subscribe();
    let mut keys = app.config().settings.hotkey;
    app.hotkey_is(register(&handle, &keys, &presses));
    while let Some(batch) = events.recv().await {
        let newest = batch.events.into_iter().rev().find_map(|event| match event {
            AppEvent::Settings { settings } => Some(settings.hotkey),
            _ => None,
        });
        if let Some(wanted) = newest.filter(|wanted| *wanted != keys) {
            app.hotkey_is(register(&handle, &wanted, &presses));
            keys = wanted;
        }
    }
}

/// Takes these keys, and lets go of all others.
fn register(handle: &AppHandle, keys: &str, presses: &mpsc::UnboundedSender<ShortcutState>) -> HotkeyState {
    let shortcuts = handle.global_shortcut();
    if let Err(error) = shortcuts.unregister_all() {
        tracing::warn!(%error, "the hotkey of before stays");
    }
    if keys.is_empty() {
        return HotkeyState::Off;
    }
    if keyboard::is_wayland() {
        return HotkeyState::Unsupported;
    }
    let Ok(shortcut) = Shortcut::from_str(keys) else { return HotkeyState::Unreadable };
    let presses = presses.clone();
    let registered = shortcuts.on_shortcut(shortcut, move |_, _, event| {
        // The engine ends after the window.
        let _ = presses.send(event.state);
    });
    match registered {
        Ok(()) => HotkeyState::Works,
        Err(error) => {
            tracing::info!(%error, keys, "the hotkey cannot be had");
            HotkeyState::Taken
        }
    }
}

/// Presses in the order in which they came: a release must not overtake its press.
fn pass_on(app: App) -> mpsc::UnboundedSender<ShortcutState> {
    let (presses, mut queue) = mpsc::unbounded_channel();
    tauri::async_runtime::spawn(async move {
        while let Some(state) = queue.recv().await {
            let key = TalkKey { down: state == ShortcutState::Pressed, by: None };
            let Ok(payload) = serde_json::to_value(key) else { continue };
            if let Err(error) = app.call("talk_key", payload).await {
                tracing::warn!(?error, "the hotkey was pressed in vain");
            }
        }
    });
    presses
}
