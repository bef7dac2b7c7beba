//! JSON that is readable before it is whole: an object grows in place while its text comes in pieces. Every byte is looked
//! at once, whatever the pieces are, so that the cost is that of the text.
//!
//! Strings, arrays and objects that are open are there as far as they have come; numbers and words such as `true` only when
//! they are complete, since half a number is another number. What is there stays there.
//!
//! Two faults that models make are taken as they are meant: line ends within strings, and a comma behind the last element.

use serde_json::{Map, Value};

/// Values may lie so deep in one another: as deep as `serde_json` reads.
pub const MAX_DEPTH: usize = 127;
/// A number or a word may be so long; longer ones are nonsense.
const MAX_SCALAR_BYTES: usize = 1024;

/// Reads the text of one object. The object itself is kept by the caller.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PartialJson {
    /// What is open, the outermost first; each is the last element of the one before.
    open: Vec<Opened>,
    expected: Expected,
    /// The key that is open, or that waits for its value.
    key: String,
    /// The number or word that is open.
    scalar: String,
    escape: Escape,
    /// What the tests count.
    #[cfg(test)]
    steps: usize,
}

/// How far a text has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// More is to come.
    Open,
    /// The object is whole.
    Whole,
    /// From some point on the text is no JSON object; what was read before is kept, and nothing is added.
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    Object,
    Array,
    Text,
}

/// What may come next, white space aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Expected {
    /// The brace that begins everything.
    #[default]
    Start,
    /// A key, or the end of the object.
    Key,
    /// More of a key.
    MoreKey,
    /// A colon.
    Colon,
    /// A value, or the end of the array.
    Value,
    /// More of a number or a word.
    MoreScalar,
    /// A comma, or the end of the container.
    Comma,
    /// Nothing.
    Nothing,
    /// Whatever comes is dropped.
    Broken,
}

/// What of an escape sequence has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Escape {
    #[default]
    None,
    Backslash,
    /// The `digits` first ones of a number of four.
    Unicode {
        digits: u8,
        unit: u16,
    },
    /// The first half of a pair, and nothing of the second.
    HighHalf(u16),
    /// The same, and a backslash.
    HighHalfBackslash(u16),
    /// The same, and the `digits` first ones of the second's number.
    LowHalf {
        high: u16,
        digits: u8,
        unit: u16,
    },
}

