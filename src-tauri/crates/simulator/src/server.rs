//! The listener, its connections, and what it recorded.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::answer;
use crate::http1::Connection;
use crate::scenario::{Answer, Scenario};
use crate::steering;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Request {
    /// For example `POST`.
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    #[serde(serialize_with = "as_text")]
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of this name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of the first field of this name in the query, as it stands there.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.path.split_once('?')?;
        query
            .split('&')
            .filter_map(|field| field.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The path without its query.
    #[must_use]
    pub fn place(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// The body as JSON; `null` where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Whether these bytes stand anywhere in it.
    #[must_use]
    pub fn holds(&self, needle: &str) -> bool {
        let mut text = format!("{} {}\n", self.method, self.path);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text.push_str(&String::from_utf8_lossy(&self.body));
        text.contains(needle)
    }
}

fn as_text<S: serde::Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(body))
}

/// A running server on a free port of 127.0.0.1. It ends when dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Dropping it ends the listener and every connection.
    end: Option<watch::Sender<()>>,
}

/// What the connections share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    scenario: Mutex<Scenario>,
    /// How often each rule of the scenario was used.
    used: Mutex<Vec<u32>>,
    requests: Mutex<Vec<Request>>,
    /// Connections since the start.
    accepted: AtomicUsize,
    /// Connections open now.
    open: AtomicUsize,
}

impl Simulator {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When the system gives no port.
    pub async fn start(scenario: Scenario) -> io::Result<Self> {
        Self::start_at("127.0.0.1:0", scenario).await
    }

    /// Starts it at an address.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn start_at(address: &str, scenario: Scenario) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        shared.set_scenario(scenario);
        let (end, ended) = watch::channel(());
        tokio::spawn(accept(listener, Arc::clone(&shared), ended));
        Ok(Self { address, shared, end: Some(end) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address for providers that put their version behind it, such as Anthropic, without a trailing slash.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base address for providers of OpenAI's protocol, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Another scenario from the next request on.
    pub fn set_scenario(&self, scenario: Scenario) {
        self.shared.set_scenario(scenario);
    }

    /// What was asked so far, but for the steering.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// Connections since the start.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Connections open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// Hangs up on everybody and frees the port, so that it refuses.
    pub fn stop(&mut self) {
        self.end = None;
    }

    /// Waits for ever; for the binary.
    pub async fn run(self) {
        std::future::pending::<()>().await;
    }
}

impl Shared {
    pub(crate) fn set_scenario(&self, scenario: Scenario) {
        *lock(&self.used) = vec![0; scenario.rules.len()];
        *lock(&self.scenario) = scenario;
    }

    pub(crate) fn scenario(&self) -> Scenario {
        lock(&self.scenario).clone()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.requests).clone()
    }

    pub(crate) fn record(&self, request: &Request) {
        lock(&self.requests).push(request.clone());
    }

    /// The answer of the first rule that fits `last_words` and is not used up.
    pub(crate) fn choose(&self, last_words: &str) -> Answer {
        let scenario = lock(&self.scenario);
        let mut used = lock(&self.used);
        for (rule, used) in scenario.rules.iter().zip(used.iter_mut()) {
            let fits = rule.when.as_deref().is_none_or(|words| last_words.contains(words));
            if fits && rule.times.is_none_or(|times| *used < times) {
                *used += 1;
                return rule.answer.clone();
            }
        }
        Answer::default()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut ended: watch::Receiver<()>) {
    loop {
        tokio::select! {
            biased;
            // The sender never sends: this resolves when it is dropped.
            _ = ended.changed() => return,
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                shared.accepted.fetch_add(1, Ordering::SeqCst);
                shared.open.fetch_add(1, Ordering::SeqCst);
                let (shared, mut ended) = (Arc::clone(&shared), ended.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        biased;
                        _ = ended.changed() => {}
                        () = serve(stream, &shared) => {}
                    }
                    shared.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        }
    }
}

/// One connection until either side is done. Its errors are the faults that were asked for, or a client that left.
async fn serve(stream: TcpStream, shared: &Shared) {
    // A delta must leave when it is written, or the pace of a scenario means nothing.
    let _ = stream.set_nodelay(true);
    let mut connection = Connection::new(stream);
    while let Ok(Some(request)) = connection.read_request().await {
        let more = if request.path.starts_with(steering::PREFIX) {
            steering::answer(&mut connection, shared, &request).await
        } else {
            shared.record(&request);
            answer::answer(&mut connection, shared, &request).await
        };
        if !matches!(more, Ok(answer::After::KeepOpen)) {
            return;
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
