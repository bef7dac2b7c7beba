//! The commands, one method each, by subject. The router calls them.

mod chat;
mod history;
mod providers;
mod rescue;
mod settings;
mod voice;
