//! Pictures and sound of messages, brought into the request: whatever a provider cannot fetch by itself becomes base64.
//! The one room here that reads files. Called by every client before its pure request is written.

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_core::{Category, ContentBlock, Msg, ProviderError, Source, ToolOutput};
use tokio::io::AsyncReadExt;
use url::Url;

/// One picture or sound may be so long.
pub const MAX_FILE_BYTES: u64 = 20 * 1024 * 1024;

/// One message may hold so many pictures.
pub const MAX_IMAGES: usize = 20;

/// Reads what a [`Source::Url`] names, but for web addresses: `file://`, a bare path, or `media:ID`.
#[async_trait]
pub trait MediaReader: Send + Sync {
    /// The bytes, at most [`MAX_FILE_BYTES`].
    ///
    /// # Errors
    /// [`MediaError`]
    async fn read(&self, url: &str) -> Result<Vec<u8>, MediaError>;
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

/// The messages with every local medium as base64, typed by its own bytes.
///
/// # Errors
/// [`Category::InvalidRequest`] when one cannot be read or is neither picture nor sound.
pub async fn resolve(provider: &str, messages: &[Msg], reader: &dyn MediaReader) -> Result<Vec<Msg>, ProviderError> {
    let mut resolved = messages.to_vec();
    for msg in &mut resolved {
        if msg.content.iter().filter(|block| matches!(block, ContentBlock::Image { .. })).count() > MAX_IMAGES {
            let message = format!("a message holds more than {MAX_IMAGES} pictures; leave some out");
            return Err(ProviderError::new(provider, Category::InvalidRequest, message));
        }
        for block in &mut msg.content {
            match block {
                ContentBlock::ToolResult { output: ToolOutput::Blocks(blocks), .. } => {
                    for block in blocks {
                        resolve_block(provider, block, reader).await?;
                    }
                }
                block => resolve_block(provider, block, reader).await?,
            }
        }
    }
    Ok(resolved)
}

async fn resolve_block(
    provider: &str,
    block: &mut ContentBlock,
    reader: &dyn MediaReader,
) -> Result<(), ProviderError> {
    let (ContentBlock::Image { source } | ContentBlock::Audio { source }) = block else { return Ok(()) };
    let Source::Url { url } = &*source else { return Ok(()) };
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(());
    }
    let refuse = |message: String| ProviderError::new(provider, Category::InvalidRequest, message);
    let bytes = reader.read(url).await.map_err(|error| {
        let reason = std::error::Error::source(&error).map(|reason| format!(": {reason}")).unwrap_or_default();
        refuse(format!("{error}{reason}"))
    })?;
    let media_type = sniff(&bytes)
        .ok_or_else(|| refuse(format!("{url} is no PNG, JPEG, GIF or WebP picture and no WAV or MP3 sound")))?;
    *source = Source::Base64 { media_type: media_type.to_owned(), data: BASE64.encode(&bytes) };
    Ok(())
}

/// The media type by the first bytes; names lie.
fn sniff(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("audio/wav"),
        [b'I', b'D', b'3', ..] => Some("audio/mpeg"),
        // The frame sync of MPEG audio, layer III.
        [0xff, second, ..] if second & 0xe6 == 0xe2 => Some("audio/mpeg"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_told_by_the_bytes() {
        assert_eq!(sniff(b"\x89PNG\r\n"), Some("image/png"));
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), Some("audio/wav"));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBP"), Some("image/webp"));
        assert_eq!(sniff(&[0xff, 0xfb, 0x90]), Some("audio/mpeg"));
        assert_eq!(sniff(&[0xff, 0xd8, 0xff, 0xe0]), Some("image/jpeg"));
        assert_eq!(sniff(b"root:x:0:0"), None);
        assert_eq!(sniff(b""), None);
    }

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
            let resolved = resolve("p", &message(url), &LocalFiles).await.unwrap();
            assert_eq!(resolved[0].content, vec![ContentBlock::Image { source: expected.clone() }]);
        }
        for (url, why) in [
            (secret.display().to_string(), "is no PNG"),
            (folder.path().display().to_string(), "is no file"),
            (folder.path().join("none.png").display().to_string(), "reading "),
            ("media:1".to_owned(), "names nothing"),
            ("ftp://x/y.png".to_owned(), "names nothing"),
        ] {
            let error = resolve("p", &message(url), &LocalFiles).await.unwrap_err();
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
        assert!(resolve("p", &pictures(MAX_IMAGES), &LocalFiles).await.is_ok());
        let error = resolve("p", &pictures(MAX_IMAGES + 1), &LocalFiles).await.unwrap_err();
        assert!(error.message.contains("more than 20 pictures"), "{error}");
    }

    #[tokio::test]
    async fn web_addresses_are_left_to_the_provider() {
        let url = "https://example.com/a.png".to_owned();
        let block = ContentBlock::Image { source: Source::Url { url } };
        let message = vec![Msg::new(parlance_core::Role::User, "u", vec![block])];
        assert_eq!(resolve("p", &message, &LocalFiles).await.unwrap(), message);
    }
}
