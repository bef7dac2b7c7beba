use std::path::Path;

use parlance_core::AudioChunk;
use parlance_core::speech::{Attention, SpeechEdge, SpeechWatch};

use super::*;
use crate::resample::resample_all;
use crate::voices::{add, disturbances, spoken};
use crate::wav;

const PATIENCE: Duration = Duration::from_millis(600);

/// The committed greeting, 40 dB quieter than loud if need be, with a second and a half of silence around it.
fn greeting(rate: SampleRate, gain_db: f32) -> Vec<i16> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/sounds/hello.wav");
    let spoken = resample_all(&wav::read(&path).expect("the greeting is committed"), rate);
    let silence = vec![0; rate.samples_in(Duration::from_millis(1_500)) as usize];
    let gain = 10f32.powf(gain_db / 20.0);
    let spoken = spoken.samples.iter().map(|&sample| to_i16(to_f32(sample) * gain)).collect();
    [silence.clone(), spoken, silence].concat()
}

/// White noise at a level.
fn noise(seconds: f32, rate: SampleRate, dbfs: f32) -> Vec<i16> {
    let amplitude = 10f32.powf(dbfs / 20.0) * 3f32.sqrt();
    let mut state = 1u32;
    (0..(seconds * rate.hz() as f32) as usize)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            to_i16(amplitude * ((state >> 8) as f32 / 8_388_608.0 - 1.0))
        })
        .collect()
}

fn mix(a: &[i16], b: &[i16]) -> Vec<i16> {
    a.iter().zip(b).map(|(a, b)| a.saturating_add(*b)).collect()
}

fn edges(rate: SampleRate, samples: &[i16]) -> Vec<SpeechEdge> {
    let mut activity = VoiceActivity::new(rate);
    let mut watch = SpeechWatch::new(PATIENCE);
    samples
        .chunks(rate.hz() as usize / 50)
        .filter_map(|chunk| {
            let heard = activity.hear(chunk);
            watch.hear(&heard, rate.duration_of(chunk.len() as u64), Attention::Easy)
        })
        .collect()
}

#[test]
fn a_greeting_is_one_turn_at_every_rate_and_loudness_and_in_noise() {
    for rate in [SampleRate::HZ_16000, SampleRate::HZ_24000, SampleRate::HZ_48000] {
        for gain_db in [0.0, -12.0, -24.0] {
            for noise_dbfs in [-90.0, -75.0, -70.0] {
                let speech = greeting(rate, gain_db);
                let room = noise(speech.len() as f32 / rate.hz() as f32 + 0.1, rate, noise_dbfs);
                let sound = mix(&speech, &room);
                let found = edges(rate, &sound);
                let length = rate.duration_of(sound.len() as u64);
                let [SpeechEdge::Started { at }, SpeechEdge::Ended { at: end }] = found[..] else {
                    panic!("{} Hz, {gain_db} dB, noise {noise_dbfs}: {found:?}", rate.hz());
                };
                // The greeting itself begins and ends with some silence of its own.
                let (first, last) = (Duration::from_millis(1_200), length - Duration::from_millis(1_300));
                assert!(at >= first && at <= first + Duration::from_millis(400), "began at {at:?}");
                assert!(end <= last && end + Duration::from_millis(700) >= last, "ended at {end:?} of {length:?}");
            }
        }
    }
}

#[test]
fn noise_and_hum_are_nobody_and_become_the_floor() {
    let rate = SampleRate::HZ_24000;
    let hum: Vec<i16> = (0..rate.hz() * 8)
        .map(|n| {
            let at = std::f32::consts::TAU * 50.0 * n as f32 / rate.hz() as f32;
            to_i16(0.02 * at.sin() + 0.01 * (3.0 * at).sin())
        })
        .collect();
    for (what, sound, level) in [("noise", noise(8.0, rate, -35.0), -35.0), ("hum", hum, -36.0)] {
        assert_eq!(edges(rate, &sound), [], "{what}");
        let mut activity = VoiceActivity::new(rate);
        let last = sound.chunks(480).map(|chunk| activity.hear(chunk)).last().expect("there is sound");
        assert!((last.floor_dbfs - level).abs() < 3.0, "{what}: {last:?}");
    }
}

