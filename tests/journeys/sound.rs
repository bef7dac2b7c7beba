//! Sound through a real sound server: what was said arrives, what is pushed is heard, and what breaks comes back.

use std::process::Child;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use parlance_audio::resample::resample_all;
use parlance_audio::{DeviceOptions, Microphone, Speaker, devices};
use parlance_core::audio::{AudioInput, AudioOutput, CaptureEvent, CaptureStream, DeviceLoss, Playback, PlaybackEvent};
use parlance_core::{AudioChunk, SampleRate};
use tokio::time::timeout;

use crate::support::likeness::{find, find_in_pieces, likeness, loudness};
use crate::support::virtual_audio::{
    DEVICE_RATE, VIRTUAL_AUDIO, greeting, server_list, speak, speaker_recording, verb,
};

const RATE: SampleRate = SampleRate::HZ_24000;

/// The finest rate there is a need to compare at.
const FINE: SampleRate = SampleRate::new(96_000).expect("a rate");

/// Blocks that a busy machine records without a gap, and plays without one.
const PATIENT_INPUT: u32 = 4_096;
const PATIENT_OUTPUT: u32 = 4_096;

fn microphone(device: Option<&str>) -> CaptureStream {
    let options = DeviceOptions { device: device.map(str::to_owned), block_frames: PATIENT_INPUT };
    Microphone::new(options).open(RATE).expect("a microphone opens, even when there is none")
}

fn speaker() -> Box<dyn Playback> {
    let options = DeviceOptions { device: None, block_frames: PATIENT_OUTPUT };
    Speaker::new(options).open(RATE).expect("a speaker opens, even when there is none")
}

fn on_stage(name: &str, script_options: &[&str], body: impl Future<Output = ()>) {
    VIRTUAL_AUDIO.play(&format!("sound::{name}"), script_options, || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts").block_on(body);
    });
}

async fn next(stream: &mut CaptureStream) -> CaptureEvent {
    timeout(Duration::from_secs(10), stream.next())
        .await
        .expect("something within ten seconds")
        .expect("an open stream")
}

/// Reads on until something other than sound is told.
async fn next_news(stream: &mut CaptureStream) -> CaptureEvent {
    loop {
        match next(stream).await {
            CaptureEvent::Chunk(_) => {}
            news => return news,
        }
    }
}

async fn next_sound(stream: &mut CaptureStream) -> Vec<i16> {
    match next(stream).await {
        CaptureEvent::Chunk(captured) => captured.chunk.samples,
        other => panic!("expected sound, got {other:?}"),
    }
}

/// Everything heard while the player speaks, and half a second more.
async fn hear_out(stream: &mut CaptureStream, mut player: Child) -> Vec<i16> {
    let mut heard = Vec::new();
    let mut rest = None;
    while rest.is_none_or(|until| Instant::now() < until) {
        heard.extend(next_sound(stream).await);
        if rest.is_none() && player.try_wait().expect("our own player").is_some() {
            rest = Some(Instant::now() + Duration::from_millis(500));
        }
    }
    heard
}

async fn news_of(playback: &dyn Playback) -> PlaybackEvent {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(event) = playback.poll_event() {
            return event;
        }
        assert!(Instant::now() < deadline, "the speaker tells nothing");
        pause(2).await;
    }
}

async fn until(what: &str, seconds: u64, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while !done() {
        assert!(Instant::now() < deadline, "not within {seconds} s: {what}");
        pause(2).await;
    }
}

/// The step of a loop that polls; never a wait for luck.
async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Holds what the microphone gave against what it should be: whole, and with its first and last ten milliseconds in place.
#[track_caller]
fn assert_heard_whole(sound: &AudioChunk, recording: &[i16]) {
    // Compared at four times the engine's rate: devices do not sample at our instants, and half a sample of shift alone
    // costs a hundredth of likeness.
    let sound = resample_all(sound, FINE).samples;
    let recording = resample_all(&AudioChunk { samples: recording.to_vec(), rate: RATE }, FINE).samples;
    let found = find(&sound, &recording);
    println!("measured: correlation {:.4} over {} samples", found.correlation, sound.len());
    assert!(found.correlation >= 0.99, "correlation {:.4}", found.correlation);
    let burst = FINE.samples_in(Duration::from_millis(10)) as usize;
    let end = sound.len() - burst;
    let first = likeness(&sound[..burst], &recording[found.at..]);
    let last = likeness(&sound[end..], &recording[found.at + end..]);
    assert!(first > 0.9, "the first ten milliseconds are missing ({first:.3})");
    assert!(last > 0.9, "the last ten milliseconds are missing ({last:.3})");
}

