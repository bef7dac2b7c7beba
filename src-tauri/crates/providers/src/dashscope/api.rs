//! What is asked of a server of this folder, and how its answer is read. The talking itself is done by `client` and `transport`.

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ProviderError};
use serde_json::{Map, Value};
use url::Url;

use super::decoder::DashScopeDecoder;
use super::mapper::Mapper;
use super::models;
use super::request::{self, Modality};
use crate::base_url;
use crate::client::{Api, Client};
use crate::media::ServerFetches;
use crate::models::{Listed, fetch};
use crate::provider::Provider;
use crate::speakers::{Layout, MediaPlace, Opening, Takes};
use crate::structured::Ways;
use crate::transport::{Question, Transport, header};

/// DashScope's own protocol.
#[derive(Debug, Clone, Copy, Default)]
pub struct GenerationApi(
    /// Which of the two endpoints is asked.
    pub Modality,
);

/// A server of DashScope's own protocol.
pub type DashScopeClient = Client<GenerationApi>;

#[async_trait]
impl Api for GenerationApi {
    type Decoder = DashScopeDecoder;

    /// The server names no limit for a request; it is the others' one.
    fn root(&self, base: Url) -> Url {
        base_url::with_version(base_url::without(base, &["api-ws/v1/"]), &["api/v1/"], "api/v1/")
    }

    fn layout(&self) -> Layout {
        Layout { opening: Opening::NewLine, media: MediaPlace::Inline, takes: Takes::Everything }
    }

    /// The provider's own client takes them under the shorter name.
    fn header_fields(&self) -> &'static [&'static str] {
        &["headers", "extra_headers"]
    }

    fn server_fetches(&self) -> ServerFetches {
        ServerFetches::Everything
    }

    fn question(&self, provider: &Provider, request: &ChatRequest) -> Result<Question, ProviderError> {
        let delivery = request::delivery(request);
        Ok(Question {
            url: provider.endpoint(request::path(request, self.0))?,
            headers: match delivery {
                // Without it the server answers in one piece, whatever it accepts.
                Delivery::Streaming => vec![header("x-dashscope-sse", "enable")],
                Delivery::Whole => Vec::new(),
            },
            body: request::body(&provider.name, request)?,
            delivery,
        })
    }

    fn decoder(&self, provider: Arc<str>, asked: &Map<String, Value>, delivery: Delivery) -> DashScopeDecoder {
        DashScopeDecoder::new(delivery, Mapper::new(provider, parlance_core::id::random(), request::frames(asked)))
    }

    fn ways(&self, request: &ChatRequest) -> Ways {
        request::ways(request)
    }

    /// All models of the catalogue.
    async fn models(&self, transport: &Transport) -> Result<Vec<Listed>, ProviderError> {
        let mut all = Vec::new();
        for page in 1..=models::MAX_PAGES {
            let path = format!("models?page_no={page}&page_size={}", models::PER_PAGE);
            let page = fetch(transport, &path, Vec::new(), models::read).await?;
            let total = page.total.unwrap_or(0);
            let more = page.into_listed();
            let is_last = more.len() == 0;
            all.extend(more);
            if is_last || all.len() as u64 >= total {
                break;
            }
        }
        Ok(all)
    }
}
