//! The port of models that turn texts, and some of them pictures, into vectors.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::chat::HttpRequest;
use crate::error::ProviderError;
use crate::msg::Source;

/// A model that turns inputs into vectors.
#[async_trait]
pub trait EmbeddingModel: Send + Sync {
    /// What it takes and gives.
    fn capabilities(&self) -> EmbeddingCapabilities;

    /// Exactly what would be sent, without the key: as many requests as the service's limits make of the inputs. Empty for
    /// a model that runs here.
    ///
    /// # Errors
    /// When an input cannot be written for this provider.
    fn requests(&self, request: &EmbeddingRequest) -> Result<Vec<HttpRequest>, ProviderError>;

    /// Embeds all inputs; vectors come in their order, each as the model gives it, not made unit length.
    ///
    /// # Errors
    /// When one of them cannot be embedded; nothing of the others is given then.
    async fn embed(&self, request: &EmbeddingRequest) -> Result<Embeddings, ProviderError>;
}

/// What an embedding model takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddingCapabilities {
    /// How long its vectors are unless asked otherwise; `None` where nobody says.
    pub dimensions: Option<usize>,
    /// Most inputs that are worth handing over at once.
    pub batch: usize,
    /// Whether it takes pictures.
    pub sees: bool,
}

/// What to embed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EmbeddingRequest {
    /// In the order of the vectors.
    pub inputs: Vec<EmbeddingInput>,
    /// How long the vectors should be; `None` leaves it to the model.
    pub dimensions: Option<usize>,
    /// What the vectors are for; `None` leaves it to the model.
    pub purpose: Option<Purpose>,
    /// Parameters of the provider's own, which win over ours.
    pub extra: Map<String, Value>,
}

/// Something that can be embedded.
#[derive(Debug, Clone, PartialEq)]
pub enum EmbeddingInput {
    /// Words.
    Text(String),
    /// A picture.
    Image(Source),
    /// Moving pictures.
    Video(Source),
}

/// What vectors are for. Some models make others of a question than of what answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To find something by.
    Query,
    /// To be found.
    Document,
}

/// Vectors, and what they cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    /// In the order of the inputs.
    pub vectors: Vec<Vec<f32>>,
    /// What they cost.
    pub usage: EmbeddingUsage,
    /// Where they come from.
    pub source: EmbeddingSource,
}

/// What vectors cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EmbeddingUsage {
    /// Tokens that were read, as the provider counts them; 0 where it does not or where the cache had them.
    pub tokens: u64,
    /// How long it took, waiting included; zero where the cache had them.
    pub time: Duration,
}

/// Where vectors come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddingSource {
    /// At least one was made now.
    Api,
    /// All were known.
    Cache,
}