/// The same for what the speaker played. A sound server that is kept waiting tears silence into it, which it reports to
/// nobody; it drops nothing, and neither must we.
#[track_caller]
fn assert_played_whole(sound: &AudioChunk, recording: &[i16]) {
    let sound = resample_all(sound, DEVICE_RATE).samples;
    let found = find_in_pieces(&sound, recording);
    println!("measured: correlation {:.4}, {} samples of silence torn in", found.correlation, found.torn);
    assert!(found.correlation >= 0.95, "correlation {:.4}", found.correlation);
    let burst = DEVICE_RATE.samples_in(Duration::from_millis(10)) as usize;
    let end = sound.len() - burst;
    let first = likeness(&sound[..burst], &recording[found.at..]);
    let last = likeness(&sound[end..], &recording[found.at + found.torn + end..]);
    assert!(first > 0.9, "the first ten milliseconds are missing ({first:.3})");
    assert!(last > 0.9, "the last ten milliseconds are missing ({last:.3})");
}

/// Noise that never repeats, so that each moment of it can be told from any other.
fn noise(seconds: usize) -> AudioChunk {
    let mut state = 1u32;
    let mut smooth = 0.0f64;
    let samples = (0..seconds * RATE.hz() as usize)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            smooth += (f64::from((state >> 16) as u16 as i16) - smooth) * 0.2;
            smooth as i16
        })
        .collect();
    AudioChunk { samples, rate: RATE }
}

fn tone(step: f64, seconds: f64) -> AudioChunk {
    let count = (seconds * f64::from(RATE.hz())) as u32;
    AudioChunk { samples: (0..count).map(|n| (12_000.0 * (f64::from(n) * step).sin()) as i16).collect(), rate: RATE }
}

#[test]
fn the_devices_are_listed_without_those_that_only_listen_in() {
    on_stage("the_devices_are_listed_without_those_that_only_listen_in", &[], async {
        let found = devices::list();
        let names = |list: &[parlance_core::audio::Device]| -> Vec<(String, bool)> {
            list.iter().map(|device| (device.name.clone(), device.is_default)).collect()
        };
        assert_eq!(names(&found.inputs), [("Virtual_Microphone".to_owned(), true)]);
        assert_eq!(
            names(&found.outputs),
            [("Virtual_Mic_Feed".to_owned(), false), ("Virtual_Speaker".to_owned(), true)]
        );
        verb(&["unplug-all"]);
        assert_eq!(devices::list(), devices::Devices::default(), "no device is an empty list");
        verb(&["kill-server"]);
        let _without_server = devices::list();
    });
}

#[test]
fn what_is_said_arrives_whole() {
    on_stage("what_is_said_arrives_whole", &[], async {
        let mut stream = microphone(None);
        next_sound(&mut stream).await;
        let heard = hear_out(&mut stream, speak(&greeting())).await;
        assert_heard_whole(&greeting(), &heard);
    });
}

#[test]
fn what_is_pushed_is_heard_whole() {
    on_stage("what_is_pushed_is_heard_whole", &[], async {
        let playback = speaker();
        let sound = greeting();
        for piece in sound.samples.chunks(480) {
            playback.push(&AudioChunk { samples: piece.to_vec(), rate: RATE }).expect("there is room");
        }
        playback.finish();
        until("all was heard", 20, || playback.position().is_drained()).await;
        let position = playback.position();
        assert_eq!((position.heard, position.flushed), (sound.samples.len() as u64, 0));
        assert_eq!(position.underruns, 0, "everything was there from the start");
        let recorded = || speaker_recording().len();
        let until_recorded = recorded() + DEVICE_RATE.samples_in(Duration::from_millis(500)) as usize;
        until("the recorder caught up", 5, || recorded() >= until_recorded).await;
        assert_played_whole(&sound, &speaker_recording());
    });
}

