//! Any chat model, made to listen and talk: what is said is written down, answered, and the answer spoken sentence by
//! sentence. To the conversation it is a voice like others.
//!
//! * [`sentences`] – what is written, cut into sentences while it comes.
//! * [`spoken`] – what is said of a piece of Markdown.
//! * `session` – one task that listens, asks and speaks. `answer` – the answer on its way. `memory` – what was said.
//!
//! A sentence is sent to be spoken only shortly before the one before it has sounded: whoever interrupts pays for no more,
//! and nothing is made that nobody hears.

mod answer;
mod memory;
pub mod sentences;
mod session;
pub mod spoken;

use std::sync::Arc;

use async_trait::async_trait;
use parlance_core::realtime::{
    RealtimeCapabilities, RealtimeCommand, RealtimeCommands, RealtimeModel, RealtimeSession, SessionOptions,
    SessionOver,
};
use parlance_core::synthesis::{SpeechManner, SpeechModel};
use parlance_core::transcription::{TranscriptionManner, TranscriptionModel};
use parlance_core::{AudioChunk, ChatModel, ChatRequest, ProviderError, SampleRate};
use tokio::sync::mpsc;

/// The rate that answers are given at; most voices speak at it.
const OUTPUT_RATE: SampleRate = SampleRate::HZ_24000;

/// A chat model between an ear and a mouth.
#[derive(Clone)]
pub struct Cascade {
    /// Writes down what the person says.
    pub ear: Arc<dyn TranscriptionModel>,
    /// How.
    pub hearing: TranscriptionManner,
    /// Answers.
    pub chat: Arc<dyn ChatModel>,
    /// How it is asked; messages and tools are filled in.
    pub request: ChatRequest,
    /// Whether it looks at pictures.
    pub sees: bool,
    /// Speaks the answer.
    pub mouth: Arc<dyn SpeechModel>,
    /// How; the session's voice wins.
    pub speaking: SpeechManner,
    /// What is done with sound on the way.
    pub sound: SoundWays,
    /// What is said when nothing was understood.
    pub not_understood: String,
}

/// What is done with sound on the way.
#[derive(Clone, Copy)]
pub struct SoundWays {
    /// A recording as a WAV file.
    pub wav: fn(&AudioChunk) -> Vec<u8>,
    /// A recording at another rate.
    pub resample: fn(&AudioChunk, SampleRate) -> AudioChunk,
}

#[async_trait]
impl RealtimeModel for Cascade {
    fn capabilities(&self) -> RealtimeCapabilities {
        RealtimeCapabilities {
            transcribes: true,
            sees: self.sees,
            calls: true,
            ..RealtimeCapabilities::at(self.ear.capabilities().rate, OUTPUT_RATE)
        }
    }

    async fn connect(&self, options: SessionOptions) -> Result<RealtimeSession, ProviderError> {
        // Both are bounded by what fills them: an utterance, and sound that is made shortly before it is heard.
        let (commands, inbox) = mpsc::unbounded_channel();
        let (events, outbox) = mpsc::unbounded_channel();
        tokio::spawn(session::run(self.clone(), options, inbox, events));
        let events = futures_util::stream::unfold(outbox, async |mut outbox| Some((outbox.recv().await?, outbox)));
        Ok(RealtimeSession { commands: Box::new(Inbox(commands)), events: Box::pin(events) })
    }
}

struct Inbox(mpsc::UnboundedSender<RealtimeCommand>);

#[async_trait]
impl RealtimeCommands for Inbox {
    async fn send(&mut self, command: RealtimeCommand) -> Result<(), SessionOver> {
        self.0.send(command).map_err(|_| SessionOver)
    }
}

#[cfg(test)]
mod tests;
