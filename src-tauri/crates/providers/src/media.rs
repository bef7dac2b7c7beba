//! Pictures, sound and moving pictures of messages, brought into the request: whatever a provider cannot fetch by itself
//! becomes base64. The one room here that reads files and fetches from the web. Called by every client before its pure request
//! is written.

pub mod sniff;
mod web;

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_core::{BlockKind, Category, ContentBlock, Msg, ProviderError, Role, Source, ToolOutput};
use tokio::io::AsyncReadExt;
use url::Url;

pub use web::WebMedia;

use crate::history::is_web;
use crate::speakers::Takes;

/// One picture, sound or moving picture may be so long.
pub const MAX_FILE_BYTES: u64 = 20 * 1024 * 1024;

/// One message may hold so many pictures.
pub const MAX_IMAGES: usize = 20;

/// Reads what a [`Source::Url`] names: `file://`, a bare path, `media:ID`, or a web address.
#[async_trait]
pub trait MediaReader: Send + Sync {
    /// What is no web address, at most [`MAX_FILE_BYTES`].
    ///
    /// # Errors
    /// [`MediaError`]
    async fn read(&self, url: &str) -> Result<Vec<u8>, MediaError>;

    /// What lies at a web address, at most [`MAX_FILE_BYTES`]. A reader that does not say how fetches nothing.
    ///
    /// # Errors
    /// [`MediaError`]
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, MediaError> {
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        Err(MediaError::Web { host, why: "nothing is fetched here; attach the file itself".to_owned() })
    }
}

/// A picture or sound could not be brought along.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The system said no.
    #[error("reading {path}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A folder, a device or something else that is no file.
    #[error("{0} is no file")]
    NoFile(String),
    /// Over [`MAX_FILE_BYTES`].
    #[error("{0} is larger than 20 MiB")]
    TooLarge(String),
    /// The address names nothing that can be read here.
    #[error("{0} names nothing that can be read here")]
    Unknown(String),
    /// A server of the web did not give it, or was not asked.
    #[error("{host} gives no picture or sound: {why}")]
    Web {
        /// The server.
        host: String,
        /// Why, for people.
        why: String,
    },
}

/// Files of this computer.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalFiles;

#[async_trait]
impl MediaReader for LocalFiles {
    async fn read(&self, url: &str) -> Result<Vec<u8>, MediaError> {
        let path = match Url::parse(url) {
            Ok(address) if address.scheme() == "file" => {
                address.to_file_path().map_err(|()| MediaError::Unknown(url.to_owned()))?
            }
            // A drive letter reads as a scheme.
            Ok(address) if address.scheme().len() > 1 => return Err(MediaError::Unknown(url.to_owned())),
            Ok(_) | Err(_) => PathBuf::from(url),
        };
        let failed = |source| MediaError::Io { path: path.display().to_string(), source };
        let about = tokio::fs::metadata(&path).await.map_err(failed)?;
        if !about.is_file() {
            return Err(MediaError::NoFile(path.display().to_string()));
        }
        let file = tokio::fs::File::open(&path).await.map_err(failed)?;
        let mut bytes = Vec::new();
        // Its size may change while it is read, so the reading itself is limited.
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).await.map_err(failed)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(MediaError::TooLarge(path.display().to_string()));
        }
        Ok(bytes)
    }
}

/// What a request can hold, and what its server fetches by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// What media the protocol has; of the web, no others are fetched.
    pub takes: Takes,
    /// What the server fetches from the web by itself.
    pub server: ServerFetches,
}

/// What a server fetches from the web by itself, so that an address is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerFetches {
    /// Nothing.
    Nothing,
    /// Pictures.
    Images,
    /// Whatever it takes.
    Everything,
}

impl Reach {
    /// Whether a medium of the web must be brought along for the model to see it.
    fn must_bring(self, block: &ContentBlock, role: Role) -> bool {
        let is_fetched = match self.server {
            ServerFetches::Nothing => false,
            ServerFetches::Images => matches!(block, ContentBlock::Image { .. }),
            ServerFetches::Everything => true,
        };
        self.takes.has(block, role) && !is_fetched
    }
}

/// Files of this computer, and what lies at web addresses.
#[derive(Debug, Clone)]
pub struct Attachments(
    /// How the web is asked.
    pub WebMedia,
);

