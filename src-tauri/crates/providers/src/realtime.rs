//! Voices over an open connection: what every provider's realtime protocol shares. Each brings a [`VoiceApi`] (where to
//! connect) and a [`Codec`] (what the frames mean); one task owns the socket.
//!
//! Deliberately absent: microphones, speakers, turn taking, and reconnecting. The conversation does that.

pub(crate) mod check;
pub(crate) mod pcm;
pub(crate) mod pump;
pub(crate) mod socket;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parlance_core::ProviderError;
use parlance_core::realtime::{
    RealtimeCapabilities, RealtimeCommand, RealtimeEvent, RealtimeModel, RealtimeSession, SessionOptions,
};
use url::Url;

use crate::http::Http;
use crate::provider::Provider;
use crate::transport::{Headers, Manner, Transport};

/// What a provider's codec makes of what happens.
#[derive(Debug, Default, PartialEq)]
pub struct Made {
    /// For the conversation, in order.
    pub events: VecDeque<RealtimeEvent>,
    /// For the server, in order.
    pub frames: Vec<String>,
    /// The codec wants to be told when so much time has passed; a new wish replaces the old one.
    pub lapse: Option<Duration>,
}

/// Whether a frame could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It is a message of the protocol, though perhaps one that means nothing here.
    Understood,
    /// It is no message, or its sound is none.
    Malformed,
}

/// One session of one protocol, without IO: commands in, frames out; frames in, events out. Pure but for what the protocol
/// makes it remember.
pub trait Codec: Send + 'static {
    /// The socket is open: what is said first.
    fn hello(&mut self) -> Vec<String>;

    /// Whether the server takes commands already; until then they wait.
    fn is_ready(&self) -> bool;

    /// Whether more frames can be read. Not while a turn that the server ended waits for its name, which comes with
    /// [`RealtimeCommand::Expect`].
    fn can_read(&self) -> bool {
        true
    }

    /// Whether the server owes something: a commit is not acknowledged, or an answer is not whole.
    fn is_in_turn(&self) -> bool;

    /// Writes a command as frames.
    fn encode(&mut self, command: RealtimeCommand, made: &mut Made);

    /// Reads a frame. Unknown events and fields mean nothing.
    ///
    /// # Errors
    /// When the session is over because of it.
    fn decode(&mut self, frame: &str, made: &mut Made) -> Result<Reading, ProviderError>;

    /// The time that [`Made::lapse`] asked for is over.
    fn lapsed(&mut self, _made: &mut Made) {}

    /// Nothing was sent for a while: what keeps the session alive. Nothing where pings do.
    fn keep_alive(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// The server closed the socket, perhaps saying why: an error in every case, since nobody asked it to.
    fn closed(&self, code: u16, reason: &str) -> ProviderError;
}

/// One realtime protocol: where to connect, and how to speak there.
pub trait VoiceApi: Send + Sync + 'static {
    /// Its sessions.
    type Codec: Codec;

    /// How its servers want to be spoken to.
    fn manner(&self) -> Manner;

    /// What its models take and give.
    fn capabilities(&self) -> RealtimeCapabilities;

    /// Where a session is opened, with headers of the protocol's own. The scheme is `http` or `https`.
    ///
    /// # Errors
    /// When the address cannot be made.
    fn door(&self, provider: &Provider) -> Result<(Url, Headers), ProviderError>;

    /// A session that has not begun.
    fn codec(&self, provider: Arc<str>, session: &SessionOptions) -> Self::Codec;
}

/// A model behind a realtime protocol.
pub struct RealtimeClient<A> {
    transport: Transport,
    api: A,
}

impl<A: VoiceApi> RealtimeClient<A> {
    /// A client with the usual limits.
    #[must_use]
    pub fn new(provider: Provider, api: A, http: Http) -> Self {
        Self { transport: Transport::new(provider, api.manner(), http), api }
    }
}

#[async_trait]
impl<A: VoiceApi> RealtimeModel for RealtimeClient<A> {
    fn capabilities(&self) -> RealtimeCapabilities {
        self.api.capabilities()
    }

    async fn connect(&self, session: SessionOptions) -> Result<RealtimeSession, ProviderError> {
        let (url, headers) = self.api.door(self.transport.provider())?;
        let socket = self.transport.open_socket(&url, &headers).await?;
        let name: Arc<str> = Arc::from(self.transport.name());
        let codec = self.api.codec(Arc::clone(&name), &session);
        Ok(pump::start(name, socket, codec))
    }
}

/// What a model is told whose protocol has no word for it: that it was interrupted, and which of its words were heard.
pub(crate) fn interruption(heard: &str) -> String {
    match heard.trim() {
        "" => "(I interrupted your last answer before I heard any of it.)".to_owned(),
        words => format!("(I interrupted your last answer. This is all I heard of it: “{words}”)"),
    }
}