#[test]
fn digital_silence_is_the_lowest_level_and_no_floor() {
    let mut activity = VoiceActivity::new(SampleRate::HZ_24000);
    assert_eq!(activity.hear(&[0; 480]).dbfs, Activity::SILENCE_DBFS);
    let full = activity.hear(&[i16::MIN; 480]);
    assert!(full.dbfs.abs() < 0.01, "{full:?}");
    assert_eq!(activity.hear(&[]).dbfs, Activity::SILENCE_DBFS, "a chunk may be empty");
}

#[test]
fn how_sound_is_cut_into_chunks_does_not_change_what_is_heard_in_it() {
    let rate = SampleRate::HZ_16000;
    let sound = AudioChunk { samples: greeting(rate, -6.0), rate };
    let likelihoods = |length: usize| -> Vec<f32> {
        let mut activity = VoiceActivity::new(rate);
        // Sixteen milliseconds are a frame: after each there is one likelihood, however it came.
        sound
            .samples
            .chunks_exact(FRAME)
            .flat_map(|frame| frame.chunks(length).map(|c| activity.hear(c).speech).last())
            .collect()
    };
    assert_eq!(likelihoods(FRAME), likelihoods(1));
    assert_eq!(likelihoods(FRAME), likelihoods(100));
}

const SENTENCES: [(&str, &str); 4] = [
    ("en-us", "Hello, what will the weather be like tomorrow?"),
    ("en-gb+f4", "Please remind me to call the dentist at nine."),
    ("cmn", "你好，明天天气怎么样？"),
    ("cmn+f2", "请提醒我九点给牙医打电话。"),
];

/// Chords that are louder are taken for a voice, as a voice from a loudspeaker is.
const LOUDEST_MUSIC: f32 = -55.0;

/// Chunks of 20 ms, and the edges in them.
fn edges_of(sound: &[f32], rate: SampleRate) -> Vec<SpeechEdge> {
    let samples: Vec<i16> = sound.iter().copied().map(to_i16).collect();
    edges(rate, &samples)
}

#[test]
fn english_and_chinese_are_one_turn_each_at_several_levels_and_in_noise() {
    let rate = SampleRate::HZ_16000;
    let second = rate.hz() as usize;
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (voice, text) in SENTENCES {
        for dbfs in [-15.0, -25.0, -35.0] {
            let Some(speech) = spoken(voice, text, rate, dbfs) else { return };
            // Speech 30, 20 and 12 dB above what it is in.
            for below in [30.0, 20.0, 12.0] {
                for (what, disturbance) in disturbances(rate, 8, dbfs - below) {
                    if what == "music" && dbfs - below > LOUDEST_MUSIC {
                        continue;
                    }
                    let mut sound = disturbance;
                    add(&mut sound, &speech, 2 * second);
                    let (begins, ends) = (2.0, 2.0 + speech.len() as f32 / second as f32);
                    let found = edges_of(&sound, rate);
                    tried += 1;
                    let right = matches!(found[..], [SpeechEdge::Started { at }, SpeechEdge::Ended { at: end }]
                        if at.as_secs_f32() > begins - 0.3 && at.as_secs_f32() < begins + 0.3
                        && end.as_secs_f32() > ends - 0.6 && end.as_secs_f32() < ends + 0.5);
                    if !right {
                        wrong
                            .push(format!("{voice} at {dbfs}, {what} {below} dB below, {begins}–{ends:.2}: {found:?}"));
                    }
                }
            }
        }
    }
    println!("measured: {} of {tried} sentences in noise are one turn from beginning to end", tried - wrong.len());
    assert!(wrong.len() * 20 <= tried, "{} of {tried} went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_no_speech_begins_no_turn() {
    let rate = SampleRate::HZ_16000;
    let mut wrong = Vec::new();
    for dbfs in [-60.0, -45.0, -35.0] {
        for (what, sound) in disturbances(rate, 20, dbfs) {
            if what == "music" && dbfs > LOUDEST_MUSIC {
                continue;
            }
            let found = edges_of(&sound, rate);
            if !found.is_empty() {
                wrong.push(format!("{what} at {dbfs}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
