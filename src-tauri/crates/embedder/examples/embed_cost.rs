//! What a text costs: `embed_cost FOLDER [KERNELS]`, as `docs/measuring.md` describes.
//!
//! FOLDER holds the packed model or the published one. First says on a line what it counts by, the microseconds of loading and
//! its memory in KiB. Then reads lines `TIMES TEXT` and answers each with a line: microseconds of this process's processor
//! time a text, and the vector.

#![expect(clippy::print_stdout, reason = "a program that is spoken with over its output")]

use std::io::{self, BufRead as _};
use std::path::PathBuf;
use std::time::Instant;

use parlance_embedder::Embedder;
use parlance_vectors::kernels::Kernels;
use rustix::time::{ClockId, clock_gettime};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("embed_cost FOLDER [KERNELS]")?);
    let kernels = match arguments.next() {
        Some(name) => {
            Kernels::available().into_iter().find(|kernels| kernels.name() == name).ok_or("no such kernels")?
        }
        None => Kernels::best(),
    };
    let begun = Instant::now();
    let published = folder.join("model.safetensors").is_file();
    let open = if published { Embedder::open_published } else { Embedder::open };
    let mut model = open(&folder)?.counting_by(kernels);
    let ready = begun.elapsed();
    println!("{} {} {}", kernels.name().replace(' ', "-"), ready.as_micros(), memory_kib());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (times, text) = line.split_once(' ').ok_or("TIMES TEXT")?;
        let times: u32 = times.parse()?;
        let begun = spent();
        let mut vector = Vec::new();
        for _ in 0..times {
            vector = model.embed(&[text])?.remove(0);
        }
        let us = (spent() - begun) * 1e6 / f64::from(times);
        let vector: Vec<String> = vector.iter().map(|x| format!("{x:.5}")).collect();
        println!("{us:.1} {}", vector.join(" "));
    }
    Ok(())
}

/// Processor time of this process, in seconds.
fn spent() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "a benchmark runs for minutes")]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9;
    seconds
}

/// What of this process is in memory, in KiB; 0 where the system does not say.
fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
