//! A local server that speaks the providers' protocols, for tests and for trying the app without an account.
//!
//! A test starts a [`Simulator`] with a [`Scenario`], points a provider at [`Simulator::base_url`], and afterwards reads
//! [`Simulator::requests`]. The binary `parlance-simulator` does the same for other processes and is steered through
//! `/_simulator/…`.
//!
//! # Layout
//!
//! * [`scenario`] – what to answer, how fast, and what goes wrong: plain data, readable from JSON.
//! * [`server`] – the listener, its connections, and what it recorded.
//! * [`http1`] – requests in, responses out, with every byte under control.
//! * [`answer`] – carries one answer out: pace, framing, faults.
//! * [`openai`], [`anthropic`], [`gemini`], [`ollama`], [`dashscope`] – the bodies of these protocols; `protocol` – which of them an endpoint speaks.
//! * [`steering`] – the requests under `/_simulator/`.
//! * [`nowhere`] – addresses at which nobody answers.
//!
//! HTTP is written by hand here, because a library would refuse to produce what these tests are about: an answer cut at
//! an exact byte, a reset, a head that lies. Deliberately absent: TLS, and any behaviour that a scenario did not ask for.

pub mod answer;
pub mod anthropic;
pub mod dashscope;
pub mod gemini;
pub mod http1;
pub mod nowhere;
pub mod ollama;
pub mod openai;
mod protocol;
pub mod scenario;
mod script;
pub mod server;
pub mod steering;

pub use scenario::{Answer, Body, Fault, Framing, HangUp, Pace, Piece, Rule, Scenario, Script};
pub use server::{Request, Simulator};
