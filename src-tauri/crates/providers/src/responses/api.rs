//! What is asked of a server of this folder, and how its answer is read. The talking itself is done by `client` and `transport`.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ProviderError};
use serde_json::{Map, Value};

use super::decoder::ResponsesDecoder;
use super::mapper::Mapper;
use super::request;
use crate::client::{Api, Client};
use crate::media::ServerFetches;
use crate::models::{self, Listed};
use crate::provider::Provider;
use crate::speakers::{Layout, MediaPlace, Opening, Takes};
use crate::structured::Ways;
use crate::transport::{KeyHeader, Manner, Question, Transport};

/// Responses.
#[derive(Debug, Clone, Copy)]
pub struct ResponsesApi;

/// A server of OpenAI's Responses.
pub type ResponsesClient = Client<ResponsesApi>;

#[async_trait]
impl Api for ResponsesApi {
    type Decoder = ResponsesDecoder;

    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Bearer, max_request_bytes: 50 * 1000 * 1000 }
    }

    fn layout(&self) -> Layout {
        Layout { opening: Opening::NewLine, media: MediaPlace::After, takes: Takes::ImagesAndAudio }
    }

    fn server_fetches(&self) -> ServerFetches {
        ServerFetches::Images
    }

    fn question(&self, provider: &Provider, request: &ChatRequest) -> Result<Question, ProviderError> {
        Ok(Question {
            url: provider.endpoint("responses")?,
            headers: Vec::new(),
            body: request::body(&provider.name, request)?,
            delivery: request.delivery,
        })
    }

    fn decoder(&self, provider: Arc<str>, _asked: &Map<String, Value>, delivery: Delivery) -> ResponsesDecoder {
        ResponsesDecoder::new(delivery, Mapper::new(provider, parlance_core::id::random()))
    }

    fn ways(&self, _request: &ChatRequest) -> Ways {
        request::WAYS
    }

    async fn models(&self, transport: &Transport) -> Result<Vec<Listed>, ProviderError> {
        models::fetch(transport, "models", Vec::new(), models::list::read).await
    }
}
