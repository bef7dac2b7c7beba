//! A model to ask directly, outside any conversation: what the terminal does with a prompt, and the questions that a
//! provider answers without one. Address and client are found as for the window, by the same code; the key as
//! `key_search` says.
//!
//! Deliberately absent: history. What is asked here is not kept.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use parlance_assistant::answer::{Ending, answer};
use parlance_assistant::tools::{Limits, Overseer, Permission, ToolLoop, Toolbox};
use parlance_assistant::truncate::{self, Fitted, Unfit};
use parlance_assistant::voice::speaker::{Speaker, Voice};
use parlance_core::chat::{ChatModel, HttpRequest};
use parlance_core::clock::SystemClock;
use parlance_core::realtime::SessionOptions;
use parlance_core::structured::legal_name;
use parlance_core::{
    ChatRequest, Clock as _, Consent, ModelEvent, ModelInfo, Msg, ProviderError, Reply, StopReason, Structured,
    StructuredWay, TokenCount, TokenCounter as _, Tool, ToolFailure, ToolUse,
};
use parlance_providers::media::{Attachments, WebMedia};
use parlance_providers::retry::Retry;
use parlance_providers::structured::{Misfit, Shape};
use parlance_providers::{KeySource, Provider};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::api::{ErrorBody, ErrorCode};
use crate::app::App;
use crate::counting::Counter;
use crate::handlers::unlisted;
use crate::key_search::KeySearch;
use crate::providers::{Address, client, find_or_known, http, usual};
use crate::registry::{self, Client, service_of};
use crate::tools::{Choice, CurrentTime, Files, ReadFile};
use crate::trial;
pub use crate::trial::Trial;
use crate::whom::{HasKey, Whom};

/// Which model is wanted, and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// The provider's id in the settings; `None` for the one that answers what is typed.
    pub provider: Option<String>,
    /// Another address than the configured one.
    pub base_url: Option<String>,
    /// The model; `None` for the configured one.
    pub model: Option<String>,
    /// The environment variable that holds the key, for whatever address.
    pub key_variable: Option<String>,
    /// Whether a key may go to another computer without encryption.
    pub plain_http: PlainHttp,
    /// The model's own `tokenizer.json`, or the folder it lies in, to count tokens with; `None` for the provider's way.
    pub tokenizer: Option<PathBuf>,
}

/// Whether a key may go to another computer without encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// Only where the settings say so.
    #[default]
    AsConfigured,
    /// The person agreed, for this call.
    Agreed,
}

/// A provider and perhaps its model, ready to be asked.
pub struct Model {
    whom: Whom,
    client: Client,
    /// The client, or what carries its calls out.
    chat: Arc<dyn ChatModel>,
    nobody: Arc<Nobody>,
    tokenizer: Option<PathBuf>,
}

/// What became of an answer; what came is there however it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The answer as far as it came.
    pub reply: Reply,
    /// The object in it, where a shape was asked for and it has it.
    pub structured: Option<Map<String, Value>>,
    /// Why it is not whole; `None` when it is.
    pub error: Option<ErrorBody>,
    /// What the provider said when it took no tools; the answer was made without them. `None` where it took them.
    pub without_tools: Option<ErrorBody>,
    /// From asking to the end.
    pub took: std::time::Duration,
}

/// The name of a shape without a title.
const UNNAMED: &str = "answer";

/// The shape that a JSON schema describes, under the name that is its title.
///
/// # Errors
/// [`ErrorCode::BadFile`] when it is no schema, or none of objects.
pub fn shape(schema: Value) -> Result<Structured, ErrorBody> {
    let name = schema.get("title").and_then(Value::as_str).and_then(legal_name);
    let structured =
        Structured { name: name.unwrap_or_else(|| UNNAMED.to_owned()), schema, way: StructuredWay::Native };
    match Shape::of(&structured) {
        Ok(_) => Ok(structured),
        Err(bad) => Err(ErrorBody::new(ErrorCode::BadFile).with_details(bad.to_string())),
    }
}

