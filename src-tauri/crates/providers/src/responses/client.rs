//! What is asked of a server of this folder, and how its answer is read. The talking itself is done by `transport`.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::{ChatModel, HttpRequest, ModelStream};
use parlance_core::{Category, ChatRequest, ProviderError};

use super::decoder::ResponsesDecoder;
use super::mapper::Mapper;
use super::request;
use crate::http::{Http, TimeLimits};
use crate::media::{self, MediaReader};
use crate::model_list;
use crate::provider::Provider;
use crate::retry::Retry;
use crate::transport::{KeyHeader, Manner, Question, Transport};

const MANNER: Manner = Manner { key: KeyHeader::Bearer, max_request_bytes: 50 * 1000 * 1000 };

/// A server of OpenAI's Responses. Cheap to clone.
#[derive(Clone)]
pub struct ResponsesClient {
    transport: Transport,
    media: Arc<dyn MediaReader>,
}

impl ResponsesClient {
    /// A client with the usual limits.
    #[must_use]
    pub fn new(provider: Provider, http: Http, media: Arc<dyn MediaReader>) -> Self {
        Self { transport: Transport::new(provider, MANNER, http), media }
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

    /// The ids of the models the server offers, sorted.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or gives no such list.
    pub async fn models(&self) -> Result<Vec<String>, ProviderError> {
        let url = self.transport.endpoint("models")?;
        let body = self.transport.get(&url, &[], model_list::MAX_BYTES).await?;
        model_list::read(&body).ok_or_else(|| self.transport.fail(Category::Protocol, "what came is no list of models"))
    }

    fn question(&self, request: &ChatRequest) -> Result<Question, ProviderError> {
        Ok(Question {
            url: self.transport.endpoint("responses")?,
            headers: &[],
            body: request::body(self.transport.name(), request)?,
        })
    }
}

#[async_trait]
impl ChatModel for ResponsesClient {
    fn request(&self, request: &ChatRequest) -> Result<HttpRequest, ProviderError> {
        Ok(self.transport.show(&self.question(request)?))
    }

    async fn stream(&self, request: &ChatRequest) -> Result<ModelStream, ProviderError> {
        let messages = media::resolve(self.transport.name(), &request.messages, &*self.media).await?;
        let question = self.question(&ChatRequest { messages, ..request.clone() })?;
        let mapper = Mapper::new(Arc::from(self.transport.name()), parlance_core::id::random());
        let answered = self.transport.post(question, request.delivery).await?;
        let decoder = ResponsesDecoder::new(answered.delivery(), mapper);
        Ok(answered.into_events(decoder))
    }
}
