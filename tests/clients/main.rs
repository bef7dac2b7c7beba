//! Clients and servers that nobody here wrote. The vendors' own clients hold whole conversations with the simulator, and
//! our client holds one with llama.cpp's server.
//!
//! Both are Python packages. They are installed at the first run, from the package index, into an environment of their own
//! each; later runs need no network.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod llama;
mod mouths;
mod python;
mod talkers;
mod vendors;
