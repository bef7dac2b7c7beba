//! Server-sent events, as <https://html.spec.whatwg.org/multipage/server-sent-events.html> describes them (read November
//! 2026): bytes in, however they were split; `data` of whole events out. Used by every provider that streams over HTTP.
//!
//! Kept leaner than the standard where models do not need it: the names and ids of events are dropped, since every
//! provider repeats them in the data.

use std::collections::VecDeque;

use super::{FramingError, MAX_ANSWER_BYTES, MAX_COMMENT_BYTES, MAX_EVENT_BYTES, MAX_EVENTS};

/// Splits a body into events. Feed it bytes as they come and take events out; [`SseDecoder::finish`] at the end.
#[derive(Debug, Default)]
pub struct SseDecoder {
    /// The line that has not ended.
    line: Vec<u8>,
    /// Whether the event that has not ended has any `data` field, be it empty.
    has_data: bool,
    /// Bytes of the event that has not ended, everything counted.
    event_bytes: usize,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    /// Something has come, so a byte order mark can no longer come.
    begun: bool,
    events: u64,
    bytes: u64,
    /// The data of events not yet taken, one behind the other, and last that of the event that has not ended: one buffer
    /// for all of them, into which each byte is copied once.
    ready: String,
    /// Where each event ends that has ended.
    ends: VecDeque<usize>,
    /// Where the next one begins.
    taken: usize,
}

impl SseDecoder {
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
        if self.ends.is_empty() {
            self.ready.drain(..self.taken);
            self.taken = 0;
        }
        self.bytes += bytes.len() as u64;
        if self.bytes > MAX_ANSWER_BYTES {
            return Err(FramingError::AnswerTooLarge);
        }
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            match memchr::memchr2(b'\n', b'\r', bytes) {
                Some(end) => {
                    self.after_cr = bytes[end] == b'\r';
                    self.count(end + 1)?;
                    if self.line.is_empty() {
                        // The usual case: the line lies whole in these bytes and need not be copied.
                        self.take_line(&bytes[..end])?;
                    } else {
                        self.line.extend_from_slice(&bytes[..end]);
                        let line = std::mem::take(&mut self.line);
                        self.check_comment(&line)?;
                        self.take_line(&line)?;
                        self.line = line;
                        self.line.clear();
                    }
                    bytes = &bytes[end + 1..];
                }
                None => {
                    self.count(bytes.len())?;
                    self.line.extend_from_slice(bytes);
                    return self.check_comment(&self.line);
                }
            }
        }
        Ok(())
    }

    /// The next whole event's `data`.
    pub fn next_event(&mut self) -> Option<&str> {
        let end = self.ends.pop_front()?;
        let begin = std::mem::replace(&mut self.taken, end);
        Some(&self.ready[begin..end])
    }

    /// The body is over: what stands in an event without its closing empty line. The standard drops it; here the caller
    /// decides, because servers exist that leave out the last line end. `None` when nothing is left over. Whole events are to
    /// be taken before.
    ///
    /// # Errors
    /// [`FramingError::NotText`], also when a character was cut.
    pub fn finish(mut self) -> Result<Option<String>, FramingError> {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(&line)?;
        }
        let begin = self.ends.back().copied().unwrap_or(self.taken);
        Ok(self.has_data.then(|| self.ready.split_off(begin)))
    }

    fn count(&mut self, bytes: usize) -> Result<(), FramingError> {
        self.event_bytes += bytes;
        if self.event_bytes > MAX_EVENT_BYTES { Err(FramingError::EventTooLarge) } else { Ok(()) }
    }

    fn check_comment(&self, line: &[u8]) -> Result<(), FramingError> {
        let is_long_comment = line.first() == Some(&b':') && line.len() > MAX_COMMENT_BYTES;
        if is_long_comment { Err(FramingError::CommentTooLarge) } else { Ok(()) }
    }

    fn take_line(&mut self, mut line: &[u8]) -> Result<(), FramingError> {
        if !self.begun {
            self.begun = true;
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            self.events += 1;
            if self.events > MAX_EVENTS {
                return Err(FramingError::TooManyEvents);
            }
            self.dispatch();
            return Ok(());
        }
        self.check_comment(line)?;
        let value = match line.strip_prefix(b"data") {
            Some([]) => &[][..],
            Some([b':', b' ', value @ ..] | [b':', value @ ..]) => value,
            // A comment, or a field without a meaning here.
            Some(_) | None => {
                if line[0] == b':' {
                    self.event_bytes -= self.event_bytes.min(line.len() + 1);
                }
                return Ok(());
            }
        };
        // A line holds whole characters, since no byte of one is a line end.
        let value = std::str::from_utf8(value).map_err(|_| FramingError::NotText)?;
        if self.has_data {
            self.ready.push('\n');
        }
        self.has_data = true;
        self.ready.push_str(value);
        Ok(())
    }

    fn dispatch(&mut self) {
        self.event_bytes = 0;
        if std::mem::take(&mut self.has_data) {
            self.ends.push_back(self.ready.len());
        }
    }
}

