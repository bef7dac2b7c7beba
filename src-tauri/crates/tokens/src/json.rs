//! JSON as Python's `json.dumps` writes it without its escapes: a space after each comma and colon. Chat templates were
//! trained on it, and the rules for tool calls were measured with it.

use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// The value in one line.
pub(crate) fn spaced(value: &Value) -> String {
    write(value, Spaced)
}

/// The value in lines, each level indented by so many spaces more.
pub(crate) fn indented(value: &Value, width: usize) -> String {
    write(value, PrettyFormatter::with_indent(" ".repeat(width).as_bytes()))
}

fn write(value: &Value, formatter: impl Formatter) -> String {
    let mut bytes = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter));
    debug_assert!(written.is_ok(), "a JSON value can be written to memory");
    String::from_utf8(bytes).unwrap_or_default()
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_space_follows_each_comma_and_colon_and_nothing_else_is_escaped() {
        let value = json!([{"名": "北京 <a>", "b": [1, 2.5, null]}, {}, []]);
        assert_eq!(spaced(&value), r#"[{"名": "北京 <a>", "b": [1, 2.5, null]}, {}, []]"#);
    }
}
