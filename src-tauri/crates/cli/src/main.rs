//! `parlance-cli`: a second host of the engine. It reads the words of a call, does one thing, says how it went, ends.
//!
//! # Layout
//!
//! * `call` – the words of a call.
//! * [`ask`], [`tokens`], [`say`], [`transcribe`], [`talk`], [`history`], [`notes`], [`providers`], [`keys`], [`devices`], [`trigger`], [`doctor`] – one module a command.
//! * `engine` – the engine as a command needs it.
//! * `out` – the one way to stdout and stderr: harmless, without keys.
//! * `failure`, `words` – what went wrong, as a sentence or as JSON, and the exit code.
//!
//! Deliberately absent: everything that a window could want as well. That lies in `parlance-app`.

mod ask;
mod call;
mod devices;
mod doctor;
mod engine;
mod failure;
mod history;
mod keys;
mod notes;
mod out;
mod providers;
mod say;
mod talk;
mod tokens;
mod transcribe;
mod trigger;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use clap::error::ErrorKind;
use parlance_app::process;

use call::{Call, Command};
use engine::Desk;
use failure::Failure;
use out::{Out, Reader};

/// Threads that wait for a hung system (a keyring, a sound server) are left behind after this.
const FAREWELL: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    process::harden();
    std::panic::set_hook(Box::new(|fault| {
        Out::new(Reader::Person).note(&format!("parlance-cli has a fault and ends: {fault}"));
        std::process::exit(1);
    }));
    let words: Vec<OsString> = std::env::args_os().collect();
    let call = match Call::try_parse_from(&words) {
        Ok(call) => call,
        Err(error) => return misunderstood(&error, &words),
    };
    let out = Out::new(if call.common.json { Reader::Program } else { Reader::Person });
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::file(format!("starting: {error}")).tell(out),
    };
    let done = runtime.block_on(run(call, out));
    runtime.shutdown_timeout(FAREWELL);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(out),
    }
}

async fn run(call: Call, out: Out) -> Result<(), Failure> {
    let desk = Desk::new(call.common, out);
    match call.command {
        Command::Ask(args) => ask::run(*args, desk).await,
        Command::Tokens(args) => tokens::run(args, desk).await,
        Command::Say(args) => say::run(*args, desk).await,
        Command::Transcribe(args) => transcribe::run(*args, desk).await,
        Command::Talk(args) => talk::run(args, desk).await,
        Command::History(command) => history::run(command, desk).await,
        Command::Notes(command) => notes::run(command, desk).await,
        Command::Providers(command) => providers::run(command, desk).await,
        Command::Keys(command) => keys::run(command, desk).await,
        Command::Devices(command) => devices::run(command, desk).await,
        Command::Trigger(args) => trigger::run(&args, &desk).await,
        Command::Doctor => doctor::run(desk).await,
    }
}

/// Help and version are no errors; everything else about the words is exit 2.
fn misunderstood(error: &clap::Error, words: &[OsString]) -> ExitCode {
    let is_answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let wants_json = words.iter().any(|word| word == "--json");
    if is_answer {
        Out::new(Reader::Person).text(&error.render().to_string());
        return ExitCode::SUCCESS;
    }
    if !wants_json {
        Out::new(Reader::Person).note(&error.render().to_string());
        return ExitCode::from(2);
    }
    let text = error.render().to_string();
    let sentence = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect::<Vec<_>>().join(" ");
    Failure::call(sentence.trim_start_matches("error: ")).tell(Out::new(Reader::Program))
}
