//! How many tokens a request has, by rules that need no network.
//!
//! # Layout
//!
//! * [`Prompt`] – the JSON of Chat Completions, which all rules read but the estimate.
//! * [`openai`] – OpenAI's rules, over the JSON that is sent.
//! * [`hugging_face`] – a model's own `tokenizer.json` and chat template, from its maker's folder.
//! * [`estimate`] – what can be said of a model of which neither is at hand.
//! * [`vocabulary`] – which of OpenAI's models reads text in which pieces.
//! * `media`, `json` – how large a picture is, how long a sound; JSON as Python writes it.
//!
//! `app` chooses among these and the counts of providers' own endpoints, which lie in their folders. Vocabularies are
//! unpacked when something is first counted (a quarter of a second and 25 MB for the larger one) and then kept.
//!
//! Deliberately absent: IO but for the files of a tokenizer, and the choice of who counts.

pub mod estimate;
pub mod hugging_face;
pub mod openai;
pub mod vocabulary;

mod json;
mod media;
mod prompt;
mod tally;

pub use prompt::Prompt;