/// What is open, where it lies.
enum Node<'a> {
    Object(&'a mut Map<String, Value>),
    Array(&'a mut Vec<Value>),
    Text(&'a mut String),
}

/// Whether what is open ended, or the text did.
#[derive(PartialEq)]
enum End {
    OfValue,
    OfText,
}

/// The text breaks the rules.
struct Fault;

impl PartialJson {
    /// Takes the next piece of the text, and grows `root` by what it says. `root` is the same for all pieces, and empty
    /// before the first.
    pub fn push(&mut self, root: &mut Map<String, Value>, text: &str) {
        let is_well = self.expected != Expected::Broken
            && self.take(root, text).is_ok_and(|mut rest| next_byte(&mut rest).is_none());
        if !is_well {
            *self = Self { expected: Expected::Broken, ..Self::default() };
        }
    }

    /// No more is coming: a number or a word that stands at the end is complete.
    pub fn end(&mut self, root: &mut Map<String, Value>) -> Progress {
        if self.expected == Expected::MoreScalar {
            // A space closes it and opens nothing.
            self.push(root, " ");
        }
        self.progress()
    }

    /// How far the text has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match self.expected {
            Expected::Broken => Progress::Broken,
            Expected::Nothing => Progress::Whole,
            _ => Progress::Open,
        }
    }

    /// The object that `text` begins with, if it is whole, and what follows it.
    #[must_use]
    pub fn first_object(text: &str) -> Option<(Map<String, Value>, &str)> {
        let (mut json, mut root) = (Self::default(), Map::new());
        let rest = json.take(&mut root, text).ok()?;
        (json.progress() == Progress::Whole).then_some((root, rest))
    }

    /// Takes text up to the end of the object; gives what follows it.
    fn take<'a>(&mut self, root: &mut Map<String, Value>, text: &'a str) -> Result<&'a str, Fault> {
        let mut rest = text;
        if self.expected == Expected::Start {
            match next_byte(&mut rest) {
                None => return Ok(rest),
                Some(b'{') => self.begin(Opened::Object)?,
                Some(_) => return Err(Fault),
            }
        }
        if self.expected != Expected::Nothing {
            self.grow(Node::Object(root), 0, &mut rest)?;
        }
        Ok(rest)
    }

    /// Grows what is open at `depth`, and before it all that is open within, until it or the text ends.
    fn grow(&mut self, mut node: Node<'_>, depth: usize, rest: &mut &str) -> Result<End, Fault> {
        loop {
            self.count(1);
            if self.open.len() > depth + 1 {
                let inner = node.last().ok_or(Fault)?;
                if self.grow(inner, depth + 1, rest)? == End::OfText {
                    return Ok(End::OfText);
                }
            }
            if let Node::Text(text) = &mut node {
                return Ok(match self.grow_string(text, rest)? {
                    End::OfText => End::OfText,
                    End::OfValue => self.close(),
                });
            }
            match self.expected {
                Expected::MoreKey => {
                    let mut key = std::mem::take(&mut self.key);
                    let end = self.grow_string(&mut key, rest)?;
                    self.key = key;
                    if end == End::OfText {
                        return Ok(end);
                    }
                    // Which of two values of one key is meant shows only at the end, and what is there must stay.
                    if matches!(&node, Node::Object(fields) if fields.contains_key(&self.key)) {
                        return Err(Fault);
                    }
                    self.expected = Expected::Colon;
                    continue;
                }
                Expected::MoreScalar => {
                    let Some(value) = self.grow_scalar(rest)? else { return Ok(End::OfText) };
                    node.put(&mut self.key, value);
                    self.expected = Expected::Comma;
                    continue;
                }
                _ => {}
            }
            let Some(byte) = next_byte(rest) else { return Ok(End::OfText) };
            match (self.expected, &node, byte) {
                (Expected::Key | Expected::Comma, Node::Object(_), b'}')
                | (Expected::Value | Expected::Comma, Node::Array(_), b']') => return Ok(self.close()),
                (Expected::Key, _, b'"') => self.expected = Expected::MoreKey,
                (Expected::Colon, _, b':') => self.expected = Expected::Value,
                (Expected::Comma, Node::Object(_), b',') => self.expected = Expected::Key,
                (Expected::Comma, Node::Array(_), b',') => self.expected = Expected::Value,
                (Expected::Value, _, byte) => {
                    let (opened, value) = match byte {
                        b'{' => (Opened::Object, Value::Object(Map::new())),
                        b'[' => (Opened::Array, Value::Array(Vec::new())),
                        b'"' => (Opened::Text, Value::String(String::new())),
                        byte => {
                            self.scalar.push(char::from(byte));
                            self.expected = Expected::MoreScalar;
                            continue;
                        }
                    };
                    node.put(&mut self.key, value);
                    self.begin(opened)?;
                }
                _ => return Err(Fault),
            }
        }
    }

    fn begin(&mut self, opened: Opened) -> Result<(), Fault> {
        if opened != Opened::Text && self.open.len() == MAX_DEPTH {
            return Err(Fault);
        }
        self.open.push(opened);
        self.expected = if opened == Opened::Object { Expected::Key } else { Expected::Value };
        Ok(())
    }

    fn close(&mut self) -> End {
        self.open.pop();
        self.expected = if self.open.is_empty() { Expected::Nothing } else { Expected::Comma };
        End::OfValue
    }

    /// Appends to a string up to its closing quote.
    fn grow_string(&mut self, string: &mut String, rest: &mut &str) -> Result<End, Fault> {
        loop {
            if self.escape == Escape::None {
                let plain = rest.find(['"', '\\']).unwrap_or(rest.len());
                self.count(plain);
                string.push_str(&rest[..plain]);
                *rest = &rest[plain..];
            }
            let Some(&byte) = rest.as_bytes().first() else { return Ok(End::OfText) };
            if !byte.is_ascii() {
                return Err(Fault);
            }
            self.count(1);
            *rest = &rest[1..];
            if self.escape == Escape::None && byte == b'"' {
                return Ok(End::OfValue);
            }
            self.escape = self.escape.next(byte, string)?;
        }
    }

    /// A number or a word, once what follows shows that it is complete.
    fn grow_scalar(&mut self, rest: &mut &str) -> Result<Option<Value>, Fault> {
        let end = rest.find(|c: char| is_space(c) || matches!(c, ',' | ']' | '}')).unwrap_or(rest.len());
        self.count(end);
        self.scalar.push_str(&rest[..end]);
        *rest = &rest[end..];
        if self.scalar.len() > MAX_SCALAR_BYTES {
            return Err(Fault);
        }
        if rest.is_empty() {
            return Ok(None);
        }
        let value = serde_json::from_str(&self.scalar).map_err(|_| Fault)?;
        self.scalar.clear();
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Some(value)),
            Value::String(_) | Value::Array(_) | Value::Object(_) => Err(Fault),
        }
    }

    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "only the tests count"))]
    fn count(&mut self, _steps: usize) {
        #[cfg(test)]
        {
            self.steps += _steps;
        }
    }
}

