//! `talk`: recordings through the real voice, and what is heard of it.

use std::time::{Duration, Instant};

use parlance_simulator::voice::{VoiceFault, VoiceScript, VoiceServer};
use serde_json::{Value, json};

use crate::stage::Stage;

const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/sounds/hello.wav");
/// Bytes before the first sample of the recordings here.
const HEADER: usize = 44;

/// The samples of a WAV file of ours.
fn samples(path: &str) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!((&bytes[..4], &bytes[36..40]), (&b"RIFF"[..], &b"data"[..]));
    bytes[HEADER..].chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]]))).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

#[test]
fn echo_says_what_was_said_whole_and_in_time_or_at_once() {
    let stage = Stage::repeating();
    let said = samples(HELLO);
    for words in [&["--fast"][..], &[]] {
        let output = stage.path("answer.wav");
        let call =
            ["talk", "--provider", "builtin", "--model", "echo", "--input", HELLO, "--output", &output, "--json"];
        let began = Instant::now();
        let told = stage.call(&[&call[..], words].concat()).well().json();
        let took = began.elapsed();
        let heard = samples(&output);
        assert_eq!(heard.len(), said.len());
        assert!(correlation(&said, &heard) >= 0.999);
        let turn = &told["turns"][0];
        assert_eq!(
            (&turn["user"], &turn["assistant"], &turn["heard"], &turn["interrupted"], &turn["tool_calls"]),
            (&json!(""), &json!(""), &json!(""), &json!(false), &json!([]))
        );
        assert_eq!(told["reconnects"], 0);
        if words.is_empty() {
            assert!(took >= Duration::from_secs_f64(2.0 * said.len() as f64 / 24_000.0), "it takes its time: {took:?}");
            assert!(turn["first_audio_ms"].as_u64().is_some_and(|ms| ms < 2_000), "{turn}");
        } else {
            assert_eq!(turn["first_audio_ms"], Value::Null, "nothing took time");
        }
    }
}

#[test]
fn a_short_recording_is_a_turn_and_not_a_tap() {
    let stage = Stage::repeating();
    let bytes = std::fs::read(HELLO).unwrap();
    // Fifty milliseconds; the sizes in the header lie now, as they may.
    let short = stage.file("short.wav", &bytes[..HEADER + 2_400]);
    let output = stage.path("answer.wav");
    let told = stage.call(&["talk", "--input", &short, "--output", &output, "--fast", "--json"]).well().json();
    assert_eq!((&told["turns"][0]["user_ms"], &told["turns"][0]["assistant_ms"]), (&json!(50), &json!(50)));
    assert_eq!(samples(&output), samples(&short));
}

#[test]
fn barging_in_cuts_the_first_answer_short_and_not_the_second() {
    let stage = Stage::repeating();
    let output = stage.path("answer.wav");
    let transcript = stage.path("transcript.json");
    let words = [
        "talk",
        "--input",
        HELLO,
        HELLO,
        "--output",
        &output,
        "--fast",
        "--barge-in-after-ms",
        "500",
        "--transcript",
        &transcript,
        "--json",
    ];
    let told = stage.call(&words).well().json();
    let (first, second) = (&told["turns"][0], &told["turns"][1]);
    assert_eq!((&first["interrupted"], &second["interrupted"]), (&json!(true), &json!(false)));
    let heard_ms = first["heard_ms"].as_u64().unwrap();
    assert!((400..2_000).contains(&heard_ms), "about half a second of it was heard: {first}");
    let (said, heard) = (samples(HELLO), samples(&output));
    let cut = heard.len() - said.len();
    assert!(cut.abs_diff(usize::try_from(heard_ms).unwrap() * 24) < 240, "{cut} samples, {heard_ms} ms");
    assert!(correlation(&said[..cut], &heard[..cut]) >= 0.999, "the beginning of the first answer");
    assert!(correlation(&said, &heard[cut..]) >= 0.999, "then all of the second");
    let written: Value = serde_json::from_str(&std::fs::read_to_string(transcript).unwrap()).unwrap();
    assert_eq!(written, told);
}

#[test]
fn events_come_a_line_each_with_every_state_in_order() {
    let stage = Stage::repeating();
    let called = stage.call(&["talk", "--input", HELLO, "--fast", "--events", "--json"]).well();
    let mut states: Vec<String> = called
        .stderr
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|event| event["voice"]["state"].as_str().map(str::to_owned))
        .collect();
    states.dedup();
    for (before, after) in [("connecting", "listening"), ("listening", "thinking"), ("thinking", "idle")] {
        let at = |state: &str| states.iter().rposition(|known| known == state).unwrap_or_else(|| panic!("{states:?}"));
        assert!(at(before) < at(after), "{states:?}");
    }
    assert_eq!(called.json()["turns"].as_array().unwrap().len(), 1);
}

