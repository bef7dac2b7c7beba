//! The store from outside: real files, one module a table, and what can go wrong with the files.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;
mod table;
