//! What is known of one turn: of what the person said, and of the answer.

use parlance_core::TokenUsage;
use parlance_core::realtime::{SoundTokens, TurnId};

use super::wire::{Modality, Usage};
use crate::realtime::pcm;

/// What the ids begin with that we give to calls without one.
pub(super) const MADE_UP: &str = "unnamed-";

/// A turn that was given and is not complete.
#[derive(Debug)]
pub(super) struct Turn {
    /// `None` once it was cancelled or interrupted.
    pub(super) id: Option<TurnId>,
    /// Something of its answer has come.
    pub(super) has_begun: bool,
    /// What the person said, as far as it is written down.
    pub(super) words: String,
    pub(super) sound: pcm::Decoder,
    pub(super) tools: Tools,
    /// Whether the part of the answer that asked for tools is said to be complete.
    part_is_over: bool,
    /// It was cancelled before anything came of it, and another was given since: perhaps nothing will come.
    pub(super) is_doubtful: bool,
    /// Tokens of the part of the answer that comes now, and of those before it.
    pub(super) usage: Option<Counted>,
    before: Option<Counted>,
}

/// How far an answer is with tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tools {
    /// It asked for none, or has gone on since.
    None,
    /// It waits for results.
    Wanted,
    /// It waits no longer, and has not gone on yet.
    Given,
}

/// Tokens, and of them those of sound.
pub(super) type Counted = (TokenUsage, Option<SoundTokens>);

impl Turn {
    pub(super) fn of(id: Option<TurnId>, words: String) -> Self {
        Self {
            id,
            has_begun: false,
            words,
            sound: pcm::Decoder::default(),
            tools: Tools::None,
            part_is_over: false,
            is_doubtful: false,
            usage: None,
            before: None,
        }
    }

    /// It asks for tools.
    pub(super) fn asks(&mut self) {
        self.tools = Tools::Wanted;
        self.part_is_over = false;
    }

    /// Whether what is said to be complete is only the part of the answer that asked for tools; then the answer goes on. Some
    /// servers say so, others do not.
    pub(super) fn part_ended(&mut self) -> bool {
        if self.tools == Tools::None || std::mem::replace(&mut self.part_is_over, true) {
            return false;
        }
        self.before = self.spent();
        self.usage = None;
        true
    }

    /// All tokens of the answer.
    pub(super) fn spent(&self) -> Option<Counted> {
        match (self.before, self.usage) {
            (Some((one, heard)), Some((other, more))) => {
                let sum = |a: Option<u64>, b: Option<u64>| a.or(b).map(|_| a.unwrap_or(0) + b.unwrap_or(0));
                let tokens = TokenUsage {
                    input_tokens: one.input_tokens + other.input_tokens,
                    output_tokens: one.output_tokens + other.output_tokens,
                    reasoning_tokens: sum(one.reasoning_tokens, other.reasoning_tokens),
                    cached_tokens: sum(one.cached_tokens, other.cached_tokens),
                };
                let sound = heard.or(more).map(|_| {
                    let (a, b) = (heard.unwrap_or_default(), more.unwrap_or_default());
                    SoundTokens { input: a.input + b.input, output: a.output + b.output }
                });
                Some((tokens, sound))
            }
            (one, other) => one.or(other),
        }
    }
}

/// The tokens of an answer as its server counts them; `None` where it counts nothing.
pub(super) fn counted(usage: &Usage<'_>) -> Option<Counted> {
    let spoken = usage.response_token_count.0.or(usage.candidates_token_count.0);
    let thought = usage.thoughts_token_count.0;
    let tokens = TokenUsage {
        input_tokens: usage.prompt_token_count.0?,
        output_tokens: spoken.unwrap_or(0).saturating_add(thought.unwrap_or(0)),
        reasoning_tokens: thought,
        cached_tokens: usage.cached_content_token_count.0,
    };
    let answer = usage.response_tokens_details.0.as_ref().or(usage.candidates_tokens_details.0.as_ref());
    let (heard, said) = (sound_in(usage.prompt_tokens_details.0.as_ref()), sound_in(answer));
    let sound = heard.or(said).map(|_| SoundTokens { input: heard.unwrap_or(0), output: said.unwrap_or(0) });
    Some((tokens, sound))
}

/// `None` where the server does not tell sound and words apart.
fn sound_in(details: Option<&Vec<Modality<'_>>>) -> Option<u64> {
    let of_sound = |part: &&Modality<'_>| part.modality.words() == Some("AUDIO");
    details.map(|parts| parts.iter().filter(of_sound).filter_map(|part| part.token_count.0).sum())
}
