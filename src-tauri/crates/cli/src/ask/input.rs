//! What a call to `ask` brings along, read and made a request.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use parlance_app::models;
use parlance_app::tools::{Content, MOST_BYTES};
use parlance_core::ChatRequest;
use parlance_core::chat::Delivery;

use super::args::AskArgs;
use super::prompt::{MOST_FILE_BYTES, json, text_of};
use crate::failure::Failure;
use crate::out::Out;

/// The request, but for its model.
pub(super) fn request(args: &AskArgs, out: Out) -> Result<ChatRequest, Failure> {
    let (messages, tools) = args.prompt.read(out)?;
    let structured = match &args.schema {
        Some(path) => Some(models::shape(json(path, &text_of(path, MOST_FILE_BYTES)?, "JSON")?)?),
        None => None,
    };
    Ok(ChatRequest {
        messages,
        tools,
        tool_choice: args.tool_choice.clone(),
        structured,
        thinking: args.thinking,
        max_tokens: args.max_tokens,
        formatter: args.prompt.formatter,
        delivery: if args.no_stream { Delivery::Whole } else { Delivery::Streaming },
        extra: args.set.iter().map(|setting| (setting.key.clone(), setting.value.clone())).collect(),
        ..ChatRequest::default()
    })
}

/// The files that a tool may read: their names without folders, and what is in them.
pub(super) fn files(args: &AskArgs) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let read = |path: &PathBuf| {
        let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.display().to_string());
        let failed = |why: String| Failure::file(format!("reading {}: {why}", path.display()));
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| failed(error.to_string()))?;
        // Told now, not when the model asks.
        Content::of(bytes.clone()).map_err(|error| failed(error.to_string()))?;
        Ok((name, bytes))
    };
    args.file.iter().map(read).collect()
}
