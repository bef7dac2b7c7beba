//! The SQLite file, one module a table. Called by the app, which turns rows into views and errors into screens.
//!
//! # Layout
//!
//! * [`Store::open`] – `open.rs`, with `place.rs` (whether it may lie there), `folder.rs` (names, modes, lock), `session.rs` (who lives), `schema.rs`
//!   (migrations, whose file is it) and `connect.rs` (how connections are set up).
//! * [`Store`] – `store.rs`: one writer, four readers; `reserve.rs`: room for a full disk.
//! * `table/` – one module a table: its SQL, its rows, its methods.
//! * `turn.rs` – a turn begins and ends in one transaction each.
//! * [`AnswerWriter`] – writes a running answer as it comes; [`Pending`] is its pure part.
//! * [`Store::keep_safe`] – `keep.rs`: what is done while nobody writes; `backup.rs`: copies of the whole.
//! * [`Store::rescue_options`] – `rescue.rs`: a copy put back, or (`salvage.rs`) what can still be read.
//! * `words.rs`, `snippet.rs`, `question.rs` – what full-text search needs, pure.
//!
//! # Threads and cancellation
//! Every method may be called from any task and dropped at any time: a transaction that was not committed is rolled
//! back.
//!
//! Deliberately absent: keys, settings, and the text of errors as people read them.

mod answer;
mod backup;
mod connect;
mod error;
mod folder;
mod keep;
#[cfg(test)]
mod large;
mod log;
mod open;
mod pending;
mod place;
mod question;
mod rescue;
mod reserve;
mod salvage;
mod schema;
mod session;
mod snippet;
mod store;
mod table;
mod turn;
mod words;

pub use answer::{AnswerWriter, Saved};
pub use backup::Backup;
pub use error::{OpenError, Source, StoreError};
pub use folder::Access;
pub use open::Options;
pub use pending::{Pending, WRITE_BYTES, WRITE_EVERY};
pub use rescue::{RescueOptions, Restored, Salvaged};
pub use snippet::SnippetPiece;
pub use store::Store;
pub use table::attachment::{Attachment, NewAttachment};
pub use table::conversation::{ChosenModel, Conversation, MAX_TITLE_CHARS, TitleBy};
pub use table::meaning::{MeaningModel, NewMeaning, Unmeant};
pub use table::media::Media;
pub use table::message::{MessageStatus, StoredMessage, Timings};
pub use table::message_text::SearchHit;
pub use table::note::{KeptNotes, MAX_NOTE_BYTES, Note, NoteDraft, NoteFile, NoteFilter, WrittenBy};
pub use table::note_source::{Followed, KnownFile};
pub use table::passage::{HASH_BYTES, NewPassage};
pub use table::passage_search::{FoundPassage, WordsFound, marks};
pub use turn::{Ending, MAX_MESSAGE_BYTES, NewMessage, Place, Turn};
