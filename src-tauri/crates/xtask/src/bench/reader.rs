//! A process that reads answers and says what it cost. `providers/examples/decode_cost` and `tests/peers` are such processes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::say::{Failed, output};

/// Which processor a process is kept on, so that no reader pays for being moved and none shares with the server.
#[derive(Clone, Copy)]
pub enum Core {
    /// The readers', one after the other.
    Readers,
    /// The server's.
    Server,
}

/// A process that has been started, and is ended when this is dropped.
pub struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    name: String,
}

/// What one reading cost, and what was read.
pub struct Reading {
    /// Processor time per 1,000 chunks, in microseconds.
    pub us: f64,
    /// The answer.
    pub answer: Vec<u8>,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, command: &[String], core: Core) -> Result<Self, Failed> {
        let pinned = pinning(core);
        let mut words = pinned.iter().chain(command);
        let program = words.next().map_or("", String::as_str);
        let failed = |why: &dyn std::fmt::Display| Failed(format!("{name} could not be started: {why}"));
        let mut child = Command::new(program)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&error))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => {
                Ok(Self { child, input, output: BufReader::new(output), name: name.to_owned() })
            }
            _ => Err(failed(&"it has no input and output")),
        }
    }

    /// The next line it says.
    ///
    /// # Errors
    /// When it ends instead.
    pub fn line(&mut self) -> Result<String, Failed> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(1..) => Ok(line.trim_end().to_owned()),
            Ok(0) => Err(self.failed(&"it ended")),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Lets it ask a question whose answer has `chunks` chunks, `times` times.
    ///
    /// # Errors
    /// When it fails or says anything else.
    pub fn read(&mut self, question: &str, chunks: usize, times: usize) -> Result<Reading, Failed> {
        writeln!(self.input, "{times} {question}").and_then(|()| self.input.flush()).map_err(|e| self.failed(&e))?;
        let line = self.line()?;
        let numbers = line.split_once(' ').and_then(|(us, bytes)| Some((us.parse().ok()?, bytes.parse().ok()?)));
        let Some((us, bytes)): Option<(f64, usize)> = numbers else {
            return Err(self.failed(&format!("it said `{line}` where two numbers should be")));
        };
        let mut answer = vec![0; bytes];
        self.output.read_exact(&mut answer).map_err(|error| self.failed(&error))?;
        #[expect(clippy::cast_precision_loss, reason = "chunks of a benchmark are few")]
        let thousands = (chunks * times) as f64 / 1_000.0;
        Ok(Reading { us: us / thousands, answer })
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> Failed {
        Failed(format!("{} failed: {why}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The words before a command that keep it on one processor; none where this system has no such command or one processor.
fn pinning(core: Core) -> Vec<String> {
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    if n_cores < 2 || output("taskset", &["--version"]).is_none() {
        return Vec::new();
    }
    let core = match core {
        Core::Readers => "0",
        Core::Server => "1",
    };
    ["taskset", "-c", core].map(str::to_owned).to_vec()
}
