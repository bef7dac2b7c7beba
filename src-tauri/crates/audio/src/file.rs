//! Files as devices: recordings that speak into the microphone's port, and a listener that keeps what it heard.
//!
//! For the terminal and for tests. No device, no thread; time is tokio's, so that tests can pause it.

mod input;
mod output;

pub use input::{FileInput, FileVoice, NobodyListens};
pub use output::{FileOutput, Heard};

/// How fast a file goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A second takes a second, as with a device.
    RealTime,
    /// As fast as it is taken.
    AsFastAsPossible,
}
