//! What is asked of a server of this folder, and how its answer is read. The talking itself is done by `client` and `transport`.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ProviderError};
use serde_json::{Map, Value};

use super::decoder::ChatDecoder;
use super::dialect::{ContentShape, Dialect};
use super::mapper::Expectations;
use super::request;
use crate::client::{Api, Client};
use crate::media::ServerFetches;
use crate::models::{self, Listed};
use crate::provider::Provider;
use crate::speakers::{Layout, MediaPlace, Opening, Takes};
use crate::structured::Ways;
use crate::transport::{Question, Transport};

/// Chat Completions, in one of its dialects.
#[derive(Debug, Clone)]
pub struct ChatCompletionsApi(
    /// How its server differs from the others.
    pub Dialect,
);

/// A server of OpenAI's protocol.
pub type OpenAiClient = Client<ChatCompletionsApi>;

#[async_trait]
impl Api for ChatCompletionsApi {
    type Decoder = ChatDecoder;

    fn layout(&self) -> Layout {
        let takes = match self.0.content {
            ContentShape::Parts => Takes::ImagesAndAudio,
            ContentShape::Text => Takes::Words,
        };
        Layout { opening: Opening::NewLine, media: MediaPlace::After, takes }
    }

    fn server_fetches(&self) -> ServerFetches {
        ServerFetches::Images
    }

    fn question(&self, provider: &Provider, request: &ChatRequest) -> Result<Question, ProviderError> {
        Ok(Question {
            url: provider.endpoint("chat/completions")?,
            headers: Vec::new(),
            body: request::body(&provider.name, request, &self.0)?,
            delivery: request.delivery,
        })
    }

    fn decoder(&self, provider: Arc<str>, asked: &Map<String, Value>, delivery: Delivery) -> ChatDecoder {
        let expected = Expectations {
            provider,
            think_tags: self.0.think_tags,
            audio_media_type: request::audio_media_type(asked),
            id_seed: parlance_core::id::random(),
        };
        ChatDecoder::new(delivery, self.0.stream_end, expected)
    }

    fn ways(&self, _request: &ChatRequest) -> Ways {
        request::ways(&self.0)
    }

    async fn models(&self, transport: &Transport) -> Result<Vec<Listed>, ProviderError> {
        models::fetch(transport, "models", Vec::new(), models::list::read).await
    }
}
