//! Models that write down what is said: what every provider's transcription shares. Each brings a [`TranscriptionApi`].
//!
//! * [`client`] – asks with a recording; what is spoken meanwhile is gathered first.
//! * [`form`] – a question as a form with a file in it.
//! * [`heard`] – what all of them keep of the words while they come.
//!
//! Deliberately absent: microphones, and where one turn ends and the next begins.

pub mod client;
pub mod form;
pub(crate) mod heard;
mod wav;

pub use client::{Sent, TranscriptionApi, TranscriptionClient};
pub use form::Form;

use crate::decoder;
use crate::transport::Decode;
use parlance_core::transcription::TranscriptEvent;

/// For fuzzing: any bytes, in any split, give the same words; exactly one end comes, last, also after a cut.
///
/// # Panics
/// When a promise is broken.
pub(crate) fn check<D: Decode<Event = TranscriptEvent>>(data: &[u8], decoder: impl Fn() -> D) {
    let whole = decoder::decode(decoder(), [data]);
    let split = data.first().map_or(1, |&seed| usize::from(seed % 7) + 1);
    assert_eq!(whole, decoder::decode(decoder(), data.chunks(split)), "BUG: a split of {split} changes the words");
    decoder::check_end(&whole);
    decoder::check_end(&decoder::decode(decoder(), [&data[..data.len() - data.len() / 3]]));
}
