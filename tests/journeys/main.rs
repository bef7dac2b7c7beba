//! Journeys through the whole of Parlance.

mod crash;
mod keys;
mod sound;
mod support;
