//! The assistant's voice comes out of the speaker and back into the microphone, through a real sound server: 80 ms later
//! and 6 dB quieter than it was played.

use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use parlance_audio::{DeviceOptions, EchoPath, Microphone, Speaker, VoiceActivity, echo_trial};
use parlance_core::audio::{AudioInput, AudioOutput, CaptureEvent, CaptureStream, Captured, Playback};
use parlance_core::echo::{CaptureHandling, EchoHandling, EchoVerdict};
use parlance_core::speech::{Attention, SpeechEdge, SpeechWatch};
use parlance_core::{AudioChunk, SampleRate};
use tokio::time::timeout;

use crate::support::likeness::{find, loudness};
use crate::support::virtual_audio::{DEVICE_RATE, VIRTUAL_AUDIO, speak, speaker_recording};
use crate::support::voices::spoken;

const RATE: SampleRate = SampleRate::HZ_24000;
const DELAY: Duration = Duration::from_millis(80);
const PATIENCE: Duration = Duration::from_millis(600);

/// A busy machine tears no gap into blocks of this length.
const BLOCK: u32 = 2_048;

const ANSWER: &str = "The assistant speaks for quite a while about the weather in the mountains. Tomorrow it will be sunny \
    in the morning, with some clouds in the afternoon. In the evening there may be rain, and the wind turns to the north.";

/// Leads the speaker back into the microphone for as long as the stage stands.
fn lead_back(volume: &str) {
    let pactl = |arguments: &[&str]| {
        let output = Command::new("pactl").args(arguments).output().expect("pactl can be started");
        assert!(output.status.success(), "pactl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let late = format!("latency_msec={}", DELAY.as_millis());
    let module = pactl(&["load-module", "module-loopback", "source=va_speaker.monitor", "sink=va_mic_feed", &late]);
    let inputs = pactl(&["list", "sink-inputs"]);
    let mut index = None;
    for line in inputs.lines().map(str::trim) {
        if let Some(found) = line.strip_prefix("Sink Input #") {
            index = Some(found.to_owned());
        } else if line == format!("Owner Module: {}", module.trim()) {
            break;
        }
    }
    pactl(&["set-sink-input-volume", &index.expect("the loop is a sink input"), volume]);
}

fn options() -> DeviceOptions {
    DeviceOptions { device: None, block_frames: BLOCK }
}

fn on_stage(name: &str, body: impl Future<Output = ()>) {
    VIRTUAL_AUDIO.play(&format!("feedback::{name}"), &[], || {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts").block_on(body);
    });
}

async fn next(stream: &mut CaptureStream) -> Captured {
    loop {
        match timeout(Duration::from_secs(10), stream.next()).await.expect("sound within ten seconds") {
            Some(CaptureEvent::Chunk(captured)) => return captured,
            Some(other) => println!("while listening: {other:?}"),
            None => panic!("the microphone ended"),
        }
    }
}

/// A microphone, and what was heard in it.
struct Listener {
    stream: CaptureStream,
    watch: SpeechWatch,
    samples: Vec<i16>,
    edges: Vec<SpeechEdge>,
}

impl Listener {
    async fn open(microphone: Microphone) -> Self {
        let mut stream = microphone.open(RATE).expect("a microphone opens");
        next(&mut stream).await;
        Self { stream, watch: SpeechWatch::new(PATIENCE), samples: Vec::new(), edges: Vec::new() }
    }

    /// Listens until it is done, and for half a second more.
    async fn listen(&mut self, mut done: impl FnMut() -> bool) {
        let mut rest = None;
        while rest.is_none_or(|until| Instant::now() < until) {
            let Captured { chunk, activity } = next(&mut self.stream).await;
            self.edges.extend(self.watch.hear(&activity, chunk.duration(), Attention::WhileSounding));
            self.samples.extend(chunk.samples);
            if rest.is_none() && done() {
                rest = Some(Instant::now() + Duration::from_millis(500));
            }
        }
    }
}

fn answer(playback: &dyn Playback) {
    playback.push(&spoken("en-us", ANSWER, RATE)).expect("there is room");
    playback.finish();
}

fn decibels(amplitude: f64) -> f64 {
    20.0 * (amplitude.max(0.5) / 32_768.0).log10()
}

#[test]
fn the_assistants_own_voice_does_not_interrupt_it_and_a_person_does() {
    on_stage("the_assistants_own_voice_does_not_interrupt_it_and_a_person_does", async {
        lead_back("-6dB");
        let room = EchoPath::new(CaptureHandling::default());
        let playback = Speaker::new(options()).heard_on(&room).open(RATE).expect("a speaker opens");
        let mut clean = Listener::open(Microphone::new(options()).hearing(&room)).await;
        let mut plain = Listener::open(Microphone::new(options())).await;

        answer(&*playback);
        tokio::join!(
            clean.listen(|| playback.position().is_drained()),
            plain.listen(|| playback.position().is_drained())
        );
        let (with, without) = (loudness(&clean.samples), loudness(&plain.samples));
        let taken_off = decibels(without) - decibels(with);
        println!(
            "measured: echo return loss enhancement {taken_off:.1} dB over the whole answer ({:.1} dBFS before, {:.1} after)",
            decibels(without),
            decibels(with)
        );
        assert!(!plain.edges.is_empty(), "nothing came back: the proof would prove nothing");
        assert_eq!(clean.edges, [], "the assistant heard itself");
        assert!(taken_off > 15.0, "{taken_off:.1} dB");

        // Again, and a person speaks over it.
        answer(&*playback);
        clean
            .listen(|| playback.position().heard > playback.position().pushed - RATE.samples_in(Duration::from_secs(7)))
            .await;
        assert_eq!(clean.edges, [], "the assistant heard itself");
        let before = clean.watch.position();
        let mut person = speak(&spoken("en-gb+f3", "Wait, stop please, what about Wednesday?", RATE));
        clean.listen(|| person.try_wait().expect("our own player").is_some()).await;
        let Some(SpeechEdge::Started { at }) = clean.edges.first().copied() else { panic!("the person was not heard") };
        let after = at.saturating_sub(before);
        println!(
            "measured: a person over the echo was heard, cut in {} ms after the player was started",
            after.as_millis()
        );
        assert!(
            !playback.position().is_drained() || after < Duration::from_secs(2),
            "only when the assistant was silent"
        );
    });
}

#[test]
fn a_short_test_tells_headphones_from_speakers() {
    on_stage("a_short_test_tells_headphones_from_speakers", async {
        let (microphone, speaker) = (Microphone::new(options()), Speaker::new(options()));
        let headphones = echo_trial(&microphone, &speaker).await.expect("both work");
        assert_eq!(headphones.verdict, EchoVerdict::Headphones, "{headphones:?}");

        lead_back("-6dB");
        let speakers = echo_trial(&microphone, &speaker).await.expect("both work");
        println!("measured: {speakers:?}");
        assert_eq!(speakers.verdict, EchoVerdict::Speakers, "{speakers:?}");
        assert!((speakers.coupling_db + 6.0).abs() < 2.0, "{speakers:?}");
        let round_trip = speakers.round_trip.expect("it was recognised");
        assert!(round_trip >= DELAY && round_trip < Duration::from_millis(700), "{speakers:?}");
        assert_eq!(speakers.verdict.handling(), EchoHandling::Cancel);
    });
}

#[test]
fn what_counts_as_heard_when_it_is_silenced_is_what_sounded() {
    on_stage("what_counts_as_heard_when_it_is_silenced_is_what_sounded", async {
        let playback = Speaker::new(DeviceOptions::default()).open(RATE).expect("a speaker opens");
        let sound = AudioChunk { samples: hiss(4 * RATE.hz()), rate: RATE };
        let mut worst = 0i64;
        for run in 0..5u64 {
            let before = playback.position();
            let recorded = speaker_recording().len();
            playback.push(&sound).expect("there is room");
            let enough = RATE.samples_in(Duration::from_millis(900 + 37 * run));
            let deadline = Instant::now() + Duration::from_secs(10);
            while playback.position().heard - before.heard < enough {
                assert!(Instant::now() < deadline, "nothing is played");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let flushed = playback.flush();
            tokio::time::sleep(Duration::from_millis(600)).await;
            let counted = RATE.duration_of(flushed.heard - before.heard);

            // Loud pieces of a millisecond, from the first to the last; a busy server's gaps are within.
            let recording = speaker_recording();
            let piece = DEVICE_RATE.hz() as usize / 1_000;
            let loud: Vec<bool> = recording[recorded..].chunks(piece).map(|piece| loudness(piece) > 500.0).collect();
            let first = loud.iter().position(|&loud| loud).expect("it was heard");
            let last = loud.iter().rposition(|&loud| loud).expect("it was heard");
            let torn = silence_within(&loud[first..=last]);
            let sounded = (last + 1 - first - torn) as i64;
            let off = counted.as_millis() as i64 - sounded;
            println!(
                "measured: {sounded} ms sounded ({torn} ms of gaps), {} ms counted as heard: {off} ms off",
                counted.as_millis()
            );
            worst = worst.max(off.abs());
            // And it is the beginning of what was pushed.
            let samples = &recording[recorded + first * piece..];
            let start = parlance_audio::resample::resample_all(&sound, DEVICE_RATE).samples;
            let found = find(&start[..4_800], &samples[..samples.len().min(9_600)]);
            assert!(found.correlation > 0.9, "{found:?}");
        }
        assert!(worst <= 40, "{worst} ms off");
    });
}

/// Milliseconds of silence inside a sound that has none: what a busy sound server tore in.
fn silence_within(loud: &[bool]) -> usize {
    loud.iter().filter(|&&loud| !loud).count()
}

/// Noise without a quiet moment.
fn hiss(samples: u32) -> Vec<i16> {
    let mut state = 1u32;
    (0..samples)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) as u16 as i16) / 3
        })
        .collect()
}

