//! What reading a streamed answer costs: processor time of the reading process alone per 1,000 chunks, ours and other
//! people's, over loopback, from one server, in turn, in one run. Every answer is compared before it counts.

use super::figures::{self, Cost};
use super::peers;
use super::reader::{Core, Process};
use crate::cargo::{built, cargo};
use crate::machine::Install;
use crate::say::{Done, Failed};

/// Median and minimum are taken over so many rounds, in each of which every reader has its turn.
const ROUNDS: usize = 7;
/// A short answer is asked for again and again until so many chunks have come, lest the clock's grain count.
const CHUNKS_A_ROUND: usize = 4_000;
/// What is asked for: a sentence, a page, a very long answer; and the last as a slow server sends it.
const CASES: [Case; 8] = [
    Case { kind: "text", chunks: 200, per_write: 64 },
    Case { kind: "text", chunks: 2_000, per_write: 64 },
    Case { kind: "text", chunks: 20_000, per_write: 64 },
    Case { kind: "text", chunks: 20_000, per_write: 1 },
    Case { kind: "arguments", chunks: 200, per_write: 64 },
    Case { kind: "arguments", chunks: 2_000, per_write: 64 },
    Case { kind: "arguments", chunks: 20_000, per_write: 64 },
    Case { kind: "arguments", chunks: 20_000, per_write: 1 },
];
/// What a long answer may cost per chunk beside a short one: the same, but for what a round differs from the next.
const LONG_BESIDE_SHORT: f64 = 1.1;
/// What our client may cost beside the least that is possible: what the project promises.
const BESIDE_THE_FLOOR: f64 = 2.5;

/// An answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// `text` or `arguments`.
    pub kind: &'static str,
    /// Chunks in it.
    pub chunks: usize,
    /// Chunks in one write of the server.
    pub per_write: usize,
}

impl Case {
    /// As the server is asked.
    fn question(self) -> String {
        format!("{}, {} chunks, {} a write", self.kind, self.chunks, self.per_write)
    }
}

/// Whose a reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Of Parlance's own client.
    Ours,
    /// To be compared with: it is left out when it does not run.
    Theirs,
}

/// Who reads.
pub struct Reader {
    /// Whose it is.
    pub side: Side,
    /// Its name in the table.
    pub name: &'static str,
    /// How it is started.
    pub command: Vec<String>,
    /// Which of ours it is compared with.
    pub beside: &'static str,
    /// How much of its cost ours may be; `None` where nothing is promised.
    pub at_most: Option<f64>,
    /// Which cases it is asked.
    pub fits: fn(&Case) -> bool,
}

impl Reader {
    /// Somebody else's client, compared with ours, with no promise.
    pub fn peer(name: &'static str, command: Vec<String>) -> Self {
        Self { side: Side::Theirs, name, command, beside: "parlance", at_most: None, fits: |_| true }
    }
}

/// Builds, installs, measures and prints.
pub fn decode(install: Install) -> Done {
    let build = ["build", "--release", "--locked", "--package", "parlance-providers", "--example", "decode_cost"];
    cargo("building our readers with optimisation", &build)?;
    let program = built("release").join("examples").join(if cfg!(windows) { "decode_cost.exe" } else { "decode_cost" });
    let program = program.display().to_string();

    let mut serve = vec![program.clone(), "serve".to_owned()];
    serve.extend(CASES.iter().map(|case| case.question()));
    let mut server = Process::start("the server", &serve, Core::Server)?;
    let address = server.line()?;

    let here = |name: &'static str| Reader::peer(name, vec![program.clone(), name.to_owned(), address.clone()]);
    let ours = |name: &'static str| Reader { side: Side::Ours, ..here(name) };
    let floor = Reader { at_most: Some(BESIDE_THE_FLOOR), ..here("floor") };
    let mut readers = vec![ours("parlance"), ours("parlance-view"), ours("decoder"), floor];
    readers.extend(peers::of_rust(&address));
    readers.extend(peers::of_python(&address, install));
    let mut running = Vec::new();
    for reader in readers {
        match begin(&reader) {
            Ok(process) => running.push((reader, process)),
            Err(Failed(why)) if reader.side == Side::Theirs => eprintln!("   NOT RUN: {why}"),
            Err(failed) => return Err(failed),
        }
    }
    measure(running)
}

/// Starts a reader and lets it read something: what it lacks is known before anything is measured.
fn begin(reader: &Reader) -> Result<Process, Failed> {
    let mut process = Process::start(reader.name, &reader.command, Core::Readers)?;
    process.read(&CASES[0].question(), CASES[0].chunks, 1)?;
    Ok(process)
}

/// Asks every reader every case, in turn, and prints a table a case.
fn measure(running: Vec<(Reader, Process)>) -> Done {
    let (readers, mut processes): (Vec<Reader>, Vec<Process>) = running.into_iter().unzip();
    println!("\nMicroseconds of processor time per 1,000 chunks; ratios are ours to theirs, by median and by minimum.");
    println!(
        "`parlance` takes events, `parlance-view` looks at the answer so far after each, `decoder` reads from memory,"
    );
    println!("`floor` is a blocking socket with line ends and JSON and nothing else.");
    let mut costs: Vec<(Case, &'static str, Cost)> = Vec::new();
    for case in CASES {
        let asked: Vec<usize> = (0..readers.len()).filter(|&at| (readers[at].fits)(&case)).collect();
        let mut rounds = vec![Vec::new(); readers.len()];
        let (question, times) = (case.question(), (CHUNKS_A_ROUND / case.chunks).max(1));
        let mut expected = None;
        // The round before the first is not counted: connections are made, answers compared.
        for round in 0..=ROUNDS {
            for &at in &asked {
                let reading = processes[at].read(&question, case.chunks, if round == 0 { 1 } else { times })?;
                if reading.answer != *expected.get_or_insert_with(|| reading.answer.clone()) {
                    return Err(Failed(format!("{} read another answer to `{question}`", readers[at].name)));
                }
                if round > 0 {
                    rounds[at].push(reading.us);
                }
            }
        }
        costs.extend(asked.iter().filter_map(|&at| Some((case, readers[at].name, Cost::of(rounds[at].clone())?))));
        print_case(case, &readers, &costs);
    }
    print_growth(&costs);
    Ok(())
}

fn print_case(case: Case, readers: &[Reader], costs: &[(Case, &'static str, Cost)]) {
    figures::head(&case.question(), "ours / theirs");
    for reader in readers {
        let Some(cost) = find(costs, case, reader.name) else { continue };
        let ours = find(costs, case, reader.beside).filter(|_| reader.side == Side::Theirs);
        figures::line(reader.name, cost, ours.map(|ours| (ours.share_of(cost), reader.at_most)));
    }
}

/// Whether a chunk of a long answer costs what one of a short one does.
fn print_growth(costs: &[(Case, &'static str, Cost)]) {
    figures::head("20,000 chunks beside 200", "long / short");
    for kind in ["text", "arguments"] {
        for name in ["parlance", "parlance-view"] {
            let of = |chunks| find(costs, Case { kind, chunks, per_write: 64 }, name);
            let (Some(short), Some(long)) = (of(200), of(20_000)) else { continue };
            figures::line(&format!("{name}, {kind}"), long, Some((long.share_of(short), Some(LONG_BESIDE_SHORT))));
        }
    }
}

fn find(costs: &[(Case, &'static str, Cost)], case: Case, name: &str) -> Option<Cost> {
    costs.iter().find(|(of, by, _)| *of == case && *by == name).map(|(.., cost)| *cost)
}
