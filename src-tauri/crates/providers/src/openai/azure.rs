//! OpenAI's models at Azure: the body of Chat Completions, at an address that names the deployment, with a header of its own
//! for the key. Addresses that end in `/openai/v1` are Azure's newer surface, which is addressed like OpenAI's.
//! Described at <https://learn.microsoft.com/azure/ai-foundry/openai/reference> (read November 2026).

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::chat::Delivery;
use parlance_core::{ChatRequest, ProviderError};
use serde_json::{Map, Value};
use url::Url;

use super::api::ChatCompletionsApi;
use super::decoder::ChatDecoder;
use super::dialect::Dialect;
use crate::client::Api;
use crate::media::ServerFetches;
use crate::models::{self, Listed};
use crate::provider::Provider;
use crate::speakers::Layout;
use crate::structured::Ways;
use crate::transport::{KeyHeader, Manner, Question, Transport};
use crate::{base_url, history};

/// The version of the older surface that is asked for where nobody names one: the latest that is no preview.
const VERSION: &str = "2024-10-21";
/// A request's own names for another version.
const VERSION_FIELDS: [&str; 2] = ["api-version", "api_version"];

/// Chat Completions at Azure.
#[derive(Debug, Clone)]
pub struct AzureApi {
    chat: ChatCompletionsApi,
    version: Option<String>,
}

impl AzureApi {
    /// With a version of the protocol; `None` for the usual one.
    #[must_use]
    pub fn new(version: Option<String>) -> Self {
        Self { chat: ChatCompletionsApi(Dialect::OPENAI), version }
    }

    fn address(&self, provider: &Provider, model: &str, version: Option<String>) -> Result<Url, ProviderError> {
        let version = version.or_else(|| self.version.clone());
        let (mut url, version) = if is_newer(&provider.base_url) {
            (provider.endpoint("chat/completions")?, version)
        } else {
            // The name becomes a part of the address.
            if model.is_empty() || !model.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
                let why = "a deployment's name holds letters, digits, dots, hyphens and underscores only";
                return Err(history::refuse(&provider.name, why));
            }
            let path = format!("openai/deployments/{model}/chat/completions");
            (provider.endpoint(&path)?, Some(version.unwrap_or_else(|| VERSION.to_owned())))
        };
        if let Some(version) = version {
            url.query_pairs_mut().append_pair("api-version", &version);
        }
        Ok(url)
    }
}

fn is_newer(base: &Url) -> bool {
    base.path().ends_with("/openai/v1/")
}

#[async_trait]
impl Api for AzureApi {
    type Decoder = ChatDecoder;

    fn manner(&self) -> Manner {
        Manner { key: KeyHeader::Named("api-key"), ..self.chat.manner() }
    }

    fn root(&self, base: Url) -> Url {
        if is_newer(&base) { base } else { base_url::without(base, &["openai/"]) }
    }

    fn layout(&self) -> Layout {
        self.chat.layout()
    }

    fn server_fetches(&self) -> ServerFetches {
        self.chat.server_fetches()
    }

    fn question(&self, provider: &Provider, request: &ChatRequest) -> Result<Question, ProviderError> {
        let mut question = self.chat.question(provider, request)?;
        let named = VERSION_FIELDS.map(|field| question.body.shift_remove(field));
        let version = named.into_iter().flatten().find_map(|version| version.as_str().map(str::to_owned));
        question.url = self.address(provider, request.model.trim(), version)?;
        Ok(question)
    }

    fn decoder(&self, provider: Arc<str>, asked: &Map<String, Value>, delivery: Delivery) -> ChatDecoder {
        self.chat.decoder(provider, asked, delivery)
    }

    fn ways(&self, request: &ChatRequest) -> Ways {
        self.chat.ways(request)
    }

    async fn models(&self, transport: &Transport) -> Result<Vec<Listed>, ProviderError> {
        let version = self.version.as_deref().unwrap_or(VERSION);
        let path = if is_newer(&transport.provider().base_url) {
            "models".to_owned()
        } else {
            format!("openai/models?api-version={version}")
        };
        models::fetch(transport, &path, Vec::new(), models::list::read).await
    }
}
