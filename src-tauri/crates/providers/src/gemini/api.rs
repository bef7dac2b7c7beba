//! What is asked of a server of this folder, and how its answer is read. The talking itself is done by `client` and `transport`.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ProviderError};
use serde_json::{Map, Value};
use url::Url;

use super::decoder::{ContentDecoder, Expectations};
use super::{count, models, request};
use crate::base_url;
use crate::client::{Api, Client, Counting};
use crate::models::{Listed, fetch};
use crate::provider::Provider;
use crate::speakers::{Layout, MediaPlace, Opening, Takes};
use crate::structured::Ways;
use crate::transport::{KeyHeader, Manner, Question, Transport};

/// `generateContent`.
#[derive(Debug, Clone, Copy)]
pub struct GenerateContentApi;

/// A server of Gemini's protocol.
pub type GeminiClient = Client<GenerateContentApi>;

#[async_trait]
impl Api for GenerateContentApi {
    type Decoder = ContentDecoder;

    /// The provider takes 100 MB with everything inside.
    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Named("x-goog-api-key"), max_request_bytes: 100 * 1000 * 1000 }
    }

    fn root(&self, base: Url) -> Url {
        base_url::with_version(base, &["v1/", "v1beta/", "v1alpha/"], "v1beta/")
    }

    fn layout(&self) -> Layout {
        Layout { opening: Opening::Nothing, media: MediaPlace::Inline, takes: Takes::Everything }
    }

    fn question(&self, provider: &Provider, request: &ChatRequest) -> Result<Question, ProviderError> {
        let model = request::model_name(&provider.name, &request.model)?;
        let verb = match request.delivery {
            Delivery::Streaming => "streamGenerateContent?alt=sse",
            Delivery::Whole => "generateContent",
        };
        Ok(Question {
            url: provider.endpoint(&format!("models/{model}:{verb}"))?,
            headers: Vec::new(),
            body: request::body(&provider.name, request)?,
            delivery: request.delivery,
        })
    }

    fn decoder(&self, provider: Arc<str>, _asked: &Map<String, Value>, delivery: Delivery) -> ContentDecoder {
        ContentDecoder::new(delivery, Expectations { provider, id_seed: parlance_core::id::random() })
    }

    fn counting(&self, provider: &Provider, request: &ChatRequest) -> Result<Option<Counting>, ProviderError> {
        let model = request::model_name(&provider.name, &request.model)?;
        let body = count::body(&provider.name, request)?;
        let url = provider.endpoint(&format!("models/{model}:countTokens"))?;
        Ok(Some(Counting { url, headers: Vec::new(), body, read: count::read }))
    }

    fn ways(&self, _request: &ChatRequest) -> Ways {
        request::WAYS
    }

    /// Those that answer messages, of the first thousand.
    async fn models(&self, transport: &Transport) -> Result<Vec<Listed>, ProviderError> {
        fetch(transport, "models?pageSize=1000", Vec::new(), models::read).await
    }
}
