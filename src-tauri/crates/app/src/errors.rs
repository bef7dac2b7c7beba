//! Errors of the rooms below, made what a host shows. Every variant is listed, so that a new one forces the question.

use std::time::Duration;

use parlance_audio::EchoTrialError;
use parlance_core::audio::{AudioError, DeviceLoss};
use parlance_core::secret::{BadSecret, WrongOrigin};
use parlance_core::{Category, ProviderError};
use parlance_providers::errors;
use parlance_store::{OpenError, StoreError};

use crate::api::{ErrorBody, ErrorCode, Why};

/// The most that is shown of what a server or the system said, in characters.
const MOST_DETAILS: usize = 500;

impl ErrorBody {
    /// A provider's failure, with the names that the sentence needs.
    #[must_use]
    pub fn from_provider(error: &ProviderError, provider: &str, host: &str, model: &str) -> Self {
        let code = match error.category {
            Category::Authentication => ErrorCode::KeyRefused,
            Category::WrongOrigin => ErrorCode::WrongHost,
            Category::RateLimit => ErrorCode::RateLimit,
            Category::Quota => ErrorCode::Quota,
            Category::Overloaded => ErrorCode::Overloaded,
            Category::Server => ErrorCode::ServerFault,
            Category::ContextTooLong => ErrorCode::ContextTooLong,
            Category::ContentFilter => ErrorCode::ContentFilter,
            Category::InvalidRequest => ErrorCode::InvalidRequest,
            Category::NotFound => ErrorCode::NotFound,
            Category::Network => ErrorCode::Unreachable,
            Category::Timeout => ErrorCode::Timeout,
            Category::Cut => ErrorCode::CutOff,
            Category::Protocol => ErrorCode::NotTheApi,
            Category::Unfit => ErrorCode::Unfit,
            Category::TooLarge => ErrorCode::TooLarge,
            Category::Cancelled => ErrorCode::Stopped,
        };
        let why = error.code.as_deref().and_then(why);
        let told = if why.is_some() { None } else { error.code.clone() };
        let status = error.status.map(|status| status.to_string()).or(told);
        let seconds = error.retry_after.or(error.waited).map(whole_seconds);
        Self {
            provider: Some(provider.to_owned()),
            host: Some(host.to_owned()),
            model: (!model.is_empty()).then(|| model.to_owned()),
            status,
            seconds,
            details: Some(error.message.chars().take(MOST_DETAILS).collect()),
            why,
            ..Self::new(code)
        }
    }
}

/// Never none at all: "wait 0 s" helps nobody.
fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).max(1)
}

/// The closer reason that a code of our own stands for.
fn why(code: &str) -> Option<Why> {
    Some(match code {
        errors::NO_SUCH_HOST => Why::NoSuchHost,
        errors::CONNECTION_REFUSED => Why::ConnectionRefused,
        errors::NOT_SECURE => Why::NotSecure,
        errors::NO_CONNECTION_IN_TIME => Why::NoConnectionInTime,
        errors::STALLED => Why::Stalled,
        errors::WEB_PAGE => Why::WebPage,
        errors::REDIRECTED => Why::Redirected,
        _ => return None,
    })
}

impl From<StoreError> for ErrorBody {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Full => ErrorCode::DiskFull,
            StoreError::ReadOnly => ErrorCode::ReadOnly,
            StoreError::Busy | StoreError::Slow => ErrorCode::DatabaseBusy,
            StoreError::Damaged(_) => ErrorCode::DatabaseDamaged,
            StoreError::Gone { .. } => ErrorCode::Gone,
            StoreError::Changed { .. } => ErrorCode::NoteChanged,
            StoreError::TooLong { what: "the note", .. } => ErrorCode::NoteTooLong,
            StoreError::TooLong { .. } => ErrorCode::MessageTooLong,
            StoreError::Closed | StoreError::DiskFailed(_) | StoreError::Failed(_) => ErrorCode::Internal,
        };
        Self::new(code).with_details(error.to_string())
    }
}

impl From<OpenError> for ErrorBody {
    fn from(error: OpenError) -> Self {
        let code = match &error {
            OpenError::Newer { .. } => ErrorCode::DatabaseNewer,
            OpenError::Damaged { .. } => ErrorCode::DatabaseDamaged,
            OpenError::ReadOnly { .. } => ErrorCode::ReadOnly,
            OpenError::Elsewhere { .. } => ErrorCode::NetworkFolder,
            OpenError::Busy { .. } => ErrorCode::DatabaseBusy,
            OpenError::Full { .. } => ErrorCode::DiskFull,
            OpenError::System { .. } => ErrorCode::Internal,
        };
        Self::new(code).with_details(error.to_string())
    }
}

impl From<AudioError> for ErrorBody {
    fn from(error: AudioError) -> Self {
        let code = match &error {
            AudioError::File { .. } => ErrorCode::BadFile,
            AudioError::System(_) => ErrorCode::Sound,
        };
        Self::new(code).with_details(error.to_string())
    }
}

impl From<EchoTrialError> for ErrorBody {
    fn from(error: EchoTrialError) -> Self {
        match &error {
            EchoTrialError::Audio(error) => Self::from(error.clone()),
            EchoTrialError::NoMicrophone(Some(loss)) => Self::from(loss),
            EchoTrialError::NoMicrophone(None) | EchoTrialError::NoSpeaker => {
                Self::new(ErrorCode::Sound).with_details(error.to_string())
            }
        }
    }
}

impl From<&DeviceLoss> for ErrorBody {
    fn from(loss: &DeviceLoss) -> Self {
        let error = Self::new(ErrorCode::Sound);
        match loss {
            DeviceLoss::NoDevice | DeviceLoss::ServerGone => error,
            DeviceLoss::Unplugged { name } => error.with_details(name),
            DeviceLoss::Refused { message } => error.with_details(message),
        }
    }
}

impl From<BadSecret> for ErrorBody {
    fn from(error: BadSecret) -> Self {
        Self::new(ErrorCode::BadKey).with_details(error.to_string())
    }
}

impl From<WrongOrigin> for ErrorBody {
    fn from(error: WrongOrigin) -> Self {
        Self { host: Some(error.asked_for.clone()), ..Self::new(ErrorCode::WrongHost).with_details(error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_seconds_whether_it_was_in_vain_or_is_asked_for() {
        let error = |category| ProviderError::new("p", category, "m");
        let (wait, vain) = (Some(Duration::from_millis(300)), Some(Duration::from_secs(120)));
        for (error, seconds) in [
            (error(Category::Server), None),
            (ProviderError { retry_after: wait, ..error(Category::RateLimit) }, Some(1)),
            (ProviderError { waited: vain, ..error(Category::Timeout) }, Some(120)),
        ] {
            assert_eq!(ErrorBody::from_provider(&error, "P", "h", "m").seconds, seconds, "{error}");
        }
    }
}
