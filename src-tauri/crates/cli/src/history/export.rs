//! Conversations into a file: one after the other, so that a long history does not fill the memory; whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_app::App;
use parlance_app::archive::{Archived, ArchivedMessage};
use parlance_core::Msg;
use serde_json::{Value, json};

use super::{markdown, summary};
use crate::engine::Desk;
use crate::failure::Failure;
use crate::out::clean;

/// How conversations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// To read.
    Md,
    /// With everything in it.
    Json,
}

/// Writes conversations to a new file.
pub(super) async fn export(app: &App, desk: &Desk, ids: &[String], format: Format, path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::file(format!("{} is there already; choose another name", path.display())));
    }
    let part = Part::new(path)?;
    let mut file = BufWriter::new(&part.file);
    let failed = |error: io::Error| Failure::file(format!("writing {}: {error}", path.display()));
    if format == Format::Json {
        file.write_all(b"{\"parlance_export\":1,\"conversations\":[").map_err(failed)?;
    }
    for (at, id) in ids.iter().enumerate() {
        let conversation = app.archived(id).await?;
        let text = match format {
            Format::Md if at == 0 => markdown::conversation(&conversation),
            Format::Md => format!("\n---\n\n{}", markdown::conversation(&conversation)),
            Format::Json => {
                let comma = if at == 0 { "\n" } else { ",\n" };
                format!("{comma}{}", clean::json(&whole(app, &conversation).await?))
            }
        };
        file.write_all(text.as_bytes()).map_err(failed)?;
    }
    if format == Format::Json {
        file.write_all(b"\n]}\n").map_err(failed)?;
    }
    file.flush().and_then(|()| part.file.sync_all()).map_err(failed)?;
    drop(file);
    part.keep().map_err(failed)?;
    desk.out.result(&json!({"path": path.display().to_string(), "conversations": ids.len()}), || {
        let count = if ids.len() == 1 { "1 conversation".to_owned() } else { format!("{} conversations", ids.len()) };
        format!("{count} written to {}.", clean::name(&path.display().to_string()))
    });
    Ok(())
}

async fn whole(app: &App, conversation: &Archived) -> Result<Value, Failure> {
    let mut messages = Vec::with_capacity(conversation.messages.len());
    for archived in &conversation.messages {
        let mut value = message(archived, &app.with_recordings(archived.msg.clone()).await?);
        for (at, file) in archived.files.iter().enumerate() {
            if let Some(bytes) = app.file_bytes(&file.id).await? {
                value["files"][at]["data"] = json!(BASE64.encode(bytes));
            }
        }
        messages.push(value);
    }
    let mut value = summary(&conversation.summary);
    value["messages"] = Value::Array(messages);
    Ok(value)
}

/// A message, for programs: `--messages` of `ask` reads it, and leaves out what it does not know. Of files it holds everything
/// but what is in them.
pub(super) fn message(archived: &ArchivedMessage, msg: &Msg) -> Value {
    let view = &archived.view;
    let mut value = json!(msg);
    value["status"] = json!(view.status);
    value["created_ms"] = json!(view.created_ms);
    for (field, known) in [
        ("model", archived.model.as_ref().map(|model| json!(model))),
        ("error", view.error.as_ref().map(|error| json!(error))),
        ("spoken", view.spoken.map(|spoken| json!(spoken))),
        ("figures", view.figures.map(|figures| json!(figures))),
    ] {
        if let Some(known) = known {
            value[field] = known;
        }
    }
    if !archived.files.is_empty() {
        let files = archived
            .files
            .iter()
            .map(|file| json!({"name": file.name, "media_type": file.media_type, "bytes": file.bytes}));
        value["files"] = files.collect();
    }
    value
}

/// A file that is being written beside the one it will be; removed unless it is kept.
struct Part {
    file: fs::File,
    part: PathBuf,
    whole: PathBuf,
}

impl Part {
    fn new(whole: &Path) -> Result<Self, Failure> {
        let mut name = whole.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = whole.with_file_name(name);
        let file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&part)
            .map_err(|error| Failure::file(format!("writing {}: {error}", part.display())))?;
        Ok(Self { file, part, whole: whole.to_owned() })
    }

    /// Gives it its name, unless somebody else took that meanwhile.
    fn keep(&self) -> io::Result<()> {
        fs::hard_link(&self.part, &self.whole).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            // Not every file system has links.
            _ => fs::rename(&self.part, &self.whole),
        })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Gone already where it was renamed.
        let _ = fs::remove_file(&self.part);
    }
}
