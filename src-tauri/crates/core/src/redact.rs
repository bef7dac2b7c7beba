//! Takes keys out of text that people, files or logs will see. Used on what servers answer (they echo keys), on the log
//! and by the terminal.
//!
//! A key in use is recognised by any eight bytes of it in a row, raw, in base64, in hexadecimal or percent-encoded, so
//! that a piece of a key is caught as well. Keys not in use are recognised by their usual shapes.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// What stands in the place of a key.
pub const MASK: &str = "[key]";

/// So many bytes of a key in a row give it away.
const WINDOW: usize = 8;
/// A line of the log that is longer is not kept.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Knows the keys in use.
#[derive(Default)]
pub struct Redactor {
    /// Every eight bytes of every key in every encoding, sorted.
    windows: Zeroizing<Vec<u64>>,
}

impl Redactor {
    /// Knows this key from now on. A word under eight bytes is no key worth the name and is not learned: masking it
    /// would garble honest text.
    #[expect(clippy::disallowed_methods, reason = "the redactor is one of the readers of a key")]
    pub fn learn(&mut self, secret: &Secret) {
        let key = secret.expose().as_bytes();
        self.learn_encoding(key);
        let upper: Zeroizing<String> = Zeroizing::new(key.iter().map(|byte| format!("{byte:02X}")).collect());
        self.learn_encoding(upper.as_bytes());
        self.learn_encoding(Zeroizing::new(upper.to_ascii_lowercase()).as_bytes());
        for lower_case in [false, true] {
            self.learn_encoding(percent_encoded(key, lower_case).as_bytes());
        }
        // Base64 looks different at each of three offsets; the first and last characters depend on the neighbours.
        for offset in 0..3 {
            let shifted = Zeroizing::new([&[0; 2][..offset], key].concat());
            let encoded = Zeroizing::new(BASE64.encode(&shifted));
            let stable = encoded.trim_end_matches('=');
            let stable = &stable[if offset == 0 { 0 } else { offset + 1 }..stable.len().saturating_sub(1)];
            self.learn_encoding(stable.as_bytes());
            self.learn_encoding(Zeroizing::new(stable.replace('+', "-").replace('/', "_")).as_bytes());
        }
        self.windows.sort_unstable();
        self.windows.dedup();
    }

    /// The text without keys.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        mask_shapes(&self.mask_known(text))
    }

    fn learn_encoding(&mut self, bytes: &[u8]) {
        self.windows.extend(bytes.windows(WINDOW).map(number));
    }

    fn mask_known(&self, text: &str) -> String {
        let bytes = text.as_bytes();
        let mut clean = String::with_capacity(text.len());
        let (mut kept_to, mut known_to) = (0, 0);
        for (start, window) in bytes.windows(WINDOW).enumerate() {
            if self.windows.binary_search(&number(window)).is_err() {
                continue;
            }
            if start > known_to || known_to == 0 {
                // Keys are ASCII, so a window begins and ends between characters.
                clean.push_str(&text[kept_to..start]);
                clean.push_str(MASK);
            }
            known_to = start + WINDOW;
            kept_to = known_to;
        }
        clean.push_str(&text[kept_to..]);
        clean
    }
}

