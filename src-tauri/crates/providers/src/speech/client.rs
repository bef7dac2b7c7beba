//! The client of models that are asked for a text whole.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::ProviderError;
use parlance_core::asked::Asked;
use parlance_core::synthesis::{
    SpeechCapabilities, SpeechEvent, SpeechManner, SpeechModel, SpeechSession, SpeechStream, TextIntake,
};
use tracing::Instrument as _;
use url::Url;

use super::answer::{Carriage, SpeechDecoder};
use super::{pieces, text};
use crate::decoder::Protocol;
use crate::http::{Http, TimeLimits};
use crate::provider::Provider;
use crate::retry::Retry;
use crate::transport::{Answered, Headers, Manner, Question, Transport};

/// One protocol of a model that is asked for a text whole.
pub trait SpeechApi: Clone + Send + Sync + 'static {
    /// How it tells its sound.
    type Protocol: Protocol<Event = SpeechEvent>;

    /// How its servers want to be spoken to.
    fn manner(&self) -> Manner {
        Manner::USUAL
    }

    /// Where its paths begin, whatever people type along.
    fn root(&self, base: Url) -> Url {
        base
    }

    /// The longest text of one request, in characters; `None` where nobody says.
    fn most_characters(&self) -> Option<usize>;

    /// The request as it is sent. Pure.
    ///
    /// # Errors
    /// When the request cannot be written for this protocol.
    fn question(&self, provider: &Provider, text: &str, manner: &SpeechManner) -> Result<Question, ProviderError>;

    /// How the sound of an answer of this media type comes, if not as its delivery says.
    fn carriage(&self, answered: &Answered) -> Carriage {
        Carriage::Told(answered.delivery())
    }

    /// A reader of an answer in its protocol. `characters` are those of the text.
    fn protocol(&self, provider: Arc<str>, characters: u64) -> Self::Protocol;
}

/// A model that is asked for a text whole. Cheap to clone.
#[derive(Clone)]
pub struct SpeechClient<A> {
    transport: Transport,
    api: A,
}

impl<A: SpeechApi> SpeechClient<A> {
    /// A client with the usual limits.
    #[must_use]
    pub fn new(mut provider: Provider, api: A, http: Http) -> Self {
        provider.base_url = api.root(provider.base_url);
        Self { transport: Transport::new(provider, api.manner(), http), api }
    }

    /// The same with headers of the caller's in every request, as [`crate::extra_headers::read`] gives them.
    #[must_use]
    pub fn with_headers(self, headers: Headers) -> Self {
        Self { transport: self.transport.with_headers(headers), ..self }
    }

    /// The same with other time limits for every request.
    #[must_use]
    pub fn with_limits(self, limits: TimeLimits) -> Self {
        Self { transport: self.transport.with_limits(limits), ..self }
    }

    /// The same with another way of waiting between tries.
    #[must_use]
    pub fn with_retry(self, retry: Retry) -> Self {
        Self { transport: self.transport.with_retry(retry), ..self }
    }

    fn cut<'a>(&self, text: &'a str) -> Vec<&'a str> {
        text::cut(text, self.api.most_characters().unwrap_or(usize::MAX))
    }

    /// Speaks a text that is short enough for one request.
    async fn speak_one(&self, text: &str, manner: &SpeechManner) -> Result<SpeechStream, ProviderError> {
        let span = tracing::info_span!("speak", provider = self.transport.name());
        async {
            let question = self.api.question(self.transport.provider(), text, manner)?;
            let answered = self.transport.post(&question).await?;
            let (name, characters) = (Arc::from(self.transport.name()), text::characters(text));
            let decoder = match self.api.carriage(&answered) {
                Carriage::Bare => SpeechDecoder::bare(name, answered.media_type(), characters),
                Carriage::Told(delivery) => SpeechDecoder::told(delivery, self.api.protocol(name, characters)),
            };
            Ok(answered.into_events(decoder))
        }
        .instrument(span)
        .await
    }
}

#[async_trait]
impl<A: SpeechApi> SpeechModel for SpeechClient<A> {
    fn capabilities(&self) -> SpeechCapabilities {
        SpeechCapabilities { intake: TextIntake::Whole, most_characters: self.api.most_characters() }
    }

    /// Of a text that is too long for one request it is the first of several.
    fn request(&self, text: &str, manner: &SpeechManner) -> Result<Asked, ProviderError> {
        let first = self.cut(text).first().copied().unwrap_or(text);
        let question = self.api.question(self.transport.provider(), first, manner)?;
        Ok(Asked::Http(self.transport.show(&question)))
    }

    async fn speak(&self, text: &str, manner: &SpeechManner) -> Result<SpeechStream, ProviderError> {
        match self.cut(text).as_slice() {
            [] => Ok(Box::pin(futures_util::stream::iter([Ok(SpeechEvent::Finished)]))),
            [one] => self.speak_one(one, manner).await,
            [first, rest @ ..] => {
                // The first one is asked for here, so that a refusal is one of the whole.
                let begun = self.speak_one(first, manner).await?;
                let rest = rest.iter().map(|&piece| piece.to_owned()).collect();
                Ok(pieces::speak_all(self.clone(), manner.clone(), begun, rest))
            }
        }
    }

    async fn begin(&self, manner: &SpeechManner) -> Result<SpeechSession, ProviderError> {
        Ok(pieces::begin(self.clone(), manner.clone()))
    }
}

/// What `pieces` asks.
#[async_trait]
pub(super) trait SpeaksPieces: Send + Sync + 'static {
    /// A text in pieces that are short enough.
    fn cut_up(&self, text: &str) -> Vec<String>;
    /// One of them, spoken.
    async fn speak_piece(&self, text: &str, manner: &SpeechManner) -> Result<SpeechStream, ProviderError>;
}

#[async_trait]
impl<A: SpeechApi> SpeaksPieces for SpeechClient<A> {
    fn cut_up(&self, text: &str) -> Vec<String> {
        self.cut(text).into_iter().map(str::to_owned).collect()
    }

    async fn speak_piece(&self, text: &str, manner: &SpeechManner) -> Result<SpeechStream, ProviderError> {
        self.speak_one(text, manner).await
    }
}
