//! One task owns the session: it connects, then carries commands in and events out. What is said before the connection
//! stands waits in the channel.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use parlance_core::error::{Category, ProviderError};
use parlance_core::realtime::{RealtimeCommand, RealtimeEvent, RealtimeModel, Remembered, SessionOptions};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// What was said before is waited for so long; then the session begins without it. A disk has no part in a talk.
const RECALL_LIMIT: Duration = Duration::from_secs(2);

/// A session, connected or connecting. Dropping it ends the session.
pub(super) struct Session {
    commands: mpsc::UnboundedSender<RealtimeCommand>,
    events: mpsc::Receiver<Result<Told, ProviderError>>,
}

/// What a session tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    /// It stands.
    Opened,
    /// What the model does.
    Event(RealtimeEvent),
}

impl Session {
    /// Events that wait for the actor before the pump stops reading: back pressure, nothing is dropped.
    const EVENTS: usize = 64;

    /// Begins to connect, with what was said before as soon as it is known; `None` where nothing was.
    pub(super) fn start(
        model: Arc<dyn RealtimeModel>,
        options: SessionOptions,
        before: Option<oneshot::Receiver<Vec<Remembered>>>,
    ) -> Self {
        // Unbounded, yet bounded by what fills it: one utterance of at most ten minutes.
        let (commands, command_queue) = mpsc::unbounded_channel();
        let (event_queue, events) = mpsc::channel(Self::EVENTS);
        tokio::spawn(pump(model, options, before, command_queue, event_queue));
        Self { commands, events }
    }

    /// Hands a command over. A session that is over says so through its events.
    pub(super) fn send(&self, command: RealtimeCommand) {
        let _ = self.commands.send(command);
    }

    /// The next event; `Err` is the last one.
    pub(super) async fn event(&mut self) -> Result<Told, ProviderError> {
        self.events
            .recv()
            .await
            .unwrap_or_else(|| Err(ProviderError::new("voice", Category::Cut, "the voice session ended")))
    }
}

async fn pump(
    model: Arc<dyn RealtimeModel>,
    mut options: SessionOptions,
    before: Option<oneshot::Receiver<Vec<Remembered>>>,
    mut commands: mpsc::UnboundedReceiver<RealtimeCommand>,
    events: mpsc::Sender<Result<Told, ProviderError>>,
) {
    if let Some(before) = before
        && let Ok(Ok(history)) = timeout(RECALL_LIMIT, before).await
    {
        options.history = history;
    }
    let mut session = tokio::select! {
        session = model.connect(options) => match session {
            Ok(session) => session,
            Err(error) => {
                let _ = events.send(Err(error)).await;
                return;
            }
        },
        () = events.closed() => return,
    };
    let mut outward = Outward { events, waiting: Some(Ok(Told::Opened)) };
    loop {
        tokio::select! {
            // Commands first: a cancellation must not wait behind sound that is no longer wanted.
            biased;
            command = commands.recv() => {
                let Some(command) = command else { return };
                let sent = session.commands.send(command);
                tokio::pin!(sent);
                // A connection may be busy because nobody takes what it says.
                let sent = loop {
                    tokio::select! {
                        biased;
                        sent = &mut sent => break sent,
                        step = outward.step(&mut session.events) => if step == Step::Over { return },
                    }
                };
                // Why a session is over comes as its last event.
                if sent.is_err() {
                    while outward.step(&mut session.events).await == Step::Done {}
                    return;
                }
            }
            step = outward.step(&mut session.events) => if step == Step::Over { return },
        }
    }
}

/// The way from the session's events to the actor. While the actor has no room for one, nothing more is read.
struct Outward {
    events: mpsc::Sender<Result<Told, ProviderError>>,
    waiting: Option<Result<Told, ProviderError>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Done,
    /// Nothing more comes, or nobody wants it.
    Over,
}

impl Outward {
    /// Reads one event, or hands over the one that waits. Dropping it loses nothing.
    async fn step(&mut self, source: &mut (impl Stream<Item = Result<RealtimeEvent, ProviderError>> + Unpin)) -> Step {
        if self.waiting.is_none() {
            self.waiting = source.next().await.map(|event| event.map(Told::Event));
            return if self.waiting.is_some() { Step::Done } else { Step::Over };
        }
        match (self.events.reserve().await, self.waiting.take()) {
            (Ok(room), Some(event)) => {
                room.send(event);
                Step::Done
            }
            _ => Step::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use parlance_core::realtime::{RealtimeCapabilities, RealtimeCommands, RealtimeSession, SessionOver, TurnId};
    use parlance_core::{AudioChunk, SampleRate};

    use super::*;

    /// Takes a command only when somebody waits for its events.
    struct Narrow;

    struct Door(mpsc::Sender<RealtimeCommand>);

    #[async_trait]
    impl RealtimeModel for Narrow {
        fn capabilities(&self) -> RealtimeCapabilities {
            let rate = SampleRate::HZ_24000;
            RealtimeCapabilities::at(rate, rate)
        }

        async fn connect(&self, _: SessionOptions) -> Result<RealtimeSession, ProviderError> {
            let (commands, inbox) = mpsc::channel(1);
            let events = futures_util::stream::unfold(inbox, |mut inbox| async move {
                loop {
                    if let RealtimeCommand::CommitAndRespond(turn) = inbox.recv().await? {
                        return Some((Ok(RealtimeEvent::Committed(turn)), inbox));
                    }
                }
            });
            Ok(RealtimeSession { commands: Box::new(Door(commands)), events: Box::pin(events) })
        }
    }

    #[async_trait]
    impl RealtimeCommands for Door {
        async fn send(&mut self, command: RealtimeCommand) -> Result<(), SessionOver> {
            self.0.send(command).await.map_err(|_| SessionOver)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_connection_is_listened_to_while_commands_wait() {
        let mut session = Session::start(Arc::new(Narrow), SessionOptions::default(), None);
        let chunk = AudioChunk { samples: vec![0; 480], rate: SampleRate::HZ_24000 };
        for _ in 0..200 {
            session.send(RealtimeCommand::AppendAudio(chunk.clone()));
        }
        session.send(RealtimeCommand::CommitAndRespond(TurnId(1)));
        assert_eq!(session.event().await, Ok(Told::Opened));
        let event = tokio::time::timeout(Duration::from_secs(1), session.event()).await;
        assert_eq!(event, Ok(Ok(Told::Event(RealtimeEvent::Committed(TurnId(1))))));
    }
}