#[test]
fn half_duplex_hears_nothing_of_the_answer_and_the_person_after_an_interruption() {
    on_stage("half_duplex_hears_nothing_of_the_answer_and_the_person_after_an_interruption", async {
        lead_back("-6dB");
        let room = EchoPath::new(CaptureHandling { echo: EchoHandling::HalfDuplex, ..CaptureHandling::default() });
        let playback = Speaker::new(options()).heard_on(&room).open(RATE).expect("a speaker opens");
        let mut listener = Listener::open(Microphone::new(options()).hearing(&room)).await;
        answer(&*playback);
        let heard = || playback.position().heard;
        listener.listen(|| heard() > RATE.samples_in(Duration::from_secs(4))).await;
        assert_eq!(listener.edges, [], "the assistant heard itself");
        let sounding = RATE.samples_in(Duration::from_secs(2)) as usize;
        let late = listener.samples.len() - sounding;
        assert!(listener.samples[late..].iter().all(|&sample| sample == 0), "the microphone is shut");

        playback.flush();
        let mut person = speak(&spoken("en-gb+f3", "Wait, what about Wednesday?", RATE));
        listener.listen(|| person.try_wait().expect("our own player").is_some()).await;
        let mut activity = VoiceActivity::new(RATE);
        let loudest = listener.samples.chunks(480).map(|chunk| activity.hear(chunk).speech).fold(0.0, f32::max);
        assert!(
            matches!(listener.edges.first(), Some(SpeechEdge::Started { .. })),
            "who interrupts is heard: {loudest}"
        );
    });
}
