//! Calls to cargo, all with the one folder for what is compiled.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::say::{Done, Failed, root, step_with};

/// Runs cargo with its output going to the terminal.
pub fn cargo(what: &str, arguments: &[&str]) -> Done {
    cargo_with(what, arguments, &[])
}

/// The same with environment variables.
pub fn cargo_with(what: &str, arguments: &[&str], environment: &[(&str, &OsStr)]) -> Done {
    step_with(what, &root(), &program(), arguments, environment)
}

/// What cargo prints.
pub fn print(arguments: &[&str]) -> Result<String, Failed> {
    let output = Command::new(program())
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failed(format!("cargo could not be started: {error}")))?;
    if !output.status.success() {
        return Err(Failed(format!("`cargo {}` ended with {}", arguments.join(" "), output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| Failed("cargo printed something that is no text".into()))
}

/// The folder with the built programs of a profile.
pub fn built(profile: &str) -> PathBuf {
    target_folder().join(profile)
}

/// Where built programs go. Workspaces of their own (peers, fuzz targets) are told; they would keep them to themselves.
pub fn target_folder() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The cargo that runs this program.
fn program() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}
