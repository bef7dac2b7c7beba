//! Numbers and reasons of the server's, in our words. Pure.

use std::time::Duration;

use parlance_core::realtime::{RealtimeEvent, SoundTokens};
use parlance_core::{StopReason, TokenUsage};

use super::wire::{RateLimit, Usage};

/// How much of a limit is left.
pub(super) fn rate_limit(limit: &RateLimit<'_>) -> Option<RealtimeEvent> {
    Some(RealtimeEvent::RateLimit {
        name: limit.name.words()?.to_owned(),
        // A float becomes the nearest number that there is.
        remaining: limit.remaining.0.unwrap_or(0.0) as u64,
        resets_in: Duration::try_from_secs_f64(limit.reset_seconds.0.unwrap_or(0.0)).unwrap_or_default(),
    })
}

/// Why an answer ended.
pub(super) fn reason(status: Option<&str>, why: Option<&str>) -> StopReason {
    match (status, why) {
        (Some("completed") | None, _) => StopReason::Stop,
        (Some("incomplete"), Some("max_output_tokens")) => StopReason::Length,
        (Some("incomplete"), Some("content_filter")) => StopReason::ContentFilter,
        (Some(status), why) => StopReason::Other(why.unwrap_or(status).to_owned()),
    }
}

/// Tokens, and of them those of sound.
pub(super) type Counted = (TokenUsage, Option<SoundTokens>);

/// The tokens of an answer; `None` where nothing is counted.
pub(super) fn counted(usage: &Usage) -> Option<Counted> {
    let (input, output) = (usage.input_token_details.0.as_ref(), usage.output_token_details.0.as_ref());
    let tokens = TokenUsage {
        input_tokens: usage.input_tokens.0?,
        output_tokens: usage.output_tokens.0?,
        reasoning_tokens: None,
        cached_tokens: input.and_then(|details| details.cached_tokens.0),
    };
    let (heard, spoken) =
        (input.and_then(|details| details.audio_tokens.0), output.and_then(|details| details.audio_tokens.0));
    let sound = (heard.is_some() || spoken.is_some())
        .then(|| SoundTokens { input: heard.unwrap_or(0), output: spoken.unwrap_or(0) });
    Some((tokens, sound))
}
