//! The tools that models may use in typed conversations, and the person who watches over them.
//!
//! * [`CurrentTime`], [`ReadFile`], `notes` – the tools. Others come with the rooms they reach into.
//! * [`FileText`] – a file as a model reads it, told by its content.
//! * `desk` – what waits for the person, what runs, and what they said for the whole conversation.
//! * `person` – the assistant's port to that desk, for one answer.

mod current_time;
mod desk;
mod file;
mod notes;
mod person;
mod read_file;

pub use current_time::CurrentTime;
pub use file::{BadFile, Content, MOST_BYTES};
pub use read_file::{Choice, Files, ReadFile};

pub(crate) use desk::Desk;
pub(crate) use file::kind;
pub(crate) use notes::{AddNote, FindInNotes};
pub(crate) use person::Person;
