//! An answer on its way: bytes from the socket through a decoder, as a stream of events without keys in its errors.

use futures_util::stream;
use parlance_core::chat::{Delivery, ModelStream};
use parlance_core::redact::Redactor;
use parlance_core::{ModelEvent, ProviderError};

use super::clean;
use crate::errors;
use crate::http::BodyReader;

/// Turns the bytes of one answer into events, without IO. Exactly one [`ModelEvent::Finished`] comes out, last, or an
/// error does.
pub trait Decode: Send + 'static {
    /// Takes bytes in; those behind the end are ignored.
    fn feed(&mut self, bytes: &[u8]);
    /// The body is over.
    fn end(&mut self);
    /// The transport failed.
    fn interrupt(&mut self, error: ProviderError);
    /// The next event; `None` when more must be fed, or when all is said.
    fn next_event(&mut self) -> Option<Result<ModelEvent, ProviderError>>;
    /// Whether nothing that is fed can change the outcome any more.
    fn is_over(&self) -> bool;
}

/// An answer that has begun well.
pub struct Answered {
    reader: BodyReader,
    delivery: Delivery,
    redactor: Redactor,
    provider: String,
    host: String,
    /// The first bytes, until it is clear that they are no web page.
    start: Vec<u8>,
}

/// Long enough for the words by which a web page is known.
const START_BYTES: usize = 64;

impl Answered {
    pub(super) fn new(
        reader: BodyReader,
        delivery: Delivery,
        redactor: Redactor,
        provider: String,
        host: String,
    ) -> Self {
        Self { reader, delivery, redactor, provider, host, start: Vec::new() }
    }

    /// How it comes, which the server decides.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// The answer as `decoder` reads it.
    #[must_use]
    pub fn into_events(self, decoder: impl Decode) -> ModelStream {
        // It lies in a box, because the stream hands it from event to event.
        Box::pin(stream::unfold(Box::new((self, decoder)), |mut both| async move {
            let (answer, decoder) = &mut *both;
            loop {
                if let Some(event) = decoder.next_event() {
                    let event = event.map_err(|error| clean(error, &answer.redactor));
                    return Some((event, both));
                }
                if decoder.is_over() {
                    return None;
                }
                answer.read(decoder).await;
            }
        }))
    }

    /// Moves what comes next from the socket into the decoder.
    async fn read(&mut self, decoder: &mut impl Decode) {
        match self.reader.chunk().await {
            Ok(Some(bytes)) => {
                if self.start.len() < START_BYTES {
                    self.start.extend(bytes.iter().take(START_BYTES - self.start.len()));
                    if errors::looks_like_html(&self.start) {
                        return decoder.interrupt(errors::not_the_api(&self.provider, &self.host));
                    }
                }
                decoder.feed(&bytes);
            }
            Ok(None) => decoder.end(),
            Err(failure) => decoder.interrupt(errors::from_http(&self.provider, &failure)),
        }
    }
}
