//! Where concretes meet ports: a host starts an [`App`], asks it by name, and listens to it.
//!
//! # Layout
//!
//! * [`api`] – commands, events, views and errors as plain data; `router` calls the `handlers` by name.
//! * [`App`] – what is alive: store, keys, voice, answers.
//! * [`hub`] – numbers and gathers events for every window.
//! * `answering`, `speaking` – typed and spoken conversations, plugged together.
//! * `journal` – what was said and is not answered yet, on the disk.
//! * `given_files` – files that come from the host: dropped on its window, or on the clipboard.
//! * `counting` – who counts the tokens of a request.
//! * [`tools`] – what models may do in a typed conversation, and what they ask first.
//! * [`models`], [`mouths`], [`ears`], `whom`, `key_search` – models to ask directly, outside any conversation: for words, for
//!   speech, for what is said; and where their keys are looked for. [`cascade`] makes a voice of three of them.
//! * `shortening` – a conversation cut to what its model can read.
//! * [`trigger`], [`held`] – orders from outside the window; a key whose release was lost.
//! * `storage` – the disk, looked after while nobody writes.
//! * [`notes`] – notes, kept and found.
//! * [`archive`] – conversations whole, for export, and taking them away for good.
//! * [`sound`] – files as devices, and a check of the real ones.
//! * [`checkup`] – what works on this computer and what does not.
//! * `registry`, `providers`, [`keys`] – which services there are, who can be asked, and with what.
//! * [`config`], [`paths`] – the settings file, and where everything is.
//! * [`log`], [`process`], [`links`] – the log, the process, the way out to a browser.
//! * [`bindings`] – the TypeScript of [`api`].
//!
//! Deliberately absent: windows, and everything Tauri.

pub mod api;
pub mod archive;
pub mod bindings;
pub mod cascade;
pub mod checkup;
pub mod config;
pub mod ears;
pub mod held;
pub mod hub;
pub mod keys;
pub mod links;
pub mod log;
pub mod models;
pub mod mouths;
pub mod notes;
pub mod paths;
pub mod process;
pub mod sound;
pub mod tools;
pub mod trigger;

mod answering;
mod app;
mod context;
mod counting;
mod devices;
mod errors;
mod given_files;
mod handlers;
mod journal;
mod key_search;
mod lists;
mod notices;
mod providers;
mod registry;
mod router;
mod shortening;
mod speakers;
mod speaking;
#[cfg(test)]
mod stage;
mod storage;
mod trial;
mod views;
mod whom;

pub use app::{App, Options, Reach, Sound};
pub use given_files::{Clipboard, Given};
pub use registry::known_services;
