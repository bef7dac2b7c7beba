//! Runs one test again inside a stage: a script that sets up something real (a sound server, a keyring) around a
//! command, and takes it down afterwards.
//!
//! A test calls [`Stage::play`] with its own full name and its body. Outside the stage that starts the script around
//! this very test binary, asking for that one test; inside, the body runs. What is missing on Linux makes the test
//! fail; systems that have no such stage print NOT RUN.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A script with a `run [options] -- COMMAND` verb.
pub struct Stage {
    /// Its path below `tests/`.
    pub script: &'static str,
    /// The environment variable that the script sets for its command.
    pub marker: &'static str,
    /// Programs it cannot do without.
    pub programs: &'static [&'static str],
    /// The Debian packages that bring them.
    pub packages: &'static str,
    /// How long one test may take before its whole process group is killed.
    pub limit: Duration,
    /// Held while a test is on stage: what is measured there must not compete with a sibling for the processor.
    pub turn: Mutex<()>,
}

impl Stage {
    /// Runs `body` inside the stage. `name` is the test's own full name, as `cargo test -- --list` shows it.
    #[track_caller]
    pub fn play(&self, name: &str, options: &[&str], body: impl FnOnce()) {
        if std::env::var_os(self.marker).is_some() {
            return body();
        }
        if !cfg!(target_os = "linux") {
            println!("NOT RUN: {name} needs {}, which exists on Linux only", self.script);
            return;
        }
        if let Some(missing) = self.programs.iter().find(|program| !is_installed(program)) {
            panic!("{name} needs the program {missing}; install it with: apt-get install {}", self.packages);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let command = self.command(name, options);
        match run_with_limit(command, self.limit) {
            Ending::Passed(output) if output.contains("test result: ok. 1 passed") => {
                // The figures of a passing journey are part of its proof.
                for (_, figures) in output.lines().filter_map(|line| line.split_once("measured: ")) {
                    println!("{name}: measured: {figures}");
                }
            }
            Ending::Passed(output) => panic!("no test is called {name}:\n{output}"),
            Ending::Failed(output) => panic!("{name} failed on stage:\n{output}"),
            Ending::OutOfTime(output) => panic!("{name} took longer than {:?} and was killed:\n{output}", self.limit),
        }
    }

    fn command(&self, name: &str, options: &[&str]) -> Command {
        let mut command = Command::new(tests_folder().join(self.script));
        command.arg("run").args(options).arg("--");
        command.arg(std::env::current_exe().expect("a test binary has a path"));
        command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
        command
    }
}

/// The folder `tests/` of this checkout.
pub fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

enum Ending {
    Passed(String),
    Failed(String),
    OutOfTime(String),
}

fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Runs a command in a process group of its own, so that nothing of it outlives the limit.
fn run_with_limit(mut command: Command, limit: Duration) -> Ending {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("starting {command:?}: {error}"));
    let out = collect(child.stdout.take());
    let err = collect(child.stderr.take());
    let deadline = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().expect("our own child can be waited for") {
            break Some(status);
        }
        if Instant::now() >= deadline {
            kill_group(&mut child);
            break None;
        }
        thread::sleep(Duration::from_millis(20));
    };
    // A grandchild that holds the pipes must not hold the test.
    signal_group("-KILL", child.id());
    let text =
        |pipe: thread::JoinHandle<Vec<u8>>| String::from_utf8_lossy(&pipe.join().unwrap_or_default()).into_owned();
    let output = format!("{}{}", text(out), text(err));
    match status {
        Some(status) if status.success() => Ending::Passed(output),
        Some(_) => Ending::Failed(output),
        None => Ending::OutOfTime(output),
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A pipe that breaks has given what it had.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

fn kill_group(child: &mut Child) {
    // The script cleans up on TERM; KILL follows for what does not listen.
    signal_group("-TERM", child.id());
    let patience = Instant::now() + Duration::from_secs(3);
    while Instant::now() < patience && matches!(child.try_wait(), Ok(None)) {
        thread::sleep(Duration::from_millis(20));
    }
    signal_group("-KILL", child.id());
    let _ = child.wait();
}

fn signal_group(signal: &str, group: u32) {
    let _ = Command::new("kill").args([signal, "--", &format!("-{group}")]).stderr(Stdio::null()).status();
}
