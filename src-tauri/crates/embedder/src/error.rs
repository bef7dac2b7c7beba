//! Why there is no model.

use std::io;
use std::path::{Path, PathBuf};

/// Why a model cannot be had from its folder. Nothing else suffers: search by text needs none.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file is not there: the model was never set up, or taken away.
    #[error("the model's file {} is missing; search by meaning waits until it is there", path.display())]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// A file is there and cannot be read.
    #[error("the model's file {} cannot be read: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what it was when it was written.
    #[error("the model's file {} is damaged ({what}); install Parlance again, or set the model up again", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What gave it away.
        what: &'static str,
    },
    /// A file is of a form that this version does not know.
    #[error("the model's file {} has the form {found}, and this version of Parlance reads {known}", path.display())]
    OtherForm {
        /// Which.
        path: PathBuf,
        /// Its form.
        found: u32,
        /// The only form that is known.
        known: u32,
    },
    /// The tokenizer did not take a text. It takes all that have been seen.
    #[error("a text could not be cut into tokens: {0}")]
    Tokens(String),
}

impl ModelError {
    /// What a failure to open or read says.
    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::NotFound {
            Self::Missing { path }
        } else {
            Self::Unreadable { path, source }
        }
    }

    /// Whether the file at `path` is not what it should be.
    pub(crate) fn damaged(path: &Path, what: &'static str) -> Self {
        Self::Damaged { path: path.to_owned(), what }
    }
}
