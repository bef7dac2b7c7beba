//! Asks, runs what the model calls, and asks again until the model is done.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesOrdered, StreamExt as _};
use parlance_core::chat::{ChatModel, HttpRequest, ModelStream, ToolSpec};
use parlance_core::{
    ChatRequest, ModelEvent, Msg, ProviderError, Reply, Role, StopReason, TokenUsage, ToolChoice, ToolUse,
};
use tokio::sync::Mutex;

use super::call::{self, Bench, Given, Surplus};
use super::limits::Limits;
use super::numbering::Numbering;
use super::overseer::Overseer;
use super::toolbox::Toolbox;

/// A model whose calls are carried out. Tools of the request itself are offered too, but they are the caller's: a call of
/// one ends the answer, as it does without the loop.
pub struct ToolLoop {
    model: Arc<dyn ChatModel>,
    bench: Arc<Bench>,
}

impl ToolLoop {
    /// Around a model, with these tools.
    pub fn new(model: Arc<dyn ChatModel>, tools: Toolbox, overseer: Arc<dyn Overseer>, limits: Limits) -> Self {
        Self { model, bench: Arc::new(Bench { tools, overseer, limits, one_by_one: Mutex::default() }) }
    }

    /// The request with all tools offered; as it is where a shape is wanted, since no tools are offered then.
    fn offering(&self, request: &ChatRequest) -> ChatRequest {
        let mut request = request.clone();
        if request.structured.is_none() {
            let ours = self.bench.tools.specs().filter(|spec| !offers(&request.tools, name(spec))).collect::<Vec<_>>();
            request.tools.extend(ours);
        }
        request
    }
}

fn name(ToolSpec::Function { function }: &ToolSpec) -> &str {
    &function.name
}

fn offers(tools: &[ToolSpec], wanted: &str) -> bool {
    tools.iter().any(|spec| name(spec) == wanted)
}

#[async_trait]
impl ChatModel for ToolLoop {
    fn request(&self, request: &ChatRequest) -> Result<HttpRequest, ProviderError> {
        self.model.request(&self.offering(request))
    }

    async fn stream(&self, request: &ChatRequest) -> Result<ModelStream, ProviderError> {
        if self.bench.tools.is_empty() || request.structured.is_some() {
            return self.model.stream(request).await;
        }
        let offering = self.offering(request);
        let events = match self.model.stream(&offering).await {
            Err(refusal) if is_without_tools(&refusal) && request.tools.is_empty() && !is_forced(request) => {
                self.bench.overseer.goes_without(&refusal);
                return self.model.stream(request).await;
            }
            events => events?,
        };
        let turn = Turn {
            model: Arc::clone(&self.model),
            bench: Arc::clone(&self.bench),
            callers_own: request.tools.clone(),
            numbering: Numbering::after(&request.messages),
            request: offering,
            step: Step::Listening(events),
            ready: VecDeque::new(),
            said: Reply::default(),
            calls: Vec::new(),
            results: Vec::new(),
            rounds: 0,
            used_before: None,
            used: None,
            begun: Begun::NotYet,
        };
        Ok(Box::pin(stream::unfold(turn, Turn::next)))
    }
}

fn is_forced(request: &ChatRequest) -> bool {
    matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)))
}

/// Whether a provider refused because the model or the server takes no tools. None has a code for it.
fn is_without_tools(refusal: &ProviderError) -> bool {
    let words = refusal.message.to_lowercase();
    let about_tools = ["tool", "function call"].iter().any(|word| words.contains(word));
    // Ollama and OpenRouter say "support", vLLM and llama.cpp name the switch that is off.
    let missing = ["support", "--enable-auto-tool-choice", "--jinja"].iter().any(|word| words.contains(word));
    refusal.status.is_some() && about_tools && missing
}

/// One answer on its way, over all its rounds.
struct Turn {
    model: Arc<dyn ChatModel>,
    bench: Arc<Bench>,
    /// Tools that the caller offers and runs.
    callers_own: Vec<ToolSpec>,
    /// What is asked next.
    request: ChatRequest,
    step: Step,
    /// Events to be handed on.
    ready: VecDeque<ModelEvent>,
    numbering: Numbering,
    /// What the model said in this round.
    said: Reply,
    /// What it called in this round.
    calls: Vec<ToolUse>,
    /// What that gave.
    results: Vec<Given>,
    /// Rounds of tools that are over.
    rounds: usize,
    /// Tokens of earlier rounds, and of this one.
    used_before: Option<TokenUsage>,
    used: Option<TokenUsage>,
    begun: Begun,
}

/// Whether the one [`ModelEvent::Started`] has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    NotYet,
    Yes,
}

