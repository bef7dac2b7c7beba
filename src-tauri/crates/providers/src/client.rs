//! The client of every provider: media brought along, turns with tools put apart, speakers named where there are several;
//! one question asked, another in its place where the provider says so or where the answer has not the shape that was asked
//! for; the answer decoded. What differs from protocol to protocol is an [`Api`].
//!
//! * `fitting` – answers that must have a shape.
//!
//! Deliberately absent: anything that only one provider does.

mod fitting;

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::{ChatModel, Delivery, Formatter, HttpRequest, ModelStream};
use parlance_core::{
    Category, ChatRequest, ModelEvent, ModelInfo, Msg, ProviderError, Structured, StructuredWay, TokenCount,
};
use serde_json::{Map, Value};
use tracing::Instrument as _;
use url::Url;

use crate::extra_headers;
use crate::history;
use crate::http::{Http, TimeLimits};
use crate::media::{self, MediaReader, Reach, ServerFetches};
use crate::models::{self, Listed};
use crate::provider::Provider;
use crate::retry::Retry;
use crate::rounds;
use crate::speakers::{self, Layout};
use crate::structured::{self, KnownWays, Shape, Ways};
use crate::transport::{Decode, Headers, Manner, Question, Transport};

/// So often another question may take the place of a refused one: two other ways to ask for a shape, and one without seals.
const MOST_OTHER_WAYS: usize = 3;

/// One protocol: what is asked, and how the answer is read.
#[async_trait]
pub trait Api: Clone + Send + Sync + 'static {
    /// Reads one answer.
    type Decoder: Decode<Event = ModelEvent>;

    /// How its servers want to be spoken to.
    fn manner(&self) -> Manner {
        Manner::USUAL
    }

    /// Where its paths begin, whatever people type along: with a version, without one, with another protocol's.
    fn root(&self, base: Url) -> Url {
        base
    }

    /// How a conversation of several speakers is laid out.
    fn layout(&self) -> Layout;

    /// What its servers fetch from the web by themselves.
    fn server_fetches(&self) -> ServerFetches {
        ServerFetches::Nothing
    }

    /// Names under which a request's own parameters may hold headers.
    fn header_fields(&self) -> &'static [&'static str] {
        &["extra_headers"]
    }

    /// The request as it is sent. Pure; media from files stand in the messages already.
    ///
    /// # Errors
    /// When the request cannot be written for this protocol.
    fn question(&self, provider: &Provider, request: &ChatRequest) -> Result<Question, ProviderError>;

    /// A reader of the answer to a question with the body `asked`, that comes as `delivery` says.
    fn decoder(&self, provider: Arc<str>, asked: &Map<String, Value>, delivery: Delivery) -> Self::Decoder;

    /// What to ask instead of a request that was refused with `error`; `None` when nothing else would help.
    fn instead(&self, _request: &ChatRequest, _error: &ProviderError) -> Option<ChatRequest> {
        None
    }

    /// How the server is asked for the tokens of a request; `None` where the protocol has no such question. Pure, as
    /// [`Api::question`].
    ///
    /// # Errors
    /// When the request cannot be written for this protocol.
    fn counting(&self, _provider: &Provider, _request: &ChatRequest) -> Result<Option<Counting>, ProviderError> {
        Ok(None)
    }

    /// How an answer of a given shape can be asked for with this request.
    fn ways(&self, request: &ChatRequest) -> Ways;

    /// The models that the server offers, as its list has them.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or gives no such list.
    async fn models(&self, transport: &Transport) -> Result<Vec<Listed>, ProviderError>;
}

/// A server is asked how many tokens a request has.
pub struct Counting {
    /// Where to.
    pub url: Url,
    /// Headers of the protocol's own.
    pub headers: Headers,
    /// The JSON body.
    pub body: Map<String, Value>,
    /// Reads the answer; `None` when it holds no count.
    pub read: fn(&[u8]) -> Option<u64>,
}

/// An answer with a count is short; the longest lists the kinds of what was counted.
const MOST_COUNT_BYTES: usize = 64 * 1024;

/// A server of one protocol. Cheap to clone.
#[derive(Clone)]
pub struct Client<A> {
    transport: Transport,
    api: A,
    media: Arc<dyn MediaReader>,
    ways: KnownWays,
}

impl<A: Api> Client<A> {
    /// A client with the usual limits.
    #[must_use]
    pub fn new(mut provider: Provider, api: A, http: Http, media: Arc<dyn MediaReader>) -> Self {
        provider.base_url = api.root(provider.base_url);
        Self { transport: Transport::new(provider, api.manner(), http), api, media, ways: KnownWays::default() }
    }

    /// The same with headers of the caller's in every request, as [`extra_headers::read`] gives them.
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

    /// Messages with every medium that must come along inside.
    ///
    /// # Errors
    /// As [`media::resolve`].
    pub async fn bring_media(&self, messages: &[Msg]) -> Result<Vec<Msg>, ProviderError> {
        let reach = Reach { takes: self.api.layout().takes, server: self.api.server_fetches() };
        media::resolve(self.transport.name(), messages, &*self.media, reach).await
    }

    /// The messages of a request as its formatter puts them.
    fn formatted(&self, messages: &[Msg], formatter: Formatter) -> Vec<Msg> {
        let _span = tracing::debug_span!("format", ?formatter, messages = messages.len()).entered();
        let apart = rounds::split(messages);
        match formatter {
            Formatter::Chat => apart.into_owned(),
            Formatter::MultiAgent => speakers::told(&apart, self.api.layout()),
        }
    }

