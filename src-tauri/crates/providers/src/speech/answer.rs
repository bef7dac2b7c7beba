//! Bytes of an answer to sound, without IO: bare, or in events or one object of the provider's protocol.

use std::sync::Arc;

use parlance_core::chat::Delivery;
use parlance_core::synthesis::SpeechEvent;
use parlance_core::{AudioChunk, ProviderError};

use super::raw::RawSound;
use crate::decoder::{self, AnswerDecoder, Protocol};
use crate::transport::Decode;

/// How the sound of an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carriage {
    /// As the body itself.
    Bare,
    /// In the provider's protocol, which the delivery says how to read.
    Told(Delivery),
}

/// Decodes one answer.
#[derive(Debug)]
pub struct SpeechDecoder<P: Protocol<Event = SpeechEvent>>(Reader<P>);

#[derive(Debug)]
enum Reader<P: Protocol<Event = SpeechEvent>> {
    Bare(RawSound),
    Told(AnswerDecoder<P>),
}

impl<P: Protocol<Event = SpeechEvent>> SpeechDecoder<P> {
    /// A decoder for a body that is the sound itself, which the server calls `media_type`. `characters` are those of the text.
    #[must_use]
    pub fn bare(provider: Arc<str>, media_type: &str, characters: u64) -> Self {
        Self(Reader::Bare(RawSound::new(provider, media_type, characters)))
    }

    /// A decoder for an answer in a protocol.
    #[must_use]
    pub fn told(delivery: Delivery, protocol: P) -> Self {
        Self(Reader::Told(AnswerDecoder::of(delivery, protocol)))
    }
}

impl<P: Protocol<Event = SpeechEvent>> Decode for SpeechDecoder<P> {
    type Event = SpeechEvent;

    fn feed(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Reader::Bare(reader) => reader.feed(bytes),
            Reader::Told(reader) => reader.feed(bytes),
        }
    }

    fn end(&mut self) {
        match &mut self.0 {
            Reader::Bare(reader) => reader.end(),
            Reader::Told(reader) => reader.end(),
        }
    }

    fn interrupt(&mut self, error: ProviderError) {
        match &mut self.0 {
            Reader::Bare(reader) => reader.interrupt(error),
            Reader::Told(reader) => reader.interrupt(error),
        }
    }

    fn next_event(&mut self) -> Option<Result<SpeechEvent, ProviderError>> {
        match &mut self.0 {
            Reader::Bare(reader) => reader.next_event(),
            Reader::Told(reader) => reader.next_event(),
        }
    }

    fn is_over(&self) -> bool {
        match &self.0 {
            Reader::Bare(reader) => reader.is_over(),
            Reader::Told(reader) => reader.is_over(),
        }
    }
}

/// The same events with neighbouring pieces of sound made one: where the bytes were cut does not matter.
#[must_use]
pub fn join(events: Vec<Result<SpeechEvent, ProviderError>>) -> Vec<Result<SpeechEvent, ProviderError>> {
    let mut joined: Vec<Result<SpeechEvent, ProviderError>> = Vec::new();
    for event in events {
        match (joined.last_mut(), event) {
            (Some(Ok(SpeechEvent::Audio(before))), Ok(SpeechEvent::Audio(AudioChunk { samples, rate })))
                if before.rate == rate =>
            {
                before.samples.extend(samples);
            }
            (_, event) => joined.push(event),
        }
    }
    joined
}

/// For fuzzing: any bytes, in any split, give the same speech; exactly one end comes, last, also after a cut.
///
/// # Panics
/// When a promise is broken.
pub(crate) fn check<D: Decode<Event = SpeechEvent>>(data: &[u8], decoder: impl Fn() -> D) {
    let whole = join(decoder::decode(decoder(), [data]));
    let split = data.first().map_or(1, |&seed| usize::from(seed % 7) + 1);
    assert_eq!(
        whole,
        join(decoder::decode(decoder(), data.chunks(split))),
        "BUG: a split of {split} changes the speech"
    );
    decoder::check_end(&whole);
    decoder::check_end(&decoder::decode(decoder(), [&data[..data.len() - data.len() / 3]]));
}
