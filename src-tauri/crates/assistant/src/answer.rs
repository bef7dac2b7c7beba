//! The answer to a typed message: drives the model's stream until it is whole, stopped or broken.
//!
//! Deliberately absent: history and window. Both listen to the events.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use parlance_core::chat::ChatModel;
use parlance_core::{Category, ChatRequest, Clock, ContentBlock, ModelEvent, ProviderError, Reply};
use tokio_util::sync::CancellationToken;

/// What became of an answer. What came is in `reply`, however it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The answer as far as it came.
    pub reply: Reply,
    /// How it ended.
    pub ending: Ending,
    /// From asking to the first piece of the answer; `None` if nothing came.
    pub first_piece: Option<Duration>,
    /// How long each thinking block took, in the order of the blocks.
    pub thought: Vec<Duration>,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// The model said all it wanted.
    Whole,
    /// The person stopped it.
    Stopped,
    /// It failed, or broke off.
    Broken(ProviderError),
}

/// Asks and listens. Every event is handed to `on_event` before the next is awaited; cancelling takes effect at once and
/// drops the connection.
pub async fn answer(
    model: &dyn ChatModel,
    request: &ChatRequest,
    clock: &dyn Clock,
    cancel: &CancellationToken,
    mut on_event: impl FnMut(&ModelEvent),
) -> Answered {
    let mut listening = Listening::since(clock.now());
    let mut stream = tokio::select! {
        biased;
        () = cancel.cancelled() => return listening.end(Ending::Stopped, clock.now()),
        stream = model.stream(request) => match stream {
            Ok(stream) => stream,
            Err(error) => return listening.end(Ending::Broken(error), clock.now()),
        },
    };
    loop {
        let event = tokio::select! {
            biased;
            () = cancel.cancelled() => return listening.end(Ending::Stopped, clock.now()),
            event = stream.next() => event,
        };
        match event {
            Some(Ok(event)) => {
                listening.take(&event, clock.now());
                on_event(&event);
                if matches!(event, ModelEvent::Finished { .. }) {
                    return listening.end(Ending::Whole, clock.now());
                }
            }
            Some(Err(error)) => return listening.end(Ending::Broken(error), clock.now()),
            None => {
                let error = ProviderError::new("", Category::Cut, "the answer stopped before its end");
                return listening.end(Ending::Broken(error), clock.now());
            }
        }
    }
}

/// The answer so far, and its times.
struct Listening {
    asked: Instant,
    reply: Reply,
    first_piece: Option<Duration>,
    thought: Vec<Duration>,
    /// When the thinking block that is open began.
    thinking_since: Option<Instant>,
}

impl Listening {
    fn since(asked: Instant) -> Self {
        Self { asked, reply: Reply::default(), first_piece: None, thought: Vec::new(), thinking_since: None }
    }

    fn take(&mut self, event: &ModelEvent, now: Instant) {
        if let ModelEvent::Started { .. } = event {
            (self.thinking_since, self.thought) = (None, Vec::new());
        }
        let blocks_before = self.reply.content.len();
        self.reply.apply(event);
        if self.first_piece.is_none() && !self.reply.content.is_empty() {
            self.first_piece = Some(now.saturating_duration_since(self.asked));
        }
        if self.reply.content.len() > blocks_before {
            self.close_thought(now);
            if matches!(self.reply.content.last(), Some(ContentBlock::Thinking { .. })) {
                self.thinking_since = Some(now);
            }
        }
    }

    fn close_thought(&mut self, now: Instant) {
        if let Some(since) = self.thinking_since.take() {
            self.thought.push(now.saturating_duration_since(since));
        }
    }

    fn end(mut self, ending: Ending, now: Instant) -> Answered {
        self.close_thought(now);
        self.reply.close();
        Answered { reply: self.reply, ending, first_piece: self.first_piece, thought: self.thought }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use futures_util::stream;
    use parlance_core::chat::{HttpRequest, ModelStream};
    use parlance_core::clock::SystemClock;
    use parlance_core::{StopReason, msg::Role};

    use super::*;

    /// A model whose stream is written down; after it, it stalls.
    struct Scripted(Vec<Result<ModelEvent, ProviderError>>);

    #[async_trait]
    impl ChatModel for Scripted {
        fn request(&self, _: &ChatRequest) -> Result<HttpRequest, ProviderError> {
            Err(error())
        }

        async fn stream(&self, _: &ChatRequest) -> Result<ModelStream, ProviderError> {
            let script = stream::iter(self.0.clone());
            Ok(Box::pin(script.chain(stream::pending())))
        }
    }

    fn error() -> ProviderError {
        ProviderError::new("test", Category::Server, "broken")
    }

    fn text(text: &str) -> Result<ModelEvent, ProviderError> {
        Ok(ModelEvent::TextDelta { text: text.into() })
    }

    async fn run(script: Vec<Result<ModelEvent, ProviderError>>, stop_after: Option<usize>) -> (Answered, usize) {
        let cancel = CancellationToken::new();
        let request = ChatRequest {
            messages: vec![parlance_core::Msg::text(Role::User, "user", "hi")],
            ..ChatRequest::default()
        };
        let mut seen = 0;
        let answered = answer(&Scripted(script), &request, &SystemClock, &cancel.clone(), |_| {
            seen += 1;
            if Some(seen) == stop_after {
                cancel.cancel();
            }
        })
        .await;
        (answered, seen)
    }

    #[tokio::test]
    async fn a_whole_answer_ends_with_its_finish() {
        let script = vec![text("a"), text("b"), Ok(ModelEvent::Finished { reason: StopReason::Stop })];
        let (answered, seen) = run(script, None).await;
        assert_eq!((answered.ending, answered.reply.text().as_str(), seen), (Ending::Whole, "ab", 3));
        assert!(answered.first_piece.is_some());
    }

    #[tokio::test]
    async fn stopping_keeps_what_came() {
        let (answered, seen) = run(vec![text("a"), text("b"), text("c")], Some(2)).await;
        assert_eq!((answered.ending, answered.reply.text().as_str(), seen), (Ending::Stopped, "ab", 2));
    }

    #[tokio::test]
    async fn a_break_keeps_what_came_and_says_why() {
        let (answered, _) = run(vec![text("a"), Err(error())], None).await;
        assert_eq!((answered.ending, answered.reply.text().as_str()), (Ending::Broken(error()), "a"));
    }

    #[tokio::test]
    async fn each_thinking_block_has_its_time() {
        let thinking = || Ok(ModelEvent::ThinkingDelta { thinking: "hm".into() });
        let script =
            vec![thinking(), thinking(), text("a"), thinking(), Ok(ModelEvent::Finished { reason: StopReason::Stop })];
        let (answered, _) = run(script, None).await;
        assert_eq!(answered.thought.len(), 2);
    }
}
