//! Errors that the server tells in mid-session: what they are about, and whom they concern.

use parlance_core::realtime::{RealtimeEvent, TurnId};
use parlance_core::{Category, ProviderError};

use super::super::wire::Event;
use super::Conversation;
use crate::errors;
use crate::realtime::Made;

/// Errors that say only that there was nothing to do. The session goes on, and nobody need know.
const HARMLESS: [&str; 2] = ["response_cancel_not_active", "input_audio_buffer_clear_empty"];

impl Conversation {
    /// Most errors are about one command and leave the session as it was.
    pub(super) fn error(&mut self, event: &Event<'_>, made: &mut Made) -> Result<(), ProviderError> {
        let said = event.error.clone().unwrap_or_default();
        let code = said["code"].as_str().unwrap_or_default();
        if HARMLESS.contains(&code) {
            return Ok(());
        }
        let error = errors::from_object(&self.provider, &said);
        if code == "session_expired" {
            // It is called an invalid request, and a new session is all that is needed.
            return Err(ProviderError { category: Category::Server, ..error });
        }
        if matches!(error.category, Category::Authentication | Category::Quota) {
            return Err(error);
        }
        let about = said["event_id"].as_str().unwrap_or_default();
        let (what, number) = about.split_once('-').unwrap_or((about, ""));
        let turn = number.parse().ok().map(TurnId);
        // Not every server says which frame it means.
        let (what, turn) = match code {
            "input_audio_buffer_commit_empty" if turn.is_none() => ("commit", self.committed.front().copied()),
            _ => (what, turn),
        };
        let is_about_session = what == "session" || said["param"].as_str().is_some_and(|it| it.starts_with("session."));
        match (what, turn) {
            // Nothing would be as it was asked for: not even who ends the turns.
            _ if is_about_session && !self.settled => return Err(error),
            ("respond", Some(turn)) if code == "conversation_already_has_active_response" => {
                if self.forget(turn) {
                    self.again.push_back(turn);
                }
            }
            ("respond", Some(turn)) => {
                if self.forget(turn) {
                    self.fail(turn, error, made);
                }
            }
            ("commit", Some(turn)) => {
                if self.committed.contains(&turn) {
                    self.committed.retain(|waiting| *waiting != turn);
                    // Its answer was asked for along with it, and is cancelled when it begins.
                    self.fail(turn, error, made);
                }
            }
            ("picture", Some(_)) => made.events.push_back(RealtimeEvent::PictureRefused(error)),
            // What the server itself could not do, it could not do for whoever waits.
            _ if is_the_servers_fault(error.category) => match self.awaited() {
                Some(turn) => self.fail(turn, error, made),
                None => tracing::warn!(%error, "the voice server complains"),
            },
            _ => tracing::warn!(%error, "the voice server complains"),
        }
        Ok(())
    }

    /// The turn whose answer comes now or is awaited longest.
    fn awaited(&self) -> Option<TurnId> {
        let running = self.running.as_ref().and_then(|running| running.turn);
        running.or_else(|| self.asked.iter().find_map(|asked| asked.turn))
    }

    /// No answer will begin for this turn; whether one was awaited.
    fn forget(&mut self, turn: TurnId) -> bool {
        let asked = self.asked.iter().position(|asked| asked.turn == Some(turn));
        asked.is_some_and(|at| self.asked.remove(at).is_some())
    }
}

fn is_the_servers_fault(category: Category) -> bool {
    matches!(category, Category::Server | Category::Overloaded | Category::RateLimit | Category::ContentFilter)
}
