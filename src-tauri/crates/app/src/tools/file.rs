//! A file as a model reads it, told by its content; names lie.

use parlance_providers::media::sniff;

use crate::api::FileKind;

/// A file may be so long.
pub const MOST_BYTES: usize = 10 * 1024 * 1024;

/// Pictures that every provider's models see, where they see any.
const SEEN: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Words.
    Text(String),
    /// A picture of this media type.
    Image(&'static str, Vec<u8>),
}

/// Why a file cannot be read by a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    /// Over [`MOST_BYTES`].
    #[error("it is larger than 10 MB")]
    TooLarge,
    /// No text in UTF-8, and no picture that models see.
    #[error("it is neither text (UTF-8) nor a PNG, JPEG, GIF or WebP picture")]
    NeitherTextNorPicture,
}

impl Content {
    /// Of these bytes.
    ///
    /// # Errors
    /// [`BadFile`]
    pub fn of(bytes: Vec<u8>) -> Result<Self, BadFile> {
        if bytes.len() > MOST_BYTES {
            return Err(BadFile::TooLarge);
        }
        if let Some(media_type) = sniff::media_type(&bytes).filter(|media_type| SEEN.contains(media_type)) {
            return Ok(Self::Image(media_type, bytes));
        }
        match String::from_utf8(bytes) {
            // A zero byte is valid UTF-8 and stands in no text.
            Ok(text) if !text.contains('\0') => Ok(Self::Text(text)),
            Ok(_) | Err(_) => Err(BadFile::NeitherTextNorPicture),
        }
    }

    /// For the store.
    pub(crate) fn media_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "text/plain",
            Self::Image(media_type, _) => media_type,
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Image(_, bytes) => bytes,
        }
    }
}

/// What a stored file is.
pub(crate) fn kind(media_type: &str) -> FileKind {
    if media_type.starts_with("image/") { FileKind::Image } else { FileKind::Text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_content() {
        assert_eq!(Content::of("grüß".into()), Ok(Content::Text("grüß".into())));
        assert_eq!(Content::of(vec![]), Ok(Content::Text(String::new())));
        assert_eq!(Content::of(b"\x89PNG\r\n".to_vec()), Ok(Content::Image("image/png", b"\x89PNG\r\n".to_vec())));
        for odd in [&b"a\0b"[..], b"\xff\xfe", b"ID3\x04\0\xff", b"%PDF-1.7\n\xe2"] {
            assert_eq!(Content::of(odd.to_vec()), Err(BadFile::NeitherTextNorPicture), "{odd:?}");
        }
        assert_eq!(Content::of(vec![b' '; MOST_BYTES + 1]), Err(BadFile::TooLarge));
    }
}
