//! What is asked of a server of this folder, and how its answer is read. The talking itself is done by `client` and `transport`.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::Delivery;
use parlance_core::{Category, ChatRequest, ContentBlock, ProviderError};
use serde_json::{Map, Value};
use url::Url;

use super::decoder::MessagesDecoder;
use super::{count, request};
use crate::base_url;
use crate::client::{Api, Client, Counting};
use crate::media::ServerFetches;
use crate::models::{self, Listed};
use crate::provider::Provider;
use crate::speakers::{Layout, MediaPlace, Opening, Takes};
use crate::structured::Ways;
use crate::transport::{Headers, KeyHeader, Manner, Question, Transport, header};

/// Messages.
#[derive(Debug, Clone, Copy)]
pub struct MessagesApi;

/// A server of Anthropic's protocol.
pub type AnthropicClient = Client<MessagesApi>;

/// The version that every server of this protocol knows.
fn version() -> Headers {
    vec![header("anthropic-version", "2023-06-01")]
}

#[async_trait]
impl Api for MessagesApi {
    type Decoder = MessagesDecoder;

    /// The provider takes 32 MB.
    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Named("x-api-key"), max_request_bytes: 32 * 1000 * 1000 }
    }

    fn root(&self, base: Url) -> Url {
        base_url::with_version(base, &["v1/"], "v1/")
    }

    fn layout(&self) -> Layout {
        Layout { opening: Opening::NewLine, media: MediaPlace::Inline, takes: Takes::Images }
    }

    fn server_fetches(&self) -> ServerFetches {
        ServerFetches::Images
    }

    fn question(&self, provider: &Provider, request: &ChatRequest) -> Result<Question, ProviderError> {
        Ok(Question {
            url: provider.endpoint("messages")?,
            headers: version(),
            body: request::body(&provider.name, request)?,
            delivery: request.delivery,
        })
    }

    fn decoder(&self, provider: Arc<str>, _asked: &Map<String, Value>, delivery: Delivery) -> MessagesDecoder {
        MessagesDecoder::new(delivery, provider)
    }

    /// Without sealed reasoning of earlier turns, for when the provider no longer accepts its own seals.
    fn instead(&self, request: &ChatRequest, error: &ProviderError) -> Option<ChatRequest> {
        is_broken_seal(error).then(|| without_past_reasoning(request)).filter(|other| other != request)
    }

    fn counting(&self, provider: &Provider, request: &ChatRequest) -> Result<Option<Counting>, ProviderError> {
        let body = count::body(&provider.name, request)?;
        let url = provider.endpoint("messages/count_tokens")?;
        Ok(Some(Counting { url, headers: version(), body, read: count::read }))
    }

    fn ways(&self, request: &ChatRequest) -> Ways {
        request::ways(request)
    }

    /// The first thousand.
    async fn models(&self, transport: &Transport) -> Result<Vec<Listed>, ProviderError> {
        models::fetch(transport, "models?limit=1000", version(), super::models::read).await
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

fn without_past_reasoning(request: &ChatRequest) -> ChatRequest {
    let mut request = request.clone();
    for msg in &mut request.messages {
        msg.content.retain(|block| !matches!(block, ContentBlock::Thinking { .. }));
    }
    request
}
