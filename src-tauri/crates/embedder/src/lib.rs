//! The model that turns texts into vectors on this machine: all-MiniLM-L6-v2, 384 dimensions, some milliseconds a text.
//!
//! [`Embedder`] is the model in memory: words to tokens (`tokens`), tokens to a vector (`network`), from a folder with packed
//! weights (`packed`). [`LocalModel`] is what others are given: a thread that loads it when it is needed, lets it go when it is
//! not, and answers a person's question before the next note. `packed` is made once, at set-up, from what the model's
//! makers published (`published`), by the example `pack`.
//!
//! It reads files and nothing else; no text leaves the machine.

mod embedder;
mod error;
mod local;
mod network;
mod packed;
mod published;
mod tokens;

pub use embedder::{DIMENSIONS, Embedder};
pub use error::ModelError;
pub use local::LocalModel;
pub use packed::{TOKENIZER, WEIGHTS, pack};
pub use tokens::LONGEST;
