//! Text to speech: every protocol speaks the same sound for the same words, so that a test knows what it must hear.
//!
//! * this file – the bodies of the protocols that are asked by a question.
//! * [`socket`] – those that are written to over a socket.
//!
//! A script's words are spoken piece by piece; its failures and frames come in their places. Between two pieces samples are cut
//! in half, as servers do that cut their sound anywhere.

pub mod socket;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::protocol::Written;
use crate::script::{Piece, Script};
use crate::server::Request;
use crate::{dashscope, gemini, openai};

/// Samples of a character: 5 ms at 24 kHz.
const SAMPLES_PER_CHARACTER: usize = 120;

/// The sound of these words at 24 kHz. That of two texts in a row is theirs in a row.
#[must_use]
pub fn sound(words: &str) -> Vec<i16> {
    let of_character = |c: char| {
        let step = (u32::from(c) % 199) as i16 + 1;
        (0..SAMPLES_PER_CHARACTER).map(move |at| (at as i16 - 60) * step)
    };
    words.chars().flat_map(of_character).collect()
}

/// Samples as bytes, low byte first.
fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// What a speech is made of, in order.
enum Step {
    Sound(Vec<u8>),
    Frame(String),
    Fails(Value),
}

/// The steps of a script: the last byte of each sound comes with the next one.
fn steps(script: &Script, error: fn(&crate::Failure) -> Value) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut held = Vec::new();
    for piece in &script.pieces {
        match piece {
            Piece::Text(words) => {
                held.extend(bytes(&sound(words)));
                let last = held.split_off(held.len().saturating_sub(1));
                steps.push(Step::Sound(std::mem::replace(&mut held, last)));
            }
            Piece::Frame(frame) => steps.push(Step::Frame(frame.clone())),
            Piece::Fails(failure) => {
                steps.push(Step::Fails(error(failure)));
                return steps;
            }
            Piece::Thinking(_) | Piece::Redacted(_) | Piece::Refusal(_) | Piece::ToolCall { .. } => {}
        }
    }
    if !held.is_empty() {
        steps.push(Step::Sound(held));
    }
    steps
}

/// OpenAI's: bare sound, or events where the request wants them.
pub(crate) fn open_ai(script: &Script, request: &Request) -> Written {
    let steps = steps(script, openai::error);
    if !is_told_by_open_ai(request) {
        let media_type = match request.json()["response_format"].as_str() {
            Some("pcm") => "audio/pcm",
            _ => "application/octet-stream",
        };
        let sounds = steps.into_iter().filter_map(|step| match step {
            Step::Sound(sound) => Some(sound),
            Step::Frame(_) | Step::Fails(_) => None,
        });
        return (media_type.to_owned(), sounds.collect());
    }
    let event = |data: &Value| format!("data: {data}\n\n").into_bytes();
    let fails = matches!(steps.last(), Some(Step::Fails(_)));
    let mut events: Vec<Vec<u8>> = steps
        .into_iter()
        .map(|step| match step {
            Step::Sound(sound) => event(&json!({"type": "speech.audio.delta", "audio": BASE64.encode(sound)})),
            Step::Frame(frame) => frame.into_bytes(),
            Step::Fails(error) => event(&json!({ "error": error })),
        })
        .collect();
    if script.ends && !fails {
        let (input, output) = script.usage.unwrap_or_default();
        let usage = json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output});
        events.push(event(&json!({"type": "speech.audio.done", "usage": usage})));
    }
    ("text/event-stream".to_owned(), events)
}

/// Whether OpenAI's answer comes in events.
pub(crate) fn is_told_by_open_ai(request: &Request) -> bool {
    request.json()["stream_format"] == "sse"
}

/// Whether a request of Gemini's protocol wants sound.
pub(crate) fn is_asked_of_gemini(request: &Request) -> bool {
    let asked = gemini::camel(&request.json());
    let wanted = asked["generationConfig"]["responseModalities"].as_array();
    wanted.is_some_and(|wanted| wanted.iter().any(|modality| modality == "AUDIO"))
}

