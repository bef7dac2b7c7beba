//! How every provider is asked: the key's header, tries, refusals by category, and keys taken out of what comes back. The
//! `client` of each folder says what to ask and how to read the answer; all that lies between is here.
//!
//! Deliberately absent: anything that only one provider does.

mod answer;

use std::sync::Arc;

use bytes::Bytes;
use parlance_core::asked::SocketRequest;
use parlance_core::chat::{Delivery, HttpRequest};
use parlance_core::clock::SystemClock;
use parlance_core::redact::Redactor;
use parlance_core::{Category, Clock, Origin, ProviderError, Secret};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value};
use url::Url;

use crate::errors;
use crate::extra_headers;
use crate::http::{Http, Kind, Response, TimeLimits};
use crate::provider::Provider;
use crate::realtime::socket::{Handshake, Socket};
use crate::retry::{self, Attempt, Retry};

pub use answer::{Answered, Decode, EventStream};

const ACCEPTED: &str = "application/json, text/event-stream";

/// How a provider wants to be spoken to, whatever is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Where its key goes.
    pub key: KeyHeader,
    /// A request may be so long.
    pub max_request_bytes: usize,
}

impl Manner {
    /// With a key in the usual header, and the length that most servers take or say nothing of: OpenAI's own limit for a
    /// request with pictures (its guide to vision, read November 2026).
    pub const USUAL: Self = Self { key: KeyHeader::Bearer, max_request_bytes: 50 * 1000 * 1000 };
}

/// The header that carries a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyHeader {
    /// `authorization: Bearer …`
    Bearer,
    /// The key alone, under this name (lower case).
    Named(&'static str),
}

impl KeyHeader {
    fn name(self) -> &'static str {
        match self {
            Self::Bearer => AUTHORIZATION.as_str(),
            Self::Named(name) => name,
        }
    }

    fn value(self, word: &str) -> String {
        match self {
            Self::Bearer => format!("Bearer {word}"),
            Self::Named(_) => word.to_owned(),
        }
    }
}

/// Headers beside those that every request has, names in lower case.
pub type Headers = Vec<(HeaderName, HeaderValue)>;

/// A header of the protocol's own.
#[must_use]
pub fn header(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// A `POST` as a provider's pure room writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Where to.
    pub url: Url,
    /// Headers of the protocol's own.
    pub headers: Headers,
    /// The JSON body.
    pub body: Map<String, Value>,
    /// How the answer is asked for.
    pub delivery: Delivery,
}

/// The way to one provider. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    provider: Provider,
    manner: Manner,
    http: Http,
    clock: Arc<dyn Clock>,
    retry: Retry,
    limits: Option<TimeLimits>,
    /// Beside those of the protocol, in every request.
    headers: Headers,
}

impl Transport {
    /// A way with the usual limits.
    #[must_use]
    pub fn new(provider: Provider, manner: Manner, http: Http) -> Self {
        Self {
            provider,
            manner,
            http,
            clock: Arc::new(SystemClock),
            retry: Retry::default(),
            limits: None,
            headers: Headers::new(),
        }
    }

    /// The same with other time limits for every request.
    #[must_use]
    pub fn with_limits(mut self, limits: TimeLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// The same with another way of waiting between tries.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The same with headers of the caller's in every request, as [`extra_headers::read`] gives them.
    #[must_use]
    pub fn with_headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// The provider's configured name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.provider.name
    }

    /// Who is asked.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// An error of this provider.
    #[must_use]
    pub fn fail(&self, category: Category, message: impl Into<String>) -> ProviderError {
        ProviderError::new(self.name(), category, message)
    }

    /// Exactly what [`Transport::post`] would send, without the key.
    #[must_use]
    pub fn show(&self, question: &Question) -> HttpRequest {
        self.show_body(&question.url, &question.headers, question.body.clone())
    }

    /// The same for a body that is written in another way; it stands here as people may read it.
    #[must_use]
    pub fn show_body(&self, url: &Url, headers: &Headers, body: Map<String, Value>) -> HttpRequest {
        let key = (self.manner.key.name(), self.manner.key.value("[key]"));
        let own = self.all_headers(headers);
        let is_own = |name: &str| own.iter().any(|(known, _)| known == name);
        let usual = [("accept", ACCEPTED), ("content-type", "application/json")].into_iter();
        let usual = usual.filter(|(name, _)| !is_own(name)).map(|(name, value)| (name.to_owned(), value.to_owned()));
        let own = own.iter().map(|(name, value)| (name.as_str().to_owned(), shown(value)));
        let last = [key, ("accept-encoding", "identity".to_owned())].map(|(name, value)| (name.to_owned(), value));
        HttpRequest {
            method: "POST",
            url: url.to_string(),
            headers: usual.chain(own).chain(last).collect(),
            body: Some(Value::Object(body)),
        }
    }

