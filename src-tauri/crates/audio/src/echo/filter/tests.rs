//! The assistant speaks, and so does a person: what is left in the microphone, and who is heard in it. Time is reckoned.

use std::time::{Duration, Instant};

use parlance_core::speech::{Attention, SpeechEdge, SpeechWatch};

use super::*;
use crate::VoiceActivity;
use crate::echo::nanos_of;
use crate::sample::to_i16;
use crate::voices::{add, echo, level, noise, spoken};

const RATE: SampleRate = SampleRate::HZ_24000;
/// What the speaker's device runs at is not what the microphone is listened to at.
const DEVICE: SampleRate = SampleRate::HZ_48000;

/// From the callback to the air.
const OUTPUT_LATENCY: Duration = Duration::from_millis(30);
/// From the air to the microphone: the way of the echo that is asked for.
const AIR: Duration = Duration::from_millis(80);

const ANSWER: &str = "The assistant speaks for quite a while about the weather in the mountains. Tomorrow it will be sunny \
    in the morning, with some clouds in the afternoon. In the evening there may be rain, and the wind turns to the north. \
    On Thursday the temperature falls to eight degrees, and snow is possible above two thousand metres.";

/// A room in which the assistant's voice comes back.
struct Room {
    /// The assistant, at the device's rate.
    far: Vec<f32>,
    /// What the microphone captures.
    captured: Vec<f32>,
    handling: CaptureHandling,
    /// How much the systems' reports waver, either way.
    jitter: Duration,
}

/// What the microphone's chunks are after the filter.
struct Filtered {
    samples: Vec<f32>,
    edges: Vec<SpeechEdge>,
    shut_frames: usize,
}

impl Room {
    /// The answer comes back at a loudness. The answer itself sounds like speech does, at −22 dBFS.
    fn with_echo(gain_db: f32) -> Option<Self> {
        let far = spoken("en-us", ANSWER, DEVICE, -22.0)?;
        let at_rate = spoken("en-us", ANSWER, RATE, -22.0)?;
        let late = RATE.samples_in(OUTPUT_LATENCY + AIR) as usize;
        let mut captured = noise(at_rate.len() + RATE.hz() as usize, -75.0);
        // The way through the room, and the device's delay before it.
        let back = echo(&at_rate, RATE.samples_in(AIR) as usize, gain_db);
        add(&mut captured, &back, late - RATE.samples_in(AIR) as usize);
        Some(Self { far, captured, handling: CaptureHandling::default(), jitter: Duration::ZERO })
    }

    fn and_a_person(mut self, voice: &str, text: &str, from: Duration, dbfs: f32) -> Self {
        let near = spoken(voice, text, RATE, dbfs).expect("the answer was spoken too");
        add(&mut self.captured, &near, RATE.samples_in(from) as usize);
        self
    }

    fn filtered(&self) -> Filtered {
        let path = EchoPath::new(self.handling);
        let recorder = path.record(DEVICE);
        let mut filter = EchoFilter::new(path, RATE);
        let mut activity = VoiceActivity::new(RATE);
        let mut watch = SpeechWatch::new(Duration::from_millis(600));
        let began = Instant::now() + Duration::from_secs(1);
        let (block, frame) = (DEVICE.hz() as usize / 100, RATE.hz() as usize / 100);
        let mut blocks = self.far.chunks(block).map(<[f32]>::to_vec).chain(std::iter::repeat(vec![0.0; block]));
        let mut played = 0u32;
        let mut filtered = Filtered { samples: Vec::new(), edges: Vec::new(), shut_frames: 0 };
        for (n, captured) in (0u32..).zip(self.captured.chunks_exact(frame)) {
            // The device asks 20 ms before the microphone's frame of the same moment has come through.
            while played < n + 3 {
                let wavers = if played.is_multiple_of(2) { self.jitter } else { Duration::ZERO };
                let audible_at = began + Duration::from_millis(10) * played + OUTPUT_LATENCY + wavers;
                recorder.write(&blocks.next().expect("silence goes on"), 1, audible_at);
                played += 1;
            }
            let wavers = if n % 3 == 0 { self.jitter } else { Duration::ZERO };
            let at = nanos_of(began + Duration::from_millis(10) * n - wavers);
            let mut near = captured.to_vec();
            filtered.shut_frames += usize::from(filter.filter(&mut near, at) == Gate::Shut);
            filtered.samples.extend(&near);
        }
        for chunk in filtered.samples.chunks(2 * frame) {
            let chunk: Vec<i16> = chunk.iter().copied().map(to_i16).collect();
            let heard = activity.hear(&chunk);
            let lasted = RATE.duration_of(chunk.len() as u64);
            filtered.edges.extend(watch.hear(&heard, lasted, Attention::WhileSounding));
        }
        filtered
    }
}

