//! People for journeys: espeak-ng speaks.

use std::process::Command;

use parlance_audio::{resample, wav};
use parlance_core::{AudioChunk, SampleRate};

/// Speech of a voice of espeak-ng's at a rate, as loud as espeak-ng makes it (about −20 dBFS).
pub fn spoken(voice: &str, text: &str, rate: SampleRate) -> AudioChunk {
    let output = Command::new("espeak-ng")
        .args(["-v", voice, "-s", "160", "--stdout", "--", text])
        .output()
        .expect("this journey needs the program espeak-ng; install it with: apt-get install espeak-ng");
    assert!(output.status.success(), "espeak-ng: {}", String::from_utf8_lossy(&output.stderr));
    resample::resample_all(&wav::decode(&output.stdout[..]).expect("espeak-ng writes WAV"), rate)
}
