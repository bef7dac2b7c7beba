//! The client of models that are asked with a recording.

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::{TryStreamExt as _, stream};
use parlance_core::asked::Asked;
use parlance_core::transcription::{
    Recording, SoundIntake, TranscriptEnd, TranscriptEvent, TranscriptStream, TranscriptionCapabilities,
    TranscriptionManner, TranscriptionModel, TranscriptionOver, TranscriptionSession, TranscriptionSound,
};
use parlance_core::{AudioChunk, Category, ProviderError, SampleRate};
use tokio::sync::oneshot;
use tracing::Instrument as _;
use url::Url;

use super::form::Form;
use super::wav;
use crate::decoder::{AnswerDecoder, Protocol};
use crate::http::{Http, TimeLimits};
use crate::provider::Provider;
use crate::retry::Retry;
use crate::transport::{Headers, Manner, Question, Transport};

/// What speech is recorded at for models: more than speech needs brings longer uploads and no better words.
const RATE: SampleRate = SampleRate::HZ_16000;

/// A question with a recording in it.
#[derive(Debug, Clone)]
pub enum Sent {
    /// As JSON, the sound in base64 where [`Sound::base64`] was put.
    Json(Question),
    /// As a form, the sound as a file.
    Form(Form),
}

/// A recording, as a protocol's question needs it.
#[derive(Debug, Clone)]
pub struct Sound<'a> {
    /// `audio/wav` …
    pub media_type: &'a str,
    /// The file in base64; its length in words where the question is only shown.
    pub base64: Cow<'a, str>,
}

/// One protocol of a model that is asked with a recording.
pub trait TranscriptionApi: Clone + Send + Sync + 'static {
    /// How it tells the words.
    type Protocol: Protocol<Event = TranscriptEvent>;

    /// How its servers want to be spoken to.
    fn manner(&self) -> Manner {
        Manner::USUAL
    }

    /// Where its paths begin, whatever people type along.
    fn root(&self, base: Url) -> Url {
        base
    }

    /// The longest recording in bytes of its file; `None` where nobody says.
    fn most_bytes(&self) -> Option<usize>;

    /// The request as it is sent. Pure.
    ///
    /// # Errors
    /// When the request cannot be written for this protocol.
    fn question(
        &self,
        provider: &Provider,
        sound: Sound<'_>,
        manner: &TranscriptionManner,
    ) -> Result<Sent, ProviderError>;

    /// A reader of an answer.
    fn protocol(&self, provider: Arc<str>) -> Self::Protocol;
}

/// A model that is asked with a recording. Cheap to clone.
#[derive(Clone)]
pub struct TranscriptionClient<A> {
    transport: Transport,
    api: A,
}

impl<A: TranscriptionApi> TranscriptionClient<A> {
    /// A client with the usual limits.
    #[must_use]
    pub fn new(mut provider: Provider, api: A, http: Http) -> Self {
        provider.base_url = api.root(provider.base_url);
        Self { transport: Transport::new(provider, api.manner(), http), api }
    }

    /// The same with headers of the caller's in every request, as [`crate::extra_headers::read`] gives them.
    #[must_use]
    pub fn with_headers(self, headers: Headers) -> Self {
        Self { transport: self.transport.with_headers(headers), ..self }
    }

    /// The same with other time limits for every request.
    #[must_use]
    pub fn with_limits(self, limits: TimeLimits) -> Self {
        Self { transport: self.transport.with_limits(limits), ..self }
    }

    /// The same with another way of waiting between tries.
    #[must_use]
    pub fn with_retry(self, retry: Retry) -> Self {
        Self { transport: self.transport.with_retry(retry), ..self }
    }

    /// A recording that is too long is not sent: the service would take all of it before it refuses.
    fn check_length(&self, recording: &Recording) -> Result<(), ProviderError> {
        match self.api.most_bytes() {
            Some(most) if recording.bytes.len() > most => {
                let megabytes = most / (1000 * 1000);
                let message = format!("the recording is over {megabytes} MB, which is the most this service takes");
                Err(self.transport.fail(Category::TooLarge, message))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl<A: TranscriptionApi> TranscriptionModel for TranscriptionClient<A> {
    fn capabilities(&self) -> TranscriptionCapabilities {
        TranscriptionCapabilities { rate: RATE, intake: SoundIntake::Whole, most_bytes: self.api.most_bytes() }
    }

    fn request(&self, recording: &Recording, manner: &TranscriptionManner) -> Result<Asked, ProviderError> {
        self.check_length(recording)?;
        let length = recording.bytes.len();
        let sound = Sound { media_type: &recording.media_type, base64: format!("[{length} bytes]").into() };
        Ok(Asked::Http(match self.api.question(self.transport.provider(), sound, manner)? {
            Sent::Json(question) => self.transport.show(&question),
            Sent::Form(form) => form.show(&self.transport, length),
        }))
    }

    async fn transcribe(
        &self,
        recording: &Recording,
        manner: &TranscriptionManner,
    ) -> Result<TranscriptStream, ProviderError> {
        self.check_length(recording)?;
        let span = tracing::info_span!("transcribe", provider = self.transport.name());
        async {
            let sound = Sound { media_type: &recording.media_type, base64: BASE64.encode(&recording.bytes).into() };
            let answered = match self.api.question(self.transport.provider(), sound, manner)? {
                Sent::Json(question) => self.transport.post(&question).await?,
                Sent::Form(form) => {
                    let (headers, body) = form.write(&recording.bytes);
                    self.transport.post_bytes(&form.url, &headers, body, form.delivery).await?
                }
            };
            let protocol = self.api.protocol(Arc::from(self.transport.name()));
            let decoder = AnswerDecoder::of(answered.delivery(), protocol);
            Ok(answered.into_events(decoder))
        }
        .instrument(span)
        .await
    }

    async fn listen(&self, manner: &TranscriptionManner) -> Result<TranscriptionSession, ProviderError> {
        let (whole, gathered) = oneshot::channel();
        let (client, manner) = (self.clone(), manner.clone());
        let words = async move {
            let Ok(samples) = gathered.await else {
                return Err(client.transport.fail(Category::Cancelled, "the recording was given up"));
            };
            let samples: Vec<i16> = samples;
            if samples.is_empty() {
                let nothing: TranscriptStream =
                    Box::pin(stream::iter([Ok(TranscriptEvent::Finished(TranscriptEnd::default()))]));
                return Ok(nothing);
            }
            client.transcribe(&wav::recording(&samples, RATE), &manner).await
        };
        Ok(TranscriptionSession {
            sound: Box::new(Gathering { samples: Vec::new(), whole: Some(whole) }),
            words: Box::pin(stream::once(words).try_flatten()),
        })
    }
}

/// Speech that is kept until it is whole.
struct Gathering {
    samples: Vec<i16>,
    /// `None` once it is.
    whole: Option<oneshot::Sender<Vec<i16>>>,
}

#[async_trait]
impl TranscriptionSound for Gathering {
    async fn push(&mut self, more: AudioChunk) -> Result<(), TranscriptionOver> {
        if self.whole.as_ref().is_none_or(oneshot::Sender::is_closed) {
            return Err(TranscriptionOver);
        }
        debug_assert_eq!(more.rate, RATE, "speech comes at the model's rate");
        self.samples.extend(more.samples);
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), TranscriptionOver> {
        let whole = self.whole.take().ok_or(TranscriptionOver)?;
        whole.send(std::mem::take(&mut self.samples)).map_err(|_| TranscriptionOver)
    }
}
