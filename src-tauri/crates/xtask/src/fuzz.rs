//! `cargo xtask fuzz [TARGET] [--seconds N]`: feeds the readers of strangers' bytes with bytes that no stranger has thought of.
//!
//! A stable compiler is enough: LLVM's coverage is switched on by flags that are not bound to a nightly one. What libFuzzer
//! finds worth keeping stays beside what is compiled, so that the next run goes on from there; it begins with the
//! recordings of the tests.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use crate::cargo::{built, cargo_with, target_folder};
use crate::say::{Done, Failed, output, root, step};

/// So long is each target run when nobody says otherwise.
const SECONDS: u32 = 60;
/// Longer inputs find little more, and each costs as much as many short ones.
const MAX_INPUT_BYTES: u32 = 4096;
/// As `cargo fuzz` sets them, without the sanitizers: the code has no `unsafe`.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// What to run.
pub struct Order<'a> {
    /// One of the targets; `None` for all of them, in turn.
    target: Option<&'a str>,
    /// How long each.
    seconds: u32,
}

impl<'a> Order<'a> {
    /// Reads `[TARGET] [--seconds N]`; `None` when it is anything else.
    pub fn read(words: &[&'a str]) -> Option<Self> {
        let (target, rest) = match words {
            [] | ["--seconds", ..] => (None, words),
            [target, rest @ ..] => (Some(*target), rest),
        };
        match rest {
            [] => Some(Self { target, seconds: SECONDS }),
            ["--seconds", seconds] => Some(Self { target, seconds: seconds.parse().ok()? }),
            _ => None,
        }
    }
}

/// Builds the targets and runs them.
pub fn fuzz(&Order { target, seconds }: &Order<'_>) -> Done {
    let known = targets()?;
    let chosen: Vec<&String> = known.iter().filter(|name| target.is_none_or(|wanted| wanted == *name)).collect();
    if chosen.is_empty() {
        return Err(Failed(format!("there is no such target; there are: {}", known.join(", "))));
    }
    let host = output("rustc", &["--print", "host-tuple"]).ok_or_else(|| Failed("rustc does not answer".into()))?;
    let manifest = root().join("tests/fuzz/Cargo.toml").display().to_string();
    // With a target of its own, the flags leave build scripts and macros alone. Its lock file follows the workspace's
    // libraries, so it is not held to what it said when they were others.
    let folder = target_folder().display().to_string();
    let build = ["build", "--release", "--manifest-path", &manifest, "--target", &host, "--target-dir", &folder];
    cargo_with("building the fuzz targets with coverage", &build, &[("RUSTFLAGS", OsStr::new(FLAGS))])?;

    let programs = built("").join(&host).join("release");
    for name in chosen {
        run(name, &programs, seconds)?;
    }
    Ok(())
}

fn run(name: &str, programs: &Path, seconds: u32) -> Done {
    let kept = built("fuzz").join(name);
    let (corpus, findings) = (kept.join("corpus"), kept.join("findings"));
    for folder in [&corpus, &findings] {
        let failed = |error| Failed(format!("{} cannot be made: {error}", folder.display()));
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let recordings = root().join("tests/recordings").display().to_string();
    let (corpus, program) = (corpus.display().to_string(), programs.join(name).display().to_string());
    let arguments = [
        format!("-max_total_time={seconds}"),
        format!("-max_len={MAX_INPUT_BYTES}"),
        format!("-artifact_prefix={}/", findings.display()),
        "-timeout=10".to_owned(),
        "-print_final_stats=1".to_owned(),
        "-verbosity=0".to_owned(),
    ];
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    words.extend([corpus.as_str(), &recordings]);
    step(&format!("{name}, for {seconds} s"), &root(), &program, &words)
        .map_err(|Failed(why)| Failed(format!("{why}\nWhat it failed on lies in {}.", findings.display())))
}

/// Every file of `tests/fuzz/targets` is a target.
fn targets() -> Result<Vec<String>, Failed> {
    let folder = root().join("tests/fuzz/targets");
    let files =
        fs::read_dir(&folder).map_err(|error| Failed(format!("{} cannot be read: {error}", folder.display())))?;
    let mut names: Vec<String> =
        files.flatten().filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}
