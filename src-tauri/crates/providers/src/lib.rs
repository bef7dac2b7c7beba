//! Model providers: requests out, events in.
//!
//! # Layout
//!
//! * [`anthropic`] – Messages.
//! * [`gemini`] – Google's `generateContent`.
//! * [`openai`] – Chat Completions, and everybody who speaks its dialects.
//! * [`responses`] – OpenAI's Responses.
//! * [`dashscope`] – Alibaba Cloud's own protocol, for Qwen.
//! * [`ollama`] – Ollama's own protocol, a JSON value a line.
//! * [`builtin`] – models that need no server.
//! * [`provider`] – where a provider is and how its key is fetched.
//! * [`base_url`] – what people type as an address, made an address.
//! * [`media`] – pictures and sound of messages, brought into the request. The one room that reads files.
//! * [`client`] – the client of every provider; what differs is an `Api`.
//! * [`decoder`] – bytes of an answer to events, whatever the protocol.
//! * [`models`] – what models a server offers and what they can do: lists, filled up by what is known of names.
//! * [`extra_headers`] – headers that callers add.
//! * [`framing`] – bytes to events.
//! * [`http`] – the only place that builds HTTP clients; time limits.
//! * `rounds` – a turn with tools in it, put apart as providers want it.
//! * [`structured`] – answers of a given shape: the ways to ask for one, and whether it came.
//! * `history`, `lenient`, `tool_calls`, `tally` – what writers of messages and mappers of answers share.
//! * [`transport`] – how every provider is asked: keys, tries, refusals, and the stream of an answer.
//! * [`speakers`] – a conversation of several speakers, put to a model that is one of them.
//! * [`realtime`] – voices over an open connection.
//! * [`speech`] – models that speak a text.
//! * [`transcription`] – models that write down what is said.
//! * [`retry`] – what may be asked again, and when.
//! * [`errors`] – a refusal, by what the caller can do about it.
//!
//! A provider's folder has the same files: `wire` (the JSON), `request` (a pure function from the domain's request),
//! `mapper` (a pure, stateful function from wire events to the domain's), `decoder` (bytes to events, still without IO),
//! `api` (what is asked and how it is read). Deliberately absent: where keys are stored, settings, sound devices, the database.

pub mod anthropic;
pub mod base_url;
pub mod builtin;
pub mod client;
pub mod dashscope;
pub mod decoder;
pub mod errors;
pub mod extra_headers;
pub mod framing;
pub mod gemini;
mod history;
pub mod http;
mod lenient;
pub mod media;
pub mod models;
pub mod ollama;
pub mod openai;
pub mod provider;
pub mod realtime;
pub mod responses;
pub mod retry;
mod rounds;
pub mod speakers;
pub mod speech;
pub mod structured;
mod tally;
mod tool_calls;
pub mod transcription;
pub mod transport;

pub use client::{Api, Client, Counting};
pub use provider::{KeySource, KeyUnavailable, NoKey, Provider};
pub use realtime::RealtimeClient;
pub use speech::SpeechClient;
pub use transcription::TranscriptionClient;
