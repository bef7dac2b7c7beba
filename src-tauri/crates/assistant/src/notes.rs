//! Notes, as far as they are text and nothing else: no disk, no database, no clock.
//!
//! * [`front_matter`] – the block at the top of a Markdown file, as far as notes need it.
//! * [`outline`] – headings and what is code, line by line.
//! * [`read`] – what a text says about itself: title, tags, passages.
//! * [`passages`] – a text cut into passages along headings, paragraphs and sentences.
//! * [`fusion`] – what words found and what meaning found, put in one order.

pub mod front_matter;
pub mod fusion;
pub mod outline;
pub mod passages;
pub mod read;

pub use passages::Passage;
pub use read::{ReadNote, read};
