//! Models that are written to over a socket, as their text is written: text in, sound out, and the socket opened again where it
//! breaks.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::asked::Asked;
use parlance_core::synthesis::{
    SpeechCapabilities, SpeechEvent, SpeechManner, SpeechModel, SpeechSession, SpeechStream, TextIntake,
};
use parlance_core::{ProviderError, SampleRate};
use serde_json::Value;
use url::Url;

use super::{pump, text};
use crate::errors;
use crate::http::Http;
use crate::provider::Provider;
use crate::realtime::Reading;
use crate::retry::{Attempt, Retry};
use crate::transport::{Headers, Manner, Transport};

/// A frame of the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Words.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// What a frame said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// More sound: 16-bit samples of one channel, low byte first, cut anywhere.
    Sound(Vec<u8>),
    /// What was spoken over this connection so far, as the service counts it.
    Cost {
        /// Characters of the text.
        characters: Option<u64>,
        /// Tokens of the text.
        input_tokens: Option<u64>,
        /// Tokens of the sound.
        output_tokens: Option<u64>,
    },
    /// All that was said over this connection is spoken.
    Finished,
}

/// One connection of one protocol, without IO: text in, frames out; frames in, sound out.
pub trait SpeechCodec: Send + 'static {
    /// The socket is open: what is said first.
    fn hello(&mut self) -> Vec<String>;

    /// There is something to say now, for the first time: what is said before it.
    fn begin(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the server takes text already, once [`SpeechCodec::begin`] was called.
    fn is_ready(&self) -> bool;

    /// More of the text.
    fn say(&mut self, text: &str) -> Vec<String>;

    /// That was all of it.
    fn finish(&mut self) -> Vec<String>;

    /// Nobody wants to hear the rest.
    fn cancel(&mut self) -> Vec<String>;

    /// Reads a frame. Unknown events and fields mean nothing.
    ///
    /// # Errors
    /// When the connection is over because of it.
    fn decode(&mut self, frame: Frame<'_>, heard: &mut VecDeque<Heard>) -> Result<Reading, ProviderError>;

    /// The server closed the socket, perhaps saying why.
    fn closed(&self, provider: &str, code: u16, reason: &str) -> ProviderError {
        errors::from_close(provider, code, reason)
    }
}

/// One protocol of a model that is written to over a socket.
pub trait SpeechSocketApi: Clone + Send + Sync + 'static {
    /// Its connections.
    type Codec: SpeechCodec;

    /// How its servers want to be spoken to.
    fn manner(&self) -> Manner {
        Manner::USUAL
    }

    /// The longest piece of text in one frame, in characters.
    fn most_characters(&self) -> usize;

    /// The rate of its sound.
    fn rate(&self) -> SampleRate {
        SampleRate::HZ_24000
    }

    /// Where a connection is opened. The scheme is `http` or `https`.
    ///
    /// # Errors
    /// When the address cannot be made.
    fn door(&self, provider: &Provider) -> Result<Url, ProviderError>;

    /// A connection that has not begun.
    fn codec(&self, provider: Arc<str>, manner: &SpeechManner) -> Self::Codec;
}

/// A model that is written to over a socket. Cheap to clone.
#[derive(Clone)]
pub struct SpeechSocketClient<A> {
    pub(super) transport: Transport,
    pub(super) api: A,
    pub(super) retry: Retry,
}

impl<A: SpeechSocketApi> SpeechSocketClient<A> {
    /// A client with the usual limits.
    #[must_use]
    pub fn new(provider: Provider, api: A, http: Http) -> Self {
        Self { transport: Transport::new(provider, api.manner(), http), api, retry: Retry::default() }
    }

    /// The same with headers of the caller's in every handshake, as [`crate::extra_headers::read`] gives them.
    #[must_use]
    pub fn with_headers(self, headers: Headers) -> Self {
        Self { transport: self.transport.with_headers(headers), ..self }
    }

    /// The same with another way of waiting between tries.
    #[must_use]
    pub fn with_retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// Opens a socket, as often as it makes sense.
    async fn open(&self) -> Result<pump::Line, ProviderError> {
        let url = self.api.door(self.transport.provider())?;
        let mut attempt = 0;
        loop {
            let error = match self.transport.open_socket(&url, &Headers::new()).await {
                Ok(socket) => return Ok(pump::Line::over(socket)),
                Err(error) => error,
            };
            let failed = Attempt { error, advice: None };
            let Some(pause) = self.retry.wait(attempt, &failed) else { return Err(failed.error) };
            (self.retry.told)(&failed.error, pause);
            (self.retry.sleep)(pause).await;
            attempt += 1;
        }
    }

    /// One try, for a connection that broke.
    pub(super) async fn open_again(&self) -> Result<pump::Line, ProviderError> {
        let url = self.api.door(self.transport.provider())?;
        Ok(pump::Line::over(self.transport.open_socket(&url, &Headers::new()).await?))
    }
}

#[async_trait]
impl<A: SpeechSocketApi> SpeechModel for SpeechSocketClient<A> {
    fn capabilities(&self) -> SpeechCapabilities {
        // Longer texts go in several frames.
        SpeechCapabilities { intake: TextIntake::Incremental, most_characters: None }
    }

    fn request(&self, text: &str, manner: &SpeechManner) -> Result<Asked, ProviderError> {
        let url = self.api.door(self.transport.provider())?;
        let mut codec = self.api.codec(Arc::from(self.transport.name()), manner);
        let mut frames = codec.hello();
        frames.extend(codec.begin());
        for piece in text::cut(text, self.api.most_characters()) {
            frames.extend(codec.say(piece));
        }
        frames.extend(codec.finish());
        let frames = frames.iter().filter_map(|frame| serde_json::from_str::<Value>(frame).ok()).collect();
        Ok(Asked::Socket(self.transport.show_socket(&url, &Headers::new(), frames)))
    }

    async fn speak(&self, text: &str, manner: &SpeechManner) -> Result<SpeechStream, ProviderError> {
        if !text::has_something_to_say(text) {
            return Ok(Box::pin(futures_util::stream::iter([Ok(SpeechEvent::Finished)])));
        }
        let SpeechSession { text: mut writer, sound } = self.begin(manner).await?;
        // It takes any text at once; what becomes of it comes through the sound.
        if writer.push(text).await.is_ok() {
            let _ = writer.finish().await;
        }
        Ok(sound)
    }

    async fn begin(&self, manner: &SpeechManner) -> Result<SpeechSession, ProviderError> {
        let line = self.open().await?;
        Ok(pump::start(self.clone(), manner.clone(), line))
    }
}
