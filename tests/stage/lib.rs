//! What journeys share: stages to play them on, voices to play them with, the window to play them in, and measures for what was heard.

pub mod display;
pub mod file_source;
pub mod likeness;
pub mod reexec;
pub mod virtual_audio;
pub mod virtual_keyring;
pub mod voices;
pub mod window;
