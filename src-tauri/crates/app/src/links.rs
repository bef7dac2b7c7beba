//! Links in texts: opened outside, by the person's own browser or mail program, and only when they are such links.

use url::Url;

use crate::api::{ErrorBody, ErrorCode};

/// Longer than any honest link; the platform's own limits lie above it.
const MOST_BYTES: usize = 8 * 1024;

/// Reads a link that may be opened: https, http and mailto, without a user name.
///
/// # Errors
/// [`ErrorCode::BadUrl`] for everything else.
pub fn check(link: &str) -> Result<Url, ErrorBody> {
    let refuse = |why: &str| ErrorBody::new(ErrorCode::BadUrl).with_details(why);
    if link.len() > MOST_BYTES {
        return Err(refuse("the link is longer than 8 KiB"));
    }
    if link.chars().any(char::is_control) {
        return Err(refuse("the link holds control characters"));
    }
    let url = Url::parse(link).map_err(|error| refuse(&error.to_string()))?;
    match url.scheme() {
        "https" | "http" if !url.username().is_empty() || url.password().is_some() => {
            Err(refuse("the link hides its host behind a user name"))
        }
        "https" | "http" | "mailto" => Ok(url),
        other => Err(refuse(&format!("{other}: links are not opened"))),
    }
}

/// Opens a link outside.
///
/// # Errors
/// When it may not be opened, or the system has nothing to open it with.
pub fn open(link: &str) -> Result<(), ErrorBody> {
    let url = check(link)?;
    open::that_detached(url.as_str())
        .map_err(|error| ErrorBody::new(ErrorCode::Internal).with_details(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_and_mail_links_open_and_nothing_else() {
        for link in ["https://example.com/a?b#c", "http://example.com", "HTTPS://EXAMPLE.COM", "mailto:a@example.com"] {
            assert!(check(link).is_ok(), "{link}");
        }
        for link in [
            "file:///etc/passwd",
            "smb://host/share",
            "ms-msdt:/id",
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "tauri://localhost",
            "parlance://open/1",
            "https://bank.example@evil.test/",
            "https://",
            "/etc/passwd",
            "example.com",
            "",
            "https://example.com/\u{0}",
            "https://example.com/\n",
        ] {
            assert!(check(link).is_err(), "{link:?}");
        }
        assert!(check(&format!("https://example.com/{}", "a".repeat(9_000))).is_err());
    }
}
