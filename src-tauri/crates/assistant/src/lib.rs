//! The conversation: a pure machine and its actors
