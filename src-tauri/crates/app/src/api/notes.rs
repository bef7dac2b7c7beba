//! Notes as they cross to a host: commands' requests, what is drawn, and how far the index is.
//!
//! A page never names a file: what is imported, followed or written to, the person chooses in the host's own dialogue.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::error::ErrorBody;

/// A line of the list of notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoteSummary {
    /// Its id.
    pub id: String,
    /// The person's title, else the one its text gives; empty for a note without words.
    pub title: String,
    /// The folders it lies in, `/` between them; empty at the top.
    pub folder: String,
    /// Its tags, those in its text and those it was given, without `#`, in order.
    pub tags: Vec<String>,
    /// The file it was read from; `None` for one that was written here.
    pub path: Option<String>,
    /// Whether it follows a file, which alone changes it.
    pub followed: bool,
    /// Whether a model wrote it.
    pub by_model: bool,
    /// Milliseconds since 1970 (UTC): last change.
    #[ts(type = "number")]
    pub updated_ms: u64,
    /// Grows with each change; `note_save` names the one it is based on.
    #[ts(type = "number")]
    pub version: u64,
}

/// A note, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoteView {
    /// Its line.
    pub summary: NoteSummary,
    /// Its Markdown, all of it. Ranges of hits count its UTF-8 bytes.
    pub text: String,
    /// Milliseconds since 1970 (UTC).
    #[ts(type = "number")]
    pub created_ms: u64,
    /// Why not all of it can be found by meaning; `None` when nothing is wrong.
    pub fault: Option<ErrorBody>,
}

/// Which notes to list, newest change first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct ListNotes {
    /// How many to skip.
    pub offset: u32,
    /// How many at the most; 200 are given at once.
    pub limit: u32,
    /// Only those in this folder and below it.
    #[serde(default)]
    #[ts(optional)]
    pub folder: Option<String>,
    /// Only those with this tag.
    #[serde(default)]
    #[ts(optional)]
    pub tag: Option<String>,
}

/// Lines of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoteList {
    /// As many as were asked for.
    pub notes: Vec<NoteSummary>,
    /// How many there are in all.
    pub total: u32,
}

/// Names a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoteId {
    /// Its id.
    pub id: String,
}

/// A note to keep. Cheap enough for every pause in typing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct SaveNote {
    /// Which; `None` makes a new one.
    #[serde(default)]
    #[ts(optional)]
    pub id: Option<String>,
    /// The version it is based on: another one there means that it was changed elsewhere, and nothing is written.
    /// `None` writes in any case.
    #[serde(default)]
    #[ts(optional, type = "number")]
    pub version: Option<u64>,
    /// All of its Markdown; at most 10 MiB.
    pub text: String,
    /// The person's title; an empty one goes back to what the text gives. `None` leaves it.
    #[serde(default)]
    #[ts(optional)]
    pub title: Option<String>,
    /// The folders it is to lie in, `/` between them. `None` leaves it.
    #[serde(default)]
    #[ts(optional)]
    pub folder: Option<String>,
    /// Tags beside those in its text. `None` leaves them.
    #[serde(default)]
    #[ts(optional)]
    pub tags: Option<Vec<String>>,
}

/// A message to be kept as a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoteFromMessage {
    /// The conversation.
    pub conversation_id: String,
    /// The message; its words are kept, reasoning and tools are not.
    pub message_id: String,
}

/// Folders, tags and what is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoteShelves {
    /// Every folder that holds notes or other folders, in order.
    pub folders: Vec<NoteFolder>,
    /// Every tag, in order.
    pub tags: Vec<NoteTag>,
    /// Folders of this computer that are followed.
    pub followed: Vec<FollowedFolder>,
}

/// A folder of notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoteFolder {
    /// All its names, `/` between them.
    pub path: String,
    /// How many notes lie in it and below.
    pub notes: u32,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoteTag {
    /// Without `#`.
    pub tag: String,
    /// How many notes have it.
    pub notes: u32,
}

/// A folder of this computer whose files are notes. It is read, never written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FollowedFolder {
    /// For `unfollow_folder`.
    pub id: String,
    /// Where it is.
    pub path: String,
    /// How many notes come from it.
    pub notes: u32,
    /// Why it cannot be read now; its notes stay. `None` when all is well.
    pub fault: Option<ErrorBody>,
}

/// What becomes of the notes of a folder that is followed no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnfollowFolder {
    /// The folder.
    pub id: String,
    /// Its notes.
    pub notes: NotesAfter,
}

/// What becomes of notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NotesAfter {
    /// They stay, and can be changed here from now on.
    Kept,
    /// They go; the files stay.
    Removed,
}

/// A search in notes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct SearchNotes {
    /// Any string is a legal query; one without a word finds nothing.
    pub query: String,
    /// How many hits at the most; 100 are given at once.
    pub limit: u32,
    /// By what.
    #[serde(default)]
    #[ts(optional, as = "Option<SearchMode>")]
    pub mode: SearchMode,
    /// Only in this folder and below it.
    #[serde(default)]
    #[ts(optional)]
    pub folder: Option<String>,
    /// Only with this tag.
    #[serde(default)]
    #[ts(optional)]
    pub tag: Option<String>,
    /// Only notes changed at this moment or later, in milliseconds since 1970 (UTC).
    #[serde(default)]
    #[ts(optional, type = "number")]
    pub since_ms: Option<u64>,
    /// Only notes changed before this moment, likewise.
    #[serde(default)]
    #[ts(optional, type = "number")]
    pub until_ms: Option<u64>,
}

/// By what is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SearchMode {
    /// By words and by meaning together.
    #[default]
    Hybrid,
    /// By meaning alone.
    Semantic,
    /// By words alone.
    Text,
}

