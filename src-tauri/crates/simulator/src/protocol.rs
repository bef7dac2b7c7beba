//! What the protocols have in common: a script becomes a body, the last words are read, an object gets its form.

use serde_json::Value;

use crate::failure::Failure;
use crate::route::Protocol;
use crate::script::Script;
use crate::server::Request;
use crate::shape::Shape;
use crate::{anthropic, dashscope, gemini, ollama, openai, speech, transcription};

/// The media type of a body and its pieces.
pub(crate) type Written = (String, Vec<Vec<u8>>);

impl Protocol {
    /// A script as the answer to a request, streamed or whole as the request wants.
    pub(crate) fn body(self, script: &Script, request: &Request) -> Written {
        let script = &*script.in_shape(&self.shape(request));
        match self {
            Self::ChatCompletions => openai::chat::body(script, &request.json()),
            Self::Responses => openai::responses::body(script, &request.json()),
            Self::Generation => dashscope::body(script, request),
            Self::Ollama => ollama::body(script, &request.json()),
            Self::Messages => anthropic::messages::body(script, &request.json()),
            Self::GenerateContent => gemini::content::body(script, request),
            Self::Speech => speech::open_ai(script, request),
            Self::Transcription => transcription::open_ai(script, request),
            Self::SpokenContent => speech::gemini(script, request),
            Self::SpokenGeneration => speech::dashscope(script, request),
        }
    }

    /// Whether the request wants a stream.
    pub(crate) fn is_streamed(self, request: &Request) -> bool {
        match self {
            Self::ChatCompletions | Self::Responses | Self::Messages => request.json()["stream"] == true,
            Self::Ollama => request.json()["stream"] != false,
            Self::Generation | Self::SpokenGeneration => dashscope::is_streamed(request),
            Self::GenerateContent | Self::SpokenContent => gemini::content::is_streamed(request),
            Self::Speech => speech::is_told_by_open_ai(request),
            Self::Transcription => transcription::is_streamed(request),
        }
    }

    /// What a server of this protocol would not take in the request.
    pub(crate) fn complaint(self, request: &Request) -> Option<Failure> {
        match self {
            Self::Messages => anthropic::complaint(request),
            _ => None,
        }
    }

    /// The words of the last message of a request, or of the results of tools behind the last answer; empty where there
    /// are none.
    pub(crate) fn last_words(self, request: &Request) -> String {
        let asked = request.json();
        match self {
            Self::ChatCompletions | Self::Ollama => openai::last_words(&asked["messages"]),
            Self::Messages => anthropic::last_words(&asked["messages"]),
            Self::Responses => openai::responses::last_words(&asked["input"]),
            Self::Generation => openai::last_words(&asked["input"]["messages"]),
            Self::GenerateContent | Self::SpokenContent => gemini::last_words(&asked["contents"]),
            Self::Transcription => transcription::RECORDING.to_owned(),
            Self::Speech => asked["input"].as_str().unwrap_or_default().to_owned(),
            Self::SpokenGeneration => asked["input"]["text"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Says again what was said last; a text that is to be spoken is spoken.
    pub(crate) fn repeat(self, request: &Request) -> Script {
        if matches!(self, Self::Speech | Self::SpokenContent | Self::SpokenGeneration) {
            return Script::says(&self.last_words(request));
        }
        if self == Self::Transcription {
            return transcription::repeat();
        }
        Script::says(&format!("You said: {}", self.last_words(request)))
    }

    fn shape(self, request: &Request) -> Shape {
        let asked = request.json();
        match self {
            Self::ChatCompletions => openai::chat::shape(&asked),
            Self::Responses => openai::responses::shape(&asked),
            Self::Generation => openai::chat::shape(&asked["parameters"]),
            Self::Ollama => ollama::shape(&asked),
            Self::Messages => anthropic::messages::shape(&asked),
            Self::GenerateContent => gemini::content::shape(&asked),
            Self::Speech | Self::Transcription | Self::SpokenContent | Self::SpokenGeneration => Shape::Text,
        }
    }
}

/// How many words stand in these values: the simulator's tokens.
pub(crate) fn words(values: &[&Value]) -> u64 {
    values
        .iter()
        .map(|value| match value {
            Value::String(text) => text.split_whitespace().count() as u64,
            Value::Array(items) => words(&items.iter().collect::<Vec<_>>()),
            Value::Object(fields) => words(&fields.values().collect::<Vec<_>>()),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        })
        .sum()
}
