//! What can go wrong with a voice, for every provider, by the key and hands-free: each ends, says what happened, and what
//! was said is answered or kept. The table of outcomes is printed (`--nocapture`).

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use parlance_simulator::voice::{FaultyConnections, VoiceFault, VoiceScript, VoiceServer};

use crate::stage::Stage;

const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/sounds/hello.wav");
const VOICES: [(&str, &str); 3] = [("openai", "/v1"), ("gemini", ""), ("dashscope", "")];
/// Above every limit on the way: a minute of trying, 15 s without an answer, and a machine that is busy.
const ENDS_WITHIN: Duration = Duration::from_secs(180);
/// So many conversations at once.
const AT_ONCE: usize = 15;

/// What is to come of a fault.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// It was mended unseen: there is an answer, and nothing is kept.
    Answered,
    /// One of these is said, and the utterance is kept.
    Kept(&'static [&'static str]),
    /// The same by the key; a call hands-free is hung up before a word was said, so that there is none to keep.
    HangsUp(&'static [&'static str]),
    /// Either: how it falls depends on the moment.
    Either(&'static [&'static str]),
}

use FaultyConnections::{All, First};
use Outcome::{Answered, Either, HangsUp, Kept};

const CUT: &[&str] = &["cut_off", "unreachable", "not_the_api", "timeout", "server_fault"];

const FAULTS: [(&str, Option<VoiceFault>, FaultyConnections, Outcome); 15] = [
    ("none", None, All, Answered),
    ("refused for a moment", Some(VoiceFault::Refused(503)), First(2), Answered),
    ("401", Some(VoiceFault::Refused(401)), All, HangsUp(&["key_refused"])),
    ("429 for a moment", Some(VoiceFault::Refused(429)), First(1), Answered),
    ("cut before the session", Some(VoiceFault::CutBeforeSession), First(1), Answered),
    ("cut in mid-utterance", Some(VoiceFault::CutInUtterance(Duration::from_millis(500))), First(1), Answered),
    ("cut in mid-answer", Some(VoiceFault::CutAfter(3)), First(1), Kept(CUT)),
    ("stall", Some(VoiceFault::StallAfter(3)), First(1), Kept(&["timeout"])),
    ("half-open", Some(VoiceFault::HalfOpenAfter(3)), First(1), Kept(&["timeout"])),
    ("malformed frame", Some(VoiceFault::Malformed(1)), First(1), Either(CUT)),
    ("unknown event", Some(VoiceFault::Unknown), First(1), Answered),
    ("cap reached", Some(VoiceFault::Capped(Duration::from_millis(800))), First(1), Either(CUT)),
    (
        "go-away",
        Some(VoiceFault::GoesAway { after: Duration::from_millis(300), left: Duration::from_secs(30) }),
        First(1),
        Answered,
    ),
    (
        "server error event",
        Some(VoiceFault::Fails),
        All,
        Kept(&["server_fault", "invalid_request", "overloaded", "cut_off"]),
    ),
    ("slow consumer", Some(VoiceFault::Slow(Duration::from_millis(5))), All, Answered),
];

#[test]
fn every_fault_ends_says_why_and_loses_no_word() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut cells = Vec::new();
    for fault in FAULTS {
        for provider in VOICES {
            for mode in ["push-to-talk", "hands-free"] {
                cells.push((fault, provider, mode));
            }
        }
    }
    let mut lines = Vec::new();
    for some in cells.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let runs: Vec<_> = some.iter().map(|cell| scope.spawn(|| run(&runtime, *cell))).collect();
            lines.extend(runs.into_iter().map(|run| run.join().expect("a cell runs to its end")));
        });
    }
    let wrong = lines.iter().filter(|(_, is_right)| !is_right).count();
    let table: Vec<&str> = lines.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(wrong, 0, "of {}:\n{}", lines.len(), table.join("\n"));
}

type Fault = (&'static str, Option<VoiceFault>, FaultyConnections, Outcome);

#[expect(clippy::print_stdout, reason = "the table is what people run this for")]
fn run(
    runtime: &tokio::runtime::Runtime,
    ((name, fault, faulty, outcome), (provider, path), mode): (Fault, (&str, &str), &str),
) -> (String, bool) {
    let script = VoiceScript { fault, faulty, ..VoiceScript::default() };
    let server = runtime.block_on(VoiceServer::start(script)).unwrap();
    let stage = Stage::repeating();
    let address = format!("{}{path}", server.origin());
    let mut words = vec!["talk", "--provider", provider, "--model", "v", "--base-url", &address, "--input", HELLO];
    words.push("--json");
    if mode == "hands-free" {
        words.push("--hands-free");
    }
    let began = Instant::now();
    let called = stage.call(&words);
    let took = began.elapsed();
    let told = called.json();
    let turns = told["turns"].as_array().cloned().unwrap_or_default();
    let is_answered = turns.iter().any(|turn| !turn["assistant"].as_str().unwrap_or_default().is_empty());
    let code = told["error"]["code"].as_str().unwrap_or("-").to_owned();
    let kept = seconds_kept(&stage.data().join("spoken"));
    let given = server.heard().iter().map(|heard| heard.turns.len()).sum::<usize>();
    let is_kept = |codes: &[&str]| called.code == 1 && codes.contains(&code.as_str()) && kept > 0.5;
    let is_whole = called.code == 0 && is_answered && kept == 0.0;
    let is_right = took < ENDS_WITHIN
        && match outcome {
            Answered => is_whole,
            Kept(codes) => is_kept(codes),
            HangsUp(codes) if mode == "hands-free" => {
                called.code == 1 && codes.contains(&code.as_str()) && turns.is_empty()
            }
            HangsUp(codes) => is_kept(codes),
            Either(codes) => is_whole || is_kept(codes),
        };
    let mark = if is_right { "ok" } else { "WRONG" };
    let line = format!(
        "{mark:5} {name:24} {provider:10} {mode:13} exit {} code {code:14} answered {is_answered:5} kept {kept:.1} s, \
         turns given {given}, reconnects {}, {:.1} s",
        called.code,
        told["reconnects"].as_u64().map_or("-".to_owned(), |count| count.to_string()),
        took.as_secs_f64(),
    );
    // As they end, so that a run that is stopped has said what it saw.
    println!("{line}");
    let is_told = called.code == 0 || !told["error"]["message"].as_str().unwrap_or_default().is_empty();
    (line, is_right && is_told)
}

/// How much sound lies in a journal, from the sizes of its files: about 24,000 samples a second or 16,000.
fn seconds_kept(folder: &Path) -> f64 {
    let Ok(files) = fs::read_dir(folder) else { return 0.0 };
    let bytes: u64 = files.filter_map(Result::ok).filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
    bytes as f64 / 48_000.0
}
