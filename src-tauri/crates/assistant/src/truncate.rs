//! A conversation cut to what a model can read.
//!
//! What goes: whole turns, the oldest first; then, while a model works with tools, the oldest rounds of the turn that runs.
//! What stays: the instructions at the beginning, the last thing the person said, and the last round. A call and its result
//! go or stay together. Who asks is told how many messages were left out, and how long the prompt was and is.
//!
//! A counter may be a question to a server, so there are few: the whole, a guess by how long the texts are, and what it
//! takes to be sure of the guess. What comes out was always counted.
//!
//! Deliberately absent: rewriting what stays. Nobody's words are shortened.

mod plan;

use parlance_core::{ChatRequest, ProviderError, TokenCount, TokenCounter};

use plan::Plan;

/// So often a conversation is counted at most. Three are usual.
pub const MOST_COUNTS: usize = 8;

/// A request that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The request, perhaps with fewer messages.
    pub request: ChatRequest,
    /// How many messages were left out.
    pub left_out: usize,
    /// What the whole request counted.
    pub before: TokenCount,
    /// What it counts now; the same as before when nothing was left out.
    pub after: TokenCount,
}

/// Why a request cannot be made to fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// What must stay is over the limit by itself.
    #[error("what must be sent (instructions, tools and the last message) is {over} tokens over the limit of {limit}")]
    TooLong {
        /// By so many tokens.
        over: u64,
        /// The limit that was given.
        limit: u64,
    },
    /// It could not be counted.
    #[error(transparent)]
    Uncounted(#[from] ProviderError),
}

/// Leaves out as little as makes the request fit into `limit` tokens.
///
/// # Errors
/// [`Unfit`]; nothing is asked of the model then.
pub async fn fit(request: ChatRequest, limit: u64, counter: &dyn TokenCounter) -> Result<Fitted, Unfit> {
    let before = counter.count(&request).await?;
    if before.tokens <= limit {
        return Ok(Fitted { request, left_out: 0, before, after: before });
    }
    let plan = Plan::of(&request.messages);
    let mut search = Search { plan: &plan, limit, whole: before.tokens, over: (0, before.tokens), fits: None };
    for tries_left in (0..MOST_COUNTS - 1).rev() {
        let Some(steps) = search.next(tries_left) else { break };
        let shorter = ChatRequest { messages: plan.without(&request.messages, steps), ..empty_like(&request) };
        let count = counter.count(&shorter).await?;
        if count.tokens <= limit {
            search.fits = Some((steps, count, shorter));
        } else {
            search.over = (steps, count.tokens);
        }
    }
    match search.fits {
        Some((_, after, shorter)) => {
            let left_out = request.messages.len() - shorter.messages.len();
            Ok(Fitted { request: shorter, left_out, before, after })
        }
        None => Err(Unfit::TooLong { over: search.over.1 - limit, limit }),
    }
}

/// The request without its messages, which may be long.
fn empty_like(request: &ChatRequest) -> ChatRequest {
    ChatRequest {
        model: request.model.clone(),
        messages: Vec::new(),
        tools: request.tools.clone(),
        tool_choice: request.tool_choice.clone(),
        thinking: request.thinking,
        max_tokens: request.max_tokens,
        delivery: request.delivery,
        structured: request.structured.clone(),
        formatter: request.formatter,
        extra: request.extra.clone(),
    }
}

/// How many steps of the plan to take: more than are known to be too few, fewer than are known to be enough.
struct Search<'a> {
    plan: &'a Plan,
    limit: u64,
    whole: u64,
    /// Too few steps, and what was counted after them.
    over: (usize, u64),
    /// Enough steps.
    fits: Option<(usize, TokenCount, ChatRequest)>,
}

impl Search<'_> {
    /// The next number of steps to count; `None` when the answer is known.
    fn next(&self, tries_left: usize) -> Option<usize> {
        let most = self.fits.as_ref().map_or(self.plan.steps(), |(steps, ..)| steps.saturating_sub(1));
        let least = self.over.0 + 1;
        if least > most {
            return None;
        }
        if tries_left == 0 {
            // Sure rather than short: the least that can be sent, unless something longer is known to fit.
            return self.fits.is_none().then_some(most);
        }
        Some(self.guess().clamp(least, most))
    }

    /// Where the limit lies if tokens are spread over the texts as evenly as between what was counted.
    fn guess(&self) -> usize {
        let (steps, tokens) = self.over;
        let weight = |steps: usize| u128::from(self.plan.weight(steps));
        let (span_tokens, span_weight) = match &self.fits {
            Some((enough, count, _)) => (tokens.saturating_sub(count.tokens), weight(*enough) - weight(steps)),
            None if steps > 0 => (self.whole.saturating_sub(tokens), weight(steps)),
            None => (self.whole, u128::from(self.plan.whole_weight())),
        };
        let too_many = u128::from(tokens - self.limit);
        let needed = weight(steps) + (too_many * span_weight).div_ceil(u128::from(span_tokens.max(1)));
        self.plan.steps_of_weight(needed)
    }
}

#[cfg(test)]
mod tests;
