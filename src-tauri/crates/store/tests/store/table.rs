//! One module a table.

mod attachment;
mod conversation;
mod media;
mod message;
mod message_part;
mod message_text;
mod note;
