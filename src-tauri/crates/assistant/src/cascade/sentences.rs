//! What is written, cut into sentences while it comes, so that the first can be spoken while the second is written.
//!
//! The cut pieces are all of the text, in order: nothing is lost between them, so that they can be shown as well as said.
//! Where a piece ends depends on the text alone and never on how it arrived. The splitter looks at each character once, and
//! at the beginning of a line at most a hundred and twenty bytes more, so that its cost grows with the text.
//!
//! * `line` – what a line is, by how it begins.
//! * `ends` – whether a full stop ends a sentence.

mod ends;
mod line;

use std::ops::Range;

use ends::{Mark, closes, ends_with_word, mark, weight};
use line::Line;

/// A first sentence that goes on for so long is begun at its first comma. In letters: two seconds of speech, in which the next
/// piece is made.
const FIRST_CLAUSE: usize = 40;
/// A later one is cut at a comma after so much: services charge for and fail by whole requests.
const LATER_CLAUSE: usize = 240;
/// Without any mark a piece is cut between words after so much.
const LONGEST: usize = 400;
/// A bracket or a backtick that is not closed within so many bytes is a character like others.
const LONGEST_SPAN: usize = 600;

/// A piece of what is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// As it was written, with the space after it.
    pub text: String,
    /// Where it lies in all that was written, in bytes.
    pub range: Range<usize>,
    /// What is to be done with it.
    pub kind: Kind,
}

/// What is to be done with a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is said.
    Prose,
    /// It is a row of a table, and its cells are said.
    Row,
    /// It is for the eye alone: a program, a rule, an address to which a link refers.
    Silent,
}

/// Cuts Markdown into sentences as it comes.
#[derive(Debug, Clone)]
pub struct Sentences {
    /// What is not cut off yet.
    tail: String,
    /// Where `tail` begins in the whole, in bytes.
    base: usize,
    /// Where the open piece begins in `tail`.
    open: usize,
    /// How much of `tail` was looked at.
    at: usize,
    place: Place,
    prose: Prose,
    /// Nothing was cut off that is said.
    is_first: bool,
    ready: Vec<Piece>,
}

/// Where the next character lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    LineStart,
    Prose,
    /// In a line that is a piece by itself.
    Whole(Kind),
    /// In a program, in its line that began at `from` in `tail`; a fence of so many of these characters ends it.
    Code {
        fence: char,
        length: usize,
        from: usize,
    },
}

/// What is known of the open piece of prose. Places are in bytes of `tail`.
#[derive(Debug, Clone, Copy, Default)]
struct Prose {
    /// How long it takes to say, in letters.
    weight: usize,
    /// Where a bracket, a link's address or a code span was opened that is not closed yet.
    span: Option<(Span, usize)>,
    /// Where the piece may end.
    end: Option<End>,
    /// The last character.
    before: Option<char>,
    /// Its line ends it, whatever its last mark: a heading.
    is_line: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    Bracket,
    Address,
    Code,
}

/// A place where a sentence may end, while what follows is looked at.
#[derive(Debug, Clone, Copy)]
struct End {
    mark: Mark,
    /// Where the first of its marks lies.
    from: usize,
    /// A quotation was closed after it.
    is_quoted: bool,
    /// A space came after it.
    is_spaced: bool,
}

impl Default for Sentences {
    fn default() -> Self {
        Self {
            tail: String::new(),
            base: 0,
            open: 0,
            at: 0,
            place: Place::LineStart,
            prose: Prose::default(),
            is_first: true,
            ready: Vec::new(),
        }
    }
}

impl Sentences {
    /// More was written. What is whole by now comes back.
    pub fn push(&mut self, more: &str) -> Vec<Piece> {
        self.tail.push_str(more);
        self.look(Extent::SoFar);
        self.take()
    }

    /// That was all of it, or all for a while: what is left is a piece. What is pushed after it begins a new line.
    pub fn finish(&mut self) -> Vec<Piece> {
        self.look(Extent::All);
        let kind = match self.place {
            Place::LineStart | Place::Prose => Kind::Prose,
            Place::Whole(kind) => kind,
            Place::Code { .. } => Kind::Silent,
        };
        self.cut(self.tail.len(), kind);
        self.place = Place::LineStart;
        self.take()
    }

    fn take(&mut self) -> Vec<Piece> {
        self.base += self.open;
        self.tail.drain(..self.open);
        self.at -= self.open;
        if let Place::Code { from, .. } = &mut self.place {
            *from -= self.open;
        }
        self.prose.shift(self.open);
        self.open = 0;
        std::mem::take(&mut self.ready)
    }

    fn look(&mut self, extent: Extent) {
        loop {
            if self.place == Place::LineStart {
                let rest = &self.tail[self.at..];
                let line = if rest.is_empty() { None } else { Line::of(rest, extent) };
                let Some(line) = line else { return };
                self.begin_line(line);
                continue;
            }
            let Some(character) = self.tail[self.at..].chars().next() else { return };
            match self.place {
                Place::Prose => self.read(character),
                Place::Whole(kind) => {
                    self.at += character.len_utf8();
                    if character == '\n' {
                        self.cut(self.at, kind);
                        self.place = Place::LineStart;
                    }
                }
                Place::Code { fence, length, from } => {
                    self.at += character.len_utf8();
                    if character != '\n' {
                        continue;
                    }
                    if line::closes_fence(&self.tail[from..self.at], fence, length) {
                        self.cut(self.at, Kind::Silent);
                        self.place = Place::LineStart;
                    } else {
                        self.place = Place::Code { fence, length, from: self.at };
                    }
                }
                Place::LineStart => {}
            }
        }
    }

