//! Where a call happens: a home, a data folder and a server of its own, and an environment that holds nothing else.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use parlance_simulator::{Answer, Request, Scenario, Simulator};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) const MODEL: &str = "simulated";

/// A place to call from. The server ends with it.
pub(crate) struct Stage {
    home: TempDir,
    pub(crate) server: Simulator,
    _runtime: Runtime,
}

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Stage {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(Simulator::start(scenario)).unwrap();
        Self { home: TempDir::new().unwrap(), server, _runtime: runtime }
    }

    pub(crate) fn answering(answer: Answer) -> Self {
        Self::new(Scenario::always(answer))
    }

    /// Repeats what it is told.
    pub(crate) fn repeating() -> Self {
        Self::new(Scenario::default())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// A file to bring along, or to be written.
    pub(crate) fn path(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.home.path().join(name), bytes).unwrap();
        self.path(name)
    }

    /// A call that has not been made yet.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlance-cli"));
        command
            .env_clear()
            .env("HOME", self.home.path())
            // No keyring: a bus at which nobody answers.
            .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", self.path("no-bus")))
            .args(words)
            .args(["--data-dir", &self.data().display().to_string()])
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn call(&self, words: &[&str]) -> Called {
        self.command(words).output().unwrap().into()
    }

    /// A call that reads these bytes from stdin.
    pub(crate) fn call_with_stdin(&self, words: &[&str], stdin: &[u8]) -> Called {
        let mut child: Child = self.command(words).stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let bytes = stdin.to_owned();
        // From beside, because a child that does not read all of it must not hold us up.
        let writing = std::thread::spawn(move || pipe.write_all(&bytes));
        let called = child.wait_with_output().unwrap().into();
        let _ = writing.join().unwrap();
        called
    }

    /// `ask` at the server of this stage.
    pub(crate) fn ask(&self, words: &[&str]) -> Called {
        self.call(&self.to_server(words).iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The words of an `ask` at the server of this stage.
    pub(crate) fn to_server(&self, words: &[&str]) -> Vec<String> {
        let base_url = self.server.base_url();
        let way = ["--model", MODEL, "--base-url", base_url.as_str()];
        ["ask"].iter().chain(words).chain(&way).map(|word| (*word).to_owned()).collect()
    }

    /// What the server was asked last.
    pub(crate) fn last_request(&self) -> Request {
        self.server.requests().pop().expect("it was asked")
    }

    /// Every byte below the data folder, with the file it lies in.
    pub(crate) fn kept(&self) -> Vec<(PathBuf, Vec<u8>)> {
        files(&self.data())
    }
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((path.clone(), std::fs::read(&path).unwrap())),
        }
    }
    found
}

impl Called {
    /// The one JSON object on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.trim_end().lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON objects on stdout, a line each.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The same, which must have gone well.
    #[track_caller]
    pub(crate) fn well(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

impl From<Output> for Called {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what is printed is UTF-8");
        Self {
            code: output.status.code().expect("it ends by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}
