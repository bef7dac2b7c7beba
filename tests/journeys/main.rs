//! Journeys through the whole of Parlance.

use parlance_stage as support;

mod arrows;
mod crash;
mod echo;
mod feedback;
mod hotkey;
mod keys;
mod secrets;
mod sound;
mod tools;
mod window;
