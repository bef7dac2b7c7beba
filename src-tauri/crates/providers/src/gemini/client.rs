//! What is asked of a server of this folder, and how its answer is read. The talking itself is done by `transport`.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::{ChatModel, Delivery, HttpRequest, ModelStream};
use parlance_core::{Category, ChatRequest, ProviderError};
use url::Url;

use super::decoder::{ContentDecoder, Expectations};
use super::{models, request};
use crate::http::{Http, TimeLimits};
use crate::media::{self, MediaReader};
use crate::model_list;
use crate::provider::Provider;
use crate::retry::Retry;
use crate::transport::{KeyHeader, Manner, Question, Transport};

/// The provider takes 100 MB with everything inside.
const MANNER: Manner = Manner { key: KeyHeader::Named("x-goog-api-key"), max_request_bytes: 100 * 1000 * 1000 };

/// Versions that an address may end in.
const VERSIONS: [&str; 3] = ["/v1/", "/v1beta/", "/v1alpha/"];

/// A server of Gemini's protocol. Cheap to clone.
#[derive(Clone)]
pub struct GeminiClient {
    transport: Transport,
    media: Arc<dyn MediaReader>,
}

impl GeminiClient {
    /// A client with the usual limits. Where the provider's address names no version, it is `v1beta`.
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

    /// The names of the models that answer messages, sorted; of the first thousand.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or gives no such list.
    pub async fn models(&self) -> Result<Vec<String>, ProviderError> {
        let url = self.endpoint("models?pageSize=1000")?;
        let body = self.transport.get(&url, &[], model_list::MAX_BYTES).await?;
        models::read(&body).ok_or_else(|| self.transport.fail(Category::Protocol, "what came is no list of models"))
    }

    fn endpoint(&self, path: &str) -> Result<Url, ProviderError> {
        let base = self.transport.endpoint("")?;
        let has_version = VERSIONS.iter().any(|version| base.path().ends_with(version));
        let version = if has_version { "" } else { "v1beta/" };
        self.transport.endpoint(&format!("{version}{path}"))
    }

    fn question(&self, request: &ChatRequest) -> Result<Question, ProviderError> {
        let model = request::model_name(self.transport.name(), &request.model)?;
        let verb = match request.delivery {
            Delivery::Streaming => "streamGenerateContent?alt=sse",
            Delivery::Whole => "generateContent",
        };
        Ok(Question {
            url: self.endpoint(&format!("models/{model}:{verb}"))?,
            headers: &[],
            body: request::body(self.transport.name(), request)?,
        })
    }
}

#[async_trait]
impl ChatModel for GeminiClient {
    fn request(&self, request: &ChatRequest) -> Result<HttpRequest, ProviderError> {
        Ok(self.transport.show(&self.question(request)?))
    }

    async fn stream(&self, request: &ChatRequest) -> Result<ModelStream, ProviderError> {
        let messages = media::resolve(self.transport.name(), &request.messages, &*self.media).await?;
        let question = self.question(&ChatRequest { messages, ..request.clone() })?;
        let answered = self.transport.post(question, request.delivery).await?;
        let expected =
            Expectations { provider: Arc::from(self.transport.name()), id_seed: parlance_core::id::random() };
        let decoder = ContentDecoder::new(answered.delivery(), expected);
        Ok(answered.into_events(decoder))
    }
}
