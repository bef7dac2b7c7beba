//! An answer that must have a shape, from its first event to the object: what does not fit is asked for once more, in the
//! next way. To whoever listens it is one answer that may begin anew: tokens added up, one end.
//!
//! Not asked again: what was cut at the limit, declined or filtered. It ends as it ended, without an object.

use futures_util::stream::{self, StreamExt as _};
use parlance_core::chat::ModelStream;
use parlance_core::{Category, ChatRequest, ModelEvent, ProviderError, Reply, StopReason, TokenUsage};

use super::{Api, Client};
use crate::structured::{Misfit, Shape};

/// The answer to `request`, which has begun as `events`, as one that fits or fails.
pub(super) fn until_it_fits<A: Api>(
    client: Client<A>,
    shape: Shape,
    request: ChatRequest,
    events: ModelStream,
) -> ModelStream {
    let fitting =
        Fitting { client, shape, request, events, said: Reply::default(), used_before: None, tries: Tries::TwoLeft };
    Box::pin(stream::unfold(Some(Box::new(fitting)), |fitting| async {
        let mut fitting = fitting?;
        match fitting.next().await {
            Ok(event @ ModelEvent::Finished { .. }) => Some((Ok(event), None)),
            Ok(event) => Some((Ok(event), Some(fitting))),
            Err(error) => Some((Err(error), None)),
        }
    }))
}

struct Fitting<A> {
    client: Client<A>,
    shape: Shape,
    /// As it was asked last.
    request: ChatRequest,
    events: ModelStream,
    /// What came of that.
    said: Reply,
    /// Tokens of an earlier answer.
    used_before: Option<TokenUsage>,
    tries: Tries,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tries {
    TwoLeft,
    Last,
}

impl<A: Api> Fitting<A> {
    async fn next(&mut self) -> Result<ModelEvent, ProviderError> {
        loop {
            let event = match self.events.next().await {
                Some(Ok(event)) => event,
                Some(Err(error)) => {
                    self.ask_after_refusal(error).await?;
                    continue;
                }
                None => return Err(self.client.transport.fail(Category::Cut, "the answer stopped before its end")),
            };
            self.said.apply(&event);
            match event {
                ModelEvent::Usage { usage } => {
                    return Ok(ModelEvent::Usage {
                        usage: self.used_before.map_or(usage, |before| sum(before, usage)),
                    });
                }
                ModelEvent::Finished { reason } => {
                    if let Some(reason) = self.finish(reason).await? {
                        return Ok(ModelEvent::Finished { reason });
                    }
                }
                event => return Ok(event),
            }
        }
    }

    /// The answer is over: why, or `None` when it was asked for once more.
    async fn finish(&mut self, reason: StopReason) -> Result<Option<StopReason>, ProviderError> {
        let misfit = match (self.shape.read(&self.said), &reason) {
            (Ok(_), _) => {
                self.client.remember_way(&self.request);
                // Nobody waits for a result of the tool that gives the object.
                return Ok(Some(if reason == StopReason::ToolCalls { StopReason::Stop } else { reason }));
            }
            (Err(_), StopReason::Length | StopReason::ContentFilter | StopReason::Refusal) => return Ok(Some(reason)),
            (Err(misfit), StopReason::Stop | StopReason::ToolCalls | StopReason::Other(_)) => misfit,
        };
        let next = self.client.next_way(&self.request).filter(|_| self.tries == Tries::TwoLeft);
        let Some(request) = next else { return Err(self.unfit(&misfit)) };
        tracing::debug!(provider = self.client.transport.name(), %misfit, "asking once more, in another way");
        self.tries = Tries::Last;
        match self.ask(request).await {
            Ok(()) => Ok(None),
            // That the server does not know the other way either is not what is wrong.
            Err(error) if error.category == Category::InvalidRequest => Err(self.unfit(&misfit)),
            Err(error) => Err(error),
        }
    }

    /// Some servers refuse within the answer.
    async fn ask_after_refusal(&mut self, error: ProviderError) -> Result<(), ProviderError> {
        let is_refusal = self.said.content.is_empty();
        match self.client.instead(&self.request, &error).filter(|_| is_refusal) {
            Some(request) => self.ask(request).await,
            None => Err(error),
        }
    }

    async fn ask(&mut self, request: ChatRequest) -> Result<(), ProviderError> {
        (self.request, self.events) = self.client.ask(request).await?;
        let said = std::mem::take(&mut self.said);
        self.used_before = match (self.used_before, said.usage) {
            (Some(before), Some(usage)) => Some(sum(before, usage)),
            (before, usage) => before.or(usage),
        };
        Ok(())
    }

    fn unfit(&self, misfit: &Misfit) -> ProviderError {
        self.client.transport.fail(Category::Unfit, misfit.to_string())
    }
}

fn sum(a: TokenUsage, b: TokenUsage) -> TokenUsage {
    let both = |a: Option<u64>, b: Option<u64>| a.or(b).map(|_| a.unwrap_or(0) + b.unwrap_or(0));
    TokenUsage {
        input_tokens: a.input_tokens + b.input_tokens,
        output_tokens: a.output_tokens + b.output_tokens,
        reasoning_tokens: both(a.reasoning_tokens, b.reasoning_tokens),
        cached_tokens: both(a.cached_tokens, b.cached_tokens),
    }
}
