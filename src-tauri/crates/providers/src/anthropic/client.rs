//! What is asked of a server of this folder, and how its answer is read. The talking itself is done by `transport`.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::{ChatModel, HttpRequest, ModelStream};
use parlance_core::{Category, ChatRequest, ProviderError};
use url::Url;

use super::decoder::MessagesDecoder;
use super::request::{self, PastReasoning};
use crate::http::{Http, TimeLimits};
use crate::media::{self, MediaReader};
use crate::model_list;
use crate::provider::Provider;
use crate::retry::Retry;
use crate::transport::{Headers, KeyHeader, Manner, Question, Transport};

/// The provider takes 32 MB.
const MANNER: Manner = Manner { key: KeyHeader::Named("x-api-key"), max_request_bytes: 32 * 1000 * 1000 };

/// The version that every server of this protocol knows.
const HEADERS: Headers = &[("anthropic-version", "2023-06-01")];

/// A server of Anthropic's protocol. Cheap to clone.
#[derive(Clone)]
pub struct AnthropicClient {
    transport: Transport,
    media: Arc<dyn MediaReader>,
}

impl AnthropicClient {
    /// A client with the usual limits. The provider's address may end in `/v1` or before it.
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

    /// The ids of the models the server offers, sorted; the first thousand.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or gives no such list.
    pub async fn models(&self) -> Result<Vec<String>, ProviderError> {
        let url = self.endpoint("models?limit=1000")?;
        let body = self.transport.get(&url, HEADERS, model_list::MAX_BYTES).await?;
        model_list::read(&body).ok_or_else(|| self.transport.fail(Category::Protocol, "what came is no list of models"))
    }

    fn endpoint(&self, path: &str) -> Result<Url, ProviderError> {
        let has_version = self.transport.endpoint("")?.path().ends_with("/v1/");
        let version = if has_version { "" } else { "v1/" };
        self.transport.endpoint(&format!("{version}{path}"))
    }

    fn question(&self, request: &ChatRequest, past: PastReasoning) -> Result<Question, ProviderError> {
        let body = request::body(self.transport.name(), request, past)?;
        Ok(Question { url: self.endpoint("messages")?, headers: HEADERS, body })
    }
}

#[async_trait]
impl ChatModel for AnthropicClient {
    fn request(&self, request: &ChatRequest) -> Result<HttpRequest, ProviderError> {
        Ok(self.transport.show(&self.question(request, PastReasoning::Kept)?))
    }

    async fn stream(&self, request: &ChatRequest) -> Result<ModelStream, ProviderError> {
        let messages = media::resolve(self.transport.name(), &request.messages, &*self.media).await?;
        let request = ChatRequest { messages, ..request.clone() };
        let question = self.question(&request, PastReasoning::Kept)?;
        let answered = match self.transport.post(question, request.delivery).await {
            Err(error) if is_broken_seal(&error) => {
                let question = self.question(&request, PastReasoning::Dropped)?;
                self.transport.post(question, request.delivery).await?
            }
            answered => answered?,
        };
        let decoder = MessagesDecoder::new(answered.delivery(), Arc::from(self.transport.name()));
        Ok(answered.into_events(decoder))
    }
}

/// Newer models bind their reasoning to all that came before it, and refuse it when anything of that was edited. The
/// provider has no code for it.
fn is_broken_seal(error: &ProviderError) -> bool {
    error.category == Category::InvalidRequest
        && ["bound to a different conversation", "Invalid `signature` in `thinking` block"]
            .iter()
            .any(|words| error.message.contains(words))
}