#[async_trait]
impl MediaReader for Attachments {
    async fn read(&self, url: &str) -> Result<Vec<u8>, MediaError> {
        LocalFiles.read(url).await
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, MediaError> {
        self.0.fetch(url).await
    }
}

/// The messages with every medium that must come along as base64, typed by its own bytes: files, and what people attached by
/// its address on the web where the server does not fetch that. What tools and models name on the web is never fetched.
///
/// # Errors
/// [`Category::InvalidRequest`] when one cannot be read or is not of its kind. What cannot be fetched any more is an error
/// only in the last message; in earlier ones a sentence takes its place.
pub async fn resolve(
    provider: &str,
    messages: &[Msg],
    reader: &dyn MediaReader,
    reach: Reach,
) -> Result<Vec<Msg>, ProviderError> {
    let mut resolved = messages.to_vec();
    let refuse = |message: String| ProviderError::new(provider, Category::InvalidRequest, message);
    let last = resolved.len().saturating_sub(1);
    for (at, msg) in resolved.iter_mut().enumerate() {
        if msg.blocks_of(&[BlockKind::Image]).count() > MAX_IMAGES {
            return Err(refuse(format!("a message holds more than {MAX_IMAGES} pictures; leave some out")));
        }
        for block in &mut msg.content {
            if let ContentBlock::ToolResult { output: ToolOutput::Blocks(blocks), .. } = block {
                for block in blocks.iter_mut().filter(|block| place(block) == Place::Here) {
                    bring(block, reader).await.map_err(refuse)?;
                }
                continue;
            }
            match place(block) {
                Place::Here => bring(block, reader).await.map_err(refuse)?,
                Place::Web if msg.role == Role::User && reach.must_bring(block, msg.role) => {
                    match bring(block, reader).await {
                        Err(why) if at == last => return Err(refuse(why)),
                        Err(_) => *block = ContentBlock::text("(What was attached here can no longer be fetched.)"),
                        Ok(()) => {}
                    }
                }
                Place::Web | Place::Inside => {}
            }
        }
    }
    Ok(resolved)
}

/// Where the bytes of a block are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the message, or nowhere.
    Inside,
    /// On this computer.
    Here,
    /// At a web address.
    Web,
}

fn source_of(block: &ContentBlock) -> Option<&Source> {
    match block {
        ContentBlock::Image { source } | ContentBlock::Audio { source } | ContentBlock::Video { source } => {
            Some(source)
        }
        _ => None,
    }
}

fn place(block: &ContentBlock) -> Place {
    match source_of(block) {
        Some(Source::Url { url }) if is_web(url) => Place::Web,
        Some(Source::Url { .. }) => Place::Here,
        Some(Source::Base64 { .. }) | None => Place::Inside,
    }
}