#[test]
fn a_flush_is_silence_and_what_follows_it_is_heard() {
    on_stage("a_flush_is_silence_and_what_follows_it_is_heard", &[], async {
        let playback = speaker();
        playback.push(&tone(0.2, 5.0)).expect("there is room");
        until("a second was heard", 10, || playback.position().heard >= u64::from(RATE.hz())).await;
        let flushed = playback.flush();
        assert!(flushed.is_drained());
        assert_eq!(flushed.heard + flushed.flushed, flushed.pushed);

        pause(500).await;
        let after = playback.position();
        assert_eq!(after, flushed, "nothing is heard after a flush");
        let burst = tone(0.4, 0.5);
        playback.push(&burst).expect("there is room");
        playback.finish();
        until("what followed was heard", 10, || playback.position().is_drained()).await;
        assert_eq!(playback.position().heard, flushed.heard + burst.samples.len() as u64);
        let until_recorded = speaker_recording().len() + DEVICE_RATE.samples_in(Duration::from_millis(500)) as usize;
        until("the recorder caught up", 5, || speaker_recording().len() >= until_recorded).await;

        // Loud blocks of 5 ms: the tone, a pause, the burst.
        let recording = speaker_recording();
        let loud: Vec<bool> = recording.chunks(240).map(|block| loudness(block) > 1_000.0).collect();
        let begin = loud.iter().position(|&loud| loud).expect("the tone was heard");
        let quiet = (begin..loud.len()).find(|&n| loud[n..].iter().take(20).all(|&loud| !loud)).expect("a pause");
        let again = (quiet..loud.len()).find(|&n| loud[n]).expect("the burst was heard");
        let tone_ms = (quiet - begin) * 5;
        let heard_ms = RATE.duration_of(flushed.heard).as_millis() as usize;
        println!("measured: {tone_ms} ms of tone sounded, {heard_ms} ms were counted as heard when it was flushed");
        assert!(tone_ms + 20 >= heard_ms, "counted as heard what was not: {heard_ms} ms of {tone_ms}");
        assert!(tone_ms <= heard_ms + 250, "silence took {} ms", tone_ms - heard_ms);
        let burst_ms = loud[again..].iter().filter(|&&loud| loud).count() * 5;
        assert!((490..=520).contains(&burst_ms), "{burst_ms} ms of the burst were heard");
    });
}

#[test]
fn a_microphone_that_is_pulled_out_is_followed_to_the_next_one_and_back() {
    on_stage("a_microphone_that_is_pulled_out_is_followed_to_the_next_one_and_back", &[], async {
        let mut stream = microphone(None);
        next_sound(&mut stream).await;
        verb(&["unplug-mic"]);
        let lost = DeviceLoss::Unplugged { name: "Virtual_Microphone".into() };
        assert_eq!(next_news(&mut stream).await, CaptureEvent::Lost(lost));
        assert!(
            matches!(next_news(&mut stream).await, CaptureEvent::Back(device) if device.name == "Other_Microphone")
        );
        next_sound(&mut stream).await;

        verb(&["plug-mic"]);
        loop {
            match next_news(&mut stream).await {
                CaptureEvent::Lost(DeviceLoss::Unplugged { name }) => assert_eq!(name, "Other_Microphone"),
                CaptureEvent::Back(device) => break assert_eq!(device.name, "Virtual_Microphone"),
                other => panic!("unexpected: {other:?}"),
            }
        }
        next_sound(&mut stream).await;
        let heard = hear_out(&mut stream, speak(&greeting())).await;
        assert_heard_whole(&greeting(), &heard);
    });
}

#[test]
fn a_chosen_microphone_is_waited_for() {
    on_stage("a_chosen_microphone_is_waited_for", &[], async {
        let mut stream = microphone(Some("pulseaudio:va_mic"));
        let mut player = speak(&greeting());
        let mut before = Vec::new();
        while loudness(&before) < 500.0 || before.len() < 24_000 {
            before.extend(next_sound(&mut stream).await);
        }
        verb(&["unplug-mic"]);
        let lost = DeviceLoss::Unplugged { name: "Virtual_Microphone".into() };
        assert_eq!(next_news(&mut stream).await, CaptureEvent::Lost(lost));
        let _ = player.wait();
        assert!(
            timeout(Duration::from_secs(1), stream.next()).await.is_err(),
            "another microphone must not be listened to, and a loss is told once"
        );
        verb(&["plug-mic"]);
        let plugged = Instant::now();
        assert!(matches!(next(&mut stream).await, CaptureEvent::Back(device) if device.name == "Virtual_Microphone"));
        next_sound(&mut stream).await;
        println!("measured: sound {} ms after the microphone was plugged in", plugged.elapsed().as_millis());
        assert!(plugged.elapsed() < Duration::from_secs(2), "{:?}", plugged.elapsed());
        let heard = hear_out(&mut stream, speak(&greeting())).await;
        assert_heard_whole(&greeting(), &heard);
    });
}