/// Gemini's: chunks with sound in them, a first one without any.
pub(crate) fn gemini(script: &Script, request: &Request) -> Written {
    let part = |sound: &[u8]| json!({"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": BASE64.encode(sound)}});
    let (input, output) = script.usage.unwrap_or_default();
    let usage = json!({"promptTokenCount": input, "candidatesTokenCount": output, "totalTokenCount": input + output});
    let about = |mut chunk: Value| {
        chunk["modelVersion"] = json!("simulated");
        chunk["responseId"] = json!("simulated");
        chunk
    };
    let steps = steps(script, gemini::error);
    if !gemini::content::is_streamed(request) {
        let sound: Vec<u8> = steps
            .iter()
            .flat_map(|step| if let Step::Sound(sound) = step { sound.as_slice() } else { &[] })
            .copied()
            .collect();
        let content = json!({"role": "model", "parts": [part(&sound)]});
        let whole = about(json!({
            "candidates": [{"index": 0, "content": content, "finishReason": "STOP"}], "usageMetadata": usage,
        }));
        return ("application/json".to_owned(), vec![whole.to_string().into_bytes()]);
    }
    let event = |data: Value| format!("data: {data}\r\n\r\n").into_bytes();
    let chunk =
        |parts: Value| about(json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": parts}}]}));
    let fails = matches!(steps.last(), Some(Step::Fails(_)));
    let mut events = vec![event(chunk(json!([{"text": ""}])))];
    events.extend(steps.into_iter().map(|step| match step {
        Step::Sound(sound) => event(chunk(json!([part(&sound)]))),
        Step::Frame(frame) => frame.into_bytes(),
        Step::Fails(error) => event(error),
    }));
    if script.ends && !fails {
        events
            .push(event(about(json!({"candidates": [{"index": 0, "finishReason": "STOP"}], "usageMetadata": usage}))));
    }
    ("text/event-stream".to_owned(), events)
}

/// Whether a request to DashScope's generation endpoints wants sound: it has a text to speak instead of messages.
pub(crate) fn is_asked_of_dashscope(request: &Request) -> bool {
    request.json()["input"]["text"].is_string()
}

/// DashScope's: frames with sound in them and at last the address of a file, or that address alone.
pub(crate) fn dashscope(script: &Script, request: &Request) -> Written {
    let characters = characters(request.json()["input"]["text"].as_str().unwrap_or_default());
    let usage = json!({"characters": characters});
    let url = "http://127.0.0.1:9/simulated.wav";
    let last = json!({
        "output": {"finish_reason": "stop", "audio": {"data": "", "url": url, "id": "audio_1", "expires_at": 1_900_000_000}},
        "usage": usage, "request_id": "simulated",
    });
    if !dashscope::is_streamed(request) {
        return ("application/json".to_owned(), vec![last.to_string().into_bytes()]);
    }
    let frame = |event: &str, status: u16, data: &Value| {
        format!("id:1\nevent:{event}\n:HTTP_STATUS/{status}\ndata:{data}\n\n").into_bytes()
    };
    let steps = steps(script, dashscope::error_body);
    let fails = matches!(steps.last(), Some(Step::Fails(_)));
    let mut frames: Vec<Vec<u8>> = steps
        .into_iter()
        .map(|step| match step {
            Step::Sound(sound) => {
                let audio = json!({"data": BASE64.encode(sound), "url": "", "id": "audio_1"});
                frame(
                    "result",
                    200,
                    &json!({"output": {"finish_reason": "null", "audio": audio}, "request_id": "simulated"}),
                )
            }
            Step::Frame(frame) => frame.into_bytes(),
            Step::Fails(error) => frame("error", 400, &error),
        })
        .collect();
    if script.ends && !fails {
        frames.push(frame("result", 200, &last));
    }
    ("text/event-stream;charset=UTF-8".to_owned(), frames)
}

/// Characters as DashScope counts them: a Chinese one twice.
fn characters(text: &str) -> u64 {
    text.chars().map(|c| if matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}') { 2 } else { 1 }).sum()
}
