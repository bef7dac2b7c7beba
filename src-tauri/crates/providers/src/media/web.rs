//! Media that a person attached by their address on the web, for servers that fetch nothing by themselves.
//!
//! Nothing of the person goes along: no key, no cookie, no referrer. Whoever names an address of this computer or its network
//! may be given what lies there; but no public name may lead there, whatever it resolves to and wherever its server points on
//! to: what is fetched goes to a model's server, and must not be what only this computer can reach. Never through a proxy,
//! which would look names up by itself.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use url::{Host, Url};

use super::{MAX_FILE_BYTES, MediaError};
use crate::http::{self, HttpSetup};

/// From asking to the last byte.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// So often a server may point on: pictures commonly lie behind one or two.
const MOST_REDIRECTS: usize = 3;

/// Whether addresses of this computer and of its private network may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neighbours {
    /// They may: one of them was named.
    Asked,
    /// Only addresses of the public internet.
    LeftAlone,
}

/// Fetches media of the web. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WebMedia {
    public: reqwest::Client,
    near: reqwest::Client,
}

impl WebMedia {
    /// # Errors
    /// [`HttpSetup`]
    pub fn new() -> Result<Self, HttpSetup> {
        Ok(Self { public: client(Neighbours::LeftAlone)?, near: client(Neighbours::Asked)? })
    }