#[test]
fn a_killed_sound_server_costs_neither_the_microphone_nor_the_place_in_the_playback() {
    let name = "a_killed_sound_server_costs_neither_the_microphone_nor_the_place_in_the_playback";
    on_stage(name, &[], async {
        let sound = noise(6);
        let mut stream = microphone(None);
        let playback = speaker();
        playback.push(&sound).expect("there is room");
        playback.finish();
        next_sound(&mut stream).await;
        until("a second was heard", 10, || playback.position().heard >= u64::from(RATE.hz())).await;

        verb(&["kill-server"]);
        assert_eq!(news_of(&*playback).await, PlaybackEvent::Lost(DeviceLoss::ServerGone));
        assert_eq!(next_news(&mut stream).await, CaptureEvent::Lost(DeviceLoss::ServerGone));
        let stopped_at = playback.position().heard;
        let before = speaker_recording().len();
        pause(700).await;
        assert_eq!(playback.position().heard, stopped_at, "nothing is heard without a server");
        assert_eq!(playback.poll_event(), None, "a loss is told once");

        verb(&["start-server"]);
        let back = Instant::now();
        assert!(matches!(news_of(&*playback).await, PlaybackEvent::Back(device) if device.name == "Virtual_Speaker"));
        until("the playback goes on", 5, || playback.position().heard > stopped_at).await;
        let speaker_took = back.elapsed();
        loop {
            match next_news(&mut stream).await {
                CaptureEvent::Back(device) => break assert_eq!(device.name, "Virtual_Microphone"),
                // The server is there a moment before its devices are.
                CaptureEvent::Lost(DeviceLoss::NoDevice) => {}
                other => panic!("unexpected: {other:?}"),
            }
        }
        next_sound(&mut stream).await;
        println!(
            "measured: after the server was back, sound went on in {} ms and came in within {} ms",
            speaker_took.as_millis(),
            back.elapsed().as_millis()
        );
        assert!(speaker_took < Duration::from_secs(2) && back.elapsed() < Duration::from_secs(2));

        until("the rest was heard", 15, || playback.position().is_drained()).await;
        let took = back.elapsed().as_secs_f64();
        let position = playback.position();
        assert_eq!((position.heard, position.flushed), (position.pushed, 0));
        let rest = RATE.duration_of(position.pushed - stopped_at).as_secs_f64();
        assert!(took > rest - 0.1, "{rest:.2} s were left, and were gone after {took:.2} s: some was skipped");

        // The recorder comes back within half a second; from there on each sample must be in its place.
        let from = stopped_at as usize + 12_000;
        let rest = AudioChunk { samples: sound.samples[from..].to_vec(), rate: RATE };
        let enough = before + resample_all(&rest, DEVICE_RATE).samples.len();
        until("the recorder caught up", 5, || speaker_recording().len() >= enough).await;
        pause(300).await;
        let found = find_in_pieces(&resample_all(&rest, DEVICE_RATE).samples, &speaker_recording()[before..]);
        println!("measured: correlation {:.4} of the rest, {} samples torn in", found.correlation, found.torn);
        assert!(found.correlation > 0.95, "the rest was not heard as it was: {:.4}", found.correlation);
    });
}

