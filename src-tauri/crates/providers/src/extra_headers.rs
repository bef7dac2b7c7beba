//! Headers that callers add to a request: an organisation, a workspace, what a gateway wants to see. Never one that carries
//! or replaces the key, or that says how the body is sent: those are `transport`'s.

use parlance_core::{Category, ProviderError};
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::transport::Headers;

/// Headers that are not the caller's. Those with keys would go to any address that somebody gave; the others are part of how
/// a body travels.
const NOT_THE_CALLERS: [&str; 14] = [
    "authorization",
    "proxy-authorization",
    "api-key",
    "x-api-key",
    "x-goog-api-key",
    "cookie",
    "host",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "transfer-encoding",
    "upgrade",
];

/// What a header's name holds when its value is nobody's business.
const PRIVATE: [&str; 6] = ["auth", "key", "password", "secret", "signature", "token"];

/// Reads headers from a JSON object of strings.
///
/// # Errors
/// [`Category::InvalidRequest`] for a header that is not the caller's, and for what is none.
pub fn read(provider: &str, given: &Map<String, Value>) -> Result<Headers, ProviderError> {
    let refuse = |message: String| ProviderError::new(provider, Category::InvalidRequest, message);
    given
        .iter()
        .map(|(name, value)| {
            let bad_name = |_| refuse("a header's name may hold letters, digits and hyphens".to_owned());
            let name = HeaderName::try_from(name.to_ascii_lowercase()).map_err(bad_name)?;
            if NOT_THE_CALLERS.contains(&name.as_str()) {
                return Err(refuse(format!(
                    "the header {name} is not set by hand; a key is taken from the keyring or --key-env"
                )));
            }
            let value = value.as_str().and_then(|value| HeaderValue::try_from(value).ok());
            let mut value = value.ok_or_else(|| refuse(format!("the header {name} needs a line of text")))?;
            value.set_sensitive(is_private(name.as_str()));
            Ok((name, value))
        })
        .collect()
}

/// Takes the headers out of a request's own parameters, where other clients put them under one of these names.
pub(crate) fn take(provider: &str, extra: &mut Map<String, Value>, fields: &[&str]) -> Result<Headers, ProviderError> {
    let mut headers = Headers::new();
    for field in fields {
        match extra.get(*field) {
            Some(Value::Object(given)) => join(&mut headers, read(provider, given)?),
            Some(_) => {
                let message = format!("{field} is an object of headers: {{\"x-name\": \"value\"}}");
                return Err(ProviderError::new(provider, Category::InvalidRequest, message));
            }
            None => {}
        }
        extra.shift_remove(*field);
    }
    Ok(headers)
}

/// Adds headers; of two with one name the later wins.
pub(crate) fn join(headers: &mut Headers, more: Headers) {
    for (name, value) in more {
        headers.retain(|(known, _)| *known != name);
        headers.push((name, value));
    }
}

/// Whether a header's value is shown to nobody, by its name.
#[must_use]
pub fn is_private(name: &str) -> bool {
    PRIVATE.iter().any(|word| name.to_ascii_lowercase().contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn the_later_of_two_headers_wins_and_names_are_small() {
        let mut extra =
            object(json!({"temperature": 1, "headers": {"X-A": "1", "x-b": "2"}, "extra_headers": {"x-a": "3"}}));
        let headers = take("p", &mut extra, &["headers", "extra_headers"]).unwrap();
        let shown: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(shown, [("x-b", "2"), ("x-a", "3")]);
        assert_eq!(Value::Object(extra), json!({"temperature": 1}));
    }

    #[test]
    fn no_header_carries_or_replaces_the_key() {
        for name in ["Authorization", "x-api-key", "api-key", "X-Goog-Api-Key", "Cookie", "Host", "Content-Length"] {
            let error = read("p", &object(json!({name: "v"}))).unwrap_err();
            assert!(error.message.contains("is not set by hand"), "{error}");
        }
        for (headers, why) in [
            (json!({"a b": "v"}), "letters, digits"),
            (json!({"x-a": 1}), "a line of text"),
            (json!({"x-a": "two\nlines"}), "a line of text"),
        ] {
            let error = read("p", &object(headers)).unwrap_err();
            assert!(error.message.contains(why), "{error}");
        }
        assert!(take("p", &mut object(json!({"headers": "x: y"})), &["headers"]).is_err());
    }

    #[test]
    fn values_of_private_headers_are_marked() {
        let headers = read("p", &object(json!({"x-gateway-token": "v", "openai-organization": "org-1"}))).unwrap();
        assert_eq!(headers.iter().map(|(_, value)| value.is_sensitive()).collect::<Vec<_>>(), [true, false]);
    }
}