    /// The bytes at an address, at most [`MAX_FILE_BYTES`].
    ///
    /// # Errors
    /// [`MediaError`]; it names the host and nothing else of the address.
    pub async fn fetch(&self, url: &str) -> Result<Vec<u8>, MediaError> {
        let address = Url::parse(url).map_err(|_| MediaError::Unknown(url.to_owned()))?;
        let names_neighbour = match address.host() {
            Some(Host::Ipv4(ip)) => kind_of_v4(ip) == Kind::Neighbour,
            Some(Host::Ipv6(ip)) => kind_of_v6(ip) == Kind::Neighbour,
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        self.fetch_among(if names_neighbour { Neighbours::Asked } else { Neighbours::LeftAlone }, address).await
    }

    async fn fetch_among(&self, neighbours: Neighbours, address: Url) -> Result<Vec<u8>, MediaError> {
        let host = address.host_str().unwrap_or_default().to_owned();
        let failed = |why: String| MediaError::Web { host: host.clone(), why };
        if !may_be_asked(&address, neighbours) {
            return Err(failed(NEIGHBOUR.to_owned()));
        }
        let http = match neighbours {
            Neighbours::Asked => &self.near,
            Neighbours::LeftAlone => &self.public,
        };
        let mut response = http.get(address).send().await.map_err(|error| failed(reason(&error)))?;
        if !response.status().is_success() {
            return Err(failed(format!("the server says {}", response.status().as_u16())));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(reason(&error)))? {
            if (bytes.len() + chunk.len()) as u64 > MAX_FILE_BYTES {
                return Err(MediaError::TooLarge(format!("what {host} sends")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

fn client(neighbours: Neighbours) -> Result<reqwest::Client, HttpSetup> {
    let follow = move |attempt: redirect::Attempt<'_>| {
        let from_secure = attempt.previous().last().is_some_and(|from| from.scheme() == "https");
        let to = attempt.url();
        let too_often = attempt.previous().len() > MOST_REDIRECTS;
        if too_often || !may_be_asked(to, neighbours) || (from_secure && to.scheme() != "https") {
            return attempt.stop();
        }
        attempt.follow()
    };
    let builder = http::builder_for_media()
        .no_proxy()
        .timeout(TIME_LIMIT)
        .dns_resolver(Arc::new(Names(neighbours)))
        .redirect(redirect::Policy::custom(follow));
    http::build(builder)
}

/// Why an address of a neighbour is refused.
const NEIGHBOUR: &str = "it is an address of this computer or its network; attach the file itself";

/// The innermost reason: the outer ones repeat the address.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it took longer than {} s", TIME_LIMIT.as_secs());
    }
    let mut reason: &dyn Error = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    if std::ptr::addr_eq(reason, error) { "it could not be fetched".to_owned() } else { reason.to_string() }
}

/// Whether an address may be asked as far as it can be told without looking its name up.
fn may_be_asked(url: &Url, neighbours: Neighbours) -> bool {
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    match url.host() {
        Some(Host::Ipv4(ip)) => is_allowed(IpAddr::V4(ip), neighbours),
        Some(Host::Ipv6(ip)) => is_allowed(IpAddr::V6(ip), neighbours),
        Some(Host::Domain(_)) => true,
        None => false,
    }
}

/// Looks names up and keeps only addresses that may be asked, so that what was checked is what is connected to.
struct Names(Neighbours);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let neighbours = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|address| is_allowed(address.ip(), neighbours)).collect();
            if allowed.is_empty() {
                return Err(NEIGHBOUR.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn is_allowed(ip: IpAddr, neighbours: Neighbours) -> bool {
    let kind = match ip {
        IpAddr::V4(ip) => kind_of_v4(ip),
        IpAddr::V6(ip) => kind_of_v6(ip),
    };
    match kind {
        Kind::Public => true,
        Kind::Neighbour => neighbours == Neighbours::Asked,
        Kind::Special => false,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Public,
    /// This computer, or a private network.
    Neighbour,
    /// What nobody attaches a picture from: link-local addresses (where clouds keep their secrets), groups, reserved ones.
    Special,
}

/// Source: the IANA registry of special-purpose IPv4 addresses.
fn kind_of_v4(ip: Ipv4Addr) -> Kind {
    match ip.octets() {
        [127, ..] | [10, ..] | [192, 168, ..] => Kind::Neighbour,
        [172, 16..=31, ..] | [100, 64..=127, ..] => Kind::Neighbour,
        [0, ..] | [169, 254, ..] | [192, 0, 0, _] | [192, 0, 2, _] | [224..=255, ..] => Kind::Special,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => Kind::Special,
        _ => Kind::Public,
    }
}

/// Source: the IANA registry of special-purpose IPv6 addresses. Those that hold an IPv4 address are judged by it.
fn kind_of_v6(ip: Ipv6Addr) -> Kind {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        kind_of_v4(Ipv4Addr::new(a, b, c, d))
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] | [0xfc00..=0xfdff, ..] => Kind::Neighbour,
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        [0x2000..=0x3fff, ..] => Kind::Public,
        _ => Kind::Special,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn addresses_are_public_neighbours_or_neither() {
        for (address, kind) in [
            ("93.184.216.34", Kind::Public),
            ("127.0.0.1", Kind::Neighbour),
            ("127.8.8.8", Kind::Neighbour),
            ("10.1.2.3", Kind::Neighbour),
            ("172.31.0.1", Kind::Neighbour),
            ("172.32.0.1", Kind::Public),
            ("100.64.0.1", Kind::Neighbour),
            ("169.254.169.254", Kind::Special),
            ("0.0.0.0", Kind::Special),
            ("255.255.255.255", Kind::Special),
            ("::1", Kind::Neighbour),
            ("::", Kind::Special),
            ("fd00::1", Kind::Neighbour),
            ("fe80::1", Kind::Special),
            ("::ffff:127.0.0.1", Kind::Neighbour),
            ("::ffff:169.254.169.254", Kind::Special),
            ("64:ff9b::10.0.0.1", Kind::Neighbour),
            ("2002:7f00:1::", Kind::Neighbour),
            ("2606:2800:220:1::", Kind::Public),
        ] {
            let found = match address.parse().unwrap() {
                IpAddr::V4(ip) => kind_of_v4(ip),
                IpAddr::V6(ip) => kind_of_v6(ip),
            };
            assert_eq!(found, kind, "{address}");
        }
    }

    /// A server on this computer that gives each of these answers once, in order.
    fn serve(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for answer in answers {
                let (mut socket, _) = listener.accept().unwrap();
                let _ = socket.read(&mut [0; 4096]).unwrap();
                socket.write_all(answer.as_bytes()).unwrap();
            }
        });
        address
    }

    fn ok(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    fn points_to(place: &str) -> String {
        format!("HTTP/1.1 302 Found\r\nconnection: close\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n")
    }

    #[tokio::test]
    async fn what_lies_at_a_named_address_is_fetched() {
        let web = WebMedia::new().unwrap();
        let address = serve(vec![points_to("/there"), ok("GIF89a")]);
        assert_eq!(web.fetch(&format!("{address}/a.gif")).await.unwrap(), b"GIF89a");
        let named = serve(vec![ok("GIF89a")]).replace("127.0.0.1", "localhost");
        assert_eq!(web.fetch(&format!("{named}/a.gif")).await.unwrap(), b"GIF89a");
    }

    #[tokio::test]
    async fn no_public_name_leads_to_a_neighbour() {
        let web = WebMedia::new().unwrap();
        for address in ["http://127.0.0.1:9/a", "http://localhost:9/a", "http://[::1]:9/", "http://2130706433:9/"] {
            let error = web.fetch_among(Neighbours::LeftAlone, address.parse().unwrap()).await.unwrap_err().to_string();
            assert!(error.contains("an address of this computer"), "{address}: {error}");
        }
        for address in
            ["http://169.254.169.254/latest", "file:///etc/passwd", "ftp://example.com/a", "http://u:p@127.0.0.1:9/"]
        {
            assert!(web.fetch(address).await.is_err(), "{address}");
        }
    }

    #[tokio::test]
    async fn servers_may_not_point_anywhere_nor_send_without_end() {
        let web = WebMedia::new().unwrap();
        for place in ["http://169.254.169.254/latest", "file:///etc/passwd"] {
            let address = serve(vec![points_to(place)]);
            let error = web.fetch(&address).await.unwrap_err().to_string();
            assert!(error.contains("127.0.0.1 gives no picture or sound"), "{error}");
        }
        let large = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", MAX_FILE_BYTES + 1);
        let address = serve(vec![large + &"x".repeat(usize::try_from(MAX_FILE_BYTES).unwrap() + 1)]);
        assert!(matches!(web.fetch(&address).await, Err(MediaError::TooLarge(_))));
        let address = serve(vec!["HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned()]);
        assert_eq!(
            web.fetch(&address).await.unwrap_err().to_string(),
            "127.0.0.1 gives no picture or sound: the server says 404"
        );
    }
}