#[test]
fn without_any_device_everything_waits_until_one_is_plugged_in() {
    let name = "without_any_device_everything_waits_until_one_is_plugged_in";
    on_stage(name, &["--no-mic", "--no-speaker"], async {
        let mut stream = microphone(None);
        let playback = speaker();
        assert_eq!(next(&mut stream).await, CaptureEvent::Lost(DeviceLoss::NoDevice));
        assert_eq!(news_of(&*playback).await, PlaybackEvent::Lost(DeviceLoss::NoDevice));
        let sound = noise(3);
        playback.push(&sound).expect("there is room");
        playback.finish();
        pause(300).await;
        assert_eq!(playback.position().heard, 0, "what nobody plays is not heard");

        verb(&["plug-mic"]);
        assert!(matches!(next(&mut stream).await, CaptureEvent::Back(device) if device.name == "Virtual_Microphone"));
        next_sound(&mut stream).await;
        verb(&["plug-speaker"]);
        // The microphone's feed is a sink too, and may have been the first.
        until(
            "it plays through the speaker",
            10,
            || matches!(playback.poll_event(), Some(PlaybackEvent::Back(device)) if device.name == "Virtual_Speaker"),
        )
        .await;
        until("all was heard", 20, || playback.position().is_drained()).await;
        assert_eq!(playback.position().heard, sound.samples.len() as u64);
    });
}

#[test]
fn a_sound_server_that_starts_later_is_found() {
    on_stage("a_sound_server_that_starts_later_is_found", &[], async {
        verb(&["kill-server"]);
        until("the server is dead", 5, || server_list("sinks").is_empty()).await;
        let mut stream = microphone(None);
        let playback = speaker();
        let loss = next(&mut stream).await;
        assert!(matches!(loss, CaptureEvent::Lost(_)), "{loss:?}");
        let silent = news_of(&*playback).await;
        assert!(matches!(silent, PlaybackEvent::Lost(_)), "{silent:?}");
        println!("measured: without a server the microphone says {loss:?}");

        verb(&["start-server"]);
        loop {
            match next_news(&mut stream).await {
                CaptureEvent::Back(device) => break assert_eq!(device.name, "Virtual_Microphone"),
                CaptureEvent::Lost(_) => {}
                other => panic!("unexpected: {other:?}"),
            }
        }
        let heard = hear_out(&mut stream, speak(&greeting())).await;
        assert_heard_whole(&greeting(), &heard);
        let sound = tone(0.2, 0.5);
        playback.push(&sound).expect("there is room");
        playback.finish();
        until("it was heard", 10, || playback.position().is_drained()).await;
        assert_eq!(playback.position().heard, sound.samples.len() as u64);
    });
}

#[test]
fn a_closed_microphone_is_closed_and_opens_again() {
    on_stage("a_closed_microphone_is_closed_and_opens_again", &[], async {
        assert_eq!(server_list("source-outputs").len(), recorders(), "nobody listens before it is opened");
        for _ in 0..2 {
            let mut stream = microphone(None);
            next_sound(&mut stream).await;
            assert_eq!(server_list("source-outputs").len(), recorders() + 1);
            drop(stream);
            let closed = Instant::now();
            until("the server shows no listener", 2, || server_list("source-outputs").len() == recorders()).await;
            println!("measured: the microphone was closed within {} ms", closed.elapsed().as_millis());
            assert!(closed.elapsed() < Duration::from_millis(500));
        }
        for _ in 0..2 {
            let playback = speaker();
            playback.push(&tone(0.2, 0.2)).expect("there is room");
            playback.finish();
            until("it was heard", 5, || playback.position().is_drained()).await;
            drop(playback);
        }
    });
}

/// The stage itself listens to the speaker and, through the remapped source, to the microphone's feed.
fn recorders() -> usize {
    2
}

#[test]
fn what_nobody_takes_in_time_is_counted() {
    on_stage("what_nobody_takes_in_time_is_counted", &[], async {
        let mut stream = microphone(None);
        next_sound(&mut stream).await;
        // Half a second of chunks and two seconds of ring hold out; the rest of four seconds does not.
        pause(4_000).await;
        let mut kept = 0;
        let lost = loop {
            match next(&mut stream).await {
                CaptureEvent::Chunk(captured) => kept += captured.chunk.samples.len() as u64,
                CaptureEvent::Overrun { samples } => break samples,
                other => panic!("unexpected: {other:?}"),
            }
        };
        println!("measured: {kept} samples kept, {lost} counted as lost");
        let all = kept + lost;
        assert!((RATE.hz() as u64 * 37 / 10..=RATE.hz() as u64 * 48 / 10).contains(&all), "{kept} + {lost}");
        assert!(kept >= u64::from(RATE.hz()) * 2, "{kept} kept");
    });
}
