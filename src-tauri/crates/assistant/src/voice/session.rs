//! One task owns the session: it connects, then carries commands in and events out. What is said before the connection
//! stands waits in the channel.

use std::sync::Arc;

use futures_util::StreamExt as _;
use parlance_core::error::{Category, ProviderError};
use parlance_core::realtime::{RealtimeCommand, RealtimeEvent, RealtimeModel, SessionOptions};
use tokio::sync::mpsc;

/// A session, connected or connecting. Dropping it ends the session.
pub(super) struct Session {
    commands: mpsc::UnboundedSender<RealtimeCommand>,
    events: mpsc::Receiver<Result<RealtimeEvent, ProviderError>>,
}

impl Session {
    /// Events that wait for the actor before the pump stops reading: back pressure, nothing is dropped.
    const EVENTS: usize = 64;

    /// Begins to connect.
    pub(super) fn start(model: Arc<dyn RealtimeModel>, options: SessionOptions) -> Self {
        // Unbounded, yet bounded by what fills it: one utterance of at most ten minutes.
        let (commands, command_queue) = mpsc::unbounded_channel();
        let (event_queue, events) = mpsc::channel(Self::EVENTS);
        tokio::spawn(pump(model, options, command_queue, event_queue));
        Self { commands, events }
    }

    /// Hands a command over. A session that is over says so through its events.
    pub(super) fn send(&self, command: RealtimeCommand) {
        let _ = self.commands.send(command);
    }

    /// The next event; `Err` is the last one.
    pub(super) async fn event(&mut self) -> Result<RealtimeEvent, ProviderError> {
        self.events
            .recv()
            .await
            .unwrap_or_else(|| Err(ProviderError::new("voice", Category::Cut, "the voice session ended")))
    }
}

async fn pump(
    model: Arc<dyn RealtimeModel>,
    options: SessionOptions,
    mut commands: mpsc::UnboundedReceiver<RealtimeCommand>,
    events: mpsc::Sender<Result<RealtimeEvent, ProviderError>>,
) {
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
    // An event that the actor has no room for yet. While it waits nothing more is read, but commands still go out.
    let mut waiting = None;
    loop {
        tokio::select! {
            // Commands first: a cancellation must not wait behind sound that is no longer wanted.
            biased;
            command = commands.recv() => match command {
                // Why a session is over comes as its last event.
                Some(command) => if session.commands.send(command).await.is_err() { break },
                None => return,
            },
            room = events.reserve(), if waiting.is_some() => match (room, waiting.take()) {
                (Ok(room), Some(event)) => room.send(event),
                _ => return,
            },
            event = session.events.next(), if waiting.is_none() => match event {
                Some(event) => waiting = Some(event),
                None => return,
            },
        }
    }
    let rest = futures_util::stream::iter(waiting).chain(session.events);
    let mut rest = std::pin::pin!(rest);
    while let Some(event) = rest.next().await {
        if events.send(event).await.is_err() {
            return;
        }
    }
}
