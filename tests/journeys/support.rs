//! What journeys share: stages to play them on, and measures for what was heard.

pub mod reexec;
