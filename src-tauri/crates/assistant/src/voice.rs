//! A spoken conversation.
//!
//! * [`machine`] – who has the floor: a pure state machine.
//! * [`actor`] – carries out its effects: microphone, session, speaker, history.
//! * [`history`] – the port through which it is remembered.
//! * `mouth` – the speaker, for answers and recordings.
//! * [`speaker`] – who answers.
//! * `session` – one task owns the connection to the model.
//! * [`utterance`] – what the person says, kept whole until it is answered.
//! * [`envelope`] – how loud the answer is at the sample that is heard now.

pub mod actor;
pub mod envelope;
pub mod history;
pub mod machine;
mod mouth;
mod session;
pub mod speaker;
pub mod utterance;
