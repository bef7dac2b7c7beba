//! Failures, by what the caller can do about them. Every provider's `client` and `decoder` comes here, so that one table
//! decides; what a server wrote is kept beside it.

mod category;

use std::time::Duration;

use parlance_core::{Category, ProviderError};
use serde_json::Value;

use crate::framing::FramingError;
use crate::http::{Cause, HttpFailure};
pub use category::of as category_of;

/// Of an error page so much is read.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// Of a server's sentence so much is shown.
pub const MAX_MESSAGE_CHARS: usize = 500;

/// A response whose status is not 2xx.
#[must_use]
pub fn from_response(provider: &str, status: u16, retry_after: Option<Duration>, body: &[u8]) -> ProviderError {
    let said = match serde_json::from_slice::<Value>(body) {
        Ok(json) => Said::in_json(&json),
        Err(_) => Said { message: plain_words(body), ..Said::default() },
    };
    said.into_error(provider, Some(status), retry_after)
}

/// An `error` object inside an answer that began well.
#[must_use]
pub fn from_object(provider: &str, object: &Value) -> ProviderError {
    let said = Said::in_json(object);
    let status = said.code.as_deref().and_then(|code| code.parse().ok()).filter(|code| (400..600).contains(code));
    said.into_error(provider, status, None)
}

/// A request that got no response, or half of one.
#[must_use]
pub fn from_http(provider: &str, failure: &HttpFailure) -> ProviderError {
    let (category, message) = match failure {
        HttpFailure::Unreachable { host, why, .. } => (Category::Network, format!("could not reach {host}: {why}")),
        HttpFailure::ConnectTimeout { host } => {
            (Category::Network, format!("could not reach {host}: no connection in time"))
        }
        HttpFailure::NoFirstByte(limit) => (Category::Timeout, format!("no answer within {}", seconds(*limit))),
        HttpFailure::Stalled(limit) => (Category::Timeout, format!("the answer stood still for {}", seconds(*limit))),
        HttpFailure::TookTooLong(limit) => {
            (Category::Timeout, format!("the answer took longer than {}", seconds(*limit)))
        }
        HttpFailure::CutBeforeAnswer => (Category::Cut, "the server hung up without an answer".to_owned()),
        HttpFailure::Cut => (Category::Cut, "the connection ended in the middle of the answer".to_owned()),
        HttpFailure::Redirected { host } => {
            (Category::Protocol, format!("the server sent us elsewhere: {host}; if that is right, use its address"))
        }
        HttpFailure::Compressed { encoding } => (
            Category::Protocol,
            format!("the server compressed its answer ({}) although asked not to", brief(encoding)),
        ),
        HttpFailure::TooLarge { limit } => {
            (Category::TooLarge, format!("the answer is larger than {} MiB", limit / (1024 * 1024)))
        }
    };
    let waited = match failure {
        HttpFailure::NoFirstByte(limit) | HttpFailure::Stalled(limit) | HttpFailure::TookTooLong(limit) => Some(*limit),
        _ => None,
    };
    ProviderError {
        code: reason(failure).map(str::to_owned),
        waited,
        ..ProviderError::new(provider, category, message)
    }
}

/// A socket that the server closed, with the standard's `code` and perhaps a reason in words.
#[must_use]
pub fn from_close(provider: &str, code: u16, reason: &str) -> ProviderError {
    // What would be a status elsewhere.
    let reason = brief(reason);
    let status = match code {
        1007 | 1008 => Some(400),
        1011..=1013 if reason.contains("quota") => Some(429),
        1011..=1013 => Some(503),
        _ => None,
    };
    match (status, reason.is_empty()) {
        (Some(status), false) => {
            let category = category::of(Some(status), None, None, &reason);
            ProviderError { code: Some(code.to_string()), ..ProviderError::new(provider, category, reason) }
        }
        (Some(_), true) => {
            let message = "the server closed the connection without a reason";
            ProviderError { code: Some(code.to_string()), ..ProviderError::new(provider, Category::Server, message) }
        }
        (None, true) => ProviderError::new(provider, Category::Cut, "the connection ended by itself"),
        (None, false) => ProviderError::new(provider, Category::Cut, reason),
    }
}

/// A code of our own for what no server could name, `None` where the category says it all.
fn reason(failure: &HttpFailure) -> Option<&'static str> {
    Some(match failure {
        HttpFailure::Unreachable { cause: Cause::NoSuchHost, .. } => NO_SUCH_HOST,
        HttpFailure::Unreachable { cause: Cause::Refused, .. } => CONNECTION_REFUSED,
        HttpFailure::Unreachable { cause: Cause::NotSecure, .. } => NOT_SECURE,
        HttpFailure::ConnectTimeout { .. } => NO_CONNECTION_IN_TIME,
        HttpFailure::Stalled(_) => STALLED,
        HttpFailure::Redirected { .. } => REDIRECTED,
        HttpFailure::Unreachable { cause: Cause::Other, .. }
        | HttpFailure::NoFirstByte(_)
        | HttpFailure::TookTooLong(_)
        | HttpFailure::CutBeforeAnswer
        | HttpFailure::Cut
        | HttpFailure::Compressed { .. }
        | HttpFailure::TooLarge { .. } => return None,
    })
}

