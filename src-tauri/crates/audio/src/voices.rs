//! Voices for tests, made when they are needed: espeak-ng speaks, and rooms are added by arithmetic.

use std::process::Command;

use parlance_core::SampleRate;

use crate::resample::resample_all;
use crate::sample::to_f32;
use crate::wav;

/// Speech at a level in dBFS over all of it, pauses included. On Linux a missing program is an error; elsewhere `None`,
/// and the test says that it was not run.
pub(crate) fn spoken(voice: &str, text: &str, rate: SampleRate, dbfs: f32) -> Option<Vec<f32>> {
    if !cfg!(target_os = "linux") {
        println!("NOT RUN: espeak-ng is looked for on Linux only");
        return None;
    }
    let output = Command::new("espeak-ng")
        .args(["-v", voice, "-s", "160", "--stdout", "--", text])
        .output()
        .expect("this test needs the program espeak-ng; install it with: apt-get install espeak-ng");
    assert!(output.status.success(), "espeak-ng: {}", String::from_utf8_lossy(&output.stderr));
    let spoken = wav::decode(&output.stdout[..]).expect("espeak-ng writes WAV");
    let samples: Vec<f32> = resample_all(&spoken, rate).samples.into_iter().map(to_f32).collect();
    Some(at_level(samples, dbfs))
}

/// Scaled to a level.
pub(crate) fn at_level(samples: Vec<f32>, dbfs: f32) -> Vec<f32> {
    let gain = 10f32.powf((dbfs - level(&samples)) / 20.0);
    samples.into_iter().map(|sample| sample * gain).collect()
}

/// The mean level in dBFS.
pub(crate) fn level(samples: &[f32]) -> f32 {
    let mean = samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32;
    10.0 * mean.max(1e-12).log10()
}

/// White noise, the same each time.
pub(crate) fn noise(samples: usize, dbfs: f32) -> Vec<f32> {
    let mut state = 1u32;
    let noise = (0..samples).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    });
    at_level(noise.collect(), dbfs)
}

/// Adds a sound to another from a sample on.
pub(crate) fn add(to: &mut [f32], sound: &[f32], at: usize) {
    for (to, sample) in to.iter_mut().skip(at).zip(sound) {
        *to += sample;
    }
}

/// What comes back of a sound: so late, so loud, with the reflections of a small room.
pub(crate) fn echo(sound: &[f32], late: usize, gain_db: f32) -> Vec<f32> {
    let gain = 10f32.powf(gain_db / 20.0);
    let mut echo = vec![0.0; sound.len() + late];
    // Reflections, in thousandths of the delay and of the loudness.
    for (further, part) in [(0, 1_000), (90, 250), (210, -180), (340, 120), (610, -60)] {
        let scaled: Vec<f32> = sound.iter().map(|sample| sample * gain * part as f32 / 1_000.0).collect();
        add(&mut echo, &scaled, late + late * further / 1_000);
    }
    echo
}

/// What is no speech, at a level: everything that stands around a microphone.
pub(crate) fn disturbances(rate: SampleRate, seconds: usize, dbfs: f32) -> Vec<(&'static str, Vec<f32>)> {
    let hz = rate.hz() as usize;
    let samples = seconds * hz;
    let made = |sound: Vec<f32>| at_level(sound, dbfs);
    vec![
        ("hiss", made(noise(samples, 0.0))),
        (
            "hum",
            made(
                (0..samples).map(|n| tone(50.0, n, hz) + 0.5 * tone(150.0, n, hz) + 0.2 * tone(250.0, n, hz)).collect(),
            ),
        ),
        ("fan", made(low_pass(&noise(samples, 0.0), 0.05))),
        ("keyboard", made(keyboard(samples, hz))),
        ("breath", made(breath(samples, hz))),
        ("music", made(music(samples, hz))),
    ]
}

fn tone(frequency: f32, n: usize, hz: usize) -> f32 {
    // Within the second, so that the phase keeps its precision.
    (std::f32::consts::TAU * frequency * (n % hz) as f32 / hz as f32).sin()
}

fn low_pass(samples: &[f32], share: f32) -> Vec<f32> {
    let mut smooth = 0.0;
    let smoothed = samples.iter().map(|sample| {
        smooth += (sample - smooth) * share;
        smooth
    });
    smoothed.collect()
}

/// Seven strokes a second, each a click of 4 ms and a knock of 15 ms.
fn keyboard(samples: usize, hz: usize) -> Vec<f32> {
    let mut sound = vec![0.0; samples];
    let hiss = noise(hz, 0.0);
    for (stroke, at) in (0..samples).step_by(hz / 7).enumerate() {
        // Nobody types evenly.
        let at = at + stroke * 7_919 % (hz / 20);
        let click: Vec<f32> =
            hiss[..hz / 250].iter().enumerate().map(|(n, s)| s * (-(n as f32) * 900.0 / hz as f32).exp()).collect();
        add(&mut sound, &click, at);
        let knock: Vec<f32> =
            (0..hz / 66).map(|n| 0.4 * tone(180.0, n, hz) * (-(n as f32) * 250.0 / hz as f32).exp()).collect();
        add(&mut sound, &knock, at + hz / 250);
    }
    sound
}

/// In for a second and out for a second and a half, close to the microphone.
fn breath(samples: usize, hz: usize) -> Vec<f32> {
    let wind = low_pass(&noise(samples, 0.0), 0.3);
    let breathed = wind.iter().enumerate().map(|(n, sample)| {
        let at = (n % (hz * 5 / 2)) as f32 / hz as f32;
        let strength = if at < 1.0 {
            (std::f32::consts::PI * at).sin()
        } else {
            0.7 * (std::f32::consts::PI * (at - 1.0) / 1.5).sin()
        };
        sample * strength * strength
    });
    breathed.collect()
}

/// Chords of four notes with overtones, a new one each second, that ring out.
fn music(samples: usize, hz: usize) -> Vec<f32> {
    const CHORDS: [[f32; 4]; 4] = [
        [130.8, 261.6, 329.6, 392.0],
        [110.0, 220.0, 261.6, 329.6],
        [87.3, 174.6, 220.0, 261.6],
        [98.0, 196.0, 246.9, 293.7],
    ];
    let played = (0..samples).map(|n| {
        let chord = &CHORDS[n / hz % CHORDS.len()];
        let rings = (-((n % hz) as f32) * 2.5 / hz as f32).exp();
        let notes =
            chord.iter().map(|&note| (1..=4).map(|part| tone(note * part as f32, n, hz) / part as f32).sum::<f32>());
        rings * notes.sum::<f32>()
    });
    played.collect()
}
