//! What journeys share: stages to play them on, and measures for what was heard.

pub mod display;
pub mod likeness;
pub mod reexec;
pub mod virtual_audio;
pub mod window;
