//! Why a command did not do what it should, and how that is told: a sentence and what to do, or JSON; and the exit code.

use std::process::ExitCode;

use parlance_app::api::{ErrorBody, ErrorCode};
use serde_json::{Map, Value, json};

use crate::out::{Out, Reader};
use crate::words::{code, sentences};

/// A command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    /// What there is all the same, as fields beside the error.
    rest: Map<String, Value>,
}

#[derive(Debug)]
enum Kind {
    /// The work failed: exit 1.
    Work(Box<ErrorBody>),
    /// The engine finds the words of the call wrong: exit 2.
    Refused(Box<ErrorBody>),
    /// The words of the call are wrong: exit 2.
    Call { message: String, hint: &'static str },
}

impl Failure {
    /// The words of the call are wrong.
    pub(crate) fn call(message: impl Into<String>) -> Self {
        Self::call_with(message, "Add --help to see how this command is called.")
    }

    /// The same, with what to do about it.
    pub(crate) fn call_with(message: impl Into<String>, hint: &'static str) -> Self {
        Self { kind: Kind::Call { message: message.into(), hint }, rest: Map::new() }
    }

    /// The engine finds the words of the call wrong.
    pub(crate) fn refused(error: ErrorBody) -> Self {
        Self { kind: Kind::Refused(Box::new(error)), rest: Map::new() }
    }

    /// A file is not what it should be, or cannot be had.
    pub(crate) fn file(what: impl Into<String>) -> Self {
        ErrorBody::new(ErrorCode::BadFile).with_details(what).into()
    }

    /// The same with something beside it.
    pub(crate) fn beside(mut self, rest: Map<String, Value>) -> Self {
        self.rest = rest;
        self
    }

    /// Says it, and gives the exit code.
    pub(crate) fn tell(&self, out: Out) -> ExitCode {
        let (code, message, hint, details) = match &self.kind {
            Kind::Work(error) | Kind::Refused(error) => {
                let said = sentences(error);
                (code(error), said.message, said.hint, error.details.clone())
            }
            Kind::Call { message, hint } => ("bad_call".to_owned(), message.clone(), (*hint).to_owned(), None),
        };
        match out.reader() {
            Reader::Program => {
                let mut error = json!({"code": code, "message": message, "hint": hint});
                if let Some(details) = details {
                    error["details"] = Value::String(details);
                }
                let mut object = Map::from_iter([("error".to_owned(), error)]);
                object.extend(self.rest.clone());
                out.object(&Value::Object(object));
            }
            Reader::Person => {
                out.note(&format!("{message}\n{hint}"));
                if let Some(details) = details {
                    out.note(&format!("Details: {details}"));
                }
            }
        }
        match &self.kind {
            Kind::Work(_) => ExitCode::from(1),
            Kind::Refused(_) | Kind::Call { .. } => ExitCode::from(2),
        }
    }
}

impl From<ErrorBody> for Failure {
    fn from(error: ErrorBody) -> Self {
        Self { kind: Kind::Work(Box::new(error)), rest: Map::new() }
    }
}
