//! A prompt, as `ask` and `tokens` are told it: the words that both have, read and made messages and tools.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use parlance_app::api::{ErrorBody, ErrorCode};
use parlance_app::archive::MOST_MESSAGE_BYTES;
use parlance_core::{ContentBlock, Formatter, Msg, Role, Source, ToolSpec};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;
use crate::out::Out;
use crate::out::clean::name;

/// Files with messages and tools may be so long: a request of every provider is shorter.
pub(super) const MOST_FILE_BYTES: usize = 128 * 1024 * 1024;

/// What a prompt is made of.
#[derive(Debug, clap::Args)]
pub(crate) struct Prompt {
    /// What to ask; “-” reads it from stdin
    #[arg(required_unless_present = "messages", conflicts_with = "messages", allow_hyphen_values = true)]
    text: Option<String>,
    /// A JSON array of messages instead of TEXT; “-” reads it from stdin
    #[arg(long, value_name = "FILE")]
    messages: Option<PathBuf>,
    /// How the conversation is put: chat, as turns of one person and one assistant; multi-agent, as said by several speakers, by name
    #[arg(long, value_name = "HOW", value_parser = formatter, default_value = "chat")]
    pub(crate) formatter: Formatter,
    /// Instructions that come before everything
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// A picture to send along: PNG, JPEG, GIF or WebP, or an https address; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "messages")]
    image: Vec<PathBuf>,
    /// Sound to send along: WAV or MP3; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "messages")]
    audio: Vec<PathBuf>,
    /// Tools to offer, as a JSON array of {"type":"function","function":{…}}; they are never run
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
}

impl Prompt {
    /// The messages and tools, read. What is left out of them is said.
    pub(crate) fn read(&self, out: Out) -> Result<(Vec<Msg>, Vec<ToolSpec>), Failure> {
        let mut messages = match &self.messages {
            Some(path) => read_messages(path, out)?,
            None => vec![self.message()?],
        };
        if let Some(system) = &self.system {
            messages.insert(0, Msg::text(Role::System, "system", system));
        }
        let tools = match &self.tools {
            Some(path) => json(path, &text_of(path, MOST_FILE_BYTES)?, "a list of tools")?,
            None => Vec::new(),
        };
        Ok((messages, tools))
    }

    fn message(&self) -> Result<Msg, Failure> {
        let text = match self.text.as_deref() {
            Some("-") => text_of(Path::new("-"), MOST_MESSAGE_BYTES)?,
            text => text.unwrap_or_default().to_owned(),
        };
        check_length(&text)?;
        let images = self.image.iter().map(|path| ContentBlock::Image { source: source(path) });
        let sounds = self.audio.iter().map(|path| ContentBlock::Audio { source: source(path) });
        let mut content: Vec<ContentBlock> = images.chain(sounds).collect();
        if content.is_empty() && text.trim().is_empty() {
            return Err(Failure::refused(ErrorBody::new(ErrorCode::EmptyMessage)));
        }
        if !text.trim().is_empty() {
            content.insert(0, ContentBlock::text(text));
        }
        Ok(Msg::new(Role::User, "user", content))
    }
}

fn formatter(word: &str) -> Result<Formatter, BadFormatter> {
    match word {
        "chat" => Ok(Formatter::Chat),
        "multi-agent" | "multiagent" => Ok(Formatter::MultiAgent),
        _ => Err(BadFormatter),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("it is chat or multi-agent")]
struct BadFormatter;

fn source(path: &Path) -> Source {
    Source::Url { url: path.to_string_lossy().into_owned() }
}

fn read_messages(path: &Path, out: Out) -> Result<Vec<Msg>, Failure> {
    let text = text_of(path, MOST_FILE_BYTES)?;
    let messages: Vec<Msg> = json(path, &text, "a list of messages")?;
    for kind in unknown_kinds(&json::<Value>(path, &text, "JSON")?) {
        out.note(&format!("Blocks of the kind {} are unknown here and left out.", name(&kind)));
    }
    if messages.is_empty() {
        return Err(Failure::refused(ErrorBody::new(ErrorCode::EmptyMessage)));
    }
    for message in &messages {
        message.content.iter().filter_map(ContentBlock::as_text).try_for_each(check_length)?;
    }
    Ok(messages)
}

/// The kinds of blocks in messages that are left out.
fn unknown_kinds(messages: &Value) -> BTreeSet<String> {
    fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
        value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
    let mut blocks: Vec<&Value> =
        messages.as_array().into_iter().flatten().flat_map(|message| list(message, "content")).collect();
    let mut kinds = BTreeSet::new();
    while let Some(block) = blocks.pop() {
        kinds.extend(block["type"].as_str().filter(|kind| !ContentBlock::KINDS.contains(kind)).map(str::to_owned));
        blocks.extend(list(block, "output"));
    }
    kinds
}

fn check_length(text: &str) -> Result<(), Failure> {
    if text.len() > MOST_MESSAGE_BYTES {
        return Err(ErrorBody::new(ErrorCode::MessageTooLong).into());
    }
    Ok(())
}

/// A file's text, or stdin's for “-”. One byte over the limit is read, so that the limit can be told from the end.
pub(super) fn text_of(path: &Path, most: usize) -> Result<String, Failure> {
    let is_stdin = path == Path::new("-");
    let name = if is_stdin { "stdin".to_owned() } else { path.display().to_string() };
    let failed = |error: io::Error| Failure::file(format!("reading {name}: {error}"));
    let mut bytes = Vec::new();
    let limit = most as u64 + 1;
    if is_stdin {
        io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(failed)?;
    }
    if bytes.len() > most {
        return Err(ErrorBody::new(ErrorCode::MessageTooLong).with_details(format!("{name} is too long")).into());
    }
    String::from_utf8(bytes).map_err(|_| Failure::file(format!("{name} is not text: it is not UTF-8")))
}

pub(super) fn json<T: DeserializeOwned>(path: &Path, text: &str, what: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::file(format!("{} is not {what}: {error}", path.display())))
}
