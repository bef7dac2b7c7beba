//! The connection to the model, as the machine knows it: at most one, tried again when it is lost, renewed before its
//! provider ends it.

use std::time::{Duration, Instant};

use parlance_core::error::{Category, ProviderError};

use super::super::backoff;
use super::effect::Renewal;

/// A session is renewed so long before its provider would end it, or after nine tenths of its time where that is sooner.
const MARGIN: Duration = Duration::from_secs(60);
/// When a provider says that it goes, this much before.
const GOING_MARGIN: Duration = Duration::from_secs(5);
/// A connection that has not stood after this long never will. Transports give up sooner by themselves.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(30);
/// A session that has stood for so long is a new beginning: earlier failures no longer count.
const STEADY: Duration = Duration::from_secs(10);

/// The connection.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Line {
    pub(super) state: State,
    /// Tries that failed in a row, and when the first of them did.
    failed: u32,
    failing_since: Option<Instant>,
    /// Why the session that is being connected is not the first.
    renewal: Option<Renewal>,
    /// What is being connected is no longer what is wanted.
    is_stale: bool,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum State {
    /// None, and none is needed.
    #[default]
    Down,
    /// Being connected.
    Connecting { since: Instant },
    /// It stands.
    Open { since: Instant, renew_at: Option<Instant> },
    /// It is tried again then.
    Waiting { until: Instant, error: ProviderError },
}

/// What a lost connection means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// It is tried again.
    Again,
    /// Trying again does not help, or has not for too long.
    Final,
}

impl Line {
    /// Whether it stands, or is being made.
    pub(super) fn is_up(&self) -> bool {
        matches!(self.state, State::Connecting { .. } | State::Open { .. })
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// When it is tried again, and why it has to be.
    pub(super) fn retry(&self) -> Option<(Instant, &ProviderError)> {
        match &self.state {
            State::Waiting { until, error } => Some((*until, error)),
            _ => None,
        }
    }

    /// Begins to connect.
    pub(super) fn connect(&mut self, now: Instant) {
        self.state = State::Connecting { since: now };
        self.is_stale = false;
    }

    /// It stands. Why it is not the first one, if it is not.
    pub(super) fn opened(&mut self, longest: Option<Duration>, now: Instant) -> Option<Renewal> {
        let renew_at = longest.map(|longest| now + longest.saturating_sub(MARGIN).max(longest.mul_f64(0.9)));
        let renew_at = if std::mem::take(&mut self.is_stale) { Some(now) } else { renew_at };
        self.state = State::Open { since: now, renew_at };
        self.renewal.take()
    }

    /// The provider has said when it goes.
    pub(super) fn goes(&mut self, left: Duration, now: Instant) {
        if let State::Open { renew_at, .. } = &mut self.state {
            let at = now + left.saturating_sub(GOING_MARGIN);
            *renew_at = Some(renew_at.map_or(at, |sooner| sooner.min(at)));
        }
    }

    /// Its options are no longer what is wanted: it is to be made anew as soon as nobody speaks.
    pub(super) fn renew_soon(&mut self, now: Instant) {
        match &mut self.state {
            State::Open { renew_at, .. } => *renew_at = Some(now),
            State::Connecting { .. } => self.is_stale = true,
            State::Down | State::Waiting { .. } => {}
        }
    }

    /// Whether it is time to renew it.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        matches!(self.state, State::Open { renew_at: Some(at), .. } if now >= at)
    }

    /// It is closed, and made anew when it is needed.
    pub(super) fn close(&mut self, renewal: Option<Renewal>) {
        *self = Self { renewal, ..Self::default() };
    }

    /// It works: what failed before no longer counts.
    pub(super) fn works(&mut self) {
        self.failed = 0;
        self.failing_since = None;
    }

    /// It is lost. Whether it is tried again, and when, is in the state then.
    pub(super) fn lost(&mut self, error: ProviderError, chance: f64, now: Instant) -> Loss {
        if matches!(self.state, State::Open { since, .. } if now.saturating_duration_since(since) >= STEADY) {
            self.works();
        }
        let since = *self.failing_since.get_or_insert(now);
        let wait = backoff::wait(self.failed, chance).max(error.retry_after.unwrap_or_default());
        self.failed += 1;
        let is_over = now.saturating_duration_since(since) >= backoff::LONGEST || wait > backoff::LONGEST_COUNTDOWN;
        if is_over || !is_passing(error.category) {
            self.close(Some(Renewal::Lost));
            return Loss::Final;
        }
        self.renewal = Some(Renewal::Lost);
        self.state = State::Waiting { until: now + wait, error };
        Loss::Again
    }
}

/// Whether a connection that failed like this may stand the next time, with nothing changed.
fn is_passing(category: Category) -> bool {
    match category {
        Category::RateLimit
        | Category::Overloaded
        | Category::Server
        | Category::Network
        | Category::Timeout
        | Category::Cut
        | Category::Protocol => true,
        Category::Authentication
        | Category::WrongOrigin
        | Category::Quota
        | Category::ContextTooLong
        | Category::ContentFilter
        | Category::InvalidRequest
        | Category::NotFound
        | Category::Unfit
        | Category::TooLarge
        | Category::Cancelled => false,
    }
}
