//! The model as others are given it: a thread that loads it when something is to be embedded and lets it go when nothing has
//! been for a while.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_channel::oneshot;
use parlance_core::chat::HttpRequest;
use parlance_core::embedding::{
    EmbeddingCapabilities, EmbeddingInput, EmbeddingModel, EmbeddingRequest, EmbeddingSource, EmbeddingUsage,
    Embeddings, Purpose,
};
use parlance_core::error::{Category, ProviderError};

use crate::embedder::{DIMENSIONS, Embedder};
use crate::error::ModelError;

/// The name that errors give it.
const NAME: &str = "local";
/// Texts that are worth handing over at once: there is nothing to gain by many, and an interruption loses few.
const BATCH: usize = 16;

/// The model on a thread of its own. A person's question is answered before the next note of a batch; what nobody waits for
/// any more is not counted.
pub struct LocalModel {
    jobs: Sender<Job>,
}

/// Texts and who waits for their vectors.
struct Job {
    texts: Vec<String>,
    purpose: Purpose,
    /// Vectors so far.
    done: Vec<Vec<f32>>,
    tokens: u64,
    begun: Option<Instant>,
    reply: oneshot::Sender<Result<Embeddings, ProviderError>>,
}

impl LocalModel {
    /// A model from `folder`, which is read when something is first embedded. It leaves memory when nothing has been embedded
    /// for `idle`. The thread ends with this value.
    #[must_use]
    pub fn new(folder: PathBuf, idle: Duration) -> Self {
        let (jobs, orders) = mpsc::channel();
        let work = move || Worker { folder, idle, model: None, orders, waiting: VecDeque::new() }.run();
        // Without a thread the other end is gone, and who asks is told.
        let _ = thread::Builder::new().name("embedder".into()).spawn(work);
        Self { jobs }
    }

    /// Whether the model's files are there. Whether they are whole is seen when they are read.
    #[must_use]
    pub fn is_in(folder: &std::path::Path) -> bool {
        folder.join(crate::WEIGHTS).is_file() && folder.join(crate::TOKENIZER).is_file()
    }
}

#[async_trait]
impl EmbeddingModel for LocalModel {
    fn capabilities(&self) -> EmbeddingCapabilities {
        EmbeddingCapabilities { dimensions: Some(DIMENSIONS), batch: BATCH, sees: false }
    }

    fn requests(&self, request: &EmbeddingRequest) -> Result<Vec<HttpRequest>, ProviderError> {
        texts(request).map(|_| Vec::new())
    }

    async fn embed(&self, request: &EmbeddingRequest) -> Result<Embeddings, ProviderError> {
        let (reply, answer) = oneshot::channel();
        let purpose = request.purpose.unwrap_or(Purpose::Document);
        let ended = || ProviderError::new(NAME, Category::Server, "the model's thread has ended; start Parlance again");
        let job = Job { texts: texts(request)?, purpose, done: Vec::new(), tokens: 0, begun: None, reply };
        self.jobs.send(job).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

/// The texts of a request; what else it asks for is refused.
fn texts(request: &EmbeddingRequest) -> Result<Vec<String>, ProviderError> {
    let refused = |why| ProviderError::new(NAME, Category::InvalidRequest, why);
    if request.dimensions.is_some_and(|dimensions| dimensions != DIMENSIONS) {
        return Err(refused("the model's vectors have 384 dimensions, no other number"));
    }
    let texts = request.inputs.iter().map(|input| match input {
        EmbeddingInput::Text(text) => Ok(text.clone()),
        EmbeddingInput::Image(_) | EmbeddingInput::Video(_) => Err(refused("the model reads texts alone")),
    });
    texts.collect()
}

/// The thread's side.
struct Worker {
    folder: PathBuf,
    idle: Duration,
    model: Option<Embedder>,
    orders: Receiver<Job>,
    /// Questions first, each kind in the order it came.
    waiting: VecDeque<Job>,
}

/// Whether there is somebody to work for.
#[derive(PartialEq, Eq)]
enum Owner {
    There,
    Gone,
}

impl Worker {
    fn run(mut self) {
        while self.take_orders() == Owner::There {
            if let Some(job) = self.waiting.pop_front() {
                self.step(job);
            }
        }
    }

    /// Takes what was asked meanwhile; with nothing to do, waits for it, and lets the model go after a while.
    fn take_orders(&mut self) -> Owner {
        loop {
            match self.orders.try_recv() {
                Ok(job) => self.line_up(job),
                Err(TryRecvError::Empty) if self.waiting.is_empty() => break,
                Err(TryRecvError::Empty) => return Owner::There,
                Err(TryRecvError::Disconnected) => return Owner::Gone,
            }
        }
        let waited = match self.model {
            Some(_) => self.orders.recv_timeout(self.idle),
            None => self.orders.recv().map_err(RecvTimeoutError::from),
        };
        match waited {
            Ok(job) => self.line_up(job),
            Err(RecvTimeoutError::Timeout) => self.model = None,
            Err(RecvTimeoutError::Disconnected) => return Owner::Gone,
        }
        Owner::There
    }

    fn line_up(&mut self, job: Job) {
        let before_notes = |other: &Job| other.purpose == Purpose::Document;
        let place = match job.purpose {
            Purpose::Query => self.waiting.iter().position(before_notes).unwrap_or(self.waiting.len()),
            Purpose::Document => self.waiting.len(),
        };
        self.waiting.insert(place, job);
    }

    /// Counts one text of a job, and puts the job back in front if it has more.
    fn step(&mut self, mut job: Job) {
        if job.reply.is_canceled() {
            return;
        }
        let begun = *job.begun.get_or_insert_with(Instant::now);
        if let Some(text) = job.texts.get(job.done.len()) {
            match self.count(text) {
                Ok((vector, n_tokens)) => {
                    job.done.push(vector);
                    job.tokens += n_tokens as u64;
                }
                Err(error) => return answer(job, Err(told(&error))),
            }
        }
        if job.done.len() < job.texts.len() {
            self.waiting.push_front(job);
            return;
        }
        let usage = EmbeddingUsage { tokens: job.tokens, time: begun.elapsed() };
        let vectors = std::mem::take(&mut job.done);
        answer(job, Ok(Embeddings { vectors, usage, source: EmbeddingSource::Api }));
    }

    fn count(&mut self, text: &str) -> Result<(Vec<f32>, usize), ModelError> {
        let model = match self.model.take() {
            Some(model) => model,
            None => Embedder::open(&self.folder)?,
        };
        self.model.insert(model).embed_one(text)
    }
}

fn answer(job: Job, result: Result<Embeddings, ProviderError>) {
    // Nobody may be waiting any more.
    let _ = job.reply.send(result);
}

/// The failure as callers know it: what is not there is not found, what is damaged is at fault itself.
fn told(error: &ModelError) -> ProviderError {
    let category = match error {
        ModelError::Missing { .. } => Category::NotFound,
        ModelError::Tokens(_) => Category::InvalidRequest,
        ModelError::Unreadable { .. } | ModelError::Damaged { .. } | ModelError::OtherForm { .. } => Category::Protocol,
    };
    ProviderError::new(NAME, category, error.to_string())
}
