//! Who counts the tokens of a request: the one place that chooses.
//!
//! A tokenizer that the person named, for this call or in the provider's settings, counts whatever the model. Else it is the family's way: a question to its server,
//! OpenAI's rules, or an estimate. Counts by rule take time in proportion to the text, so they run beside the runtime's
//! threads.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use parlance_core::{Category, ChatRequest, ProviderError, TokenCount, TokenCounter};
use parlance_tokens::hugging_face::{Tokenizer, TokenizerError};
use parlance_tokens::vocabulary::Vocabulary;
use parlance_tokens::{Prompt, estimate, openai};
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::api::{ErrorBody, ErrorCode};
use crate::config::ProviderConfig;
use crate::providers::http;
use crate::registry::{self, Client, Counts};

/// Counts the tokens of requests to one provider's model.
pub(crate) struct Counter {
    provider: String,
    client: Client,
    way: Way,
}

enum Way {
    /// Its server is asked.
    Asked,
    /// OpenAI's rules, over what this one writes.
    OpenAi(Client),
    /// The model's own tokenizer, over what this one writes.
    Own { writer: Client, tokenizer: Arc<Tokenizer> },
    /// Nobody knows better.
    Estimated,
}

impl Counter {
    /// Whoever counts for this model of this provider. `tokenizer` is a file or folder that the person named for this call;
    /// `None` leaves it to the settings.
    ///
    /// # Errors
    /// [`ErrorCode::BadFile`] when that is no tokenizer.
    pub(crate) async fn new(
        provider: &ProviderConfig,
        client: &Client,
        model: &str,
        tokenizer: Option<&Path>,
    ) -> Result<Self, ErrorBody> {
        let writer = || Ok::<_, ErrorBody>(registry::chat_completions(provider, client, http()?));
        let way = match (tokenizer.or(provider.tokenizer.as_deref()), registry::counts(provider)) {
            (Some(file), _) => Way::Own { writer: writer()?, tokenizer: open(file.to_owned()).await? },
            (None, Counts::AtTheServer) => Way::Asked,
            (None, Counts::ByOpenAisRules) => Way::OpenAi(writer()?),
            (None, Counts::ByTheModel) if Vocabulary::of(model).is_some() => Way::OpenAi(writer()?),
            (None, Counts::ByTheModel | Counts::Estimated) => Way::Estimated,
        };
        Ok(Self { provider: provider.id.clone(), client: Arc::clone(client), way })
    }

    /// The provider whose model it counts for.
    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    /// Whether a server is asked, perhaps with a key.
    pub(crate) fn asks_a_server(&self) -> bool {
        matches!(self.way, Way::Asked)
    }

    fn fail(&self, category: Category, message: impl Into<String>) -> ProviderError {
        ProviderError::new(&self.provider, category, message)
    }

    /// The body of a request as Chat Completions.
    async fn written(&self, writer: &Client, request: &ChatRequest) -> Result<Value, ProviderError> {
        let messages = self.client.bring_media(&request.messages).await?;
        let written = writer.request(&ChatRequest { messages, ..request.clone() })?;
        Ok(written.body.unwrap_or_default())
    }

    async fn estimate(&self, request: &ChatRequest) -> Result<TokenCount, ProviderError> {
        let messages = self.client.bring_media(&request.messages).await?;
        let request = ChatRequest { messages, ..request.clone() };
        self.beside(move || estimate::count(&request)).await
    }

    /// Does work that takes a while on a thread for such work. Only the end of the program stops it.
    async fn beside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ProviderError> {
        spawn_blocking(work).await.map_err(|error| self.fail(Category::Cancelled, error.to_string()))
    }
}

#[async_trait]
impl TokenCounter for Counter {
    async fn count(&self, request: &ChatRequest) -> Result<TokenCount, ProviderError> {
        match &self.way {
            Way::Asked => match self.client.count(request).await {
                Ok(Some(count)) => Ok(count),
                Ok(None) => self.estimate(request).await,
                Err(error) if is_no_endpoint(&error) => self.estimate(request).await,
                Err(error) => Err(error),
            },
            Way::OpenAi(writer) => {
                let body = self.written(writer, request).await?;
                self.beside(move || openai::count(&Prompt::of(&body))).await
            }
            Way::Own { writer, tokenizer } => {
                let tokenizer = Arc::clone(tokenizer);
                let body = self.written(writer, request).await?;
                let counted = self.beside(move || tokenizer.count(&Prompt::of(&body))).await?;
                counted.map_err(|error| self.fail(Category::InvalidRequest, error.to_string()))
            }
            Way::Estimated => self.estimate(request).await,
        }
    }
}

/// Whether a server of another maker speaks the protocol, but not this part of it. Of a model that it does not know it would
/// say so in the protocol's own words.
fn is_no_endpoint(error: &ProviderError) -> bool {
    const NO_SUCH_MODEL: [&str; 2] = ["not_found_error", "NOT_FOUND"];
    error.category == Category::NotFound && error.code.as_deref().is_none_or(|code| !NO_SUCH_MODEL.contains(&code))
}

/// The tokenizer that was read last: it may be tens of megabytes, and a meter asks for it with every pause of writing.
static LAST: Mutex<Option<(Stamp, Arc<Tokenizer>)>> = Mutex::new(None);

/// A file, and when it was changed last.
type Stamp = (PathBuf, Option<SystemTime>);

/// Reads a tokenizer, unless it is the one that was read last.
///
/// # Errors
/// [`ErrorCode::BadFile`] when it is none.
pub(crate) async fn open(file: PathBuf) -> Result<Arc<Tokenizer>, ErrorBody> {
    let opened = spawn_blocking(move || {
        let changed = fs::metadata(&file).and_then(|about| about.modified()).ok();
        let stamp = (file, changed);
        let last = || LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, tokenizer)) = &*last()
            && *of == stamp
        {
            return Ok(Arc::clone(tokenizer));
        }
        let tokenizer = Tokenizer::open(&stamp.0).map(Arc::new)?;
        *last() = Some((stamp, Arc::clone(&tokenizer)));
        Ok(tokenizer)
    });
    let opened = opened.await.map_err(|error| internal(error.to_string()))?;
    opened.map_err(|error: TokenizerError| ErrorBody::new(ErrorCode::BadFile).with_details(error.to_string()))
}

fn internal(why: String) -> ErrorBody {
    ErrorBody::new(ErrorCode::Internal).with_details(why)
}
