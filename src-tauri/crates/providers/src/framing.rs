//! Bytes to events: one file a framing. Pure; used by the decoders of the providers' folders.

pub mod sse;