/// The code of a [`Category::Network`] failure: the name stands for no computer.
pub const NO_SUCH_HOST: &str = "no_such_host";
/// The code of a [`Category::Network`] failure: the computer is there, but nobody listens.
pub const CONNECTION_REFUSED: &str = "connection_refused";
/// The code of a [`Category::Network`] failure: the server cannot prove who it is, or speaks no TLS.
pub const NOT_SECURE: &str = "not_secure";
/// The code of a [`Category::Network`] failure: nobody answered.
pub const NO_CONNECTION_IN_TIME: &str = "no_connection_in_time";
/// The code of a [`Category::Timeout`] failure: the answer had begun and stood still.
pub const STALLED: &str = "stalled";
/// The code of a [`Category::Protocol`] failure: the server points elsewhere.
pub const REDIRECTED: &str = "redirected";
/// The code of a [`Category::Protocol`] failure: a web page came.
pub const WEB_PAGE: &str = "web_page";

/// A stream that is too large or no text.
#[must_use]
pub fn from_framing(provider: &str, error: FramingError) -> ProviderError {
    let category = match error {
        FramingError::NotText => Category::Protocol,
        FramingError::EventTooLarge
        | FramingError::CommentTooLarge
        | FramingError::TooManyEvents
        | FramingError::AnswerTooLarge => Category::TooLarge,
    };
    ProviderError::new(provider, category, error.to_string())
}

/// An answer over one of our limits, which `limit` names.
#[must_use]
pub fn too_large(provider: &str, limit: &dyn std::error::Error) -> ProviderError {
    ProviderError::new(provider, Category::TooLarge, limit.to_string())
}

/// A web page where an answer should be.
#[must_use]
pub fn not_the_api(provider: &str, host: &str) -> ProviderError {
    let message = format!("{host} answered with a web page, not the API: a login page, or a wrong address");
    ProviderError { code: Some(WEB_PAGE.to_owned()), ..ProviderError::new(provider, Category::Protocol, message) }
}

fn seconds(limit: Duration) -> String {
    if limit.subsec_millis() == 0 { format!("{} s", limit.as_secs()) } else { format!("{} ms", limit.as_millis()) }
}

/// What a server said went wrong, whatever shape it chose.
#[derive(Debug, Default)]
struct Said {
    message: Option<String>,
    kind: Option<String>,
    code: Option<String>,
    limit: Limit,
}

impl Said {
    /// `{"error": {message, type, code}}`, `{"error": "text"}`, `{"message": "text"}`, `{"detail": …}`, a list of
    /// one of these, or the inner object alone.
    fn in_json(json: &Value) -> Self {
        if let Some(first) = json.as_array().and_then(|list| list.first()) {
            return Self::in_json(first);
        }
        match json.get("error") {
            Some(Value::String(text)) => Self { message: Some(text.clone()), ..Self::of(json) },
            Some(inner @ Value::Object(_)) => Self::of(inner),
            _ => Self::of(json),
        }
    }

    fn of(object: &Value) -> Self {
        let word = |name: &str| match object.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let detail = || object.get("detail").filter(|detail| !detail.is_null()).map(Value::to_string);
        // OpenRouter hands on the true reason of the provider behind it.
        let behind = object.pointer("/metadata/raw").and_then(Value::as_str);
        let message = word("message").or_else(|| word("detail")).or_else(detail);
        Self {
            message: match (message, behind) {
                (Some(message), Some(behind)) => Some(format!("{message}: {behind}")),
                (message, behind) => message.or_else(|| behind.map(str::to_owned)),
            },
            kind: word("type").or_else(|| word("status").filter(|status| is_google_status(status))),
            code: word("code").or_else(|| {
                let inner = object.pointer("/details/error_code").and_then(Value::as_str);
                inner.map(str::to_owned)
            }),
            limit: Limit::of(object),
        }
    }

    fn into_error(self, provider: &str, status: Option<u16>, retry_after: Option<Duration>) -> ProviderError {
        let message = self.message.as_deref().map(brief).filter(|message| !message.is_empty());
        let words = message.as_deref().unwrap_or_default();
        ProviderError {
            category: if self.limit.is_daily {
                Category::Quota
            } else {
                category::of(status, self.kind.as_deref(), self.code.as_deref(), words)
            },
            provider: provider.to_owned(),
            status,
            message: match (message, status) {
                (Some(message), _) => message,
                (None, Some(status)) => format!("the server refused with status {status} and no reason"),
                (None, None) => "the server reported an error without a reason".to_owned(),
            },
            code: self.code.or(self.kind),
            retry_after: retry_after.or(self.limit.retry_after),
            waited: None,
        }
    }
}

