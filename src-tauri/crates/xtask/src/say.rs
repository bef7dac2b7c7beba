//! Says what is being done, does it, and turns a failure into a sentence.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Why it cannot go on, as a sentence.
pub struct Failed(pub String);

/// What every step gives.
pub type Done = Result<(), Failed>;

/// The project's root: three folders above this crate.
pub fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    for _ in 0..3 {
        root.pop();
    }
    root
}

/// Runs a program in `folder`, its output going to the terminal.
pub fn step(what: &str, folder: &Path, program: &str, arguments: &[&str]) -> Done {
    step_with(what, folder, program, arguments, &[])
}

/// The same with environment variables.
pub fn step_with(what: &str, folder: &Path, program: &str, arguments: &[&str], environment: &[(&str, &OsStr)]) -> Done {
    eprintln!("── {what}");
    let started = Instant::now();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for (name, value) in environment {
        command.env(name, value);
    }
    let status = command.status().map_err(|error| {
        Failed(format!("`{program}` could not be started: {error}. Is it installed and on the PATH?"))
    })?;
    if !status.success() {
        return Err(Failed(format!("{what} failed: `{program} {}` ended with {status}", arguments.join(" "))));
    }
    eprintln!("   done in {:.1} s", started.elapsed().as_secs_f32());
    Ok(())
}

/// What a program prints, trimmed; `None` when it cannot be started or fails.
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
