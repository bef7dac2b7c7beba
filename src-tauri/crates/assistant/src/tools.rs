//! A model whose calls are carried out: [`ToolLoop`] is itself a model, so that whoever asks it knows nothing of tools. Its
//! stream is one answer, with the results of tools between what the model says.
//!
//! * `tool_loop` – ask, run, ask again.
//! * [`Toolbox`] – the tools there are, by name, with the check of their arguments.
//! * `call` – one call, from its arguments to its result. Whatever goes wrong becomes a result in words.
//! * `numbering` – indexes that count on and ids that come once, whatever the provider gives.
//! * [`Errands`] – the calls of a spoken answer, whose session goes on by itself once it has the results.
//! * [`Overseer`] – the port of whoever asks the person and is told what runs.
//!
//! Deliberately absent: any tool. Those that reach files or clocks are the app's.

mod call;
mod errands;
mod limits;
mod numbering;
mod overseer;
mod tool_loop;
mod toolbox;

pub use errands::{Errands, Finished};
pub use limits::Limits;
pub use overseer::{Overseer, Permission};
pub use tool_loop::ToolLoop;
pub use toolbox::Toolbox;
