//! What may be asked again by itself, and when. Only ever before anything of an answer was received: afterwards a retry
//! would double words and the bill.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parlance_core::ProviderError;
use reqwest::header::HeaderMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// Second tries after the first one.
pub const RETRIES: u32 = 2;
/// A server that wants a longer pause than this is not asked again by itself; people see the countdown.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// How to wait between tries. The fields are arguments so that tests need neither time nor chance.
#[derive(Clone)]
pub struct Retry {
    /// Second tries after the first one.
    pub limit: u32,
    /// A number from 0 to 1.
    pub jitter: fn() -> f64,
    /// Waits.
    pub sleep: Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>,
    /// Hears, before each wait, what went wrong and how long the wait is: people want to know why nothing comes.
    pub told: Told,
}

/// Hears what went wrong, and how long it is until the next try.
pub type Told = Arc<dyn Fn(&ProviderError, Duration) + Send + Sync>;

impl Default for Retry {
    fn default() -> Self {
        Self {
            limit: RETRIES,
            jitter: chance,
            sleep: Arc::new(|pause| Box::pin(tokio::time::sleep(pause))),
            told: Arc::new(|_, _| {}),
        }
    }
}

impl Retry {
    /// How long to wait before try number `attempt` + 2, counting from 0; `None` when it should not be tried again.
    #[must_use]
    pub fn wait(&self, attempt: u32, failed: &Attempt) -> Option<Duration> {
        if attempt >= self.limit || !failed.may_be_repeated() {
            return None;
        }
        match failed.error.retry_after {
            Some(wait) if wait > LONGEST_WAIT => None,
            Some(wait) => Some(wait),
            None => Some(backoff(attempt).mul_f64(1.0 - 0.25 * (self.jitter)().clamp(0.0, 1.0))),
        }
    }
}

/// A failed try, before anything of an answer was received.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// What happened.
    pub error: ProviderError,
    /// What the server itself says about trying again.
    pub advice: Option<Advice>,
}

/// The server's `x-should-retry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// `true`.
    Repeat,
    /// `false`.
    Stop,
}

impl Attempt {
    fn may_be_repeated(&self) -> bool {
        match self.advice {
            Some(advice) => advice == Advice::Repeat,
            // A request time-out or a conflict that the server itself reports is passing, whatever it is called.
            None => self.error.category.is_retryable() || matches!(self.error.status, Some(408 | 409)),
        }
    }
}

/// The server's `x-should-retry`, `None` where it gives none.
#[must_use]
pub fn advice(headers: &HeaderMap) -> Option<Advice> {
    match headers.get("x-should-retry")?.to_str().ok()? {
        "true" => Some(Advice::Repeat),
        "false" => Some(Advice::Stop),
        _ => None,
    }
}

/// How long the server asks to wait; `None` where it does not say or says nonsense. `now` is the time since 1970.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let seconds = |text: &str| text.parse::<f64>().ok().and_then(|number| Duration::try_from_secs_f64(number).ok());
    if let Some(wait) = text("retry-after-ms").and_then(seconds) {
        return Some(wait / 1_000);
    }
    let value = text("retry-after")?;
    seconds(value).or_else(|| {
        let date = OffsetDateTime::parse(value, &Rfc2822).ok()?.unix_timestamp();
        Some(Duration::from_secs(u64::try_from(date).unwrap_or(0)).saturating_sub(now))
    })
}

fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(500).saturating_mul(2u32.saturating_pow(attempt)).min(Duration::from_secs(8))
}

/// Chance enough to keep many clients from coming back at the same moment.
fn chance() -> f64 {
    f64::from(u8::try_from(RandomState::new().hash_one(0u8) & 0xff).unwrap_or(0)) / 255.0
}

#[cfg(test)]
mod tests {
    use parlance_core::Category;

    use super::*;

    fn retry(jitter: fn() -> f64) -> Retry {
        Retry { jitter, ..Retry::default() }
    }

    fn failed(category: Category) -> Attempt {
        Attempt { error: ProviderError::new("p", category, "m"), advice: None }
    }

    #[test]
    fn pauses_double_and_lose_up_to_a_quarter() {
        let (most, least) = (retry(|| 0.0), retry(|| 1.0));
        let error = failed(Category::Overloaded);
        assert_eq!(most.wait(0, &error), Some(Duration::from_millis(500)));
        assert_eq!(most.wait(1, &error), Some(Duration::from_millis(1_000)));
        assert_eq!(least.wait(1, &error), Some(Duration::from_millis(750)));
        assert_eq!(most.wait(2, &error), None);
        assert_eq!(backoff(9), Duration::from_secs(8));
        assert_eq!(backoff(u32::MAX), Duration::from_secs(8));
    }

    #[test]
    fn the_server_decides_where_it_says_so() {
        let retry = retry(|| 0.0);
        let stop = Attempt { advice: Some(Advice::Stop), ..failed(Category::Server) };
        assert_eq!(retry.wait(0, &stop), None);
        let repeat = Attempt { advice: Some(Advice::Repeat), ..failed(Category::InvalidRequest) };
        assert_eq!(retry.wait(0, &repeat), Some(Duration::from_millis(500)));
        let mut wait = failed(Category::RateLimit);
        wait.error.retry_after = Some(Duration::from_secs(7));
        assert_eq!(retry.wait(0, &wait), Some(Duration::from_secs(7)));
        wait.error.retry_after = Some(Duration::from_secs(121));
        assert_eq!(retry.wait(0, &wait), None);
    }

    #[test]
    fn what_costs_twice_or_cannot_get_better_is_never_repeated() {
        for category in [Category::Timeout, Category::Cut, Category::Authentication, Category::Quota] {
            assert_eq!(retry(|| 0.0).wait(0, &failed(category)), None, "{category:?}");
        }
        let mut conflict = failed(Category::InvalidRequest);
        conflict.error.status = Some(409);
        assert!(retry(|| 0.0).wait(0, &conflict).is_some());
    }

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let now = Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        for (name, value, expected) in [
            ("retry-after-ms", "1500", Some(1.5)),
            ("retry-after", "2", Some(2.0)),
            ("retry-after", "0.25", Some(0.25)),
            ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT", Some(60.0)),
            ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", Some(0.0)),
            ("retry-after", "Sun, 06 Nov 9999 08:00:00 GMT", Some(252_613_379_423.0)),
            ("retry-after", "-1", None),
            ("retry-after", "NaN", None),
            ("retry-after", "1e400", None),
            ("retry-after", "soon", None),
            ("retry-after-ms", "soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(retry_after(&headers, now).map(|wait| wait.as_secs_f64()), expected, "{name}: {value}");
        }
        let mut both = HeaderMap::new();
        both.insert("retry-after-ms", "100".parse().unwrap());
        both.insert("retry-after", "9".parse().unwrap());
        assert_eq!(retry_after(&both, now), Some(Duration::from_millis(100)));
    }
}
