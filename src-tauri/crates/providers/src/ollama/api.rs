//! What is asked of a server of this folder, and how its answer is read. The talking itself is done by `client` and `transport`.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ProviderError};
use serde_json::{Map, Value};
use url::Url;

use super::decoder::OllamaDecoder;
use super::mapper::Mapper;
use super::{models, request};
use crate::client::{Api, Client};
use crate::provider::Provider;
use crate::speakers::{Layout, MediaPlace, Opening, Takes};
use crate::transport::{KeyHeader, Manner, Question, Transport};
use crate::{base_url, model_list};

/// `/api/chat`.
#[derive(Debug, Clone, Copy)]
pub struct OllamaApi;

/// A server of Ollama's protocol.
pub type OllamaClient = Client<OllamaApi>;

#[async_trait]
impl Api for OllamaApi {
    type Decoder = OllamaDecoder;

    /// The server names no limit for a request; it is the others' one.
    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Bearer, max_request_bytes: 50 * 1000 * 1000 }
    }

    /// People know the server's other protocol by `/v1`.
    fn root(&self, base: Url) -> Url {
        base_url::without(base, &["v1/", "api/"])
    }

    fn layout(&self) -> Layout {
        Layout { opening: Opening::NewLine, media: MediaPlace::Beside, takes: Takes::Images }
    }

    fn question(&self, provider: &Provider, request: &ChatRequest) -> Result<Question, ProviderError> {
        Ok(Question {
            url: provider.endpoint("api/chat")?,
            headers: Vec::new(),
            body: request::body(&provider.name, request)?,
            delivery: request.delivery,
        })
    }

    fn decoder(&self, provider: Arc<str>, _asked: &Map<String, Value>, delivery: Delivery) -> OllamaDecoder {
        OllamaDecoder::new(delivery, Mapper::new(provider, parlance_core::id::random()))
    }

    /// Those that were pulled to the server.
    async fn models(&self, transport: &Transport) -> Result<Vec<String>, ProviderError> {
        model_list::fetch(transport, "api/tags", Vec::new(), models::read).await
    }
}
