//! What every reader of a server's bytes promises, whatever the bytes are: any split gives the same events, and exactly one
//! end comes. Every recording is fed to every reader, its own and the others'. The fuzzer asks the same of bytes of its own
//! making: each file of `tests/fuzz/targets` is one of these readers.

use std::fs;
use std::path::{Path, PathBuf};

use parlance_providers::{anthropic, dashscope, framing, gemini, ollama, openai, responses};

/// What a target asks of its input.
type Check = fn(&[u8]);

/// The readers, named as their fuzz targets are.
const READERS: [(&str, Check); 14] = [
    ("anthropic", anthropic::decoder::check),
    ("dashscope", dashscope::decoder::check),
    ("dashscope_realtime", dashscope::realtime::check),
    ("dashscope_speech", dashscope::speech::check),
    ("gemini", gemini::decoder::check),
    ("gemini_live", gemini::live::check),
    ("gemini_speech", gemini::speech::check),
    ("ndjson", framing::ndjson::check),
    ("ollama", ollama::decoder::check),
    ("openai", openai::decoder::check),
    ("openai_realtime", openai::realtime::check),
    ("openai_speech", openai::speech::check),
    ("responses", responses::decoder::check),
    ("sse", framing::sse::check),
];

/// So much of a recording is fed: what comes behind is more of the same.
const MAX_BYTES: usize = 16 * 1024;

#[test]
fn every_reader_keeps_its_promises_for_every_recording() {
    let mut n_bodies = 0;
    for folder in files(&tests().join("recordings")).iter().filter(|path| path.is_dir()) {
        for body in files(folder).iter().filter(|path| !path.to_string_lossy().ends_with(".expected.json")) {
            let bytes = fs::read(body).expect("a recording can be read");
            READERS.iter().for_each(|(_, check)| check(&bytes[..bytes.len().min(MAX_BYTES)]));
            n_bodies += 1;
        }
    }
    assert!(n_bodies > 100, "only {n_bodies} recordings were found");
}

#[test]
fn every_reader_is_a_fuzz_target_and_every_target_a_reader() {
    let targets: Vec<String> = files(&tests().join("fuzz/targets"))
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    assert_eq!(targets, READERS.map(|(name, _)| name));
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests")
}

/// What lies in a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.sort();
    paths
}