impl App {
    /// A provider, ready to be asked.
    ///
    /// # Errors
    /// [`ErrorCode::Gone`] when there is no such provider, [`ErrorCode::BadUrl`] for an address that is none.
    pub fn model(&self, wanted: &Wanted) -> Result<Model, ErrorBody> {
        let Reached { address, whom } = self.reach(wanted)?;
        // The addresses of media are the caller's own words, so they may be asked for what lies there.
        let web =
            WebMedia::new().map_err(|error| ErrorBody::new(ErrorCode::Internal).with_details(error.to_string()))?;
        let keys = Arc::clone(&whom.key) as Arc<dyn KeySource>;
        let client = client(&whom.provider, &address, keys, Arc::new(Attachments(web)), Retry::default())?;
        let (chat, nobody) = (client.clone(), Arc::default());
        Ok(Model { whom, client, chat, nobody, tokenizer: wanted.tokenizer.clone() })
    }

    /// The tokens of a request's prompt. The model of `wanted` takes the place of the request's.
    ///
    /// # Errors
    /// When there is no such provider or model, when the tokenizer or a picture cannot be read, and when the provider is asked
    /// and does not answer.
    pub async fn count(&self, wanted: &Wanted, request: ChatRequest) -> Result<TokenCount, ErrorBody> {
        let model = self.model(wanted)?;
        let messages = model.bring_media(&request.messages).await?;
        model.count(&ChatRequest { model: model.name()?.to_owned(), messages, ..request }).await
    }

    /// A provider's voice, ready to be spoken with.
    ///
    /// # Errors
    /// As [`App::model`]; [`ErrorCode::NoModel`] when no model is named, [`ErrorCode::NoVoice`] when the provider has
    /// none.
    pub(crate) fn voice_of(&self, wanted: &Wanted, session: SessionOptions) -> Result<Voice, ErrorBody> {
        let Reached { address, whom: Whom { provider, model, host, key } } = self.reach(wanted)?;
        let named = |code| ErrorBody { provider: Some(provider.name.clone()), ..ErrorBody::new(code) };
        let id = model.ok_or_else(|| named(ErrorCode::NoModel))?;
        let asked = Provider { name: provider.id.clone(), base_url: address.base.clone(), keys: key };
        let voice = registry::voice_of(&provider, asked, id.clone(), http()?);
        let model = voice.ok_or_else(|| named(ErrorCode::NoVoice))?;
        let price = self.model_info(&provider, &id).price;
        let speaker = Speaker { name: provider.name.clone(), provider: provider.id, host, model: id };
        Ok(Voice { speaker, model, price, session })
    }

    pub(crate) fn reach(&self, wanted: &Wanted) -> Result<Reached, ErrorBody> {
        let config = self.config();
        let usual = usual(&config);
        let id = wanted.provider.as_deref().unwrap_or(&usual.provider);
        let mut provider = find_or_known(&config, id)?;
        if let Some(typed) = &wanted.base_url {
            provider.base_url.clone_from(typed);
        }
        if provider.base_url.is_empty() {
            let why = format!("{} has an address of its own for everybody; name yours", provider.name);
            return Err(ErrorBody::new(ErrorCode::BadUrl).with_details(why));
        }
        let address = Address::of(&provider)?;
        let key = Arc::new(KeySearch {
            keys: self.keys().clone(),
            provider: provider.id.clone(),
            service: service_of(&provider),
            origin: address.origin.clone(),
            variable: wanted.key_variable.clone(),
            plain_http_allowed: wanted.plain_http == PlainHttp::Agreed
                || provider.plain_http_allowed.contains(&address.origin.to_string()),
        });
        let own = if wanted.provider.is_none() { usual.model } else { provider.model.clone() };
        let chosen = wanted.model.clone().or(Some(own));
        let model = chosen.map(|model| model.trim().to_owned()).filter(|model| !model.is_empty());
        let host = address.origin.host().to_owned();
        Ok(Reached { address, whom: Whom { provider, model, host, key } })
    }
}

/// What a wish comes to.
pub(crate) struct Reached {
    pub(crate) address: Address,
    pub(crate) whom: Whom,
}

