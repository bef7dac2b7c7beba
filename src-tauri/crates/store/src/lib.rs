//! The SQLite file, one module a table