/// A voice of every provider, and how a call names it.
const VOICES: [(&str, &str, u32); 3] = [("openai", "/v1", 24_000), ("gemini", "", 16_000), ("dashscope", "", 16_000)];

fn voice(runtime: &tokio::runtime::Runtime, fault: Option<VoiceFault>) -> VoiceServer {
    let script = VoiceScript {
        question: "Hello Echo, can you hear me?".into(),
        answer: "Yes, I hear you very well.".into(),
        sound: (0..36_000).map(|at| ((at % 480) as i16 - 240) * 40).collect(),
        pace: Duration::ZERO,
        fault,
        ..VoiceScript::default()
    };
    runtime.block_on(VoiceServer::start(script)).unwrap()
}

#[test]
fn every_voice_hears_what_was_said_and_its_answer_is_heard_whole() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = Stage::repeating();
    for (provider, path, rate) in VOICES {
        let server = voice(&runtime, None);
        let (address, output) = (format!("{}{path}", server.origin()), stage.path("answer.wav"));
        let words = ["talk", "--provider", provider, "--model", "voice-1", "--base-url", &address, "--voice", "V"];
        let more = ["--instructions", "Be kind.", "--input", HELLO, "--output", &output, "--fast", "--json"];
        let told = stage.call(&[&words[..], &more].concat()).well().json();
        let turn = &told["turns"][0];
        assert_eq!(
            (&turn["user"], &turn["assistant"], &turn["heard"], &turn["assistant_ms"]),
            (
                &json!("Hello Echo, can you hear me?"),
                &json!("Yes, I hear you very well."),
                &json!("Yes, I hear you very well."),
                &json!(1_500)
            ),
            "{provider}"
        );
        assert_eq!(samples(&output).len(), 36_000, "{provider}");
        let heard = server.heard().remove(0);
        let said = samples(HELLO).len() as f64 / 24_000.0;
        let arrived = heard.turns[0].len() as f64 / f64::from(rate);
        assert!((said - arrived).abs() < 0.05, "{provider}: {said} s were said, {arrived} s arrived");
        let hello = heard.frames[0].to_string();
        assert!(hello.contains("Be kind.") && hello.contains("\"V\""), "{provider}: {hello}");
    }
    let history = stage.call(&["history", "search", "very well", "--json"]).well().json();
    assert_eq!(history["hits"].as_array().unwrap().len(), 3, "{history}");
}

#[test]
fn a_voice_that_fails_says_why_and_keeps_what_was_said() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (fault, code) in [
        (VoiceFault::Refused(401), "key_refused"),
        (VoiceFault::Refused(429), "rate_limit"),
        (VoiceFault::CutAfter(3), "cut_off"),
    ] {
        let stage = Stage::repeating();
        let server = voice(&runtime, Some(fault));
        let address = format!("{}/v1", server.origin());
        let words =
            ["talk", "--provider", "openai", "--model", "v", "--base-url", &address, "--input", HELLO, "--fast"];
        let called = stage.call(&[&words[..], &["--json"]].concat());
        assert_eq!((called.code, &called.json()["error"]["code"]), (1, &json!(code)), "{called:?}");
        let list = stage.call(&["history", "list", "--json"]).well().json();
        assert_eq!(list["conversations"].as_array().map(Vec::len), Some(1), "{fault:?}: {list}");
    }
}

#[test]
fn a_provider_without_a_voice_needs_an_ear_and_a_mouth_that_can_be_asked() {
    let stage = Stage::repeating();
    for (more, code) in [(&[][..], "no_key"), (&["--ear", "anthropic"], "no_voice")] {
        let words = ["talk", "--provider", "anthropic", "--model", "m", "--input", HELLO, "--json"];
        let called = stage.call(&[&words[..], more].concat());
        assert_eq!((called.code, &called.json()["error"]["code"]), (1, &json!(code)), "{more:?}");
    }
}

#[test]
fn what_was_not_answered_is_in_the_journal_after_the_end() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = voice(&runtime, Some(VoiceFault::Refused(401)));
    let stage = Stage::repeating();
    let address = format!("{}/v1", server.origin());
    let words = ["talk", "--provider", "openai", "--model", "v", "--base-url", &address, "--input", HELLO, "--fast"];
    let told = stage.call(&[&words[..], &["--json"]].concat()).json();
    assert_eq!(told["error"]["code"], "key_refused");
    let pages: Vec<_> = std::fs::read_dir(stage.data().join("spoken")).unwrap().map(Result::unwrap).collect();
    assert_eq!(pages.len(), 1, "{pages:?}");
    let said = samples(HELLO).len() as f64 * 2.0;
    let kept = pages[0].metadata().unwrap().len() as f64;
    // A head, and eight bytes for each piece of 20 ms.
    assert!(kept > said && kept < said * 1.02 + 200.0, "{said} bytes were said, {kept} are kept");
}
