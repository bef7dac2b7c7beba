//! The commands, one method each, by subject. The router calls them.

mod chat;
mod history;
mod models;
mod notes;
mod providers;
mod rescue;
mod settings;
mod tools;
mod voice;

pub(crate) use models::unlisted;
