//! Where recordings are, and what each of them is.

use std::path::{Path, PathBuf};

use parlance_core::chat::Delivery;
use parlance_core::{ModelEvent, ProviderError};
use serde_json::Value;

use crate::families::{FAMILIES, Family};

/// The collections: ours, and the one that `PARLANCE_RECORDINGS` names.
pub(crate) fn collections() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let larger = std::env::var_os("PARLANCE_RECORDINGS").map(PathBuf::from);
    std::iter::once(workspace.join("tests/recordings")).chain(larger).collect()
}

/// One recorded answer.
pub(crate) struct Recording {
    /// Its file, relative to the collection.
    pub(crate) name: String,
    /// `chat`, `stream`, `error` or `models`.
    pub(crate) kind: String,
    pub(crate) family: &'static Family,
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) expected: Value,
}

/// How strictly the end of a stream is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As the family takes it.
    Usual,
    /// Only with the protocol's own mark, where it has one.
    Marked,
}

/// Every recording of the families' protocols.
pub(crate) fn recordings(collection: &Path) -> Vec<Recording> {
    let manifest: Value = serde_json::from_slice(&std::fs::read(collection.join("MANIFEST.json")).unwrap()).unwrap();
    let files = manifest["files"].as_array().unwrap();
    files.iter().filter_map(|file| recording(collection, file)).collect()
}

fn recording(collection: &Path, about: &Value) -> Option<Recording> {
    let file = about["file"].as_str().unwrap();
    let (provider, name) = file.split_once('/').unwrap();
    let dialect = about["dialect"].as_str().unwrap_or(provider);
    let kind = name.split('-').next().unwrap();
    if !matches!(kind, "chat" | "stream" | "error" | "models") {
        return None;
    }
    let path = collection.join(file);
    let expected: Value =
        serde_json::from_slice(&std::fs::read(path.with_extension("expected.json")).unwrap()).unwrap();
    // Nothing in DashScope's frames says whether they are deltas; whoever asked knew.
    let dialect = if dialect == "dashscope" && are_deltas(&path, &expected) { "dashscope-deltas" } else { dialect };
    let family = FAMILIES.iter().find(|family| family.folder == provider && family.dialects.contains(&dialect))?;
    let body = std::fs::read(&path).unwrap();
    // Answers of Ollama's older `/api/generate`, which is never asked here.
    if dialect == "ollama" && kind != "models" && !String::from_utf8_lossy(&body).contains("\"message\":") {
        return None;
    }
    Some(Recording {
        name: file.to_owned(),
        kind: kind.to_owned(),
        family,
        status: about["status"].as_u64().map_or(200, |status| u16::try_from(status).unwrap()),
        body,
        expected,
    })
}

fn are_deltas(path: &Path, expected: &Value) -> bool {
    let request = std::fs::read(path.with_extension("request.json")).unwrap_or_default();
    let asked = serde_json::from_slice::<Value>(&request).unwrap_or_default();
    let told = asked.pointer("/parameters/incremental_output").or_else(|| expected.get("incremental_output_inferred"));
    told == Some(&Value::Bool(true))
}

impl Recording {
    /// Whether it is an answer to messages.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(self.kind.as_str(), "chat" | "stream")
    }

    /// Whether it came as a stream of events; some recorders keep a stream as one JSON value.
    pub(crate) fn is_stream(&self) -> bool {
        self.is_answer() && !self.name.ends_with(".json")
    }

    /// The events and the error, when the body comes in pieces of `size` bytes.
    pub(crate) fn decode(&self, body: &[u8], size: usize, ending: Ending) -> (Vec<ModelEvent>, Option<ProviderError>) {
        let delivery = if self.is_stream() { Delivery::Streaming } else { Delivery::Whole };
        let mut decoder = (self.family.decoder)(delivery, ending);
        body.chunks(size).for_each(|piece| decoder.feed(piece));
        decoder.end();
        let mut events = Vec::new();
        while let Some(event) = decoder.next_event() {
            match event {
                Ok(event) => events.push(event),
                Err(error) => return (events, Some(error)),
            }
        }
        (events, None)
    }
}
