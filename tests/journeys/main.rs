//! Journeys through the whole of Parlance.

mod support;
