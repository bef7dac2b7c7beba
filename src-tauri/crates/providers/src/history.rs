//! What the writers of messages share: tool results in words, their pictures brought before the model's eyes where the
//! protocol takes none in a result, media as addresses, tools by name. Pure.
//!
//! Deliberately absent: the shape of any one protocol's messages.

use parlance_core::msg::ToolUse;
use parlance_core::{Category, ContentBlock, ProviderError, Source, Thinking, ToolChoice, ToolOutput, ToolSpec};
use serde_json::{Map, Value};

/// A tool's result in words: its texts, and a line for each medium that says what it is.
pub(crate) fn result_text(output: &ToolOutput) -> String {
    let blocks = match output {
        ToolOutput::Text(text) => return text.clone(),
        ToolOutput::Nothing(()) => return String::new(),
        ToolOutput::Blocks(blocks) => blocks,
    };
    let lines: Vec<String> = blocks.iter().filter_map(result_line).collect();
    match lines.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        several => several.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n"),
    }
}

/// One block of a tool's result in words; `None` for what is none of a result.
pub(crate) fn result_line(block: &ContentBlock) -> Option<String> {
    let medium = |kind: &str, source: &Source| match source {
        Source::Url { url } => format!("The returned {kind} can be found at: {url}"),
        Source::Base64 { media_type, .. } => format!("The tool returned {kind} of type {media_type}."),
    };
    match block {
        ContentBlock::Text { text, .. } => Some(text.clone()),
        ContentBlock::Image { source } => Some(medium("image", source)),
        ContentBlock::Audio { source } => Some(medium("audio", source)),
        ContentBlock::Video { source } => Some(medium("video", source)),
        ContentBlock::Thinking { .. } | ContentBlock::ToolUse(_) | ContentBlock::ToolResult { .. } => None,
    }
}

/// A piece of the message that shows a model the pictures of a tool's result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shown<'a> {
    Words(String),
    Image(&'a Source),
}

/// The pictures of a tool's result that the server `takes`, with the words around them; empty where there are none.
pub(crate) fn shown_images<'a>(tool: &str, output: &'a ToolOutput, takes: impl Fn(&Source) -> bool) -> Vec<Shown<'a>> {
    let ToolOutput::Blocks(blocks) = output else { return Vec::new() };
    let images: Vec<&Source> = blocks
        .iter()
        .filter_map(|block| match block {
            ContentBlock::Image { source } if takes(source) => Some(source),
            _ => None,
        })
        .collect();
    if images.is_empty() {
        return Vec::new();
    }
    let mut shown = vec![Shown::Words(format!(
        "<system-info>The following are the image contents from the tool result of '{tool}':"
    ))];
    for source in images {
        shown.push(Shown::Words(format!("\n- The image {}: ", whereabouts(source))));
        shown.push(Shown::Image(source));
    }
    shown.push(Shown::Words("</system-info>".to_owned()));
    shown
}

fn whereabouts(source: &Source) -> String {
    match source {
        Source::Url { url } => format!("from '{url}'"),
        Source::Base64 { media_type, .. } => format!("of type {media_type}"),
    }
}

/// A medium as an address: of the web, or with its bytes inside.
///
/// # Errors
/// [`Category::InvalidRequest`] for a local medium that was not read before.
pub(crate) fn address(provider: &str, source: &Source) -> Result<String, ProviderError> {
    match source {
        Source::Base64 { media_type, data } => Ok(format!("data:{};base64,{data}", usual_type(media_type))),
        Source::Url { url } if is_web(url) => Ok(url.clone()),
        Source::Url { url } => Err(unresolved(provider, url)),
    }
}

/// A media type as it is registered: some programs name it by the ending of a file.
pub(crate) fn usual_type(media_type: &str) -> &str {
    match media_type {
        "image/jpg" => "image/jpeg",
        other => other,
    }
}

