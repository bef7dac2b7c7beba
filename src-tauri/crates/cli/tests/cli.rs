//! The real binary against a local server and data folders of its own, as a script would call it.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

#[path = "cli/ask.rs"]
mod ask;
#[path = "cli/history.rs"]
mod history;
#[path = "cli/input.rs"]
mod input;
#[path = "cli/keys.rs"]
mod keys;
#[path = "cli/notes.rs"]
mod notes;
#[path = "cli/providers.rs"]
mod providers;
#[path = "cli/recordings.rs"]
mod recordings;
#[path = "cli/say.rs"]
mod say;
#[path = "cli/services.rs"]
mod services;
#[path = "cli/shape.rs"]
mod shape;
#[path = "cli/stage.rs"]
mod stage;
#[path = "cli/talk.rs"]
mod talk;
#[path = "cli/tokens.rs"]
mod tokens;
#[path = "cli/transcribe.rs"]
mod transcribe;
#[path = "cli/voice_faults.rs"]
mod voice_faults;
