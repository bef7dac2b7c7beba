//! Journeys through the whole of Parlance.

mod arrows;
mod crash;
mod echo;
mod keys;
mod sound;
mod support;
