//! Start-up and memory of the window, beside a bare Tauri window in the same run: `cargo xtask bench` calls it.
//!
//! Start-up is from the call to open a session until the talk key (or the bare page) is there, so the WebDriver's own
//! time is in both. Memory is the proportional set size, so that shared pages are not counted twice.

use std::collections::HashMap;
use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use parlance_stage::window::{Opening, Window};

/// Pairs that are measured, one of each after the other.
const PAIRS: usize = 7;
/// The page and its processes come to rest.
const REST: Duration = Duration::from_secs(2);

/// One start.
#[derive(Clone, Copy)]
struct Cost {
    start_ms: f64,
    own_mib: f64,
    web_mib: f64,
}

fn main() -> ExitCode {
    if !cfg!(target_os = "linux") {
        println!("NOT RUN: start-up and memory are measured on Linux only");
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        for _ in 0..PAIRS {
            ours.push(start("parlance", "[data-testid=talk-key]").await);
            bare.push(start("examples/bare_window", "body").await);
        }
    });
    let figures = [
        ("start_ms", median(&ours, |cost| cost.start_ms), median(&bare, |cost| cost.start_ms)),
        ("own_process_mib", median(&ours, |cost| cost.own_mib), median(&bare, |cost| cost.own_mib)),
        ("web_processes_mib", median(&ours, |cost| cost.web_mib), median(&bare, |cost| cost.web_mib)),
    ];
    println!("{:<20} {:>10} {:>12} {:>8}", "", "parlance", "bare window", "ratio");
    for (name, ours, bare) in figures {
        println!("{name:<20} {ours:>10.1} {bare:>12.1} {:>8.2}", ours / bare);
    }
    ExitCode::SUCCESS
}

async fn start(program: &'static str, ready: &'static str) -> Cost {
    let data = tempfile::tempdir().expect("the temporary folder can be written");
    let begun = Instant::now();
    let window = Window::open(Opening { program, ready, ..Opening::new(data.path()) }).await;
    let start_ms = begun.elapsed().as_secs_f64() * 1_000.0;
    tokio::time::sleep(REST).await;
    let (own_mib, web_mib) = memory_below(window.driver_id());
    window.close().await;
    Cost { start_ms, own_mib, web_mib }
}

fn median(costs: &[Cost], of: impl Fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = costs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// MiB of the program itself, and of its web processes, below the WebDriver.
fn memory_below(driver: u32) -> (f64, f64) {
    let mut parents: HashMap<u32, u32> = HashMap::new();
    let mut names: HashMap<u32, String> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name stands in brackets and may hold spaces.
        let (Some(open), Some(close)) = (stat.find('('), stat.rfind(')')) else { continue };
        let parent = stat[close + 1..].split_whitespace().nth(1).and_then(|parent| parent.parse().ok());
        parents.insert(id, parent.unwrap_or(0));
        names.insert(id, stat[open + 1..close].to_owned());
    }
    let is_below = |mut id: u32| {
        while let Some(&parent) = parents.get(&id) {
            if parent == driver {
                return true;
            }
            id = parent;
        }
        false
    };
    let (mut own, mut web) = (0.0, 0.0);
    for (&id, name) in &names {
        if !is_below(id) || name == "WebKitWebDriver" {
            continue;
        }
        let mib = proportional_mib(id).unwrap_or(0.0);
        if name.starts_with("WebKit") { web += mib } else { own += mib }
    }
    (own, web)
}

fn proportional_mib(id: u32) -> Option<f64> {
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1_024.0)
}
