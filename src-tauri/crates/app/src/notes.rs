//! Notes: kept, divided into passages, found by words and by meaning.
//!
//! * `keeping` – what is written here: save, take away, bring back.
//! * `files`, `import`, `follow`, `export` – what comes from files, once or as they change, and goes into some.
//! * `choosing` – what the person chooses in the host's dialogue, and which model makes meanings.
//! * `meaning`, `makers` – what passages mean, in memory, and which model makes that.
//! * `indexer` – works until every passage has its meaning.
//! * `search` – what is asked.
//!
//! The store holds the truth; what is in memory here is made from it, row by row.

mod choosing;
mod export;
mod files;
mod follow;
mod import;
mod indexer;
mod keeping;
mod makers;
mod meaning;
mod search;
#[cfg(test)]
mod tests;

pub(crate) use choosing::export_folder;
pub use choosing::{Dialogue, Pick};
pub use keeping::NewNote;
pub use meaning::NotesConfig;

use parlance_assistant::notes::{passages, read};
use parlance_store::{NewPassage, Note, NoteDraft, NoteFile, WrittenBy};

use crate::api::{ErrorBody, NoteSummary};

/// What is alive about notes.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) imports: import::Imports,
    pub(crate) meanings: meaning::Meanings,
}

/// What a draft is made from.
pub(crate) struct Written {
    pub(crate) id: String,
    pub(crate) text: String,
    /// What the person called it.
    pub(crate) given_title: Option<String>,
    pub(crate) given_tags: Vec<String>,
    pub(crate) folder: String,
    pub(crate) by: WrittenBy,
    pub(crate) file: Option<NoteFile>,
    /// The file's name without its ending.
    pub(crate) file_stem: Option<String>,
    pub(crate) based_on: Option<u64>,
}

/// Reads a text and divides it. Takes milliseconds for the longest notes.
pub(crate) fn draft(written: Written) -> NoteDraft {
    let Written { id, text, given_title, given_tags, folder, by, file, file_stem, based_on } = written;
    let said = read(&text, file_stem.as_deref());
    let title = given_title.clone().unwrap_or(said.title);
    let divided = said.passages.into_iter().map(|passage| NewPassage {
        hash: passages::hash(&title, &passage.heading, &text[passage.range.clone()]),
        start: passage.range.start,
        end: passage.range.end,
        heading: passage.heading,
    });
    NoteDraft {
        passages: divided.collect(),
        id,
        title,
        given_title,
        text,
        folder,
        tags: said.tags,
        given_tags,
        written_by: by,
        file,
        divided_by: passages::RULES,
        based_on,
    }
}

impl From<Note> for NoteSummary {
    fn from(note: Note) -> Self {
        Self {
            id: note.id,
            title: note.title,
            folder: note.folder,
            tags: note.tags,
            followed: note.followed_n.is_some(),
            path: note.path,
            by_model: note.written_by == WrittenBy::Model,
            updated_ms: note.updated_ms,
            version: note.version,
        }
    }
}

/// A fault as the store keeps it. One of another version of Parlance is none.
pub(crate) fn fault(note: &Note) -> Option<ErrorBody> {
    note.fault.as_deref().and_then(|fault| serde_json::from_str(fault).ok())
}

/// A folder as it is kept: names with `/` between them, none empty, none that leads elsewhere.
pub(crate) fn folder(given: &str) -> String {
    const MOST_CHARS: usize = 200;
    let names = given.split('/').map(str::trim).filter(|name| !matches!(*name, "" | "." | ".."));
    let names = names.map(|name| name.chars().filter(|c| !c.is_control()).take(MOST_CHARS).collect::<String>());
    names.collect::<Vec<_>>().join("/")
}
