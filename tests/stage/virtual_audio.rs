//! The stage with a real sound server, a virtual microphone and a virtual speaker; see `tests/virtual-audio.sh`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Mutex;
use std::time::Duration;

use parlance_audio::{resample, wav};
use parlance_core::{AudioChunk, SampleRate};

use super::reexec::{Stage, tests_folder};

/// What the virtual devices run at.
pub const DEVICE_RATE: SampleRate = SampleRate::HZ_48000;

/// A sound server of the test's own.
pub static VIRTUAL_AUDIO: Stage = Stage {
    script: "virtual-audio.sh",
    marker: "VA_DIR",
    programs: &["pulseaudio", "pactl", "parec", "pacat", "paplay"],
    packages: "pulseaudio pulseaudio-utils libasound2-plugins",
    limit: Duration::from_secs(90),
    turn: Mutex::new(()),
};

/// Calls a verb of the script and waits for it.
pub fn verb(words: &[&str]) {
    let status = Command::new(variable("VA")).args(words).status().expect("the script can be started");
    assert!(status.success(), "virtual-audio {words:?} failed");
}

/// Speaks into the virtual microphone from a player with a patient buffer, so that a busy machine tears no gap into
/// what the microphone is given. Returns at once.
pub fn speak(sound: &AudioChunk) -> Child {
    let path = folder().join("spoken.wav");
    wav::write(&path, &resample::resample_all(sound, DEVICE_RATE)).expect("the stage's folder can be written");
    Command::new("paplay")
        .arg(format!("--device={}", variable("VA_MIC_SINK")))
        .arg("--latency-msec=200")
        .arg(path)
        .spawn()
        .expect("paplay can be started")
}

/// All that the virtual speaker has played until now: its left channel at [`DEVICE_RATE`].
pub fn speaker_recording() -> Vec<i16> {
    let bytes = std::fs::read(variable("VA_SPEAKER_RAW")).expect("the speaker is being recorded");
    bytes.chunks_exact(4).map(|frame| i16::from_le_bytes([frame[0], frame[1]])).collect()
}

/// Lines of `pactl list short WHAT`.
pub fn server_list(what: &str) -> Vec<String> {
    let output = Command::new("pactl").args(["list", "short", what]).output().expect("pactl can be started");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// The committed greeting between two bursts of a tone, so that its very first and last milliseconds can be missed.
pub fn greeting() -> AudioChunk {
    let spoken = wav::read(&tests_folder().join("sounds/hello.wav")).expect("the greeting is committed");
    let burst: Vec<i16> = (0..240).map(|n| (12_000.0 * (f64::from(n) * 0.25).sin()) as i16).collect();
    let samples = [&burst[..], &spoken.samples, &burst].concat();
    AudioChunk { samples, rate: spoken.rate }
}

fn folder() -> PathBuf {
    Path::new(&variable("VA_DIR")).to_path_buf()
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is set on the stage"))
}
