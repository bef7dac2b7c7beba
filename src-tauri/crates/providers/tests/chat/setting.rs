//! A client at a simulator, and what the tests ask it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use parlance_core::{ApiKey, ChatModel, ChatRequest, ModelEvent, Msg, Origin, ProviderError, Reply, Role, Secret};
use parlance_providers::http::{Http, TimeLimits};
use parlance_providers::media::LocalFiles;
use parlance_providers::openai::{ChatCompletionsApi, Dialect, OpenAiClient};
use parlance_providers::retry::Retry;
use parlance_providers::{KeySource, KeyUnavailable, NoKey, Provider, base_url};
use parlance_simulator::{Answer, Scenario, Simulator};

/// A key that no test writes anywhere else.
pub(crate) const KEY: &str = "sk-canary-3f9a1c77d2e84b60";

/// Gives the canary for one origin, as the keyring would.
pub(crate) struct Canary(pub(crate) Origin);

#[async_trait]
impl KeySource for Canary {
    async fn key(&self) -> Result<Option<ApiKey>, KeyUnavailable> {
        let secret = Secret::new(KEY.to_owned()).map_err(|error| KeyUnavailable(error.to_string()))?;
        Ok(Some(ApiKey::new(secret, self.0.clone())))
    }
}

/// Limits that a test reaches only when something is wrong, however busy the machine is.
pub(crate) const PATIENT: TimeLimits =
    TimeLimits { first_byte: Duration::from_secs(20), stall: Duration::from_secs(20), total: None };

/// Limits for tests of the limits.
pub(crate) const HASTY: TimeLimits =
    TimeLimits { first_byte: Duration::from_millis(500), stall: Duration::from_millis(300), total: None };

pub(crate) fn client_at(address: &str, dialect: Dialect) -> OpenAiClient {
    connecting_within(Duration::from_secs(5), address, dialect)
}

pub(crate) fn connecting_within(limit: Duration, address: &str, dialect: Dialect) -> OpenAiClient {
    let base_url = base_url::parse(address).unwrap();
    let provider = Provider { name: "sim".into(), base_url, keys: Arc::new(NoKey) };
    OpenAiClient::new(
        provider,
        ChatCompletionsApi(dialect),
        Http::with_connect_limit(limit).unwrap(),
        Arc::new(LocalFiles),
    )
    .with_limits(PATIENT)
    .with_retry(recorded_retry().0)
}

pub(crate) fn client_with_key(address: &str, saved_for: &str) -> OpenAiClient {
    let origin = Origin::of(&base_url::parse(saved_for).unwrap()).unwrap();
    let provider =
        Provider { name: "sim".into(), base_url: base_url::parse(address).unwrap(), keys: Arc::new(Canary(origin)) };
    let http = Http::with_connect_limit(Duration::from_secs(5)).unwrap();
    OpenAiClient::new(provider, ChatCompletionsApi(Dialect::OPENAI), http, Arc::new(LocalFiles))
        .with_retry(recorded_retry().0)
}

/// Retries that wait no time, and the pauses they would have made.
pub(crate) fn recorded_retry() -> (Retry, Arc<Mutex<Vec<Duration>>>) {
    let pauses = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&pauses);
    let sleep = Arc::new(move |pause| -> futures_util::future::BoxFuture<'static, ()> {
        seen.lock().unwrap().push(pause);
        Box::pin(async {})
    });
    (Retry { jitter: || 0.0, sleep, ..Retry::default() }, pauses)
}

pub(crate) async fn simulator(answer: Answer) -> Simulator {
    Simulator::start(Scenario::always(answer)).await.unwrap()
}

pub(crate) fn question() -> ChatRequest {
    ChatRequest {
        model: "m".into(),
        messages: vec![Msg::text(Role::User, "user", "Say it.")],
        ..ChatRequest::default()
    }
}

/// The answer as far as it came, and the error that ended it, if one did.
pub(crate) async fn ask(client: &dyn ChatModel) -> (Reply, Option<ProviderError>) {
    let mut reply = Reply::default();
    let mut stream = match client.stream(&question()).await {
        Ok(stream) => stream,
        Err(error) => return (reply, Some(error)),
    };
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => reply.apply(&event),
            Err(error) => {
                assert!(stream.next().await.is_none(), "nothing comes after an error");
                return (reply, Some(error));
            }
        }
    }
    (reply, None)
}

/// All events of an answer that goes well.
pub(crate) async fn events(client: &dyn ChatModel, request: &ChatRequest) -> Vec<ModelEvent> {
    let stream = client.stream(request).await.unwrap();
    stream.map(|event| event.unwrap()).collect().await
}
