//! A model's own tokenizer, from the files its maker publishes: `tokenizer.json`, with the chat template beside it in
//! `chat_template.jinja` or `tokenizer_config.json`.
//!
//! Counts what the template makes of the messages and tools, without the beginning of an answer. Without a template it
//! counts the texts, as an estimate: what a server puts around them is then not known. Pictures and sound become whatever
//! the model's maker decided; their tokens are an estimate, too.

mod template;

use std::path::Path;

use parlance_core::TokenCount;
use serde_json::{Map, Value, json};
use tokenizers::Tokenizer as Pieces;

use crate::Prompt;
use crate::estimate;
use crate::json::spaced;
use crate::media::{picture_size_at, sound_ms};
use crate::tally::Tally;
use template::Template;

/// A tokenizer with its chat template, read once and used as often as needed.
pub struct Tokenizer {
    pieces: Pieces,
    template: Option<Template>,
}

/// Why a tokenizer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// A file cannot be read.
    #[error("reading {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what its name says.
    #[error("{path} is no {what}: {why}")]
    NotThat {
        /// The file.
        path: String,
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The model's chat template does not take this conversation.
    #[error("the model's chat template does not take this conversation: {0}")]
    Refused(
        /// In the template's own words, where it has some.
        String,
    ),
}

impl Tokenizer {
    /// Reads `tokenizer.json`, or a folder that holds one, and the template beside it.
    ///
    /// # Errors
    /// [`TokenizerError`] when a file cannot be read or is not what its name says. No template is no error.
    pub fn open(path: &Path) -> Result<Self, TokenizerError> {
        let file = if path.is_dir() { path.join("tokenizer.json") } else { path.to_owned() };
        let bytes = read(&file)?;
        let mut pieces = Pieces::from_bytes(bytes).map_err(|error| not_that(&file, "tokenizer", error.to_string()))?;
        // A tokenizer may ask to be filled up or cut off, as its model was trained; neither tells how long a text is.
        pieces.with_padding(None);
        let uncut = pieces.with_truncation(None).map(|_| ());
        uncut.map_err(|error| not_that(&file, "tokenizer", error.to_string()))?;
        let template = Template::beside(&file)?;
        Ok(Self { pieces, template })
    }

    /// The tokens of a prompt. A shape of the answer is the server's own business and is not counted.
    ///
    /// # Errors
    /// [`TokenizerError::Refused`] when the template does not take them.
    pub fn count(&self, prompt: &Prompt) -> Result<TokenCount, TokenizerError> {
        let Prompt { messages, tools, .. } = *prompt;
        let Some(template) = &self.template else { return self.texts(messages, tools) };
        let mut tally = Tally::exact();
        let media = media_tokens(messages, &mut tally);
        let written: Vec<Value> = messages.iter().map(|message| for_template(message, Content::Parts)).collect();
        let prompt = match template.render(&written, tools) {
            // Templates of models that only read take no parts.
            Err(_) if media == Media::Some => {
                let written: Vec<Value> = messages.iter().map(|message| for_template(message, Content::Text)).collect();
                template.render(&written, tools)?
            }
            prompt => prompt?,
        };
        tally.add(self.tokens(&prompt)?);
        Ok(tally.count())
    }

    fn texts(&self, messages: &[Value], tools: &[Value]) -> Result<TokenCount, TokenizerError> {
        let mut tally = Tally::estimate();
        media_tokens(messages, &mut tally);
        for message in messages {
            if let Some(text) = for_template(message, Content::Text)["content"].as_str() {
                tally.add(self.tokens(text)?);
            }
            if !message["tool_calls"].is_null() {
                tally.add(self.tokens(&spaced(&message["tool_calls"]))?);
            }
        }
        for tool in tools {
            tally.add(self.tokens(&spaced(tool))?);
        }
        Ok(tally.count())
    }

    fn tokens(&self, text: &str) -> Result<u64, TokenizerError> {
        // The template writes its special tokens itself.
        let encoding = self.pieces.encode_fast(text, false);
        let encoding = encoding.map_err(|error| TokenizerError::Refused(error.to_string()))?;
        Ok(u64::try_from(encoding.len()).unwrap_or(u64::MAX))
    }
}

/// How a message with pictures or sound is put to a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// As a list, in which each stands at its place.
    Parts,
    /// As its words alone.
    Text,
}

/// Whether there are pictures or sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Media {
    None,
    Some,
}

/// A message as templates want it: text in one string, arguments of calls as an object.
fn for_template(message: &Value, content: Content) -> Value {
    let mut written: Map<String, Value> = message.as_object().cloned().unwrap_or_default();
    let rewritten = match written.get("content") {
        None | Some(Value::Null) => json!(""),
        Some(Value::Array(parts)) if content == Content::Text || parts.iter().all(|part| part["type"] == "text") => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            json!(texts.join("\n"))
        }
        Some(Value::Array(parts)) => parts.iter().map(part_for_template).collect(),
        Some(other) => other.clone(),
    };
    written.insert("content".into(), rewritten);
    if let Some(Value::Array(calls)) = written.get_mut("tool_calls") {
        for call in calls {
            let arguments = call["function"]["arguments"].as_str().and_then(|text| serde_json::from_str(text).ok());
            if let Some(arguments @ Value::Object(_)) = arguments {
                call["function"]["arguments"] = arguments;
            }
        }
    }
    Value::Object(written)
}

/// A part in the words of the library that templates are written for.
fn part_for_template(part: &Value) -> Value {
    match part["type"].as_str() {
        Some("image_url") => json!({"type": "image"}),
        Some("input_audio") => json!({"type": "audio"}),
        _ => part.clone(),
    }
}

/// Adds what pictures and sound may come to.
fn media_tokens(messages: &[Value], tally: &mut Tally) -> Media {
    let mut media = Media::None;
    for part in messages.iter().filter_map(|message| message["content"].as_array()).flatten() {
        let tokens = match part["type"].as_str() {
            Some("image_url") => estimate::picture(part["image_url"]["url"].as_str().and_then(picture_size_at)),
            Some("input_audio") => {
                let data = part["input_audio"]["data"].as_str().unwrap_or_default();
                estimate::sound(sound_ms(data.rsplit(',').next().unwrap_or_default()))
            }
            _ => continue,
        };
        tally.guess(tokens);
        media = Media::Some;
    }
    media
}

fn read(path: &Path) -> Result<Vec<u8>, TokenizerError> {
    std::fs::read(path).map_err(|source| TokenizerError::Unreadable { path: path.display().to_string(), source })
}

/// A file that need not be there.
fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, TokenizerError> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(TokenizerError::Unreadable { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn not_that(path: &Path, what: &'static str, why: impl Into<String>) -> TokenizerError {
    TokenizerError::NotThat { path: path.display().to_string(), what, why: why.into() }
}
