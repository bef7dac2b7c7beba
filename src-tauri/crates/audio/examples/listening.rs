//! How old a captured sample is when the engine gets it, and what listening costs: plainly, and with the assistant's voice
//! taken off while it speaks.
//!
//! Run by `cargo xtask bench` inside `tests/virtual-audio.sh run --`. A second speaker plays bursts into the virtual
//! microphone; when a burst is in the air is known by that speaker's own account. Prints one line of JSON: times in
//! milliseconds, shares in percent of one core, the process as a whole. The argument is the block in frames, 960 without one.

#![expect(clippy::print_stdout, reason = "the line of JSON is what this program is for")]

use std::error::Error;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use parlance_audio::{DeviceOptions, EchoPath, Microphone, Speaker};
use parlance_core::audio::{AudioInput, AudioOutput, CaptureEvent, CaptureStream, Playback};
use parlance_core::echo::CaptureHandling;
use parlance_core::{AudioChunk, SampleRate};
use tokio::time::timeout;

const RATE: SampleRate = SampleRate::HZ_24000;
const RUNS: u32 = 40;
/// Each share is taken over so long.
const SPAN: Duration = Duration::from_secs(15);
/// A sample is loud above −30 dBFS.
const LOUD: u16 = 1_036;
/// What cannot be measured within this time is an error.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let block_frames = match std::env::args().nth(1) {
        Some(frames) => frames.parse()?,
        None => DeviceOptions::default().block_frames,
    };
    let options = |device: Option<&str>| DeviceOptions { device: device.map(str::to_owned), block_frames };
    let room = EchoPath::new(CaptureHandling::default());

    let mut plain = Microphone::new(options(None)).open(RATE)?;
    let idle = share(&mut plain).await?;
    let feed = Speaker::new(options(Some("pulseaudio:va_mic_feed"))).open(RATE)?;
    let age_plain = ages(&mut plain, &*feed).await?;
    drop(plain);

    let mut clean = Microphone::new(options(None)).hearing(&room).open(RATE)?;
    let age_clean = ages(&mut clean, &*feed).await?;
    drop(feed);
    let quiet = share(&mut clean).await?;
    let speaker = Speaker::new(options(None)).heard_on(&room).open(RATE)?;
    speaker.push(&speech_like(SPAN + PATIENCE))?;
    let speaking = share(&mut clean).await?;
    println!(
        "{{\"block_frames\": {block_frames}, \"sample_to_engine_ms\": {age_plain}, \"sample_to_engine_without_echo_ms\": {age_clean}, \
         \"listening_percent\": {idle:.2}, \"listening_without_echo_percent\": {quiet:.2}, \
         \"speaking_and_listening_without_echo_percent\": {speaking:.2}}}"
    );
    Ok(())
}

/// How old the first sample of a burst is when it is handed over: as much of the burst as is in the air by then.
async fn ages(microphone: &mut CaptureStream, feed: &dyn Playback) -> Result<String, Box<dyn Error>> {
    let samples = (0..7_200).map(|n| if n / 12 % 2 == 0 { 12_000 } else { -12_000 }).collect();
    let burst = AudioChunk { samples, rate: RATE };
    let mut ages = Vec::new();
    for _ in 0..RUNS {
        let before = feed.position().heard;
        feed.push(&burst)?;
        feed.finish();
        while !is_loud(&next(microphone).await?) {}
        ages.push(RATE.duration_of(feed.position().heard - before).as_secs_f64() * 1_000.0);
        let mut quiet = 0;
        while quiet < 10 {
            quiet = if is_loud(&next(microphone).await?) { 0 } else { quiet + 1 };
        }
    }
    ages.sort_by(f64::total_cmp);
    let at = |share: f64| ages[((ages.len() - 1) as f64 * share).round() as usize];
    Ok(format!("{{\"p50\": {:.1}, \"p99\": {:.1}}}", at(0.5), at(0.99)))
}

async fn next(microphone: &mut CaptureStream) -> Result<AudioChunk, Box<dyn Error>> {
    loop {
        match timeout(PATIENCE, microphone.next()).await? {
            Some(CaptureEvent::Chunk(captured)) => return Ok(captured.chunk),
            Some(_) => {}
            None => return Err("the microphone ended".into()),
        }
    }
}

fn is_loud(chunk: &AudioChunk) -> bool {
    chunk.samples.iter().any(|sample| sample.unsigned_abs() > LOUD)
}

/// The processor time of this process while it listens, in percent of one core.
async fn share(microphone: &mut CaptureStream) -> Result<f64, Box<dyn Error>> {
    // What opening cost does not count.
    let settled = Instant::now() + Duration::from_secs(1);
    while Instant::now() < settled {
        next(microphone).await?;
    }
    let (began, before) = (Instant::now(), processor_seconds()?);
    while began.elapsed() < SPAN {
        next(microphone).await?;
    }
    Ok((processor_seconds()? - before) / began.elapsed().as_secs_f64() * 100.0)
}

/// What all threads of this process have used, in seconds, to the nanosecond.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    let mut nanos = 0u64;
    for task in std::fs::read_dir("/proc/self/task")? {
        // A thread may end between the two.
        let Ok(line) = std::fs::read_to_string(task?.path().join("schedstat")) else { continue };
        nanos += line.split(' ').next().ok_or("no time in schedstat")?.parse::<u64>()?;
    }
    Ok(nanos as f64 / 1e9)
}

/// Noise in syllables, as loud as speech.
fn speech_like(length: Duration) -> AudioChunk {
    let mut state = 1u32;
    let samples = (0..RATE.samples_in(length))
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let syllable = (n as f64 / f64::from(RATE.hz()) * std::f64::consts::TAU * 2.0).sin().max(0.0);
            (f64::from((state >> 16) as u16 as i16) * 0.3 * syllable) as i16
        })
        .collect();
    AudioChunk { samples, rate: RATE }
}
