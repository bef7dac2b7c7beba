//! One JSON value a line (<https://github.com/ndjson/ndjson-spec>, read November 2026): bytes in, however they were split;
//! whole lines out. Used by the decoders of providers that stream so.

use std::collections::VecDeque;

use super::{FramingError, MAX_ANSWER_BYTES, MAX_EVENT_BYTES, MAX_EVENTS};

/// Splits a body into lines. Feed it bytes as they come and take lines out; [`NdjsonDecoder::finish`] at the end.
#[derive(Debug, Default)]
pub struct NdjsonDecoder {
    /// The line that has not ended.
    line: Vec<u8>,
    ready: VecDeque<String>,
    lines: u64,
    bytes: u64,
}

impl NdjsonDecoder {
    /// An empty decoder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes in. What was complete before an error can still be taken out.
    ///
    /// # Errors
    /// [`FramingError`]; nothing after it is decoded.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), FramingError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > MAX_ANSWER_BYTES {
            return Err(FramingError::AnswerTooLarge);
        }
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.append(&bytes[..end])?;
            bytes = &bytes[end + 1..];
            let line = std::mem::take(&mut self.line);
            self.lines += 1;
            if self.lines > MAX_EVENTS {
                return Err(FramingError::TooManyEvents);
            }
            if !line.trim_ascii().is_empty() {
                self.ready.push_back(String::from_utf8(line).map_err(|_| FramingError::NotText)?);
            }
        }
        self.append(bytes)
    }

    /// The next whole line that is not empty.
    pub fn next_event(&mut self) -> Option<String> {
        self.ready.pop_front()
    }

    /// The body is over: what stands in a line without its end. `None` when nothing is left over. Whole lines are to be taken
    /// before.
    ///
    /// # Errors
    /// [`FramingError::NotText`], also when a character was cut.
    pub fn finish(self) -> Result<Option<String>, FramingError> {
        let line = String::from_utf8(self.line).map_err(|_| FramingError::NotText)?;
        Ok((!line.trim().is_empty()).then_some(line))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), FramingError> {
        if self.line.len() + bytes.len() > MAX_EVENT_BYTES {
            return Err(FramingError::EventTooLarge);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }
}

/// For fuzzing: any bytes, in any split, give the same lines and error.
///
/// # Panics
/// When they do not.
pub fn check(data: &[u8]) {
    let whole = decode([data]);
    let split = data.first().map_or(1, |&seed| usize::from(seed % 7) + 1);
    assert_eq!(whole, decode(data.chunks(split)), "BUG: a split of {split} bytes changes the lines");
}

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, Option<FramingError>) {
    let mut decoder = NdjsonDecoder::new();
    let failed = pieces.into_iter().map(|piece| decoder.feed(piece)).find_map(Result::err);
    let mut lines: Vec<String> = std::iter::from_fn(|| decoder.next_event()).collect();
    match failed.map_or_else(|| decoder.finish(), Err) {
        Ok(rest) => {
            lines.extend(rest);
            (lines, None)
        }
        Err(error) => (lines, Some(error)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_come_out_whole_and_empty_ones_not_at_all() {
        for (body, lines) in [
            ("{\"a\":1}\n{\"b\":2}\n", vec!["{\"a\":1}", "{\"b\":2}"]),
            ("\n \r\n{}\r\n\n", vec!["{}\r"]),
            ("{}\n{\"half", vec!["{}", "{\"half"]),
            ("", vec![]),
        ] {
            assert_eq!(decode([body.as_bytes()]), (lines.into_iter().map(str::to_owned).collect(), None), "{body:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error_after_the_lines_before_them() {
        assert_eq!(decode([b"{}\n\xff\n{}\n".as_slice()]), (vec!["{}".into()], Some(FramingError::NotText)));
        assert_eq!(decode([b"{}\n\xe4\xb8".as_slice()]), (vec!["{}".into()], Some(FramingError::NotText)));
    }

    #[test]
    fn n2_long_lines_many_lines_and_long_answers_stop_at_their_limits() {
        for (block, expected) in [
            (vec![b'x'; 1 << 20], FramingError::EventTooLarge),
            (vec![b'\n'; 1 << 18], FramingError::TooManyEvents),
            ([vec![b' '; (1 << 20) - 1], vec![b'\n']].concat(), FramingError::AnswerTooLarge),
        ] {
            let mut decoder = NdjsonDecoder::new();
            let failed = std::iter::repeat_n(&block, 300).map(|block| decoder.feed(block)).find_map(Result::err);
            assert_eq!(failed, Some(expected));
            assert!(decoder.line.capacity() <= 2 * MAX_EVENT_BYTES);
        }
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(
            body in "([a-z语😀{}]{0,6}|\n|\r\n| ){0,40}",
            cuts in prop::collection::vec(0usize..300, 0..12),
        ) {
            let bytes = body.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|&cut| cut <= bytes.len()).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
            prop_assert_eq!(decode(pieces), decode([bytes]));
        }
    }
}
