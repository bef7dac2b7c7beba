//! What a voice server answers, how fast, and what goes wrong: plain data.

use std::time::Duration;

use serde_json::{Value, json};

/// What every turn is answered with.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceScript {
    /// What the person is said to have said.
    pub question: String,
    /// The words of the answer.
    pub answer: String,
    /// Its sound, 24 kHz.
    pub sound: Vec<i16>,
    /// Between two pieces of 100 ms of sound; zero is as fast as they are taken.
    pub pace: Duration,
    /// From the end of a turn to the first piece of its answer.
    pub think: Duration,
    /// What the first turn of a connection asks for before it is answered.
    pub calls: Vec<VoiceCall>,
    /// What goes wrong …
    pub fault: Option<VoiceFault>,
    /// … and where.
    pub faulty: FaultyConnections,
}

impl Default for VoiceScript {
    /// An answer of one second, at once.
    fn default() -> Self {
        Self {
            question: "Can you hear me?".into(),
            answer: "Yes, very well.".into(),
            sound: (0..24_000).map(|at| (at % 311) as i16 * 7).collect(),
            pace: Duration::ZERO,
            think: Duration::ZERO,
            calls: Vec::new(),
            fault: None,
            faulty: FaultyConnections::All,
        }
    }
}

impl VoiceScript {
    /// The script of one connection, counted from 0.
    pub(super) fn on_connection(&self, number: usize) -> Self {
        let is_faulty = match self.faulty {
            FaultyConnections::All => true,
            FaultyConnections::First(connections) => number < connections,
        };
        Self { fault: self.fault.filter(|_| is_faulty), ..self.clone() }
    }
}

/// A tool that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceCall {
    /// The call's id.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// A JSON object.
    pub arguments: Value,
}

impl VoiceCall {
    /// The weather in Paris.
    #[must_use]
    pub fn weather() -> Self {
        Self { id: "call_1".into(), name: "get_weather".into(), arguments: json!({"city": "Paris"}) }
    }
}

/// Which connections something goes wrong on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultyConnections {
    /// Every one.
    All,
    /// So many, and none after them.
    First(usize),
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoiceFault {
    /// The handshake is refused with this status.
    Refused(u16),
    /// The connection ends without a goodbye right after the handshake.
    CutBeforeSession,
    /// It closes with this code and a reason right after the handshake.
    Closed(u16, &'static str),
    /// Nothing is ever said.
    Mute,
    /// The connection ends without a goodbye when so much of a turn was heard.
    CutInUtterance(Duration),
    /// … or after so many pieces of an answer's sound.
    CutAfter(usize),
    /// After so many pieces the answer stands still. The server is there.
    StallAfter(usize),
    /// After so many pieces nobody is there any more, and nobody was told.
    HalfOpenAfter(usize),
    /// So many frames that are no messages, after the first piece of an answer.
    Malformed(usize),
    /// A message of a kind that nobody has heard of, after the first piece of an answer.
    Unknown,
    /// The session ends when it has lasted so long.
    Capped(Duration),
    /// The server says that the session will end, where its protocol has a word for it, and ends it.
    GoesAway {
        /// From the beginning to the warning.
        after: Duration,
        /// From the warning to the end.
        left: Duration,
    },
    /// The server says that it cannot answer, in each answer's place.
    Fails,
    /// So much time passes before each frame is read.
    Slow(Duration),
}
