//! What people type as a server's address, made an address to which paths can be appended. Called by settings and by
//! the terminal before anything is saved.

use url::Url;

/// Why an address cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBaseUrl {
    /// Nothing but white space.
    #[error("the address is empty; it looks like https://api.example.com/v1")]
    Empty,
    /// No `http://` or `https://` in front.
    #[error("the address needs http:// or https:// in front, for example {suggestion}")]
    NoScheme {
        /// The same with a scheme.
        suggestion: String,
    },
    /// Another scheme.
    #[error("{scheme}:// is no address of a model server; it begins with https:// or http://")]
    OtherScheme {
        /// The scheme.
        scheme: String,
    },
    /// A user or a password in it.
    #[error("the address holds a user name or a password; put the key into its own field instead")]
    UserInfo,
    /// A `?` part.
    #[error("the address has a part after ?; leave it out")]
    Query,
    /// A `#` part.
    #[error("the address has a part after #; leave it out")]
    Fragment,
    /// Over [`MAX_BYTES`].
    #[error("the address is longer than 2,000 characters")]
    TooLong,
    /// Not an address at all.
    #[error("this is no address: {why}")]
    Unreadable {
        /// The standard's reason.
        why: String,
    },
}

/// Longer than any server's address, as short as other programs take.
pub const MAX_BYTES: usize = 2_000;

/// Endpoints that people paste along; they are taken off.
const ENDPOINTS: [&str; 3] = ["/chat/completions", "/models", "/messages"];

/// Reads an address. The result's path ends with `/`, so that `join("chat/completions")` appends; the addresses of sockets
/// (`ws`, `wss`) mean the same server as `http` and `https`.
///
/// # Errors
/// [`BadBaseUrl`], with a sentence that says what to do.
pub fn parse(input: &str) -> Result<Url, BadBaseUrl> {
    let input = input.trim();
    if input.is_empty() {
        return Err(BadBaseUrl::Empty);
    }
    if input.len() > MAX_BYTES {
        return Err(BadBaseUrl::TooLong);
    }
    let input = &match input.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        _ => input.to_owned(),
    };
    let mut url = match Url::parse(input) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        // `localhost:1234` reads as a scheme and a path.
        Ok(_) | Err(_) if !input.contains("://") => return Err(BadBaseUrl::NoScheme { suggestion: suggest(input) }),
        Ok(url) => return Err(BadBaseUrl::OtherScheme { scheme: url.scheme().to_owned() }),
        Err(error) => return Err(BadBaseUrl::Unreadable { why: error.to_string() }),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadBaseUrl::UserInfo);
    }
    if url.query().is_some() {
        return Err(BadBaseUrl::Query);
    }
    if url.fragment().is_some() {
        return Err(BadBaseUrl::Fragment);
    }
    let path = url.path().trim_end_matches('/');
    let path = ENDPOINTS.iter().find_map(|endpoint| path.strip_suffix(endpoint)).unwrap_or(path);
    let path = format!("{}/", path.trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

/// An address that ends in a version: one of the `known` where it does already, else the `usual` one.
#[must_use]
pub(crate) fn with_version(mut base: Url, known: &[&str], usual: &str) -> Url {
    let ends_in = |version: &&str| base.path().ends_with(&format!("/{version}"));
    if !known.iter().any(ends_in) {
        let path = format!("{}{usual}", base.path());
        base.set_path(&path);
    }
    base
}

/// An address without one of these endings, where one was typed along.
#[must_use]
pub(crate) fn without(mut base: Url, endings: &[&str]) -> Url {
    let root = endings.iter().find_map(|ending| base.path().strip_suffix(ending)).map(str::to_owned);
    if let Some(root) = root.filter(|root| root.ends_with('/')) {
        base.set_path(&root);
    }
    base
}

fn suggest(input: &str) -> String {
    let local = ["localhost", "127.", "[::1]", "192.168.", "10."].iter().any(|start| input.starts_with(start));
    let rest = input.trim_start_matches('/');
    if local { format!("http://{rest}") } else { format!("https://{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_paste_becomes_one_address() {
        for (input, expected) in [
            ("https://api.example.com/v1", "https://api.example.com/v1/"),
            ("  https://api.example.com/v1/ \n", "https://api.example.com/v1/"),
            ("https://api.example.com/v1//", "https://api.example.com/v1/"),
            ("https://api.example.com", "https://api.example.com/"),
            ("https://api.example.com/v1/chat/completions", "https://api.example.com/v1/"),
            ("https://api.example.com/v1/chat/completions/", "https://api.example.com/v1/"),
            ("https://api.example.com/v1/models", "https://api.example.com/v1/"),
            ("https://api.example.com/v1/messages", "https://api.example.com/v1/"),
            ("HTTP://LocalHost:1234/v1", "http://localhost:1234/v1/"),
            ("http://[::1]:8080", "http://[::1]:8080/"),
            ("https://bücher.example/v1", "https://xn--bcher-kva.example/v1/"),
        ] {
            assert_eq!(parse(input).map(String::from).as_deref(), Ok(expected), "{input}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        let no_scheme = |suggestion: &str| BadBaseUrl::NoScheme { suggestion: suggestion.into() };
        let other = |scheme: &str| BadBaseUrl::OtherScheme { scheme: scheme.into() };
        for (input, why) in [
            ("", BadBaseUrl::Empty),
            (" \t", BadBaseUrl::Empty),
            ("localhost:1234/v1", no_scheme("http://localhost:1234/v1")),
            ("api.example.com/v1", no_scheme("https://api.example.com/v1")),
            ("not an address", no_scheme("https://not an address")),
            ("ftp://api.example.com", other("ftp")),
            ("file:///etc/passwd", other("file")),
            ("javascript://x/%0aalert(1)", other("javascript")),
            ("https://user@api.example.com", BadBaseUrl::UserInfo),
            ("https://user:pass@api.example.com", BadBaseUrl::UserInfo),
            ("https://api.example.com@evil.example/", BadBaseUrl::UserInfo),
            ("https://api.example.com/v1?key=abc", BadBaseUrl::Query),
            ("https://api.example.com/v1#top", BadBaseUrl::Fragment),
        ] {
            assert_eq!(parse(input), Err(why), "{input}");
        }
        for input in ["https://", "https://a b/", "https://[::1", "https://x:99999/"] {
            assert!(matches!(parse(input), Err(BadBaseUrl::Unreadable { .. })), "{input}");
        }
        assert_eq!(parse(&format!("https://{}", "a".repeat(3000))), Err(BadBaseUrl::TooLong));
    }

    proptest::proptest! {
        #[test]
        fn reading_is_idempotent_and_only_ever_gives_plain_http(input in "\\PC{0,60}|https?://[a-z@:?#/.\\\\0-9]{0,30}") {
            if let Ok(url) = parse(&input) {
                proptest::prop_assert!(matches!(url.scheme(), "http" | "https"));
                proptest::prop_assert!(url.username().is_empty() && url.password().is_none());
                proptest::prop_assert!(url.query().is_none() && url.fragment().is_none());
                proptest::prop_assert!(url.path().ends_with('/'));
                proptest::prop_assert_eq!(parse(url.as_str()), Ok(url));
            }
        }
    }
}
