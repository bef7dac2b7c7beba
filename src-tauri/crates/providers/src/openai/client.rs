//! The one place of this folder that talks to a server: keys, retries, and the way from bytes to a stream of events.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use parlance_core::chat::{ChatModel, Delivery, HttpRequest, ModelStream};
use parlance_core::clock::SystemClock;
use parlance_core::redact::Redactor;
use parlance_core::{Category, ChatRequest, Clock, Origin, ProviderError};
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Map, Value};
use url::Url;

use super::decoder::ChatDecoder;
use super::dialect::Dialect;
use super::mapper::Expectations;
use super::{models, request};
use crate::errors;
use crate::http::{BodyReader, Http, Response, TimeLimits};
use crate::media::{self, MediaReader};
use crate::provider::Provider;
use crate::retry::{self, Attempt, Retry};

/// A request may be so long.
const MAX_REQUEST_BYTES: usize = 50 * 1000 * 1000;

/// A server of OpenAI's protocol. Cheap to clone.
#[derive(Clone)]
pub struct OpenAiClient {
    provider: Provider,
    dialect: Dialect,
    http: Http,
    media: Arc<dyn MediaReader>,
    clock: Arc<dyn Clock>,
    retry: Retry,
    limits: Option<TimeLimits>,
}

impl OpenAiClient {
    /// A client with the usual limits.
    #[must_use]
    pub fn new(provider: Provider, dialect: Dialect, http: Http, media: Arc<dyn MediaReader>) -> Self {
        Self { provider, dialect, http, media, clock: Arc::new(SystemClock), retry: Retry::default(), limits: None }
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

    /// The ids of the models the server offers, sorted.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or gives no such list.
    pub async fn models(&self) -> Result<Vec<String>, ProviderError> {
        let url = self.endpoint("models")?;
        let limits = self.limits.unwrap_or_else(TimeLimits::quick);
        let (response, redactor) = self.ask(Method::GET, &url, None, limits).await?;
        if response.media_type() == "text/html" {
            return Err(self.not_the_api(&url));
        }
        let body = response
            .body
            .read_all(models::MAX_BYTES)
            .await
            .map_err(|failure| clean(errors::from_http(&self.provider.name, &failure), &redactor))?;
        if errors::looks_like_html(&body) {
            return Err(self.not_the_api(&url));
        }
        models::read(&body).ok_or_else(|| self.fail(Category::Protocol, "what came is no list of models"))
    }

    /// Asks until there is a response that is no refusal, or until it makes no sense any more.
    async fn ask(
        &self,
        method: Method,
        url: &Url,
        body: Option<Bytes>,
        limits: TimeLimits,
    ) -> Result<(Response, Redactor), ProviderError> {
        let mut attempt = 0;
        loop {
            let failed = match self.ask_once(method.clone(), url, body.clone(), limits).await {
                Ok(answered) => return Ok(answered),
                Err(failed) => failed,
            };
            let Some(pause) = self.retry.wait(attempt, &failed) else { return Err(failed.error) };
            tracing::debug!(provider = self.provider.name, attempt, ?pause, category = ?failed.error.category, "asking again");
            (self.retry.sleep)(pause).await;
            attempt += 1;
        }
    }

    async fn ask_once(
        &self,
        method: Method,
        url: &Url,
        body: Option<Bytes>,
        limits: TimeLimits,
    ) -> Result<(Response, Redactor), Attempt> {
        let give_up = |error| Attempt { error, advice: Some(retry::Advice::Stop) };
        let (headers, redactor) = self.headers(url, body.is_some()).await.map_err(give_up)?;
        let response = self.http.send(method, url, headers, body, limits).await.map_err(|failure| Attempt {
            error: clean(errors::from_http(&self.provider.name, &failure), &redactor),
            advice: None,
        })?;
        if response.status.is_success() {
            return Ok((response, redactor));
        }
        let retry_after = retry::retry_after(&response.headers, self.clock.wall());
        let advice = retry::advice(&response.headers);
        let status = response.status.as_u16();
        let body = response.body.read_some(errors::MAX_BODY_BYTES).await;
        let error = errors::from_response(&self.provider.name, status, retry_after, &body);
        Err(Attempt { error: clean(error, &redactor), advice })
    }

    /// The headers, with the key if there is one, and a redactor that knows it. The key itself ends here.
    async fn headers(&self, url: &Url, has_body: bool) -> Result<(HeaderMap, Redactor), ProviderError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let mut redactor = Redactor::default();
        let key =
            self.provider.keys.key().await.map_err(|error| self.fail(Category::Authentication, error.to_string()))?;
        if let Some(key) = key {
            let word = key.expose_for(url).map_err(|wrong| self.fail(Category::WrongOrigin, wrong.to_string()))?;
            let mut value = HeaderValue::try_from(format!("Bearer {word}"))
                .map_err(|_| self.fail(Category::Authentication, "the key cannot be sent in a header"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
            redactor.learn(key.secret());
        }
        Ok((headers, redactor))
    }

    fn endpoint(&self, path: &str) -> Result<Url, ProviderError> {
        let url = self.provider.base_url.join(path);
        url.map_err(|error| {
            self.fail(Category::InvalidRequest, format!("the server's address cannot be used: {error}"))
        })
    }

    fn chat_limits(&self, url: &Url, delivery: Delivery) -> TimeLimits {
        self.limits.unwrap_or_else(|| match (delivery, Origin::of(url)) {
            (Delivery::Streaming, Ok(origin)) => TimeLimits::chat(&origin),
            (Delivery::Streaming | Delivery::Whole, _) => TimeLimits::whole_chat(),
        })
    }

    fn body(&self, request: &ChatRequest) -> Result<Map<String, Value>, ProviderError> {
        request::body(&self.provider.name, request, &self.dialect)
    }

    fn fail(&self, category: Category, message: impl Into<String>) -> ProviderError {
        ProviderError::new(&self.provider.name, category, message)
    }

    fn not_the_api(&self, url: &Url) -> ProviderError {
        errors::not_the_api(&self.provider.name, url.host_str().unwrap_or_default())
    }
}

#[async_trait]
impl ChatModel for OpenAiClient {
    fn request(&self, request: &ChatRequest) -> Result<HttpRequest, ProviderError> {
        let headers = [
            ("accept", "application/json, text/event-stream"),
            ("content-type", "application/json"),
            ("authorization", "Bearer [key]"),
            ("accept-encoding", "identity"),
        ];
        Ok(HttpRequest {
            method: "POST",
            url: self.endpoint("chat/completions")?.into(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: Some(Value::Object(self.body(request)?)),
        })
    }

    async fn stream(&self, request: &ChatRequest) -> Result<ModelStream, ProviderError> {
        let url = self.endpoint("chat/completions")?;
        let messages = media::resolve(&self.provider.name, &request.messages, &*self.media).await?;
        let body = self.body(&ChatRequest { messages, ..request.clone() })?;
        let expected = Expectations {
            provider: Arc::from(self.provider.name.as_str()),
            think_tags: self.dialect.think_tags,
            audio_media_type: request::audio_media_type(&body),
            id_seed: parlance_core::id::random(),
        };
        let bytes = Bytes::from(Value::Object(body).to_string());
        if bytes.len() > MAX_REQUEST_BYTES {
            let message = "the conversation with its pictures and sound is over 50 MB; leave some out";
            return Err(self.fail(Category::ContextTooLong, message));
        }
        let limits = self.chat_limits(&url, request.delivery);
        let (response, redactor) = self.ask(Method::POST, &url, Some(bytes), limits).await?;
        // The server decides how it answers: some do not stream although they were asked to.
        let delivery = match response.media_type().as_str() {
            "text/html" => return Err(self.not_the_api(&url)),
            "application/json" => Delivery::Whole,
            "text/event-stream" => Delivery::Streaming,
            _ => request.delivery,
        };
        Ok(Box::pin(events(Box::new(Answer {
            reader: response.body,
            decoder: ChatDecoder::new(delivery, self.dialect.stream_end, expected),
            redactor,
            provider: self.provider.name.clone(),
            host: url.host_str().unwrap_or_default().to_owned(),
            start: Vec::new(),
        }))))
    }
}

/// An answer on its way.
struct Answer {
    reader: BodyReader,
    decoder: ChatDecoder,
    redactor: Redactor,
    provider: String,
    host: String,
    /// The first bytes, until it is clear that they are no web page.
    start: Vec<u8>,
}

/// Long enough for the words by which a web page is known.
const START_BYTES: usize = 64;

/// The answer lies in a box, because the stream hands it from event to event.
fn events(
    answer: Box<Answer>,
) -> impl futures_core::Stream<Item = Result<parlance_core::ModelEvent, ProviderError>> + Send {
    stream::unfold(answer, |mut answer| async move {
        loop {
            if let Some(event) = answer.decoder.next_event() {
                let event = event.map_err(|error| clean(error, &answer.redactor));
                return Some((event, answer));
            }
            if answer.decoder.is_over() {
                return None;
            }
            answer.read().await;
        }
    })
}

impl Answer {
    /// Moves what comes next from the socket into the decoder.
    async fn read(&mut self) {
        match self.reader.chunk().await {
            Ok(Some(bytes)) => {
                if self.start.len() < START_BYTES {
                    self.start.extend(bytes.iter().take(START_BYTES - self.start.len()));
                    if errors::looks_like_html(&self.start) {
                        return self.decoder.interrupt(errors::not_the_api(&self.provider, &self.host));
                    }
                }
                self.decoder.feed(&bytes);
            }
            Ok(None) => self.decoder.end(),
            Err(failure) => self.decoder.interrupt(errors::from_http(&self.provider, &failure)),
        }
    }
}

/// Servers echo keys in their sentences.
fn clean(mut error: ProviderError, redactor: &Redactor) -> ProviderError {
    error.message = redactor.clean(&error.message);
    error.code = error.code.map(|code| redactor.clean(&code));
    error
}
