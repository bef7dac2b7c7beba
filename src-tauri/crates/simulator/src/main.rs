//! `parlance-simulator [SCENARIO.json] [--listen 127.0.0.1:PORT]`: prints its base address and serves until it is ended.

use std::process::ExitCode;

use parlance_simulator::{Scenario, Simulator};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "this is the program's own voice")]
            {
                eprintln!("parlance-simulator: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Why the program ends.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("usage: parlance-simulator [SCENARIO.json] [--listen ADDRESS:PORT]")]
    Usage,
    #[error("reading {path}: {source}")]
    Read { path: String, source: std::io::Error },
    #[error("{path} is no scenario: {source}")]
    Scenario { path: String, source: serde_json::Error },
    #[error("listening: {0}")]
    Listen(#[from] std::io::Error),
}

fn run() -> Result<(), Failure> {
    let (mut scenario, mut listen) = (Scenario::default(), "127.0.0.1:0".to_owned());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--listen" => listen = words.next().ok_or(Failure::Usage)?,
            path if !path.starts_with('-') => scenario = read(path)?,
            _ => return Err(Failure::Usage),
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let simulator = Simulator::start_at(&listen, scenario).await?;
        #[expect(clippy::print_stdout, reason = "whoever started it reads the address here")]
        {
            println!("{}", simulator.base_url());
        }
        simulator.run().await;
        Ok(())
    })
}

fn read(path: &str) -> Result<Scenario, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|source| Failure::Scenario { path: path.to_owned(), source })
}