impl Model {
    /// The model's name.
    ///
    /// # Errors
    /// [`ErrorCode::NoModel`] when none was named and none is configured.
    pub fn name(&self) -> Result<&str, ErrorBody> {
        self.whom.name()
    }

    /// The same, with the tools that come with Parlance carried out: the time, and these files, by name and content.
    /// Nobody can be asked here, so what would need asking is not allowed.
    #[must_use]
    pub fn with_tools(self, files: Vec<(String, Vec<u8>)>) -> Self {
        let mut tools: Vec<Arc<dyn Tool>> = vec![Arc::new(CurrentTime::new(Arc::new(SystemClock)))];
        if !files.is_empty() {
            let choices: Vec<Choice> = files
                .iter()
                .enumerate()
                .map(|(at, (name, bytes))| Choice {
                    id: at.to_string(),
                    name: name.clone(),
                    bytes: bytes.len() as u64,
                    consent: Consent::NotNeeded,
                })
                .collect();
            let contents = files.into_iter().enumerate().map(|(at, (_, bytes))| (at.to_string(), bytes)).collect();
            tools.push(Arc::new(ReadFile::new(Brought(contents), choices)));
        }
        let chat = ToolLoop::new(self.chat.clone(), Toolbox::new(tools), self.nobody.clone(), Limits::default());
        Self { chat: Arc::new(chat), ..self }
    }

    /// Messages as they will be sent: every file brought along, and what was attached by its address on the web where the
    /// server does not fetch it.
    ///
    /// # Errors
    /// [`ErrorCode::BadFile`] when one cannot be read or is not of its kind.
    pub async fn bring_media(&self, messages: &[Msg]) -> Result<Vec<Msg>, ErrorBody> {
        self.client
            .bring_media(messages)
            .await
            .map_err(|error| ErrorBody::new(ErrorCode::BadFile).with_details(error.message))
    }

    /// Exactly what would be sent, with a placeholder for the key. Sends nothing and asks nobody for the key.
    ///
    /// # Errors
    /// When the request cannot be written.
    pub fn request(&self, request: &ChatRequest) -> Result<HttpRequest, ErrorBody> {
        self.chat.request(request).map_err(|error| self.whom.failed(&error))
    }

    /// The tokens of a request's prompt.
    ///
    /// # Errors
    /// When the tokenizer cannot be read, or when the provider is asked and does not answer.
    pub async fn count(&self, request: &ChatRequest) -> Result<TokenCount, ErrorBody> {
        let (counter, has_key) = self.counter().await?;
        counter.count(request).await.map_err(|error| self.whom.explain(&error, has_key))
    }

    /// The request without the oldest turns of its conversation, as far as it must be for `limit` tokens.
    ///
    /// # Errors
    /// [`ErrorCode::ContextTooLong`] when what must be sent is over the limit by itself; else as [`Model::count`].
    pub async fn fit(&self, request: ChatRequest, limit: u64) -> Result<Fitted, ErrorBody> {
        let (counter, has_key) = self.counter().await?;
        truncate::fit(request, limit, &counter).await.map_err(|unfit| match unfit {
            Unfit::Uncounted(error) => self.whom.explain(&error, has_key),
            Unfit::TooLong { .. } => self.whom.about_us(ErrorBody {
                model: self.whom.model.clone(),
                ..ErrorBody::new(ErrorCode::ContextTooLong).with_details(unfit.to_string())
            }),
        })
    }

    async fn counter(&self) -> Result<(Counter, HasKey), ErrorBody> {
        let model = self.whom.model.as_deref().unwrap_or_default();
        let counter = Counter::new(&self.whom.provider, &self.client, model, self.tokenizer.as_deref()).await?;
        let has_key = if counter.asks_a_server() { self.whom.find_key().await? } else { HasKey::No };
        Ok((counter, has_key))
    }

