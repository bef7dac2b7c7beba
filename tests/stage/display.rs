//! A virtual display of the test's own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::reexec::tests_folder;

/// An X server without a screen; ends when it is dropped.
pub struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// Starts one of this size.
    #[must_use]
    pub fn start(width: u32, height: u32) -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb can be started; install it with: apt-get install xvfb");
        let mut number = String::new();
        let out = server.stdout.take().expect("its output is ours");
        BufReader::new(out).read_line(&mut number).expect("Xvfb says its number");
        Self { server, name: format!(":{}", number.trim()) }
    }

    /// Its name, for `DISPLAY`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keeps a picture of all that is on it, in the git-ignored folder `artefacts/`.
    pub fn picture(&self, name: &str) -> PathBuf {
        let folder = artefacts();
        let path = folder.join(format!("{name}.png"));
        let status = Command::new("import")
            .args(["-display", &self.name, "-window", "root"])
            .arg(&path)
            .status()
            .expect("import can be started; install it with: apt-get install imagemagick");
        assert!(status.success(), "no picture of {name}");
        path
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Where pictures go.
#[must_use]
pub fn artefacts() -> PathBuf {
    let folder = tests_folder().join("../artefacts");
    std::fs::create_dir_all(&folder).expect("the checkout can be written");
    folder
}

/// The folder with the programs this checkout has built: named by the one who calls the tests, else cargo's own.
#[must_use]
pub fn programs() -> PathBuf {
    std::env::var_os("PARLANCE_BIN_DIR").map_or_else(|| tests_folder().join("../target/debug"), PathBuf::from)
}

/// A program this checkout has built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let path = programs().join(name);
    assert!(Path::new(&path).exists(), "{} is not built: call `cargo xtask test`", path.display());
    path
}
