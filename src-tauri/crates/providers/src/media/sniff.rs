//! What bytes are, by their first ones; names and servers' words lie.

/// The media type; `None` for what is neither picture nor sound nor moving picture.
///
/// Sources: the media types' registrations and the MIME Sniffing standard.
#[must_use]
pub fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("audio/wav"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => Some("video/avi"),
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => Some("audio/aiff"),
        [_, _, _, _, b'f', b't', b'y', b'p', a, b, c, d, ..] => Some(by_brand([*a, *b, *c, *d])),
        [b'I', b'D', b'3', ..] => Some("audio/mpeg"),
        [b'f', b'L', b'a', b'C', ..] => Some("audio/flac"),
        [b'O', b'g', b'g', b'S', ..] => Some("audio/ogg"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some("video/webm"),
        [b'F', b'L', b'V', ..] => Some("video/x-flv"),
        [0x30, 0x26, 0xb2, 0x75, ..] => Some("video/wmv"),
        [0x00, 0x00, 0x01, 0xb3 | 0xba, ..] => Some("video/mpeg"),
        // The frame sync of AAC, which is that of MPEG audio with layer 0.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Some("audio/aac"),
        // The frame sync of MPEG audio, layer III.
        [0xff, second, ..] if second & 0xe6 == 0xe2 => Some("audio/mpeg"),
        _ => None,
    }
}

/// The family of MP4 is told apart by its brand.
fn by_brand(brand: [u8; 4]) -> &'static str {
    match &brand {
        b"heic" | b"heix" | b"hevc" | b"hevx" => "image/heic",
        b"mif1" | b"msf1" => "image/heif",
        b"avif" | b"avis" => "image/avif",
        b"M4A " | b"M4B " => "audio/mp4",
        b"qt  " => "video/quicktime",
        [b'3', b'g', ..] => "video/3gpp",
        _ => "video/mp4",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_told_by_the_bytes() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n"[..], Some("image/png")),
            (b"RIFF\0\0\0\0WAVEfmt ", Some("audio/wav")),
            (b"RIFF\0\0\0\0WEBP", Some("image/webp")),
            (b"RIFF\0\0\0\0AVI LIST", Some("video/avi")),
            (b"FORM\0\0\0\0AIFFCOMM", Some("audio/aiff")),
            (b"\0\0\0\x18ftypheic\0\0\0\0", Some("image/heic")),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", Some("video/mp4")),
            (b"\0\0\0\x14ftypqt  \0\0\0\0", Some("video/quicktime")),
            (b"\0\0\0\x20ftypM4A \0\0\0\0", Some("audio/mp4")),
            (b"\x1a\x45\xdf\xa3\x01", Some("video/webm")),
            (b"OggS\0\x02", Some("audio/ogg")),
            (b"fLaC\0\0", Some("audio/flac")),
            (b"\xff\xf1\x50\x80", Some("audio/aac")),
            (b"\xff\xfb\x90\x00", Some("audio/mpeg")),
            (b"ID3\x04", Some("audio/mpeg")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"root:x:0:0", None),
            (b"<svg xmlns=", None),
            (b"%PDF-1.7", None),
            (b"", None),
        ] {
            assert_eq!(media_type(bytes), expected, "{bytes:?}");
        }
    }
}