/// Google's statuses are words in capitals, which nobody else's `status` is.
fn is_google_status(status: &str) -> bool {
    status.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

/// What Google says of a limit, in the `details` of an error rather than in a header.
#[derive(Debug, Default)]
struct Limit {
    /// It holds for the day, so that waiting does not help.
    is_daily: bool,
    retry_after: Option<Duration>,
}

impl Limit {
    fn of(object: &Value) -> Self {
        let details = || object.get("details").and_then(Value::as_array).into_iter().flatten();
        let violations = details().filter_map(|detail| detail.get("violations")?.as_array()).flatten();
        let is_daily =
            violations.filter_map(|violation| violation.get("quotaId")?.as_str()).any(|quota| quota.contains("PerDay"));
        let wait = details().find_map(|detail| detail.get("retryDelay")?.as_str()?.strip_suffix('s')?.parse().ok());
        Self { is_daily, retry_after: wait.and_then(|wait: f64| Duration::try_from_secs_f64(wait).ok()) }
    }
}

/// The words of an error page that is no JSON; of a web page nothing, because its tags say nothing.
fn plain_words(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    (!looks_like_html(text.as_bytes())).then(|| text.into_owned())
}

/// Whether a body begins like a web page.
#[must_use]
pub fn looks_like_html(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    let start: Vec<u8> = start.iter().take(14).map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}

/// One line of at most [`MAX_MESSAGE_CHARS`] characters without control characters.
fn brief(text: &str) -> String {
    let one_line: String =
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_MESSAGE_CHARS + 1).collect();
    match one_line.char_indices().nth(MAX_MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &one_line[..end]),
        None => one_line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, category: Category, code: Option<&str>, message: &str) {
        let error = from_response("p", status, None, body.as_bytes());
        assert_eq!(
            (error.category, error.code.as_deref(), error.message.as_str(), error.status),
            (category, code, message, Some(status)),
            "{body}"
        );
    }

    #[test]
    fn every_shape_of_a_refusal_is_read() {
        use Category::{Authentication, InvalidRequest, NotFound, Overloaded, RateLimit, Server};
        check(
            401,
            r#"{"error":{"message":"no key","type":"t","code":"invalid_api_key"}}"#,
            Authentication,
            Some("invalid_api_key"),
            "no key",
        );
        check(401, r#"{"error":{"message":"no key","code":401}}"#, Authentication, Some("401"), "no key");
        check(400, r#"{"error":"bad"}"#, InvalidRequest, None, "bad");
        check(404, r#"{"detail":"Not Found"}"#, NotFound, None, "Not Found");
        check(
            422,
            r#"{"detail":[{"loc":["body"],"msg":"required"}]}"#,
            InvalidRequest,
            None,
            r#"[{"loc":["body"],"msg":"required"}]"#,
        );
        check(429, r#"{"message":"slow","type":"rate_limited","code":"1300"}"#, RateLimit, Some("1300"), "slow");
        check(400, r#"[{"error":{"message":"listed","code":400}}]"#, InvalidRequest, Some("400"), "listed");
        check(503, "upstream down\n", Overloaded, None, "upstream down");
        check(502, "<html><body>nginx</body></html>", Server, None, "the server refused with status 502 and no reason");
        check(500, "", Server, None, "the server refused with status 500 and no reason");
        check(500, "null", Server, None, "the server refused with status 500 and no reason");
    }

    #[test]
    fn a_long_message_is_cut_and_control_characters_go() {
        let error = from_response("p", 400, None, "é\u{1b}[2J\n".repeat(400).as_bytes());
        assert_eq!(error.message.chars().count(), MAX_MESSAGE_CHARS + 1);
        assert!(!error.message.contains(char::is_control));
    }

    #[test]
    fn a_limit_for_the_day_is_no_limit_for_the_minute() {
        let refusal = |quota: &str, delay: &str| {
            let details = serde_json::json!([{"violations": [{"quotaId": quota}]}, {"retryDelay": delay}]);
            let message = "You exceeded your current quota, please check your plan and billing details.";
            let error = serde_json::json!({"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details});
            from_response("p", 429, None, serde_json::json!({ "error": error }).to_string().as_bytes())
        };
        let error = refusal("GenerateRequestsPerMinutePerProject", "34.5s");
        assert_eq!((error.category, error.retry_after), (Category::RateLimit, Some(Duration::from_millis(34_500))));
        assert_eq!(refusal("GenerateRequestsPerDayPerProject", "1s").category, Category::Quota);
        for delay in ["soon", "-1s", "1e400s", "NaNs"] {
            assert_eq!(refusal("x", delay).retry_after, None, "{delay}");
        }
    }

    #[test]
    fn the_reason_of_a_provider_behind_a_router_is_shown() {
        let body = br#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"model is busy"}}}"#;
        assert_eq!(from_response("p", 429, None, body).message, "Provider returned error: model is busy");
    }

    proptest::proptest! {
        #[test]
        fn any_body_gives_a_short_error(status in 300u16..600, body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let error = from_response("p", status, None, &body);
            proptest::prop_assert!(!error.message.is_empty());
            proptest::prop_assert!(error.message.chars().count() <= MAX_MESSAGE_CHARS + 1);
        }
    }
}
