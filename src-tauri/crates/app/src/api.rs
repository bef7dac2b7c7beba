//! Everything that crosses to a host of the engine: commands, events and errors as plain data.
//!
//! The TypeScript of these types is generated (`cargo xtask bindings`) and committed as `ui/src/lib/ipc/generated.ts`.
//! Types below this layer have a life of their own and are converted here.

mod commands;
mod error;
mod events;
mod hotkey;
mod models;
mod notes;
mod rescue;
mod sound;
mod views;
mod voice;

pub use commands::*;
pub use error::*;
pub use events::*;
pub use hotkey::*;
pub use models::*;
pub use notes::*;
pub use rescue::*;
pub use sound::*;
pub use views::*;
pub use voice::*;
