//! What reading a streamed answer costs: the server and our own readers, for `cargo xtask bench`, which runs them in turn
//! with other people's clients and says how they compare.
//!
//! * `decode_cost serve QUESTION…` answers these questions until it is ended, and says its address first.
//! * `decode_cost READER ADDRESS` is told on standard input what to ask. A line is `TIMES QUESTION`; the reader asks so
//!   often, and says on standard output how many microseconds of processor time this process spent on it and how many
//!   bytes the last answer has, then the answer: its words, then the arguments of its tool calls.
//!
//! `tests/peers` speaks the same way.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark speaks on stdout and ends when something fails"
)]

mod answers;
mod readers;

use std::io::{BufRead as _, Write as _};
use std::sync::Arc;

use readers::{Floor, Memory, Parlance};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve", questions @ ..] => answers::serve(questions).await,
        ["floor", address] => {
            let floor = Floor::at(address);
            obey(async |question| floor.read(question)).await;
        }
        ["decoder", _] => {
            let mut memory = Memory::default();
            obey(async |question| memory.read(question)).await;
        }
        // Answers are read in a task, as everybody does it: the future of a runtime's `block_on` is woken through the system.
        ["parlance", address] => {
            let parlance = Arc::new(Parlance::at(address));
            obey(async |question| {
                let (parlance, question) = (Arc::clone(&parlance), question.to_owned());
                tokio::spawn(async move { parlance.read(&question).await }).await.unwrap()
            })
            .await;
        }
        ["parlance-view", address] => {
            let parlance = Arc::new(Parlance::at(address));
            obey(async |question| {
                let (parlance, question) = (Arc::clone(&parlance), question.to_owned());
                tokio::spawn(async move { parlance.view(&question).await }).await.unwrap()
            })
            .await;
        }
        _ => println!("usage: decode_cost serve QUESTION… | floor|decoder|parlance|parlance-view ADDRESS"),
    }
}

/// Does what the lines on standard input say, until they end.
async fn obey(mut read: impl AsyncFnMut(&str) -> String) {
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (times, question) = line.split_once(' ').unwrap();
        let mut answer = String::new();
        let begun = cpu_us();
        for _ in 0..times.parse().unwrap() {
            answer = read(question).await;
        }
        println!("{} {}", cpu_us() - begun, answer.len());
        print!("{answer}");
        std::io::stdout().flush().unwrap();
    }
}

/// Microseconds of processor time this process has used, all threads.
#[cfg(unix)]
fn cpu_us() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
}

/// Microseconds by the clock on the wall, since this system tells no other without unsafe code.
#[cfg(not(unix))]
fn cpu_us() -> i64 {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    i64::try_from(START.elapsed().as_micros()).unwrap()
}
