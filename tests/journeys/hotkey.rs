//! Talking while another program has the keyboard: the hotkey, and orders from key bindings of the desktop.

use std::path::Path;
use std::process::Output;

use parlance_app::api::Settings;
use serde_json::json;

use crate::support::display::program;
use crate::support::virtual_audio::VIRTUAL_AUDIO;
use crate::support::window::{Opening, Window};

/// The floor is the person's.
const FLOOR: [&str; 2] = ["listening", "hearing"];
/// It is not: Echo answers, or has answered.
const GIVEN: [&str; 3] = ["thinking", "speaking", "idle"];

#[track_caller]
fn on_stage(name: &str, body: impl Future<Output = ()>) {
    VIRTUAL_AUDIO.play(&format!("hotkey::{name}"), &[], || {
        tokio::runtime::Runtime::new().expect("a runtime starts").block_on(body);
    });
}

fn settle_on(data: &Path, settings: &Settings) {
    let folder = data.join("parlance");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("settings.json"), json!({ "settings": settings }).to_string()).unwrap();
}

fn trigger(data: &Path, order: &str) -> Output {
    let mut command = std::process::Command::new(program("parlance-cli"));
    command.arg("--data-dir").arg(data.join("parlance")).args(["--json", "trigger", order]);
    command.output().expect("the terminal program starts")
}

#[test]
fn the_hotkey_is_held_and_let_go_whoever_has_the_keyboard() {
    on_stage("the_hotkey_is_held_and_let_go_whoever_has_the_keyboard", async {
        let data = tempfile::tempdir().unwrap();
        settle_on(data.path(), &Settings { hotkey: "Ctrl+Alt+Space".into(), ..Settings::default() });
        let window = Window::open(Opening::new(data.path())).await;
        // The hotkey is registered when the engine has started, which the page does not wait for.
        let mut pressed = false;
        for _ in 0..20 {
            window.on_desktop(&["keydown", "ctrl", "keydown", "alt", "keydown", "space"]);
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            pressed = FLOOR.contains(&window.talk_state().await.as_str());
            if pressed {
                break;
            }
            window.on_desktop(&["keyup", "space", "keyup", "alt", "keyup", "ctrl"]);
        }
        assert!(pressed, "the hotkey does nothing");
        // A hold, longer than any tap.
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        assert!(FLOOR.contains(&window.talk_state().await.as_str()));
        window.on_desktop(&["keyup", "space", "keyup", "alt", "keyup", "ctrl"]);
        window.wait_talk_state(&GIVEN).await;
        window.close().await;
    });
}

#[test]
fn a_key_binding_of_the_desktop_talks_through_the_terminal_program() {
    on_stage("a_key_binding_of_the_desktop_talks_through_the_terminal_program", async {
        let data = tempfile::tempdir().unwrap();
        let alone = trigger(data.path(), "toggle");
        assert_eq!(alone.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&alone.stdout).contains("\"not_running\""), "{alone:?}");

        let window = Window::open(Opening::new(data.path())).await;
        let toggled = trigger(data.path(), "toggle");
        assert_eq!(toggled.status.code(), Some(0), "{toggled:?}");
        window.wait_talk_state(&FLOOR).await;
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        assert_eq!(trigger(data.path(), "toggle").status.code(), Some(0));
        window.wait_talk_state(&GIVEN).await;
        assert_eq!(trigger(data.path(), "cancel").status.code(), Some(0));
        window.wait_talk_state(&["idle"]).await;
        assert_eq!(trigger(data.path(), "shout").status.code(), Some(2), "no such order");
        window.close().await;
    });
}
