//! The chat client against the simulator, over real sockets.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "chat/answers.rs"]
mod answers;
#[path = "chat/faults.rs"]
mod faults;
#[path = "chat/keys.rs"]
mod keys;
#[path = "chat/limits.rs"]
mod limits;
#[path = "chat/setting.rs"]
mod setting;
