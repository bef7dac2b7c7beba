//! An answer on its way: bytes from the socket through a decoder, as a stream of events without keys in its errors.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use parlance_core::ProviderError;
use parlance_core::chat::Delivery;
use parlance_core::redact::Redactor;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tracing::Span;

use super::clean;
use crate::decoder::AnswerEvent;
use crate::errors;
use crate::http::{BodyReader, HttpFailure};

/// An answer while it arrives. Dropping it closes its connection.
pub type EventStream<E> = Pin<Box<dyn Stream<Item = Result<E, ProviderError>> + Send>>;

/// Turns the bytes of one answer into events, without IO. Exactly one last event comes out ([`AnswerEvent::is_last`]), or an
/// error does.
pub trait Decode: Send + Unpin + 'static {
    /// What comes out.
    type Event: AnswerEvent;

    /// Takes bytes in; those behind the end are ignored.
    fn feed(&mut self, bytes: &[u8]);
    /// The body is over.
    fn end(&mut self);
    /// The transport failed.
    fn interrupt(&mut self, error: ProviderError);
    /// The next event; `None` when more must be fed, or when all is said.
    fn next_event(&mut self) -> Option<Result<Self::Event, ProviderError>>;
    /// Whether nothing that is fed can change the outcome any more.
    fn is_over(&self) -> bool;
}

/// An answer that has begun well.
pub struct Answered {
    /// `None` once nothing more is read.
    reader: Option<BodyReader>,
    media_type: String,
    delivery: Delivery,
    redactor: Redactor,
    provider: String,
    host: String,
    /// The first bytes, until it is clear that they are no web page.
    start: Vec<u8>,
}

/// Long enough for the words by which a web page is known.
const START_BYTES: usize = 64;

/// The end of a body comes with the end of its answer or right after it: longer than this nobody waits for it.
const LINGER: Duration = Duration::from_secs(1);

/// Behind the end of an answer there is an empty line or two.
const MOST_BEHIND_THE_END: usize = 4 * 1024;

impl Answered {
    pub(super) fn new(
        reader: BodyReader,
        media_type: String,
        delivery: Delivery,
        redactor: Redactor,
        provider: String,
        host: String,
    ) -> Self {
        Self { reader: Some(reader), media_type, delivery, redactor, provider, host, start: Vec::new() }
    }

    /// How it comes, which the server decides.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// What the server says it sends, without parameters and in lower case; empty where it says nothing.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The answer as `decoder` reads it.
    #[must_use]
    pub fn into_events<D: Decode>(self, decoder: D) -> EventStream<D::Event> {
        Box::pin(Events { answer: self, decoder, _span: Span::current() })
    }

    /// The answer is whole, though the body may have an end yet to come: it is read, so that the connection serves the next
    /// question without being made anew.
    fn let_go(&mut self, context: &mut Context<'_>) {
        let Some(mut reader) = self.reader.take() else { return };
        // Mostly it is there already.
        if !matches!(reader.poll_chunk(context), Poll::Ready(Ok(None) | Err(_)))
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(timeout(LINGER, reader.read_all(MOST_BEHIND_THE_END)));
        }
    }

    /// Puts what came from the socket into the decoder.
    fn hand_on(&mut self, read: Result<Option<Bytes>, HttpFailure>, decoder: &mut impl Decode) {
        match read {
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

/// An answer, event by event.
struct Events<D> {
    answer: Answered,
    decoder: D,
    /// The call's, which is over when the answer is.
    _span: Span,
}

impl<D: Decode> Stream for Events<D> {
    type Item = Result<D::Event, ProviderError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { answer, decoder, .. } = self.get_mut();
        loop {
            if let Some(event) = decoder.next_event() {
                return Poll::Ready(Some(event.map_err(|error| {
                    // What fails in the middle leaves no connection that could be used again.
                    answer.reader = None;
                    clean(error, &answer.redactor)
                })));
            }
            let Some(reader) = answer.reader.as_mut().filter(|_| !decoder.is_over()) else {
                answer.let_go(context);
                return Poll::Ready(None);
            };
            let read = ready!(reader.poll_chunk(context));
            answer.hand_on(read, decoder);
        }
    }
}