    /// Asks. Every event goes to `on_event` as it comes; when `stop` is done the answer is stopped and what came is kept.
    ///
    /// # Errors
    /// When nothing was sent: there is no key, or it may not go there. Later failures are in the outcome.
    pub async fn answer(
        &self,
        request: &ChatRequest,
        stop: impl Future<Output = ()>,
        on_event: impl FnMut(&ModelEvent),
    ) -> Result<Outcome, ErrorBody> {
        let has_key = self.whom.find_key().await?;
        let asked = SystemClock.now();
        let cancel = CancellationToken::new();
        let answered = {
            let answering = answer(self.chat.as_ref(), request, &SystemClock, &cancel, on_event);
            tokio::pin!(answering, stop);
            tokio::select! {
                biased;
                answered = &mut answering => answered,
                () = &mut stop => {
                    cancel.cancel();
                    answering.await
                }
            }
        };
        let object = match (&answered.ending, &request.structured) {
            (Ending::Whole, Some(structured)) => self.object(structured, &answered.reply).map(Some),
            _ => Ok(None),
        };
        let error = match &answered.ending {
            Ending::Whole => object.as_ref().err().cloned(),
            Ending::Stopped => Some(self.whom.about_us(ErrorBody::new(ErrorCode::Stopped))),
            Ending::Broken(error) => Some(self.whom.explain(error, has_key)),
        };
        let refusal = self.nobody.refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
        let without_tools = refusal.map(|refusal| ErrorBody { code: ErrorCode::NoTools, ..self.whom.failed(&refusal) });
        let structured = object.ok().flatten();
        Ok(Outcome {
            reply: answered.reply,
            structured,
            error,
            without_tools,
            took: SystemClock.now().saturating_duration_since(asked),
        })
    }

    /// The object in a whole answer.
    fn object(&self, structured: &Structured, reply: &Reply) -> Result<Map<String, Value>, ErrorBody> {
        let why = match Shape::of(structured).map(|shape| shape.read(reply)) {
            Ok(Ok(object)) => return Ok(object),
            Ok(Err(misfit)) => why_unfit(&misfit, reply.finish_reason.as_ref()),
            Err(bad) => bad.to_string(),
        };
        Err(self.whom.about_us(ErrorBody::new(ErrorCode::Unfit).with_details(why)))
    }

    /// Puts the provider to the test: its list, and a word from the model if there is one.
    ///
    /// # Errors
    /// What is wrong, with names near to a model that the provider does not know.
    pub async fn test(&self) -> Result<Trial, ErrorBody> {
        let has_key = self.whom.find_key().await?;
        let trial = trial::run(self.client.as_ref(), self.whom.model.as_deref(), &SystemClock).await;
        trial.map_err(|failed| unlisted(self.whom.explain(&failed.error, has_key), failed.near))
    }

    /// The models the provider lists, sorted by id: proves address and key.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn list(&self) -> Result<Vec<ModelInfo>, ErrorBody> {
        let has_key = self.whom.find_key().await?;
        self.client.models().await.map_err(|error| self.whom.explain(&error, has_key))
    }
}

/// Files that were brought along, by id.
struct Brought(HashMap<String, Vec<u8>>);

#[async_trait]
impl Files for Brought {
    async fn read(&self, id: &str) -> Result<Option<Vec<u8>>, ToolFailure> {
        Ok(self.0.get(id).cloned())
    }
}

/// Nobody who could be asked.
#[derive(Default)]
pub(crate) struct Nobody {
    /// What the provider said when it took no tools.
    refusal: Mutex<Option<ProviderError>>,
}

#[async_trait]
impl Overseer for Nobody {
    async fn ask(&self, _: &ToolUse) -> Permission {
        Permission::Refused
    }

    fn begins(&self, _: &ToolUse) -> CancellationToken {
        CancellationToken::new()
    }

    fn goes_without(&self, refusal: &ProviderError) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal.clone());
    }
}

/// Why there is no object in an answer that ended as its provider meant it.
fn why_unfit(misfit: &Misfit, reason: Option<&StopReason>) -> String {
    match reason {
        Some(StopReason::Length) => "the limit of tokens was reached before the object was whole".to_owned(),
        Some(StopReason::Refusal) => "the model declined".to_owned(),
        Some(StopReason::ContentFilter) => "the provider withheld the rest".to_owned(),
        Some(StopReason::Stop | StopReason::ToolCalls | StopReason::Other(_)) | None => misfit.to_string(),
    }
}
