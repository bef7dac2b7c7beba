//! One spoken exchange with Echo on a virtual display, with a virtual microphone and speaker: `cargo xtask run` plays it
//! where there is no screen to open a window on.
//!
//! Runs inside `tests/virtual-audio.sh run -- demo`.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use parlance_stage::display::{Display, program};
use parlance_stage::likeness::find_in_pieces;
use parlance_stage::virtual_audio::{DEVICE_RATE, greeting, speak, speaker_recording};

use parlance_app::{App, Options};
use parlance_audio::resample::resample_all;
use serde_json::json;

/// How long the window may take to open on a machine that has just built it.
const OPENING: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    if std::env::var_os("VA_DIR").is_none() {
        eprintln!("the demonstration needs its stage: tests/virtual-audio.sh run -- demo");
        return ExitCode::from(2);
    }
    let data = tempfile::tempdir().expect("the temporary folder can be written");
    let display = Display::start(1_120, 760);
    let mut parlance = Command::new(program("parlance"))
        .env("DISPLAY", display.name())
        .env("PARLANCE_DATA_DIR", data.path().join("parlance"))
        .env("HOME", data.path())
        .env_remove("WAYLAND_DISPLAY")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("Parlance can be started");

    let told = exchange(&display);
    let picture = display.picture("demo");
    let _ = parlance.kill();
    let _ = parlance.wait();
    let first_sound = first_sound(&data.path().join("parlance"));
    match told {
        Ok(told) => {
            println!("{told}");
            match first_sound {
                Some(ms) => {
                    println!("time:  {ms} ms from letting go of the key to the first sound, as its history says")
                }
                None => println!("time:  unknown, the history does not say"),
            }
            println!("picture of the window: {}", picture.canonicalize().unwrap_or(picture).display());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}; picture of the window: {}", picture.display());
            ExitCode::FAILURE
        }
    }
}

/// Holds Space, speaks the greeting, lets go, listens; what was said, heard, and how long it took.
fn exchange(display: &Display) -> Result<String, String> {
    wait_for_window(display)?;
    // The first frame is drawn; the engine needs its database too.
    sleep(Duration::from_secs(1));
    let key = |verb: &str| {
        Command::new("xdotool").args([verb, "space"]).env("DISPLAY", display.name()).status().is_ok_and(|s| s.success())
    };
    if !key("keydown") {
        return Err("xdotool could not press the key".into());
    }
    sleep(Duration::from_millis(700));
    let spoken = speak(&greeting()).wait();
    if !spoken.is_ok_and(|status| status.success()) {
        return Err("nothing could be played into the virtual microphone".into());
    }
    let before = speaker_recording().len();
    key("keyup");

    let greeting = resample_all(&greeting(), DEVICE_RATE).samples;
    let length = DEVICE_RATE.duration_of(greeting.len() as u64);
    // Echo repeats the silence before the first word as well.
    sleep(length + Duration::from_secs(4));
    let heard = find_in_pieces(&greeting, &speaker_recording()[before..]);
    if heard.correlation < 0.8 {
        return Err(format!("what came back is not what was said (correlation {:.2})", heard.correlation));
    }
    Ok(format!(
        "said:  \"Hello Echo, can you hear me? It is a fine day to talk.\" ({:.1} s)\n\
         heard: the same, in the same voice (correlation {:.3})",
        length.as_secs_f32(),
        heard.correlation,
    ))
}

/// What Parlance itself wrote down about the answer.
fn first_sound(data: &Path) -> Option<u64> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().ok()?;
    runtime.block_on(async {
        let app = App::start(Options { data_dir: Some(data.to_owned()), ..Options::default() }).await;
        let listed = app.call("list_conversations", json!({ "offset": 0, "limit": 1 })).await.ok()?;
        let opened = app.call("open_conversation", json!({ "id": listed[0]["id"] })).await.ok()?;
        app.shut_down().await;
        opened["messages"][1]["spoken"]["first_sound_ms"].as_u64()
    })
}

fn wait_for_window(display: &Display) -> Result<(), String> {
    let begun = Instant::now();
    while begun.elapsed() < OPENING {
        let found = Command::new("xdotool")
            .args(["search", "--onlyvisible", "--name", "^Parlance$"])
            .env("DISPLAY", display.name())
            .stderr(Stdio::null())
            .output();
        if found.is_ok_and(|found| !found.stdout.is_empty()) {
            return Ok(());
        }
        sleep(Duration::from_millis(100));
    }
    Err("the window did not open".into())
}
