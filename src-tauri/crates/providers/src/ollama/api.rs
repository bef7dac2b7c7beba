//! What is asked of a server of this folder, and how its answer is read. The talking itself is done by `client` and `transport`.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ProviderError};
use serde_json::{Map, Value};
use url::Url;

use super::decoder::OllamaDecoder;
use super::mapper::Mapper;
use super::{models, request};
use crate::base_url;
use crate::client::{Api, Client};
use crate::models::{self as lists, Listed};
use crate::provider::Provider;
use crate::speakers::{Layout, MediaPlace, Opening, Takes};
use crate::structured::Ways;
use crate::transport::{Question, Transport};

/// So many models are asked about at a time. The server reads a file for each.
const SHOWN_AT_ONCE: usize = 4;

/// `/api/chat`.
#[derive(Debug, Clone, Copy)]
pub struct OllamaApi;

/// A server of Ollama's protocol.
pub type OllamaClient = Client<OllamaApi>;

#[async_trait]
impl Api for OllamaApi {
    type Decoder = OllamaDecoder;

    /// The server names no limit for a request; it is the others' one.
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

    fn ways(&self, _request: &ChatRequest) -> Ways {
        request::WAYS
    }

    /// Those that were pulled to the server. What the list of an older server does not say is asked for each.
    async fn models(&self, transport: &Transport) -> Result<Vec<Listed>, ProviderError> {
        let listed = lists::fetch(transport, "api/tags", Vec::new(), models::read).await?;
        Ok(stream::iter(listed).map(|model| shown(transport, model)).buffered(SHOWN_AT_ONCE).collect().await)
    }
}

/// A model with what the server shows of it, where that says more. A server that shows nothing has said all in its list.
async fn shown(transport: &Transport, listed: Listed) -> Listed {
    if !models::is_worth_showing(&listed) {
        return listed;
    }
    let body = Map::from_iter([("model".to_owned(), Value::from(listed.id.as_str()))]);
    let shown = match transport.provider().endpoint("api/show") {
        Ok(url) => transport.post_brief(&url, &Vec::new(), &body, lists::MAX_BYTES).await,
        Err(error) => Err(error),
    };
    match shown {
        Ok(shown) => Listed { claims: listed.claims.or(models::read_shown(&shown)), ..listed },
        Err(error) => {
            tracing::debug!(%error, "the server shows nothing of a model");
            listed
        }
    }
}