/// For fuzzing: any bytes, in any split, give the same events and error.
///
/// # Panics
/// When they do not.
pub fn check(data: &[u8]) {
    let whole = decode([data]);
    let split = data.first().map_or(1, |&seed| usize::from(seed % 7) + 1);
    assert_eq!(whole, decode(data.chunks(split)), "BUG: a split of {split} bytes changes the events");
}

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, Option<FramingError>) {
    let mut decoder = SseDecoder::new();
    let mut error = None;
    for piece in pieces {
        if let Err(failure) = decoder.feed(piece) {
            error = Some(failure);
            break;
        }
    }
    let mut events: Vec<String> = std::iter::from_fn(|| decoder.next_event().map(str::to_owned)).collect();
    if error.is_none() {
        match decoder.finish() {
            Ok(last) => events.extend(last),
            Err(failure) => error = Some(failure),
        }
    }
    (events, error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn expect(body: &str, events: &[&str]) {
        let (decoded, error) = decode([body.as_bytes()]);
        assert_eq!(decoded, events, "{body:?}");
        assert_eq!(error, None, "{body:?}");
    }

    #[test]
    fn every_line_end_ends_a_line() {
        expect("data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\n\r\n", &["a", "b", "c", "d"]);
    }

    #[test]
    fn data_lines_of_one_event_are_joined_and_one_space_is_taken_off() {
        expect("data:a\ndata:  b\ndata\ndata:\n\n", &["a\n b\n\n"]);
    }

    #[test]
    fn comments_names_and_unknown_fields_are_skipped() {
        expect(": hello\nevent: x\nid: 1\nretry: 2\nfoo\ndatax: n\ndata: a\n\n: bye\n\n", &["a"]);
    }

    #[test]
    fn a_byte_order_mark_may_come_first_and_only_first() {
        expect("\u{feff}data: a\n\ndata: \u{feff}b\n\n", &["a", "\u{feff}b"]);
        expect("data: a\n\n\u{feff}data: b\n\n", &["a"]);
    }

    #[test]
    fn what_stands_at_the_end_without_an_empty_line_is_handed_out_by_finish() {
        expect("data: a\n\ndata: [DONE]", &["a", "[DONE]"]);
        expect("data: a\n\ndata: [DONE]\n", &["a", "[DONE]"]);
        expect("data: a\n\n", &["a"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error_after_the_events_before_them() {
        assert_eq!(decode([b"data: a\n\ndata: \xff\n\n".as_slice()]), (vec!["a".into()], Some(FramingError::NotText)));
    }

    #[test]
    fn n2_an_event_without_an_end_stops_at_the_limit() {
        for block in [vec![b'x'; 1 << 20], b"data:\n".repeat(1 << 17), b"event: x\n".repeat(1 << 17)] {
            let mut decoder = SseDecoder::new();
            let fed = std::iter::repeat_n(&block, 64).map(|block| decoder.feed(block)).find(Result::is_err);
            assert_eq!(fed, Some(Err(FramingError::EventTooLarge)), "{:?}", &block[..6]);
            assert!(decoder.line.capacity() + decoder.ready.capacity() <= 4 * MAX_EVENT_BYTES);
        }
    }

    #[test]
    fn n2_long_comments_many_events_and_long_answers_stop_at_their_limits() {
        let mut decoder = SseDecoder::new();
        assert_eq!(decoder.feed(&[b':'; MAX_COMMENT_BYTES + 1]), Err(FramingError::CommentTooLarge));

        let mut decoder = SseDecoder::new();
        let empty_lines = vec![b'\n'; 1 << 20];
        assert_eq!(decoder.feed(&empty_lines), Err(FramingError::TooManyEvents));

        let mut decoder = SseDecoder::new();
        let comments = b": keep-alive\n".repeat(1 << 16);
        let fed = std::iter::repeat_n(&comments, 400).map(|block| decoder.feed(block)).find(Result::is_err);
        assert_eq!(fed, Some(Err(FramingError::AnswerTooLarge)), "comments alone are no event, but they are an answer");
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(
            body in "(data: ?|: |\u{feff}|event: x|[a-z语😀]{0,6}|\n|\r|\r\n){0,40}",
            cuts in prop::collection::vec(0usize..400, 0..12),
        ) {
            let bytes = body.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|&cut| cut <= bytes.len()).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
            prop_assert_eq!(decode(pieces), decode([bytes]));
        }

        #[test]
        fn arbitrary_bytes_never_panic(data in prop::collection::vec(any::<u8>(), 0..300)) {
            check(&data);
        }
    }
}
