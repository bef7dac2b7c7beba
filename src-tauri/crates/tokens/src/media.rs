//! How large a picture is and how long a sound, from the first bytes: neither is ever decoded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Base64 is read in groups of four.
const GROUP: usize = 4;
/// Most headers lie in so much base64; a JPEG with a long preview before its size is read whole.
const HEAD: usize = 64 * 1024;
/// What a WAV header takes.
const WAV_HEAD: usize = 44;
/// Sound without a header that says it: 128 kbit/s, the usual rate of an MP3.
const USUAL_BYTES_PER_SECOND: u64 = 16_000;

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u64,
    pub(crate) height: u64,
}

/// The size of a picture given as base64; `None` when it cannot be told.
pub(crate) fn picture_size(data: &str) -> Option<Size> {
    size_of(&decoded(data, HEAD)?).or_else(|| size_of(&decoded(data, data.len())?))
}

/// The size of a picture at an address with its bytes inside; `None` for an address of the web, which is not fetched.
pub(crate) fn picture_size_at(url: &str) -> Option<Size> {
    let (_, data) = url.strip_prefix("data:")?.split_once("base64,")?;
    picture_size(data)
}

fn size_of(bytes: &[u8]) -> Option<Size> {
    let size = imagesize::blob_size(bytes).ok()?;
    let size = Size { width: u64::try_from(size.width).ok()?, height: u64::try_from(size.height).ok()? };
    (size.width > 0 && size.height > 0).then_some(size)
}

/// How long a sound given as base64 is, in milliseconds: by a WAV's own header, by its length otherwise.
pub(crate) fn sound_ms(data: &str) -> u64 {
    let bytes = u64::try_from(data.len() / GROUP * 3).unwrap_or(u64::MAX);
    let head = decoded(data, WAV_HEAD * 2).unwrap_or_default();
    let rate = match head.get(..WAV_HEAD) {
        Some(head) if head.starts_with(b"RIFF") && &head[8..12] == b"WAVE" => {
            u64::from(u32::from_le_bytes([head[28], head[29], head[30], head[31]]))
        }
        _ => USUAL_BYTES_PER_SECOND,
    };
    bytes.saturating_mul(1_000) / rate.max(1)
}

/// The bytes of at most so many characters of base64.
fn decoded(data: &str, most: usize) -> Option<Vec<u8>> {
    let end = if most < data.len() { most / GROUP * GROUP } else { data.len() };
    BASE64.decode(data.as_bytes().get(..end)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn the_size_of_a_picture_is_in_its_header() {
        assert_eq!(picture_size(&BASE64.encode(png(800, 600))), Some(Size { width: 800, height: 600 }));
        let address = format!("data:image/png;base64,{}", BASE64.encode(png(3, 4)));
        assert_eq!(picture_size_at(&address), Some(Size { width: 3, height: 4 }));
        for none in ["", "x", "AAAA", "ひ", "https://example.com/a.png", "data:image/png,raw"] {
            assert_eq!(picture_size_at(none), None, "{none}");
            assert_eq!(picture_size(none), None, "{none}");
        }
        assert_eq!(picture_size(&BASE64.encode(png(0, 600))), None);
    }

    #[test]
    fn a_jpeg_whose_size_stands_behind_a_long_preview_is_read_to_the_size() {
        let mut bytes = vec![0xff, 0xd8];
        for _ in 0..2 {
            bytes.extend([0xff, 0xe1, 0xff, 0xfe]);
            bytes.extend(vec![0; 0xfffc]);
        }
        bytes.extend([0xff, 0xc0, 0, 17, 8, 0x01, 0x00, 0x02, 0x00, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
        assert_eq!(picture_size(&BASE64.encode(bytes)), Some(Size { width: 512, height: 256 }));
    }

    #[test]
    fn sound_is_as_long_as_its_header_says() {
        let mut wav = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
        wav.extend([16, 0, 0, 0, 1, 0, 1, 0]);
        wav.extend(16_000_u32.to_le_bytes());
        wav.extend(32_000_u32.to_le_bytes());
        wav.resize(64_000, 0);
        assert_eq!(sound_ms(&BASE64.encode(&wav)) / 10, 200);
        assert_eq!(sound_ms(&BASE64.encode(vec![0; 48_000])), 3_000);
        assert_eq!(sound_ms(""), 0);
    }
}