    /// Exactly what would be said over a socket at `url` (whose scheme is `http` or `https`), without the key.
    #[must_use]
    pub fn show_socket(&self, url: &Url, headers: &Headers, frames: Vec<Value>) -> SocketRequest {
        let own = self.all_headers(headers);
        let own = own.iter().map(|(name, value)| (name.as_str().to_owned(), shown(value)));
        let key = (self.manner.key.name().to_owned(), self.manner.key.value("[key]"));
        // `http` becomes `ws`, `https` becomes `wss`.
        let url = url.as_str().replacen("http", "ws", 1);
        SocketRequest { url, headers: own.chain([key]).collect(), frames }
    }

    /// Sends a question until there is an answer that is no refusal, or until it makes no sense any more.
    /// [`Answered::delivery`] is how it comes, whatever was asked for.
    ///
    /// # Errors
    /// When nothing of an answer was received.
    pub async fn post(&self, question: &Question) -> Result<Answered, ProviderError> {
        let bytes = serde_json::to_vec(&question.body).map(Bytes::from);
        let bytes = bytes.map_err(|error| self.fail(Category::InvalidRequest, error.to_string()))?;
        self.post_bytes(&question.url, &question.headers, bytes, question.delivery).await
    }

    /// The same for a body that is written already. It is JSON unless the headers say otherwise.
    ///
    /// # Errors
    /// As [`Transport::post`].
    pub async fn post_bytes(
        &self,
        url: &Url,
        headers: &Headers,
        bytes: Bytes,
        wanted: Delivery,
    ) -> Result<Answered, ProviderError> {
        let most = self.manner.max_request_bytes;
        if bytes.len() > most {
            let message = format!(
                "the conversation with its pictures and sound is over {} MB; leave some out",
                most / (1000 * 1000)
            );
            return Err(self.fail(Category::ContextTooLong, message));
        }
        let limits = self.limits.unwrap_or_else(|| match (wanted, Origin::of(url)) {
            (Delivery::Streaming, Ok(origin)) => TimeLimits::chat(&origin),
            (Delivery::Streaming | Delivery::Whole, _) => TimeLimits::whole_chat(),
        });
        let (response, redactor) = self.ask(Method::POST, url, headers, Some(bytes), limits).await?;
        // The server decides how it answers: some do not stream although they were asked to.
        let media_type = response.media_type();
        let delivery = match media_type.as_str() {
            "text/html" => return Err(self.not_the_api(url)),
            "application/json" => Delivery::Whole,
            "text/event-stream" => Delivery::Streaming,
            _ => wanted,
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(Answered::new(response.body, media_type, delivery, redactor, self.name().to_owned(), host))
    }

    /// Reads a short answer, such as a list of models, of at most `max_bytes`.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses, or when what comes is a web page or too long.
    pub async fn get(&self, url: &Url, headers: &Headers, max_bytes: usize) -> Result<Vec<u8>, ProviderError> {
        self.brief(Method::GET, url, headers, None, max_bytes).await
    }

    /// Asks with a body and reads a short answer of at most `max_bytes`, such as what a server knows of a model.
    ///
    /// # Errors
    /// As [`Transport::get`].
    pub async fn post_brief(
        &self,
        url: &Url,
        headers: &Headers,
        body: &Map<String, Value>,
        max_bytes: usize,
    ) -> Result<Vec<u8>, ProviderError> {
        let bytes = serde_json::to_vec(body).map_err(|error| self.fail(Category::InvalidRequest, error.to_string()))?;
        self.brief(Method::POST, url, headers, Some(bytes.into()), max_bytes).await
    }

    async fn brief(
        &self,
        method: Method,
        url: &Url,
        headers: &Headers,
        body: Option<Bytes>,
        max_bytes: usize,
    ) -> Result<Vec<u8>, ProviderError> {
        let limits = self.limits.unwrap_or_else(TimeLimits::quick);
        let (response, redactor) = self.ask(method, url, headers, body, limits).await?;
        if response.media_type() == "text/html" {
            return Err(self.not_the_api(url));
        }
        let body = response
            .body
            .read_all(max_bytes)
            .await
            .map_err(|failure| clean(errors::from_http(self.name(), &failure), &redactor))?;
        if errors::looks_like_html(&body) {
            return Err(self.not_the_api(url));
        }
        Ok(body)
    }

    async fn ask(
        &self,
        method: Method,
        url: &Url,
        headers: &Headers,
        body: Option<Bytes>,
        limits: TimeLimits,
    ) -> Result<(Response, Redactor), ProviderError> {
        let mut attempt = 0;
        loop {
            let failed = match self.ask_once(method.clone(), url, headers, body.clone(), limits).await {
                Ok(answered) => return Ok(answered),
                Err(failed) => failed,
            };
            let Some(pause) = self.retry.wait(attempt, &failed) else { return Err(failed.error) };
            tracing::debug!(provider = self.name(), attempt, ?pause, category = ?failed.error.category, "asking again");
            (self.retry.told)(&failed.error, pause);
            (self.retry.sleep)(pause).await;
            attempt += 1;
        }
    }

    async fn ask_once(
        &self,
        method: Method,
        url: &Url,
        headers: &Headers,
        body: Option<Bytes>,
        limits: TimeLimits,
    ) -> Result<(Response, Redactor), Attempt> {
        let give_up = |error| Attempt { error, advice: Some(retry::Advice::Stop) };
        let mut head = usual_headers(self.all_headers(headers));
        if body.is_some() {
            head.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        }
        let redactor = self.add_key(url, &mut head).await.map_err(give_up)?;
        let response = self.http.send(Kind::Answer, method, url, head, body, limits).await.map_err(|failure| {
            Attempt { error: clean(errors::from_http(self.name(), &failure), &redactor), advice: None }
        })?;
        if response.status.is_success() {
            return Ok((response, redactor));
        }
        Err(self.refusal(response, &redactor).await)
    }

    /// Opens a socket. One try: whoever holds a conversation knows better when to try again.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, or speaks no frames.
    pub(crate) async fn open_socket(&self, url: &Url, headers: &Headers) -> Result<Socket, ProviderError> {
        let limits = self.limits.unwrap_or_else(TimeLimits::quick);
        let mut head = usual_headers(self.all_headers(headers));
        let handshake = Handshake::ask(&mut head);
        let redactor = self.add_key(url, &mut head).await?;
        let failed = |failure| clean(errors::from_http(self.name(), &failure), &redactor);
        let response = self.http.send(Kind::Socket, Method::GET, url, head, None, limits).await.map_err(failed)?;
        if response.status == StatusCode::SWITCHING_PROTOCOLS && handshake.is_accepted(&response.headers) {
            let connection = response.body.into_connection().await.map_err(failed)?;
            return Ok(Socket::over(connection, redactor).await);
        }
        if response.status.is_success() || response.status.is_informational() {
            return Err(self.not_the_api(url));
        }
        Err(self.refusal(response, &redactor).await.error)
    }

    /// What a response means that is none.
    async fn refusal(&self, response: Response, redactor: &Redactor) -> Attempt {
        let retry_after = retry::retry_after(&response.headers, self.clock.wall());
        let advice = retry::advice(&response.headers);
        let status = response.status.as_u16();
        let body = response.body.read_some(errors::MAX_BODY_BYTES).await;
        let error = errors::from_response(self.name(), status, retry_after, &body);
        Attempt { error: clean(error, redactor), advice }
    }

    /// Adds the key if there is one, and gives a redactor that knows it. The key itself ends here.
    async fn add_key(&self, url: &Url, headers: &mut HeaderMap) -> Result<Redactor, ProviderError> {
        let mut redactor = Redactor::default();
        for value in headers.values().filter(|value| value.is_sensitive()) {
            // What is too short to be a secret, or no text, cannot be recognised either.
            if let Some(secret) = value.to_str().ok().and_then(|value| Secret::new(value.to_owned()).ok()) {
                redactor.learn(&secret);
            }
        }
        let key =
            self.provider.keys.key().await.map_err(|error| self.fail(Category::Authentication, error.to_string()))?;
        if let Some(key) = key {
            let word = key.expose_for(url).map_err(|wrong| self.fail(Category::WrongOrigin, wrong.to_string()))?;
            let mut value = HeaderValue::try_from(self.manner.key.value(word))
                .map_err(|_| self.fail(Category::Authentication, "the key cannot be sent in a header"))?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(self.manner.key.name()), value);
            redactor.learn(key.secret());
        }
        Ok(redactor)
    }

    fn all_headers(&self, of_question: &Headers) -> Headers {
        let mut headers = self.headers.clone();
        extra_headers::join(&mut headers, of_question.clone());
        headers
    }

    fn not_the_api(&self, url: &Url) -> ProviderError {
        errors::not_the_api(self.name(), url.host_str().unwrap_or_default())
    }
}

fn usual_headers(own: Headers) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
    // One that is called the same takes the place of the usual one.
    for (name, value) in own {
        headers.insert(name, value);
    }
    headers
}

/// A header's value as people may see it.
fn shown(value: &HeaderValue) -> String {
    if value.is_sensitive() { "[hidden]".to_owned() } else { String::from_utf8_lossy(value.as_bytes()).into_owned() }
}

/// Servers echo keys in their sentences.
fn clean(mut error: ProviderError, redactor: &Redactor) -> ProviderError {
    error.message = redactor.clean(&error.message);
    error.code = error.code.map(|code| redactor.clean(&code));
    error
}
