//! Models that need no server and no key.

pub mod echo;
