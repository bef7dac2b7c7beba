//! A local server that speaks the providers' protocols, for tests and for trying the app without an account.
//!
//! A test starts a [`Simulator`] with a [`Scenario`], points a provider at [`Simulator::base_url`], and afterwards reads
//! [`Simulator::requests`]. The binary `parlance-simulator` does the same for other processes and is steered through
//! `/_simulator/…`.
//!
//! # Layout
//!
//! * [`scenario`] – what to answer, how fast, and what goes wrong: plain data, readable from JSON.
//! * [`script`], [`failure`], [`model`] – what an answer says, why there is none, which models there are.
//! * [`server`] – the listener, its connections, and what it recorded.
//! * [`http1`] – requests in, responses out, with every byte under control.
//! * [`answer`] – carries one answer out: pace, framing, faults.
//! * `route` – what a request asks for and in whose protocol; `protocol`, `vendor` – what they all do, each in its way.
//! * [`openai`], [`anthropic`], [`gemini`], [`ollama`], [`dashscope`] – the bodies of these protocols; `blocks`, `shape` –
//!   what some of them share.
//! * [`transcription`] – recordings written down.
//! * [`speech`] – text to speech, asked by a question or written to over a socket.
//! * [`voice`] – a server of its own for the realtime voice protocols.
//! * [`steering`] – the requests under `/_simulator/`.
//! * [`nowhere`] – addresses at which nobody answers.
//!
//! HTTP is written by hand here, because a library would refuse to produce what these tests are about: an answer cut at
//! an exact byte, a reset, a head that lies. Deliberately absent: TLS, and any behaviour that a scenario did not ask for.

pub mod answer;
pub mod anthropic;
mod blocks;
pub mod dashscope;
pub mod failure;
pub mod gemini;
pub mod http1;
pub mod model;
pub mod nowhere;
pub mod ollama;
pub mod openai;
mod protocol;
mod route;
pub mod scenario;
pub mod script;
pub mod server;
mod shape;
pub mod speech;
pub mod steering;
pub mod transcription;
mod vendor;
pub mod voice;

pub use failure::Failure;
pub use model::{Ability, Model};
pub use scenario::{Answer, Body, Counting, Fault, Framing, HangUp, Pace, Rule, Scenario};
pub use script::{Piece, Script};
pub use server::{Request, Simulator};