fn number(window: &[u8]) -> u64 {
    window.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn percent_encoded(key: &[u8], lower_case: bool) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(key.len() * 3));
    for &byte in key {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => text.push(byte.into()),
            _ if lower_case => text.push_str(&format!("%{byte:02x}")),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// How keys begin, and how many characters must follow before it is one.
const SHAPES: [(&str, usize); 4] = [("sk-", 16), ("AIza", 20), ("Bearer ", 8), ("bearer ", 8)];

fn mask_shapes(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let next =
            SHAPES.iter().filter_map(|shape| rest.find(shape.0).map(|at| (at, shape))).min_by_key(|found| found.0);
        let Some((at, &(start, least))) = next else {
            clean.push_str(rest);
            return clean;
        };
        let (before, word) = rest.split_at(at + start.len());
        let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=');
        let length = word.find(|c| !is_key(c)).unwrap_or(word.len());
        let stands_alone = !rest[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        clean.push_str(before);
        if length >= least && stands_alone {
            clean.push_str(MASK);
            rest = &word[length..];
        } else {
            rest = word;
        }
    }
}

/// A writer that lets only clean lines through, however its input was split.
pub struct RedactingWriter<W: Write, F: Fn(&str) -> String> {
    inner: W,
    clean: F,
    line: Vec<u8>,
}

impl<W: Write, F: Fn(&str) -> String> RedactingWriter<W, F> {
    /// Lines pass through `clean` on their way to `inner`.
    pub fn new(inner: W, clean: F) -> Self {
        Self { inner, clean, line: Vec::new() }
    }

    fn pass(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        if line.len() > MAX_LINE_BYTES {
            return self.inner.write_all(b"[a line over 64 KiB]\n");
        }
        self.inner.write_all((self.clean)(&String::from_utf8_lossy(&line)).as_bytes())
    }
}

impl<W: Write, F: Fn(&str) -> String> Write for RedactingWriter<W, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            // One byte over the limit is enough to know that it is over.
            let room = (MAX_LINE_BYTES + 1).saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.pass()?;
            }
        }
        Ok(bytes.len())
    }

    /// What is not yet a whole line waits: half a key could stand in it.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write, F: Fn(&str) -> String> Drop for RedactingWriter<W, F> {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            // The last chance; there is nobody left to tell.
            let _ = self.pass();
            let _ = self.inner.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "pk_live/9f8+7e6d==5c4b3a2";

    fn redactor(key: &str) -> Redactor {
        let mut redactor = Redactor::default();
        redactor.learn(&Secret::new(key.into()).unwrap_or_else(|_| panic!("a good key")));
        redactor
    }

    #[test]
    fn a_key_goes_in_every_encoding_and_its_neighbours_stay() {
        let redactor = redactor(KEY);
        assert_eq!(redactor.clean(&format!("wrong key «{KEY}», sorry")), "wrong key «[key]», sorry");
        assert_eq!(redactor.clean(&format!("{KEY}{KEY}")), "[key]");
        assert_eq!(
            redactor.clean(&format!("?key={}&x=1", percent_encoded(KEY.as_bytes(), false).as_str())),
            "?key=[key]&x=1"
        );
        let hex: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(redactor.clean(&hex), "[key]");
        assert_eq!(redactor.clean("nothing of it here"), "nothing of it here");
    }

    #[test]
    fn shapes_of_keys_nobody_told_us_about_go_too() {
        let clean = |text| Redactor::default().clean(text);
        assert_eq!(
            clean("Incorrect API key provided: sk-proj-abcdefghij0123456789."),
            "Incorrect API key provided: sk-[key]"
        );
        assert_eq!(clean("authorization: Bearer abcdefgh1234"), "authorization: Bearer [key]");
        assert_eq!(clean("AIzaSyA-1234567890abcdefghij end"), "AIza[key] end");
        for honest in ["a risk-averse-and-well-considered plan", "sk-learn", "Bearer of news", "the Bearer a b c"] {
            assert_eq!(clean(honest), honest);
        }
    }

    #[test]
    fn a_writer_cleans_whatever_the_split() {
        let text = format!("one {KEY} two\nthree\nfour {KEY}");
        for size in 1..text.len() {
            let (mut written, redactor) = (Vec::new(), redactor(KEY));
            let mut writer = RedactingWriter::new(&mut written, |line: &str| redactor.clean(line));
            text.as_bytes().chunks(size).for_each(|piece| writer.write_all(piece).unwrap());
            drop(writer);
            assert_eq!(String::from_utf8(written).unwrap(), "one [key] two\nthree\nfour [key]");
        }
        let mut written = Vec::new();
        let mut writer = RedactingWriter::new(&mut written, str::to_owned);
        writer.write_all(&[b'x'; MAX_LINE_BYTES * 3]).unwrap();
        writer.write_all(b"\nnext\n").unwrap();
        drop(writer);
        assert_eq!(String::from_utf8(written).unwrap(), "[a line over 64 KiB]\nnext\n");
    }

    proptest! {
        #[test]
        fn no_eight_bytes_of_a_key_are_left(key in "[!-~]{8,60}", before in "\\PC{0,9}", after in "\\PC{0,9}", cut in 0usize..20) {
            let redactor = redactor(&key);
            let base64 = BASE64.encode(format!("{before}{key}{after}"));
            let piece = &key[cut.min(key.len())..];
            let clean = redactor.clean(&format!("{before}{piece}{after} {base64}"));
            for window in key.as_bytes().windows(WINDOW) {
                prop_assert!(!clean.as_bytes().windows(WINDOW).any(|part| part == window), "{clean}");
            }
        }

        #[test]
        fn text_without_a_key_is_unchanged(text in "[a-z ]{0,200}") {
            prop_assert_eq!(redactor("0123-4567-89AB-CDEF").clean(&text), text);
        }
    }
}
