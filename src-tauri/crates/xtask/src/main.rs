//! What the project does to itself: `cargo xtask run | test | bench | fuzz | model | bindings`.
//!
//! No dependencies: it is the first thing that a fresh machine compiles.

mod bench;
mod cargo;
mod fuzz;
mod machine;
mod model;
mod run;
mod say;
mod test;
mod ui;

use std::process::ExitCode;

use say::Failed;

const HELP: &str = "\
cargo xtask COMMAND [--no-install]

  run       build everything and open Parlance; without a display, hold one spoken
            exchange with Echo on a virtual one and print what was said and heard
  test      every check and every test
  bench     figures and ratios, measured side by side on this machine
  bench decode
            of these, only what reading an answer costs, beside other people's clients
  fuzz [TARGET] [--seconds N]
            feed the decoders, or one of them, with bytes nobody has thought of, each
            for 60 s or as many as you say
  model     fetch, check and pack the model that finds notes by meaning (84 MB, once);
            run and test do it too
  bindings  write the window's TypeScript from the engine's Rust types

  --no-install   only list the packages of the system that are missing";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let install = if arguments.iter().any(|word| word == "--no-install") {
        machine::Install::OnlyList
    } else {
        machine::Install::Missing
    };
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--no-install").collect();
    let done = match words.as_slice() {
        ["run"] => run::run(install),
        ["test"] => test::test(install),
        ["bench"] => bench::bench(install),
        ["bench", "decode"] => bench::decode(install),
        ["fuzz", words @ ..] => match fuzz::Order::read(words) {
            Some(order) => fuzz::fuzz(&order),
            None => return misunderstood(),
        },
        ["model"] => {
            model::prepare(install);
            Ok(())
        }
        ["bindings"] => ui::write_bindings(),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => return misunderstood(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(sentence)) => {
            eprintln!("\nxtask: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn misunderstood() -> ExitCode {
    eprintln!("{HELP}");
    ExitCode::from(2)
}