enum Step {
    /// The model speaks.
    Listening(ModelStream),
    /// Its calls are carried out, all at once; their results come in the order of the calls.
    Running(FuturesOrdered<BoxFuture<'static, Given>>),
    /// It is to be asked again.
    Asking,
    Over,
}

impl Turn {
    async fn next(mut self) -> Option<(Result<ModelEvent, ProviderError>, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((Ok(event), self));
            }
            match &mut self.step {
                Step::Listening(events) => match events.next().await {
                    Some(Ok(event)) => self.take(event),
                    Some(Err(error)) => return Some(self.broken(error)),
                    // Whoever listens sees that no end came.
                    None => self.step = Step::Over,
                },
                Step::Running(runs) => match runs.next().await {
                    Some(given) => {
                        self.ready.push_back(given.event());
                        self.results.push(given);
                    }
                    None => self.end_of_runs(),
                },
                Step::Asking => match self.model.stream(&self.request).await {
                    Ok(events) => self.step = Step::Listening(events),
                    Err(error) => return Some(self.broken(error)),
                },
                Step::Over => return None,
            }
        }
    }

    fn broken(mut self, error: ProviderError) -> (Result<ModelEvent, ProviderError>, Self) {
        self.step = Step::Over;
        (Err(error), self)
    }

    fn take(&mut self, event: ModelEvent) {
        let event = match event {
            ModelEvent::Started { .. } if self.begun == Begun::Yes => return,
            ModelEvent::Started { .. } => {
                self.begun = Begun::Yes;
                event
            }
            ModelEvent::ToolCallDelta { index, id, name, arguments } => {
                let (index, id) = self.numbering.of(index, &id);
                ModelEvent::ToolCallDelta { index, id: id.into(), name, arguments }
            }
            ModelEvent::ToolCall { index, mut call } => {
                let (index, id) = self.numbering.of(index, &call.id);
                call.id = id;
                self.calls.push((*call).clone());
                ModelEvent::ToolCall { index, call }
            }
            ModelEvent::Usage { usage } => {
                self.used = Some(usage);
                ModelEvent::Usage { usage: self.used_before.map_or(usage, |before| sum(before, usage)) }
            }
            ModelEvent::Finished { reason } => return self.end_of_round(reason),
            ModelEvent::TextDelta { .. }
            | ModelEvent::ThinkingDelta { .. }
            | ModelEvent::ThinkingOpaque { .. }
            | ModelEvent::Sealed { .. }
            | ModelEvent::AudioDelta { .. }
            | ModelEvent::ToolResult { .. } => event,
        };
        self.said.apply(&event);
        self.ready.push_back(event);
    }

    fn end_of_round(&mut self, reason: StopReason) {
        // Calls of an answer that was cut short or withheld are not what the model meant.
        let is_meant = match reason {
            StopReason::Stop | StopReason::ToolCalls | StopReason::Other(_) => true,
            StopReason::Length | StopReason::ContentFilter | StopReason::Refusal => false,
        };
        if self.calls.is_empty() || !is_meant {
            return self.finish(reason);
        }
        let callers_own = &self.callers_own;
        let (bench, rounds) = (&self.bench, self.rounds);
        let ours = self.calls.iter().filter(|call| !offers(callers_own, &call.name)).cloned().enumerate();
        let runs = ours.map(|(at, call)| -> BoxFuture<'static, Given> {
            let surplus = if rounds == bench.limits.rounds {
                Some(Surplus::Rounds)
            } else {
                (at >= bench.limits.calls).then_some(Surplus::Calls)
            };
            match surplus {
                Some(why) => Box::pin(std::future::ready(call::leave(call, why, &bench.limits))),
                None => Box::pin(call::run(Arc::clone(bench), call)),
            }
        });
        self.step = Step::Running(runs.collect());
    }

    fn end_of_runs(&mut self) {
        let is_waited_for = self.calls.len() > self.results.len();
        if is_waited_for || self.rounds == self.bench.limits.rounds {
            return self.finish(StopReason::ToolCalls);
        }
        self.said.close();
        let said = std::mem::take(&mut self.said).content;
        let results = self.results.drain(..).map(Given::into_block).collect();
        self.request.messages.push(Msg::new(Role::Assistant, self.request.model.clone(), said));
        self.request.messages.push(Msg::new(Role::System, "system", results));
        self.calls.clear();
        self.numbering.next_round();
        if let Some(used) = self.used.take() {
            self.used_before = Some(self.used_before.map_or(used, |before| sum(before, used)));
        }
        self.rounds += 1;
        if self.rounds == self.bench.limits.rounds {
            self.request.tool_choice = Some(ToolChoice::None);
        } else if is_forced(&self.request) {
            // Forced again and again, the model could never say anything.
            self.request.tool_choice = None;
        }
        self.step = Step::Asking;
    }

    fn finish(&mut self, reason: StopReason) {
        self.ready.push_back(ModelEvent::Finished { reason });
        self.step = Step::Over;
    }
}

/// Tokens of two requests. What one of them does not say is taken from the other.
fn sum(a: TokenUsage, b: TokenUsage) -> TokenUsage {
    let either = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0) + b.unwrap_or(0)),
    };
    TokenUsage {
        input_tokens: a.input_tokens + b.input_tokens,
        output_tokens: a.output_tokens + b.output_tokens,
        reasoning_tokens: either(a.reasoning_tokens, b.reasoning_tokens),
        cached_tokens: either(a.cached_tokens, b.cached_tokens),
    }
}

#[cfg(test)]
mod tests;
