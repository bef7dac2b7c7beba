//! The conversation: a pure machine, and the actors that carry out its effects. It sees ports only.
//!
//! * [`talk_key`] – the gesture of the talk key.
//! * [`voice`] – a spoken conversation.
//! * [`answer`] – the answer to a typed message.
//! * [`cascade`] – any chat model, made to listen and talk.
//! * [`tools`] – a model whose calls are carried out.
//! * [`truncate`] – a conversation cut to what a model can read.

pub mod answer;
pub mod cascade;
pub mod notes;
pub mod talk_key;
pub mod tools;
pub mod truncate;
pub mod voice;