/// How much quieter each second of the echo became, in dB.
fn taken_off(room: &Room, filtered: &Filtered) -> Vec<f32> {
    let second = RATE.hz() as usize;
    let seconds = room.captured.chunks_exact(second).zip(filtered.samples.chunks_exact(second));
    seconds.map(|(before, after)| level(before) - level(after)).collect()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn the_assistant_does_not_hear_itself() {
    for gain_db in [-20.0, -6.0, 0.0] {
        let Some(room) = Room::with_echo(gain_db) else { return };
        let filtered = room.filtered();
        let taken_off = taken_off(&room, &filtered);
        println!("measured: echo at {gain_db} dB, taken off by second, dB: {taken_off:.0?}");
        assert_eq!(filtered.edges, [], "echo at {gain_db} dB interrupts");
        // Seconds of speech; the last ones are the pause after it.
        let settled = &taken_off[3..12];
        let mean = settled.iter().sum::<f32>() / settled.len() as f32;
        assert!(mean > if gain_db < -10.0 { 25.0 } else { 35.0 }, "{mean} dB at {gain_db} dB");
    }
}

#[test]
fn without_a_canceller_it_would() {
    let Some(room) = Room::with_echo(-6.0) else { return };
    let room = Room { handling: CaptureHandling { echo: EchoHandling::Off, ..room.handling }, ..room };
    let filtered = room.filtered();
    assert!(!filtered.edges.is_empty(), "the proof would prove nothing");
    assert_eq!(filtered.samples, room.captured[..filtered.samples.len()], "what is not handled is left as it is");
}

#[test]
fn reports_that_waver_do_not_matter() {
    let Some(room) = Room::with_echo(-6.0) else { return };
    let room = Room { jitter: ms(10), ..room };
    let filtered = room.filtered();
    let taken_off = taken_off(&room, &filtered);
    println!("measured: with reports that waver by 10 ms, taken off by second, dB: {taken_off:.0?}");
    assert_eq!(filtered.edges, []);
    assert!(taken_off[3..12].iter().all(|&db| db > 25.0), "{taken_off:?}");
}

#[test]
fn a_person_who_speaks_over_it_is_heard() {
    // Who speaks more quietly than the echo is loud is heard a word later.
    let cases = [
        ("en-us+f3", "Wait, stop please, what about Wednesday?", -24.0, 500),
        ("cmn", "等一下，星期三呢？", -24.0, 500),
        ("en-gb", "No, that is not what I meant.", -30.0, 1_500),
    ];
    for (voice, text, dbfs, within) in cases {
        let Some(room) = Room::with_echo(-6.0) else { return };
        let began = ms(9_000);
        let filtered = room.and_a_person(voice, text, began, dbfs).filtered();
        let Some(SpeechEdge::Started { at }) = filtered.edges.first().copied() else {
            panic!("{voice} at {dbfs} dBFS was not heard over the assistant");
        };
        println!("measured: {voice} at {dbfs} dBFS over an echo at -28: heard, cut in at {at:?}");
        assert!(at + ms(250) >= began, "{voice}: before anybody spoke, at {at:?}");
        assert!(at <= began + ms(within), "{voice}: too late, at {at:?}");
    }
}

#[test]
fn half_duplex_listens_to_nobody_while_the_assistant_sounds() {
    let Some(room) = Room::with_echo(0.0) else { return };
    let room = room.and_a_person("en-us+f3", "Wait, stop please!", ms(9_000), -20.0);
    let room = Room { handling: CaptureHandling { echo: EchoHandling::HalfDuplex, ..room.handling }, ..room };
    let filtered = room.filtered();
    assert_eq!(filtered.edges, []);
    let frames = room.captured.len() * 100 / RATE.hz() as usize;
    let open = frames - filtered.shut_frames;
    println!("measured: half-duplex listened for {} ms of {} ms", open * 10, frames * 10);
    assert!(filtered.shut_frames * 10 > 15_000, "{} frames", filtered.shut_frames);
    // After the answer it opens again: the last half second of the recording is heard as it is.
    let end = filtered.samples.len();
    let last = end - RATE.hz() as usize / 4;
    assert_eq!(filtered.samples[last..end], room.captured[last..end]);
}

#[test]
fn what_is_captured_while_nothing_sounds_stays_as_it_is() {
    let Some(voice) = spoken("en-us+f3", "Nobody else speaks, so this is left alone.", RATE, -24.0) else { return };
    let room = Room { far: Vec::new(), captured: voice, handling: CaptureHandling::default(), jitter: ms(0) };
    let filtered = room.filtered().samples;
    // Later by the canceller's own delay, to a part of a sample: what is low in it must fit.
    let smooth = |samples: &[f32]| -> Vec<f32> { samples.windows(8).map(|part| part.iter().sum::<f32>()).collect() };
    let (before, after) = (smooth(&room.captured), smooth(&filtered));
    let likeness = |late: usize| {
        let pairs = before.iter().zip(&after[late..]);
        let (mut both, mut one, mut other) = (0.0f64, 0.0f64, 0.0f64);
        for (&a, &b) in pairs {
            both += f64::from(a * b);
            one += f64::from(a * a);
            other += f64::from(b * b);
        }
        both / (one * other).sqrt()
    };
    let best = (0..RATE.hz() as usize / 50).map(|late| (likeness(late), late)).max_by(|a, b| a.0.total_cmp(&b.0));
    let (like, late) = best.expect("there are places");
    println!("measured: likeness {like:.4}, later by {:.1} ms", late as f64 * 1_000.0 / f64::from(RATE.hz()));
    assert!(like > 0.99, "{like}");
}
