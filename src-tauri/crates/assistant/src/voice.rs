//! A spoken conversation.
//!
//! * [`machine`] – who has the floor: a pure state machine.
//! * [`actor`] – carries out its effects: microphone, session, speaker, history. [`news`] is what it tells and is told.
//! * [`history`] – the port through which it is remembered; [`journal`] – where it is kept until then.
//! * [`toolkit`] – the port of the tools that a voice may use.
//! * [`speaker`] – who answers.
//! * [`utterance`] – what the person says, kept whole until it is answered.
//! * [`transcript`] – the words of an answer, and which of them were heard.
//! * [`spending`] – what it costs. [`backoff`] – when a lost connection is tried again. [`sleep`] – whether the computer
//!   slept.
//! * [`envelope`] – how loud the answer is at the sample that is heard now.
//! * `mouth` – the speaker, for answers and recordings. `session` – one task owns the connection to the model.

pub mod actor;
pub mod backoff;
pub mod envelope;
pub mod history;
pub mod journal;
pub mod machine;
mod mouth;
pub mod news;
mod session;
pub mod sleep;
pub mod speaker;
pub mod spending;
pub mod toolkit;
pub mod transcript;
pub mod utterance;
