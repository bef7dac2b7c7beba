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
use crate::transport::{Question, Transport};

/// Responses, as one server wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponsesApi {
    /// How it wants messages.
    pub messages: MessageForm,
}

impl ResponsesApi {
    /// The maker of the protocol.
    pub const OPENAI: Self = Self { messages: MessageForm::Bare };
    /// llama.cpp's server.
    pub const LLAMA_CPP: Self = Self { messages: MessageForm::Typed };
}

/// How messages stand among the items of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageForm {
    /// Without a type, as OpenAI's own clients write them.
    Bare,
    /// With the type `message`: llama.cpp knows the words of an assistant by it.
    Typed,
}

/// A server of OpenAI's Responses.
pub type ResponsesClient = Client<ResponsesApi>;

#[async_trait]
impl Api for ResponsesApi {
    type Decoder = ResponsesDecoder;

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
            body: request::body(&provider.name, request, self.messages)?,
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