/// Makes the bytes a part of the block, or says why not.
async fn bring(block: &mut ContentBlock, reader: &dyn MediaReader) -> Result<(), String> {
    let (kind, source) = match block {
        ContentBlock::Image { source } => ("image", source),
        ContentBlock::Audio { source } => ("audio", source),
        ContentBlock::Video { source } => ("video", source),
        _ => return Ok(()),
    };
    let Source::Url { url } = &*source else { return Ok(()) };
    let bytes = if is_web(url) { reader.fetch(url).await } else { reader.read(url).await };
    let bytes = bytes.map_err(|error| {
        let reason = std::error::Error::source(&error).map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("{error}{reason}")
    })?;
    let media_type = match (kind, sniff::media_type(&bytes)) {
        // Two containers hold both.
        ("audio", Some("video/mp4")) => Some("audio/mp4"),
        ("audio", Some("video/webm")) => Some("audio/webm"),
        (_, found) => found.filter(|found| found.split('/').next() == Some(kind)),
    };
    let Some(media_type) = media_type else {
        return Err(match kind {
            "audio" => format!("{url} is no sound that is known here, such as WAV or MP3"),
            "video" => format!("{url} is no moving picture that is known here, such as MP4 or WebM"),
            _ => format!("{url} is no picture that is known here, such as PNG, JPEG, GIF or WebP"),
        });
    };
    *source = Source::Base64 { media_type: media_type.to_owned(), data: BASE64.encode(&bytes) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REACH: Reach = Reach { takes: Takes::Everything, server: ServerFetches::Everything };

    #[tokio::test]
    async fn local_pictures_become_base64_and_what_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let picture = folder.path().join("a b.png");
        std::fs::write(&picture, b"\x89PNG\r\n\x1a\n").unwrap();
        let secret = folder.path().join("secret.png");
        std::fs::write(&secret, b"root:x:0:0").unwrap();
        let message = |url: String| {
            vec![Msg::new(parlance_core::Role::User, "u", vec![ContentBlock::Image { source: Source::Url { url } }])]
        };
        let expected = Source::Base64 { media_type: "image/png".into(), data: BASE64.encode(b"\x89PNG\r\n\x1a\n") };
        for url in [picture.display().to_string(), Url::from_file_path(&picture).unwrap().to_string()] {
            let resolved = resolve("p", &message(url), &LocalFiles, REACH).await.unwrap();
            assert_eq!(resolved[0].content, vec![ContentBlock::Image { source: expected.clone() }]);
        }
        for (url, why) in [
            (secret.display().to_string(), "is no picture"),
            (folder.path().display().to_string(), "is no file"),
            (folder.path().join("none.png").display().to_string(), "reading "),
            ("media:1".to_owned(), "names nothing"),
            ("ftp://x/y.png".to_owned(), "names nothing"),
        ] {
            let error = resolve("p", &message(url), &LocalFiles, REACH).await.unwrap_err();
            assert_eq!(error.category, Category::InvalidRequest);
            assert!(error.message.contains(why), "{error}");
        }
    }

    #[tokio::test]
    async fn too_many_pictures_and_too_large_files_are_refused() {
        let picture = || ContentBlock::Image { source: Source::Url { url: "https://example.com/a.png".into() } };
        let pictures = |count: usize| vec![Msg::new(parlance_core::Role::User, "u", vec![picture(); count])];
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large.png");
        std::fs::File::create(&large).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
        let error = LocalFiles.read(&large.display().to_string()).await.unwrap_err();
        assert!(error.to_string().ends_with("is larger than 20 MiB"), "{error}");
        assert!(resolve("p", &pictures(MAX_IMAGES), &LocalFiles, REACH).await.is_ok());
        let error = resolve("p", &pictures(MAX_IMAGES + 1), &LocalFiles, REACH).await.unwrap_err();
        assert!(error.message.contains("more than 20 pictures"), "{error}");
    }

    #[tokio::test]
    async fn web_addresses_are_left_to_the_provider() {
        let url = "https://example.com/a.png".to_owned();
        let block = ContentBlock::Image { source: Source::Url { url } };
        let message = vec![Msg::new(parlance_core::Role::User, "u", vec![block])];
        assert_eq!(resolve("p", &message, &LocalFiles, REACH).await.unwrap(), message);
    }

    /// Knows what a few addresses serve.
    struct Served;

    #[async_trait]
    impl MediaReader for Served {
        async fn read(&self, url: &str) -> Result<Vec<u8>, MediaError> {
            Err(MediaError::Unknown(url.to_owned()))
        }

        async fn fetch(&self, url: &str) -> Result<Vec<u8>, MediaError> {
            match url {
                "https://example.com/a" => Ok(b"GIF89a".to_vec()),
                "https://example.com/b" => Ok(b"\0\0\0\x18ftypmp42".to_vec()),
                _ => Err(MediaError::Web { host: "example.com".into(), why: "the server says 404".into() }),
            }
        }
    }

    #[tokio::test]
    async fn what_people_attached_is_fetched_for_servers_that_do_not_and_nothing_else_is() {
        let conversation = |value: serde_json::Value| serde_json::from_value::<Vec<Msg>>(value).unwrap();
        let at = |kind: &str, url: &str| serde_json::json!({"type": kind, "source": {"type": "url", "url": format!("https://example.com/{url}")}});
        let inside = |kind: &str, media_type: &str, data: &str| serde_json::json!({"type": kind, "source": {"type": "base64", "media_type": media_type, "data": data}});
        let gone = serde_json::json!({"type": "text", "text": "(What was attached here can no longer be fetched.)"});
        let said = |role: &str, blocks: Vec<serde_json::Value>| serde_json::json!({"id": "1", "name": "n", "role": role, "content": blocks});
        let result = serde_json::json!({"type": "tool_result", "id": "1", "name": "f", "output": [at("image", "a")]});
        let asked = conversation(serde_json::json!([
            said("user", vec![at("image", "a"), at("video", "b"), at("image", "gone"), at("audio", "a")]),
            said("assistant", vec![at("image", "a")]),
            said("system", vec![result.clone()]),
            said("user", vec![at("image", "a")]),
        ]));
        let gif = inside("image", "image/gif", "R0lGODlh");
        let reach = Reach { takes: Takes::Everything, server: ServerFetches::Nothing };
        let resolved = resolve("p", &asked, &Served, reach).await.unwrap();
        let mp4 = inside("video", "video/mp4", "AAAAGGZ0eXBtcDQy");
        assert_eq!(
            resolved,
            conversation(serde_json::json!([
                said("user", vec![gif.clone(), mp4, gone.clone(), gone]),
                said("assistant", vec![at("image", "a")]),
                said("system", vec![result]),
                said("user", vec![gif]),
            ]))
        );
        let images = Reach { takes: Takes::Images, server: ServerFetches::Images };
        assert_eq!(resolve("p", &asked, &Served, images).await.unwrap(), asked);
        let last = conversation(serde_json::json!([said("user", vec![at("image", "gone")])]));
        let error = resolve("p", &last, &Served, reach).await.unwrap_err();
        assert_eq!(error.message, "example.com gives no picture or sound: the server says 404");
    }
}
