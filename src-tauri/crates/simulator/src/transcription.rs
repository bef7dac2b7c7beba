//! Transcription over OpenAI's `audio/transcriptions`: a script's words are what is heard in any recording. The recording itself
//! is in the request, as it came, for tests to compare.

use serde_json::{Value, json};

use crate::openai;
use crate::protocol::Written;
use crate::script::{Piece, Script};
use crate::server::Request;

/// The words by which a scenario's rules know a recording.
pub const RECORDING: &str = "(a recording)";

/// What is heard where no script says anything.
const HEARD: &str = "I heard you.";

/// The answer to a recording, as the form asks for it.
pub(crate) fn open_ai(script: &Script, request: &Request) -> Written {
    let words = |script: &Script| -> String {
        script
            .pieces
            .iter()
            .filter_map(|piece| if let Piece::Text(text) = piece { Some(text.as_str()) } else { None })
            .collect()
    };
    let (input, output) = script.usage.unwrap_or_default();
    let usage =
        json!({"type": "tokens", "input_tokens": input, "output_tokens": output, "total_tokens": input + output});
    if !is_streamed(request) {
        return (
            "application/json".to_owned(),
            vec![json!({"text": words(script), "usage": usage}).to_string().into_bytes()],
        );
    }
    let event = |data: &Value| format!("data: {data}\n\n").into_bytes();
    let mut events = Vec::new();
    for piece in &script.pieces {
        match piece {
            Piece::Text(text) => events.push(event(&json!({"type": "transcript.text.delta", "delta": text}))),
            Piece::Frame(frame) => events.push(frame.clone().into_bytes()),
            Piece::Fails(failure) => {
                events.push(event(&json!({ "error": openai::error(failure) })));
                return ("text/event-stream".to_owned(), events);
            }
            Piece::Thinking(_) | Piece::Redacted(_) | Piece::Refusal(_) | Piece::ToolCall { .. } => {}
        }
    }
    if script.ends {
        events.push(event(&json!({"type": "transcript.text.done", "text": words(script), "usage": usage})));
    }
    ("text/event-stream".to_owned(), events)
}

/// Whether the answer comes in events.
pub(crate) fn is_streamed(request: &Request) -> bool {
    field(request, "stream").is_some_and(|value| value == b"true")
}

/// What is said of a recording that no script speaks of.
pub(crate) fn repeat() -> Script {
    Script::says(HEARD)
}

/// The file of a form, as it was sent; `None` where there is none.
#[must_use]
pub fn file(request: &Request) -> Option<&[u8]> {
    field(request, "file")
}

/// The value of a form's field.
#[must_use]
pub fn field<'a>(request: &'a Request, name: &str) -> Option<&'a [u8]> {
    let boundary = request.header("content-type")?.split_once("boundary=")?.1.trim_matches('"');
    let line = format!("\r\n--{boundary}");
    let named = format!("name=\"{name}\"");
    // The first boundary has no line in front of it.
    let mut rest = request.body.strip_prefix(format!("--{boundary}").as_bytes())?;
    loop {
        let end = find(rest, line.as_bytes())?;
        let part = &rest[..end];
        let head_end = find(part, b"\r\n\r\n")?;
        if find(&part[..head_end], named.as_bytes()).is_some() {
            return Some(&part[head_end + 4..]);
        }
        rest = &rest[end + line.len()..];
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
