//! The calls of one spoken answer: each runs as soon as it comes, in a task of its own; their results go back together.
//!
//! [`ToolLoop`](super::ToolLoop) asks a model again by itself; a session is told the results and goes on.

use std::collections::HashSet;
use std::sync::Arc;

use parlance_core::realtime::{CallResult, TurnId};
use parlance_core::{ContentBlock, ModelEvent, ToolEnd, ToolOutput, ToolUse};
use tokio::sync::{Mutex, mpsc};
use tokio::task::AbortHandle;

use super::call::{self, Bench, Given, Surplus};
use super::limits::Limits;
use super::overseer::Overseer;
use super::toolbox::Toolbox;

/// The calls of an answer. Dropping it stops what runs.
pub struct Errands {
    turn: TurnId,
    bench: Arc<Bench>,
    /// The calls of this round, in order.
    round: Vec<Errand>,
    /// Whether all calls of this round have come.
    is_complete: bool,
    rounds: usize,
    /// Ids that came: a provider that reconnects may say one twice.
    seen: HashSet<String>,
    finished: mpsc::UnboundedSender<Finished>,
    /// What was called and what came of it, in earlier rounds.
    told: Vec<ContentBlock>,
}

struct Errand {
    call: ToolUse,
    given: Option<Given>,
    task: Option<AbortHandle>,
}

/// A call is over: hand it to [`Errands::take`].
pub struct Finished {
    /// The answer it belongs to.
    pub turn: TurnId,
    given: Given,
}

impl Finished {
    /// For whoever draws the running answer.
    #[must_use]
    pub fn event(&self) -> ModelEvent {
        self.given.event()
    }
}

impl Errands {
    /// For an answer; what is over comes through `finished`.
    #[must_use]
    pub fn new(
        turn: TurnId,
        tools: Toolbox,
        overseer: Arc<dyn Overseer>,
        limits: Limits,
        finished: mpsc::UnboundedSender<Finished>,
    ) -> Self {
        let bench = Arc::new(Bench { tools, overseer, limits, one_by_one: Mutex::default() });
        Self {
            turn,
            bench,
            round: Vec::new(),
            is_complete: false,
            rounds: 0,
            seen: HashSet::new(),
            finished,
            told: Vec::new(),
        }
    }

    /// The answer they belong to.
    #[must_use]
    pub fn turn(&self) -> TurnId {
        self.turn
    }

    /// A call came: it runs from now on. One that came before means nothing.
    pub fn begin(&mut self, call: ToolUse) {
        if !self.seen.insert(call.id.clone()) {
            return;
        }
        let surplus = if self.rounds >= self.bench.limits.rounds {
            Some(Surplus::Rounds)
        } else {
            (self.round.len() >= self.bench.limits.calls).then_some(Surplus::Calls)
        };
        let (given, task) = match surplus {
            Some(why) => (Some(call::leave(call.clone(), why, &self.bench.limits)), None),
            None => (None, Some(self.start(call.clone()))),
        };
        self.round.push(Errand { call, given, task });
    }

    fn start(&self, call: ToolUse) -> AbortHandle {
        let (bench, turn, finished) = (Arc::clone(&self.bench), self.turn, self.finished.clone());
        let task = tokio::spawn(async move {
            let given = call::run(bench, call).await;
            // Nobody waits any more for what an interrupted answer wanted.
            let _ = finished.send(Finished { turn, given });
        });
        task.abort_handle()
    }

    /// All calls of this round have come.
    pub fn complete(&mut self) {
        self.is_complete = true;
    }

    /// A call is over.
    pub fn take(&mut self, finished: Finished) {
        if let Some(errand) = self.round.iter_mut().find(|errand| errand.call.id == finished.given.id) {
            errand.given = Some(finished.given);
        }
    }

    /// The model no longer wants these.
    pub fn withdraw(&mut self, ids: &[String]) {
        for errand in self.round.extract_if(.., |errand| ids.contains(&errand.call.id)) {
            if let Some(task) = errand.task {
                task.abort();
            }
            self.told.push(ContentBlock::ToolUse(errand.call));
        }
    }

    /// The results of this round, once all are there; then the next round begins.
    pub fn results(&mut self) -> Option<Vec<CallResult>> {
        if !self.is_complete || self.round.iter().any(|errand| errand.given.is_none()) {
            return None;
        }
        self.is_complete = false;
        self.rounds += 1;
        let mut results = Vec::with_capacity(self.round.len());
        for Errand { call, given, .. } in self.round.drain(..) {
            let Some(Given { id, name, output, end }) = given else { continue };
            results.push(CallResult { id: id.clone(), name: name.clone(), output: output.clone() });
            self.told.push(ContentBlock::ToolUse(call));
            self.told.push(ContentBlock::ToolResult { id, name, output, end });
        }
        Some(results)
    }

    /// What was called and what came of it; what still runs is stopped.
    #[must_use]
    pub fn into_blocks(mut self) -> Vec<ContentBlock> {
        let mut told = std::mem::take(&mut self.told);
        for errand in self.round.drain(..) {
            if let Some(task) = &errand.task {
                task.abort();
            }
            let given = errand.given.unwrap_or_else(|| Given {
                id: errand.call.id.clone(),
                name: errand.call.name.clone(),
                output: ToolOutput::Text("The answer ended before this was done.".to_owned()),
                end: ToolEnd::Stopped,
            });
            told.push(ContentBlock::ToolUse(errand.call));
            told.push(given.into_block());
        }
        told
    }
}

impl Drop for Errands {
    fn drop(&mut self) {
        self.round.iter().filter_map(|errand| errand.task.as_ref()).for_each(AbortHandle::abort);
    }
}
