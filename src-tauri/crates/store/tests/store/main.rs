//! The store from outside: real files, one module a table, and what can go wrong with the files.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too")]
#![expect(clippy::print_stdout, reason = "what could not be run must be seen")]

mod keep;
mod open;
mod rescue;
mod support;
mod table;