    /// The question as it is sent, with the caller's headers.
    fn question(&self, request: &ChatRequest) -> Result<Question, ProviderError> {
        let mut request = request.clone();
        let own = extra_headers::take(self.transport.name(), &mut request.extra, self.api.header_fields())?;
        let mut question = self.api.question(self.transport.provider(), &request)?;
        extra_headers::join(&mut question.headers, own);
        Ok(question)
    }

    /// The tokens of a request as the server counts them; `None` where the protocol has no such question.
    ///
    /// # Errors
    /// When the request cannot be written, or when the server cannot be reached, refuses, or answers with something else.
    pub async fn count(&self, request: &ChatRequest) -> Result<Option<TokenCount>, ProviderError> {
        let messages = self.bring_media(&request.messages).await?;
        let messages = self.formatted(&messages, request.formatter);
        let mut request = ChatRequest { messages, ..request.clone() };
        let own = extra_headers::take(self.transport.name(), &mut request.extra, self.api.header_fields())?;
        let Some(counting) = self.api.counting(self.transport.provider(), &request)? else { return Ok(None) };
        let Counting { url, mut headers, body, read } = counting;
        extra_headers::join(&mut headers, own);
        let answer = self.transport.post_brief(&url, &headers, &body, MOST_COUNT_BYTES).await?;
        let none = || self.transport.fail(Category::Protocol, "the server's answer holds no count of tokens");
        Ok(Some(TokenCount { tokens: read(&answer).ok_or_else(none)?, exact: true }))
    }

    /// Asks until something of an answer comes; gives the request that was answered.
    async fn ask(&self, mut request: ChatRequest) -> Result<(ChatRequest, ModelStream), ProviderError> {
        let mut other_ways = 0;
        loop {
            let question = self.question(&request)?;
            let error = match self.transport.post(&question).await {
                Ok(answered) => {
                    let name = Arc::from(self.transport.name());
                    let decoder = self.api.decoder(name, &question.body, answered.delivery());
                    if other_ways > 0 {
                        self.remember_way(&request);
                    }
                    return Ok((request, answered.into_events(decoder)));
                }
                Err(error) => error,
            };
            match self.instead(&request, &error).filter(|_| other_ways < MOST_OTHER_WAYS) {
                Some(other) => request = other,
                None => return Err(error),
            }
            other_ways += 1;
        }
    }

    /// What to ask instead of a request that was refused.
    fn instead(&self, request: &ChatRequest, error: &ProviderError) -> Option<ChatRequest> {
        self.api.instead(request, error).or_else(|| {
            let way = structured::way_after(self.api.ways(request), self.way(request)?, error)?;
            Some(in_way(request, way))
        })
    }

    /// The same question in the next way.
    fn next_way(&self, request: &ChatRequest) -> Option<ChatRequest> {
        let way = structured::next_way(self.api.ways(request), self.way(request)?)?;
        Some(in_way(request, way))
    }

    /// The way in which a request asks for a shape; `None` where it asks for none.
    fn way(&self, request: &ChatRequest) -> Option<StructuredWay> {
        Some(structured::way(self.api.ways(request), request.structured.as_ref()?.way))
    }

    fn remember_way(&self, request: &ChatRequest) {
        if let Some(structured) = &request.structured {
            self.ways.remember(structured, &request.model);
        }
    }

    /// The request in the way that its model has turned out to need for its shape.
    fn in_known_way(&self, request: ChatRequest) -> ChatRequest {
        match &request.structured {
            Some(structured) => in_way(&request, self.ways.instead_of(structured, &request.model)),
            None => request,
        }
    }

    /// The models that the server offers, sorted by id, with what is known of each.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or gives no such list.
    pub async fn models(&self) -> Result<Vec<ModelInfo>, ProviderError> {
        Ok(models::complete(self.api.models(&self.transport).await?))
    }
}

#[async_trait]
impl<A: Api> ChatModel for Client<A> {
    fn request(&self, request: &ChatRequest) -> Result<HttpRequest, ProviderError> {
        let messages = self.formatted(&request.messages, request.formatter);
        let request = self.in_known_way(ChatRequest { messages, ..request.clone() });
        Ok(self.transport.show(&self.question(&request)?))
    }

    async fn stream(&self, request: &ChatRequest) -> Result<ModelStream, ProviderError> {
        // Whatever is logged meanwhile says whose call it belongs to; the span ends with the answer.
        let span = tracing::info_span!("chat", provider = self.transport.name(), model = request.model);
        self.begin(request).instrument(span).await
    }
}

impl<A: Api> Client<A> {
    async fn begin(&self, request: &ChatRequest) -> Result<ModelStream, ProviderError> {
        let messages = self.bring_media(&request.messages).await?;
        let messages = self.formatted(&messages, request.formatter);
        let request = self.in_known_way(ChatRequest { messages, ..request.clone() });
        let shape = request.structured.as_ref().map(Shape::of).transpose();
        let shape = shape.map_err(|bad| history::refuse(self.transport.name(), bad.to_string()))?;
        let (request, events) = self.ask(request).await?;
        Ok(match shape {
            Some(shape) => fitting::until_it_fits(self.clone(), shape, request, events),
            None => events,
        })
    }
}

/// The same request, asking for its shape in this way.
fn in_way(request: &ChatRequest, way: StructuredWay) -> ChatRequest {
    let structured = request.structured.clone().map(|structured| Structured { way, ..structured });
    ChatRequest { structured, ..request.clone() }
}
