//! The one way out: what people read is made harmless, what programs read is one JSON object, and no key passes.

pub(crate) mod clean;
mod flow;

use std::io::{self, Write};

use parlance_app::log;
use serde_json::Value;

pub(crate) use flow::Flow;

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A person: text on stdout.
    Person,
    /// A program: one JSON object on stdout, nothing else.
    Program,
}

/// Writes to stdout and stderr.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Out {
    reader: Reader,
}

impl Out {
    pub(crate) fn new(reader: Reader) -> Self {
        Self { reader }
    }

    pub(crate) fn reader(self) -> Reader {
        self.reader
    }

    /// The result, in the form its reader wants.
    pub(crate) fn result(self, value: &Value, text: impl FnOnce() -> String) {
        match self.reader {
            Reader::Program => self.object(value),
            Reader::Person => self.text(&text()),
        }
    }

    /// Lines for a person, on stdout.
    pub(crate) fn text(self, text: &str) {
        let mut text = harmless(text);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        write(io::stdout().lock(), &text);
    }

    /// A JSON object on a line of its own, on stdout.
    pub(crate) fn object(self, value: &Value) {
        write(io::stdout().lock(), &object_line(value));
    }

    /// An event, as it comes: on stdout, or beside the one object that a program waits for there.
    pub(crate) fn event(self, value: &Value) {
        match self.reader {
            Reader::Person => write(io::stdout().lock(), &object_line(value)),
            Reader::Program => write(io::stderr().lock(), &object_line(value)),
        }
    }

    /// Progress and complaints, on stderr.
    pub(crate) fn note(self, text: &str) {
        let text = harmless(text);
        write(io::stderr().lock(), &format!("{}\n", text.trim_end()));
    }

    /// Bytes as they are, on stdout. Whether anybody still reads them.
    pub(crate) fn bytes(self, bytes: &[u8]) -> bool {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).is_ok()
    }

    /// Words that come piece by piece, on stdout.
    pub(crate) fn flow(self) -> Flow {
        Flow::default()
    }
}

fn harmless(text: &str) -> String {
    clean::visible(&log::clean(text))
}

fn object_line(value: &Value) -> String {
    format!("{}\n", clean::json(&without_keys(value)))
}

/// The value with no key in any of its words. Pictures and sound stay as they are: their base64 may look like anything.
fn without_keys(value: &Value) -> Value {
    match value {
        Value::String(text) if is_media(text) => value.clone(),
        Value::String(text) => Value::String(log::clean(text)),
        Value::Array(list) => Value::Array(list.iter().map(without_keys).collect()),
        Value::Object(fields) => {
            let holds_media = fields.contains_key("media_type") || fields.contains_key("format");
            let clean = |(name, value): (&String, &Value)| match value {
                Value::String(_) if holds_media && name == "data" => (name.clone(), value.clone()),
                _ => (log::clean(name), without_keys(value)),
            };
            Value::Object(fields.iter().map(clean).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn is_media(text: &str) -> bool {
    ["data:image/", "data:audio/", "data:video/"].iter().any(|start| text.starts_with(start))
}

/// Nobody reading any more (`… | head`) is no failure of ours: the work goes on to its end.
fn write(mut to: impl Write, text: &str) {
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_go_from_words_and_media_stays() {
        let data = "AIzaAIzaAIzaAIzaAIzaAIzaAIzaAIza";
        let value = json!({
            "text": "it is sk-abcdefghijklmnop",
            "source": {"media_type": "image/png", "data": data},
            "url": format!("data:image/png;base64,{data}"),
        });
        let clean = without_keys(&value);
        assert_eq!(clean["text"], "it is sk-[key]");
        assert_eq!(clean["source"], value["source"]);
        assert_eq!(clean["url"], value["url"]);
        assert_eq!(without_keys(&json!({"data": data}))["data"], "AIza[key]");
    }
}
