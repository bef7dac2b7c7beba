//! Where concretes meet ports; commands and events.

pub mod api;
