//! Models that speak: what every provider's text to speech shares. One that is asked by a question brings a [`SpeechApi`]; one
//! that is written to over a socket brings a [`SpeechSocketApi`] with a [`SpeechCodec`].
//!
//! * [`client`] – asks for a text whole; `pieces` speaks one that is still being written, a piece at a time.
//! * [`answer`] – bytes of an answer to sound, whether it comes bare or in events; `raw` – sound that comes bare.
//! * [`socket`] – text in, sound out over one socket, opened again where it breaks; `pump` – the task that owns it; `script` –
//!   what was written, sent and spoken.
//! * `spoken` – what all of them keep of a speech while it comes.
//!
//! Deliberately absent: what a text should be cleaned of before it is spoken, and playing the sound.

pub mod answer;
pub mod client;
mod pieces;
mod pump;
pub(crate) mod raw;
mod script;
pub mod socket;
pub(crate) mod spoken;
pub(crate) mod text;

pub use answer::{SpeechDecoder, join};
pub use client::{SpeechApi, SpeechClient};
pub use socket::{SpeechCodec, SpeechSocketApi, SpeechSocketClient};