    fn begin_line(&mut self, line: Line) {
        // What was open goes on in the next line only where both are prose.
        if !matches!(line, Line::Prose) {
            self.cut(self.at, Kind::Prose);
        }
        match line {
            Line::Blank(length) => {
                self.at += length;
                if self.open < self.at {
                    self.cut(self.at, Kind::Silent);
                }
            }
            Line::Fence { fence, length, whole } => {
                self.at += whole;
                self.place = Place::Code { fence, length, from: self.at };
            }
            Line::Row => self.place = Place::Whole(Kind::Row),
            Line::Silent => self.place = Place::Whole(Kind::Silent),
            Line::Heading => {
                self.prose.is_line = true;
                self.place = Place::Prose;
            }
            // The full stop after an item's number ends nothing.
            Line::Item(marker) => {
                self.at += marker;
                self.place = Place::Prose;
            }
            Line::Prose => self.place = Place::Prose,
        }
    }

    /// The next character of prose.
    fn read(&mut self, character: char) {
        if character == '\n' {
            self.at += 1;
            if self.prose.end.is_some_and(|end| end.mark != Mark::Comma && self.is_end(end, None)) || self.prose.is_line
            {
                self.cut(self.at, Kind::Prose);
            } else {
                // A word may not run into the next line's first.
                self.prose.before = Some('\n');
                (self.prose.end, self.prose.span) = (None, None);
            }
            self.place = Place::LineStart;
            return;
        }
        if let Some(end) = self.prose.end {
            match self.after(end, character) {
                After::Open => {}
                After::Ends => return self.cut(self.at, Kind::Prose),
                After::GoesOn => self.prose.end = None,
            }
        }
        self.follow_span(character);
        let prose = &mut self.prose;
        prose.weight += weight(character);
        let before = prose.before.replace(character);
        if prose.span.is_none() && prose.end.is_none() {
            let is_clause_long = prose.weight >= if self.is_first { FIRST_CLAUSE } else { LATER_CLAUSE };
            if let Some(mark) = mark(character, before).filter(|mark| *mark != Mark::Comma || is_clause_long) {
                prose.end = Some(End { mark, from: self.at, is_quoted: false, is_spaced: false });
            }
        }
        let is_too_long = prose.weight >= LONGEST && (prose.span.is_none() || prose.weight >= 2 * LONGEST);
        self.at += character.len_utf8();
        if is_too_long && (character.is_whitespace() || weight(character) > 1) {
            self.cut(self.at, Kind::Prose);
        }
    }

    /// What a character says about the end that may lie before it.
    fn after(&mut self, mut end: End, character: char) -> After {
        if !end.is_spaced {
            let more = mark(character, self.prose.before);
            if end.mark != Mark::Comma && more.is_some_and(|more| more != Mark::Comma) {
                // ?!, …, 。。。: the strongest counts.
                end.mark = end.mark.with(more.unwrap_or(end.mark));
                self.prose.end = Some(end);
                return After::Open;
            }
            if closes(character) && end.mark != Mark::Comma {
                end.is_quoted |= !matches!(character, '*' | '_' | '~');
                self.prose.end = Some(end);
                return After::Open;
            }
        }
        if character.is_whitespace() {
            end.is_spaced = true;
            self.prose.end = Some(end);
            return After::Open;
        }
        if self.is_end(end, Some(character)) { After::Ends } else { After::GoesOn }
    }

    /// Whether it ends there, when this follows; `None` for the end of a line.
    fn is_end(&self, end: End, next: Option<char>) -> bool {
        let Some(next) = next else { return true };
        match end.mark {
            // Chinese is written without spaces.
            Mark::Wide => true,
            Mark::Comma => end.is_spaced || weight(next) > 1,
            Mark::Strong if weight(next) > 1 => true,
            Mark::Strong => end.is_spaced && !(end.is_quoted && next.is_lowercase()),
            Mark::Stop if weight(next) > 1 && !end.is_spaced => true,
            Mark::Dots => end.is_spaced && !next.is_lowercase(),
            Mark::Stop => {
                end.is_spaced && !next.is_lowercase() && !ends_with_word(&self.tail[self.open..end.from], next)
            }
        }
    }

    /// Nothing ends within brackets, an address or a code span.
    fn follow_span(&mut self, character: char) {
        let here = self.at;
        let prose = &mut self.prose;
        prose.span = match (prose.span, character) {
            (Some((_, from)), _) if here - from > LONGEST_SPAN => None,
            (None, '[') => Some((Span::Bracket, here)),
            (None, '(') if prose.before == Some(']') => Some((Span::Address, here)),
            (None, '`') => Some((Span::Code, here)),
            (Some((Span::Bracket, _)), ']') | (Some((Span::Address, _)), ')') | (Some((Span::Code, _)), '`') => None,
            (span, _) => span,
        };
    }

    /// The open piece ends here.
    fn cut(&mut self, end: usize, kind: Kind) {
        self.prose = Prose::default();
        if end > self.open {
            let text = self.tail[self.open..end].to_owned();
            let kind = if text.trim().is_empty() { Kind::Silent } else { kind };
            self.is_first &= kind == Kind::Silent;
            self.ready.push(Piece { text, range: self.base + self.open..self.base + end, kind });
        }
        self.open = end;
        self.at = self.at.max(end);
    }
}

/// How much of the text there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    SoFar,
    All,
}

enum After {
    /// Not known yet.
    Open,
    Ends,
    GoesOn,
}

impl Prose {
    fn shift(&mut self, by: usize) {
        if let Some((_, from)) = &mut self.span {
            *from -= by;
        }
        if let Some(end) = &mut self.end {
            end.from -= by;
        }
    }
}

#[cfg(test)]
mod tests;