/// Notes that are like this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NotesLike {
    /// The note.
    pub id: String,
    /// How many hits at the most, one a note.
    pub limit: u32,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NotesFound {
    /// Best first.
    pub hits: Vec<NoteHit>,
    /// Passages that meaning finds now.
    pub searchable: u32,
    /// Passages in all.
    pub total: u32,
    /// How long it took, in milliseconds.
    pub ms: f32,
    /// Why nothing was searched by meaning though that was asked for; `None` when it was, or was not asked for.
    pub no_meaning: Option<ErrorBody>,
}

/// A passage of a note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct NoteHit {
    /// The note.
    pub note_id: String,
    /// Its title.
    pub title: String,
    /// The file it was read from; `None` for one that was written here.
    pub path: Option<String>,
    /// The folders it lies in.
    pub folder: String,
    /// The headings it stands under, outermost first.
    pub heading: Vec<String>,
    /// Where the passage begins, in UTF-8 bytes of the note's text.
    pub start: u32,
    /// Where it ends, likewise.
    pub end: u32,
    /// The passage itself.
    pub text: String,
    /// The words of `text` that match, as ranges of UTF-16 units of it (what a page slices by), in order.
    pub marks: Vec<Stretch>,
    /// How good it is; greater is better, and only comparable within one search.
    pub score: f32,
    /// What found it.
    pub found: Found,
}

/// A stretch of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Stretch {
    /// Where it begins.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
}

/// What found a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The note's title, or the very words.
    Exact,
    /// Its words.
    Words,
    /// Its meaning.
    Meaning,
    /// Both.
    Both,
}

/// What is to be chosen in the host's own dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PickNotes {
    /// Files: Markdown, text, an export of Joplin's (`.jex`).
    Files,
    /// A folder: of Markdown, an Obsidian vault, an export of Joplin's.
    Folder,
}

/// Chooses files or a folder and takes them in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportNotes {
    /// What is to be chosen.
    pub pick: PickNotes,
}

/// What the person did in a dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Picked {
    /// Something was chosen; how far it is comes as events.
    Chosen,
    /// Nothing was.
    Nothing,
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct ImportView {
    /// What is imported: the file or the folder.
    pub path: String,
    /// Files looked at so far.
    pub seen: u32,
    /// Notes that are new.
    pub added: u32,
    /// Notes that were there and are as their files now.
    pub changed: u32,
    /// Files whose notes were there already.
    pub same: u32,
    /// Notes that the person has changed since, and that were left so.
    pub kept: u32,
    /// Files that are no notes: pictures, programs, what is hidden.
    pub passed_over: u32,
    /// Files that could not be read, or not whole; the first 100 are named.
    pub faults: Vec<FileFault>,
    /// How many could not be read in all.
    pub faulty: u32,
    /// Whether it is over.
    pub over: bool,
}

/// A file that could not be taken in, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileFault {
    /// Which.
    pub path: String,
    /// Why.
    pub why: FileTrouble,
    /// What the system said; empty where it said nothing.
    pub details: String,
}

/// Why a file could not be taken in, or not whole. Its sentence is `notes.trouble.WHY` in the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FileTrouble {
    /// The system does not allow it.
    NotAllowed,
    /// It cannot be read.
    Unreadable,
    /// It is no text.
    NotText,
    /// Some of its bytes are no text; they are marked, the rest is there.
    SomeNotText,
    /// It is longer than 10 MiB: the beginning is there.
    TooLong,
    /// Folders lie deeper than 32 in each other: what is below was left out.
    TooDeep,
    /// There are more than 200,000 files: the rest was left out.
    TooMany,
    /// It is gone.
    Gone,
}

/// Notes written to files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NotesExported {
    /// The folder; `None` when none was chosen.
    pub folder: Option<String>,
    /// How many notes.
    pub notes: u32,
}

/// How far the index of meanings is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NotesStatus {
    /// How many notes there are.
    pub notes: u32,
    /// Passages in all.
    pub total: u32,
    /// Passages that meaning finds now.
    pub searchable: u32,
    /// The provider whose model is used.
    pub provider: String,
    /// That model.
    pub model: String,
    /// Passages that have that model's meaning already. Less than `searchable` while another model's still serve.
    pub ready: u32,
    /// What the index does.
    pub state: IndexState,
    /// Notes that could not be taken in whole; the first 100 are named.
    pub faults: Vec<NoteFault>,
    /// The import that runs; `None` when none does.
    pub import: Option<ImportView>,
}

/// What the index does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum IndexState {
    /// All is done.
    Ready,
    /// It works.
    Working,
    /// The person has stopped it for now.
    Paused,
    /// It cannot: words alone find notes. It goes on by itself when it can.
    Stuck {
        /// Why.
        error: ErrorBody,
    },
}

/// A note that could not be taken in whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoteFault {
    /// The note.
    pub note_id: String,
    /// Its title.
    pub title: String,
    /// Why.
    pub error: ErrorBody,
}

/// Which model makes meanings of passages from now on. Those it has not made yet come from the one before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct ReindexNotes {
    /// The provider; `None` for the one of now.
    #[serde(default)]
    #[ts(optional)]
    pub provider: Option<String>,
    /// The model; `None` for the provider's usual one.
    #[serde(default)]
    #[ts(optional)]
    pub model: Option<String>,
}

/// Whether the index works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum IndexOrder {
    /// It stops for now; kept over a restart.
    Pause,
    /// It goes on.
    Resume,
}

/// An order to the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrderIndex {
    /// What it is to do.
    pub order: IndexOrder,
}
