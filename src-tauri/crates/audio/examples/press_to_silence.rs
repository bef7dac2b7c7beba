//! How long after a push the speaker sounds, and how long after a flush it is silent, by what it really plays.
//!
//! Run by `cargo xtask bench` inside `tests/virtual-audio.sh run --`. Listens to the virtual speaker's monitor: a block's
//! last sample counts as heard when the block arrives here, so the figures hold the way to the listener too, 10 to 20
//! ms. (The delay that the server reports for a monitor is no help: by it, silence came before the flush.) Prints one
//! line of JSON, times in milliseconds. The argument is the speaker's block in frames, 960 without one.

#![expect(clippy::print_stdout, reason = "the line of JSON is what this program is for")]

use std::error::Error;
use std::thread::sleep;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use parlance_audio::{DeviceOptions, Speaker};
use parlance_core::audio::AudioOutput;
use parlance_core::{AudioChunk, SampleRate};

const RUNS: usize = 60;

/// What the monitor is heard at, in pieces of a millisecond.
const MONITOR_HZ: u32 = 48_000;
const PIECE: usize = 48;

/// A piece is loud above −40 dBFS.
const LOUD: i16 = 328;

/// Silence is this long without a loud piece.
const SILENCE: Duration = Duration::from_millis(150);

/// What cannot be measured within this time is an error.
const PATIENCE: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let block_frames = match std::env::args().nth(1) {
        Some(frames) => frames.parse()?,
        None => DeviceOptions::default().block_frames,
    };
    let mut ear = Ear::open()?;
    let speaker = Speaker::new(DeviceOptions { device: None, block_frames }).open(SampleRate::HZ_24000)?;
    let tone = AudioChunk {
        samples: (0..96_000).map(|n| if n / 24 % 2 == 0 { 8_000 } else { -8_000 }).collect(),
        rate: SampleRate::HZ_24000,
    };

    let (mut to_sound, mut to_silence) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        ear.wait_for_silence(Instant::now())?;
        // Each run meets the device at another moment of its block.
        sleep(Duration::from_millis(200 + 7 * run as u64));
        let pushed = Instant::now();
        speaker.push(&tone)?;
        to_sound.push(ear.wait_for_sound(pushed)? - pushed);
        sleep(Duration::from_millis(300));
        let flushed = Instant::now();
        speaker.flush();
        to_silence.push(ear.wait_for_silence(flushed)?.saturating_duration_since(flushed));
    }
    println!(
        "{{\"runs\": {RUNS}, \"block_frames\": {block_frames}, \"push_to_sound_ms\": {}, \"press_to_silence_ms\": {}}}",
        figures(to_sound),
        figures(to_silence)
    );
    Ok(())
}

fn figures(mut times: Vec<Duration>) -> String {
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    let at = |share: f64| ms(times[((times.len() - 1) as f64 * share).round() as usize]);
    format!("{{\"p50\": {:.1}, \"p99\": {:.1}, \"min\": {:.1}}}", at(0.5), at(0.99), at(0.0))
}

/// Listens to what the speaker plays.
struct Ear {
    _stream: cpal::Stream,
    /// The moment of each piece, and whether it was loud.
    pieces: rtrb::Consumer<(Instant, bool)>,
}

impl Ear {
    fn open() -> Result<Self, Box<dyn Error>> {
        let monitor = cpal::default_host()
            .devices()?
            .find(|device| device.id().is_ok_and(|id| id.to_string().ends_with("va_speaker.monitor")))
            .ok_or("no virtual speaker: run this inside tests/virtual-audio.sh run --")?;
        let (mut heard, pieces) = rtrb::RingBuffer::new(10_000);
        let config =
            cpal::StreamConfig { channels: 1, sample_rate: MONITOR_HZ, buffer_size: cpal::BufferSize::Fixed(960) };
        let stream = monitor.build_input_stream(
            config,
            move |block: &[i16], _: &cpal::InputCallbackInfo| {
                let began = Instant::now() - Duration::from_millis((block.len() / PIECE) as u64);
                for (n, piece) in block.chunks(PIECE).enumerate() {
                    let loud = piece.iter().any(|sample| sample.unsigned_abs() > LOUD.unsigned_abs());
                    // Ten seconds fit; a reader that is later than that fails by its own patience.
                    let _ = heard.push((began + Duration::from_millis(n as u64), loud));
                }
            },
            |_| {},
            None,
        )?;
        stream.play()?;
        Ok(Self { _stream: stream, pieces })
    }

    /// The moment of the first loud piece after `since`.
    fn wait_for_sound(&mut self, since: Instant) -> Result<Instant, Box<dyn Error>> {
        while since.elapsed() < PATIENCE {
            match self.pieces.pop() {
                Ok((at, true)) if at >= since => return Ok(at),
                Ok(_) => {}
                Err(_) => sleep(Duration::from_millis(1)),
            }
        }
        Err("the speaker stayed silent".into())
    }

    /// The moment after the last loud piece, once it has been quiet for long enough since `since`.
    fn wait_for_silence(&mut self, since: Instant) -> Result<Instant, Box<dyn Error>> {
        let mut loud_until = since;
        while since.elapsed() < PATIENCE {
            match self.pieces.pop() {
                Ok((at, true)) => loud_until = loud_until.max(at + Duration::from_millis(1)),
                Ok((at, false)) if at >= loud_until + SILENCE => return Ok(loud_until),
                Ok(_) => {}
                Err(_) => sleep(Duration::from_millis(1)),
            }
        }
        Err("the speaker did not fall silent".into())
    }
}
