//! What the simulator answers: plain data, the same from Rust and from a JSON file.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;
use crate::model::Model;
use crate::script::Script;

/// What the server does, for as long as it is not given another one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The key it asks for: any other gets 401. `None` takes every request.
    pub key: Option<String>,
    /// What the list of models holds. Empty means one model called `simulated`.
    pub models: Vec<Model>,
    /// What is said to requests that count tokens.
    pub counting: Counting,
    /// The first rule that fits and is not used up answers. Where none does, the server repeats what it was told.
    pub rules: Vec<Rule>,
}

impl Scenario {
    /// Always this answer.
    #[must_use]
    pub fn always(answer: Answer) -> Self {
        Self { rules: vec![Rule { answer, ..Rule::default() }], ..Self::default() }
    }

    /// These answers in turn; the last one for ever.
    #[must_use]
    pub fn in_turn(answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut rules: Vec<Rule> =
            answers.into_iter().map(|answer| Rule { times: Some(1), answer, ..Rule::default() }).collect();
        if let Some(last) = rules.last_mut() {
            last.times = None;
        }
        Self { rules, ..Self::default() }
    }
}

/// How tokens are counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// One for every word of the conversation, its system text and its tools.
    #[default]
    Words,
    /// Always so many.
    Exactly(u64),
    /// Not at all.
    Fails(Failure),
}

/// When to give an answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Words that the last message must contain, or the results of tools behind the last answer; `None` fits every
    /// request.
    pub when: Option<String>,
    /// How often it may be used; `None` for ever.
    pub times: Option<u32>,
    /// The answer.
    pub answer: Answer,
}

/// One response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answer {
    /// The HTTP status; a body that fails brings its own.
    pub status: u16,
    /// Headers beside those of the framing; a `content-type` here replaces the body's own.
    pub headers: Vec<(String, String)>,
    /// What it says.
    pub body: Body,
    /// How fast.
    pub pace: Pace,
    /// How the end of the body is marked.
    pub framing: Framing,
    /// What goes wrong, if anything.
    pub fault: Option<Fault>,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Body::default(),
            pace: Pace::default(),
            framing: Framing::default(),
            fault: None,
        }
    }
}

impl Answer {
    /// A script at full speed.
    #[must_use]
    pub fn script(script: Script) -> Self {
        Self { body: Body::Script(script), ..Self::default() }
    }

    /// These words, one delta a word.
    #[must_use]
    pub fn says(words: &str) -> Self {
        Self::script(Script::says(words))
    }

    /// A refusal with the status and the words of the protocol that is asked in.
    #[must_use]
    pub fn fails(failure: Failure) -> Self {
        Self { body: Body::Fails { failure }, ..Self::default() }
    }

    /// A JSON body with a status, as servers refuse.
    #[must_use]
    pub fn refuses(status: u16, body: &Value) -> Self {
        Self {
            status,
            body: Body::Text { content_type: "application/json".into(), text: body.to_string() },
            ..Self::default()
        }
    }

    /// Exactly these bytes.
    #[must_use]
    pub fn bytes(content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { body: Body::Bytes { content_type: content_type.into(), bytes: bytes.into() }, ..Self::default() }
    }

    /// The same with a fault.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The same at a pace.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// The same with another framing.
    #[must_use]
    pub fn with_framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// What a response says.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// An answer, written in the protocol of the endpoint that was asked, streamed or whole as the request wants.
    Script(Script),
    /// No answer, for this reason, in the protocol's own status and words.
    Fails {
        /// The reason.
        failure: Failure,
    },
    /// This text.
    Text {
        /// Its media type.
        content_type: String,
        /// The text.
        text: String,
    },
    /// These bytes.
    Bytes {
        /// Their media type.
        content_type: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A recorded body, byte for byte.
    Recording {
        /// Its media type.
        content_type: String,
        /// A file, relative to the working folder.
        path: String,
    },
    /// The same text over and over, without an end of its own.
    Flood {
        /// Its media type.
        content_type: String,
        /// Comes first, once.
        prefix: String,
        /// What is repeated.
        text: String,
        /// Stop after this many bytes.
        bytes: u64,
    },
    /// Repeats the last message.
    #[default]
    Repeat,
}

/// How fast a body goes out. All zeros and `None` is as fast as the socket takes it, one write an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pace {
    /// Milliseconds before the head.
    pub before_head_ms: u64,
    /// Milliseconds before each write of the body.
    pub between_ms: u64,
    /// Cut the body into writes of so many bytes, wherever that falls.
    pub bytes_per_write: Option<usize>,
    /// Write so many events, each a chunk of its own, at once; 0 and 1 are the same.
    pub events_per_write: usize,
}

/// How the end of a body is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// Chunks, as streaming servers do.
    #[default]
    Chunked,
    /// A `content-length`.
    Length,
    /// The connection ends, so a cut cannot be told from an end by the transport.
    UntilClose,
}

/// What goes wrong with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The connection ends before the head.
    CutBeforeHead {
        /// How.
        how: HangUp,
    },
    /// The connection ends after so many bytes of the body.
    Cut {
        /// Bytes of the body that still come.
        after_bytes: u64,
        /// How.
        how: HangUp,
    },
    /// Nothing comes at all, and the connection stays open.
    StallBeforeHead,
    /// Nothing more comes after so many bytes of the body, and the connection stays open.
    Stall {
        /// Bytes of the body that still come.
        after_bytes: u64,
    },
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangUp {
    /// In order: FIN.
    Close,
    /// At once: RST.
    Reset,
}
