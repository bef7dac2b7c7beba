//! The protocols beside Chat Completions: requests, and the client of each against the
//! simulator, over real sockets.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "families/answers.rs"]
mod answers;
#[path = "asked/case.rs"]
#[expect(dead_code, reason = "only a part of it is needed here")]
mod case;
#[path = "families/family.rs"]
mod family;
#[path = "families/faults.rs"]
mod faults;
#[path = "families/fitted.rs"]
mod fitted;
#[path = "families/keys.rs"]
mod keys;
#[path = "chat/setting.rs"]
#[expect(dead_code, reason = "only a part of it is needed here")]
mod setting;
#[path = "families/shaped.rs"]
mod shaped;
#[path = "families/written.rs"]
mod written;
