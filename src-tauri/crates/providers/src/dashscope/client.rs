//! What is asked of DashScope, and how its answer is read. The talking itself is done by `transport`.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::{ChatModel, Delivery, HttpRequest, ModelStream};
use parlance_core::{Category, ChatRequest, ProviderError};

use super::decoder::DashScopeDecoder;
use super::mapper::Mapper;
use super::models;
use super::request::{self, Modality};
use crate::http::{Http, TimeLimits};
use crate::media::{self, MediaReader};
use crate::model_list;
use crate::provider::Provider;
use crate::retry::Retry;
use crate::transport::{Headers, KeyHeader, Manner, Question, Transport};

/// The server names no limit for a request; it is the others' one.
const MANNER: Manner = Manner { key: KeyHeader::Bearer, max_request_bytes: 50 * 1000 * 1000 };

/// Without it the server answers in one piece, whatever it accepts.
const STREAMED: Headers = &[("x-dashscope-sse", "enable")];

/// A server of DashScope's own protocol. Cheap to clone.
#[derive(Clone)]
pub struct DashScopeClient {
    transport: Transport,
    modality: Modality,
    media: Arc<dyn MediaReader>,
}

impl DashScopeClient {
    /// A client with the usual limits.
    #[must_use]
    pub fn new(provider: Provider, modality: Modality, http: Http, media: Arc<dyn MediaReader>) -> Self {
        Self { transport: Transport::new(provider, MANNER, http), modality, media }
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

    /// The names of all models of the catalogue, sorted.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or gives no such list.
    pub async fn models(&self) -> Result<Vec<String>, ProviderError> {
        let mut names = Vec::new();
        for page in 1..=models::MAX_PAGES {
            let mut url = self.transport.endpoint("models")?;
            url.query_pairs_mut()
                .append_pair("page_no", &page.to_string())
                .append_pair("page_size", &models::PER_PAGE.to_string());
            let body = self.transport.get(&url, &[], model_list::MAX_BYTES).await?;
            let page = models::read(&body)
                .ok_or_else(|| self.transport.fail(Category::Protocol, "what came is no list of models"))?;
            let total = page.total.unwrap_or(0);
            let more = page.into_names();
            let is_last = more.len() == 0;
            names.extend(more);
            if is_last || names.len() as u64 >= total {
                break;
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    fn question(&self, request: &ChatRequest) -> Result<Question, ProviderError> {
        Ok(Question {
            url: self.transport.endpoint(request::path(request, self.modality))?,
            headers: match request::delivery(request) {
                Delivery::Streaming => STREAMED,
                Delivery::Whole => &[],
            },
            body: request::body(self.transport.name(), request)?,
        })
    }
}

#[async_trait]
impl ChatModel for DashScopeClient {
    fn request(&self, request: &ChatRequest) -> Result<HttpRequest, ProviderError> {
        Ok(self.transport.show(&self.question(request)?))
    }

    async fn stream(&self, request: &ChatRequest) -> Result<ModelStream, ProviderError> {
        let messages = media::resolve(self.transport.name(), &request.messages, &*self.media).await?;
        let question = self.question(&ChatRequest { messages, ..request.clone() })?;
        let frames = request::frames(&question.body);
        let mapper = Mapper::new(Arc::from(self.transport.name()), parlance_core::id::random(), frames);
        let answered = self.transport.post(question, request::delivery(request)).await?;
        let decoder = DashScopeDecoder::new(answered.delivery(), mapper);
        Ok(answered.into_events(decoder))
    }
}