impl Node<'_> {
    fn last(&mut self) -> Option<Node<'_>> {
        let last = match self {
            Node::Object(fields) => fields.values_mut().next_back()?,
            Node::Array(values) => values.last_mut()?,
            Node::Text(_) => return None,
        };
        match last {
            Value::Object(fields) => Some(Node::Object(fields)),
            Value::Array(values) => Some(Node::Array(values)),
            Value::String(text) => Some(Node::Text(text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    fn put(&mut self, key: &mut String, value: Value) {
        match self {
            Node::Object(fields) => {
                fields.insert(std::mem::take(key), value);
            }
            Node::Array(values) => values.push(value),
            Node::Text(_) => {}
        }
    }
}

impl Escape {
    /// The next byte behind a backslash, or the backslash; what it makes complete goes to `string`.
    fn next(self, byte: u8, string: &mut String) -> Result<Self, Fault> {
        Ok(match self {
            Self::None => Self::Backslash,
            Self::Backslash if byte == b'u' => Self::Unicode { digits: 0, unit: 0 },
            Self::Backslash => {
                string.push(match byte {
                    b'"' | b'\\' | b'/' => char::from(byte),
                    b'b' => '\u{8}',
                    b'f' => '\u{c}',
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    _ => return Err(Fault),
                });
                Self::None
            }
            Self::Unicode { digits, unit } => match (digits, unit << 4 | hex(byte)?) {
                (0..3, unit) => Self::Unicode { digits: digits + 1, unit },
                (_, high @ 0xD800..0xDC00) => Self::HighHalf(high),
                (_, unit) => {
                    string.push(char::from_u32(u32::from(unit)).ok_or(Fault)?);
                    Self::None
                }
            },
            Self::HighHalf(high) if byte == b'\\' => Self::HighHalfBackslash(high),
            Self::HighHalfBackslash(high) if byte == b'u' => Self::LowHalf { high, digits: 0, unit: 0 },
            Self::HighHalf(_) | Self::HighHalfBackslash(_) => return Err(Fault),
            Self::LowHalf { high, digits, unit } => match (digits, unit << 4 | hex(byte)?) {
                (0..3, unit) => Self::LowHalf { high, digits: digits + 1, unit },
                (_, low) => {
                    let pair = char::decode_utf16([high, low]).next();
                    string.push(pair.and_then(Result::ok).ok_or(Fault)?);
                    Self::None
                }
            },
        })
    }
}

fn hex(byte: u8) -> Result<u16, Fault> {
    char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok()).ok_or(Fault)
}

/// The next byte that is no white space, taken off; of a longer character its first, which means nothing anywhere.
fn next_byte(rest: &mut &str) -> Option<u8> {
    let trimmed = rest.trim_start_matches(is_space);
    let first = trimmed.chars().next();
    *rest = first.map_or(trimmed, |first| &trimmed[first.len_utf8()..]);
    first.map(|first| u8::try_from(u32::from(first)).unwrap_or(u8::MAX))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests;