/// Sound as base64 and its format's short name.
///
/// # Errors
/// [`Category::InvalidRequest`] for sound that is neither WAV nor MP3, or that lies elsewhere.
pub(crate) fn sound<'a>(provider: &str, source: &'a Source) -> Result<(&'a str, &'static str), ProviderError> {
    match source {
        Source::Base64 { media_type, data } => match media_type.as_str() {
            "audio/wav" | "audio/x-wav" | "audio/wave" => Ok((data, "wav")),
            "audio/mp3" | "audio/mpeg" => Ok((data, "mp3")),
            other => Err(refuse(provider, format!("sound can be sent as WAV or MP3, not as {other}"))),
        },
        Source::Url { url } if is_web(url) => {
            Err(refuse(provider, "sound from a web address cannot be sent; attach the file itself"))
        }
        Source::Url { url } => Err(unresolved(provider, url)),
    }
}

/// Whether the provider can fetch it by itself.
pub(crate) fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// What stands in the place of a medium that nobody fetches.
pub(crate) fn elsewhere(url: &str) -> String {
    format!("(Something is attached that is not shown here: {url})")
}

/// A local medium should have been read before.
pub(crate) fn unresolved(provider: &str, url: &str) -> ProviderError {
    refuse(provider, format!("{url} was not read before the request was written"))
}

/// A request that cannot be written.
pub(crate) fn refuse(provider: &str, message: impl Into<String>) -> ProviderError {
    ProviderError::new(provider, Category::InvalidRequest, message)
}

/// The arguments of a call as the model wrote them, where that is known: another spelling of the same arguments would miss
/// the server's cache.
pub(crate) fn arguments_text(call: &ToolUse) -> String {
    let raw = call
        .raw_input
        .as_deref()
        .filter(|raw| serde_json::from_str::<Map<String, Value>>(raw).is_ok_and(|written| written == call.input));
    raw.map_or_else(|| Value::Object(call.input.clone()).to_string(), str::to_owned)
}

/// Qwen's levels as tokens: the bounds are ours, the protocol has none. The highest level is the model's own most, which is
/// not said.
pub(crate) fn budget(thinking: Thinking) -> Option<u32> {
    match thinking {
        Thinking::Off | Thinking::On | Thinking::High => None,
        Thinking::Low => Some(2_048),
        Thinking::Medium => Some(8_192),
        Thinking::Budget(tokens) => Some(tokens),
    }
}

/// Whether the tool that must be asked for is offered; every other choice is always possible.
///
/// # Errors
/// [`Category::InvalidRequest`] that names the tools there are.
pub(crate) fn check_choice(
    provider: &str,
    choice: Option<&ToolChoice>,
    tools: &[ToolSpec],
) -> Result<(), ProviderError> {
    let Some(ToolChoice::Named(name)) = choice else { return Ok(()) };
    let names: Vec<&str> = tools.iter().map(|ToolSpec::Function { function }| function.name.as_str()).collect();
    if names.contains(&name.as_str()) {
        return Ok(());
    }
    let options = if names.is_empty() { "there are none".to_owned() } else { names.join(", ") };
    Err(refuse(provider, format!("no tool is called {name}; tools: {options}")))
}

/// The instruction that stands in for a choice of tools which the protocol, or the model, does not know; `None` where nothing
/// must be called.
pub(crate) fn instruction(choice: Option<&ToolChoice>, tools: &[ToolSpec]) -> Option<String> {
    match choice? {
        _ if tools.is_empty() => None,
        ToolChoice::Auto | ToolChoice::None => None,
        ToolChoice::Required => Some("Answer by calling one of the tools you are offered.".to_owned()),
        ToolChoice::Named(name) => Some(format!("Answer by calling the tool {name}.")),
    }
}

/// Whether there is a model and something to say to it.
///
/// # Errors
/// [`Category::InvalidRequest`]
pub(crate) fn check_asked(provider: &str, model: &str, written: &[Value]) -> Result<(), ProviderError> {
    if model.trim().is_empty() {
        return Err(refuse(provider, "no model is chosen"));
    }
    if written.is_empty() {
        return Err(refuse(provider, "there is nothing to ask: every message is empty"));
    }
    Ok(())
}

/// The caller's own parameters, which win. `extra_body` is other clients' name for fields of a server's own.
pub(crate) fn write_extra(extra: &Map<String, Value>, body: &mut Map<String, Value>) {
    for (field, value) in extra {
        match value {
            Value::Object(fields) if field == "extra_body" => body.extend(fields.clone()),
            _ => {
                body.insert(field.clone(), value.clone());
            }
        }
    }
}
