//! Texts as tokens, by the model's own vocabulary.

use std::path::Path;

use tokenizers::{Tokenizer, TruncationParams};

use crate::error::ModelError;

/// Most tokens of a text that the model reads, the two that mark its ends included; what comes after is not part of the
/// vector. The model was trained with fewer, and sentence-transformers asks for as many.
pub const LONGEST: usize = 256;

/// The model's tokenizer.
pub(crate) struct Tokens(Tokenizer);

impl Tokens {
    /// From the bytes of `tokenizer.json`; `path` is for errors.
    pub(crate) fn read(path: &Path, json: &[u8]) -> Result<Self, ModelError> {
        let no_tokenizer = |_| ModelError::damaged(path, "it holds no tokenizer");
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(no_tokenizer)?;
        // The file asks for padding to 128 and an end after 128, which is how the model was trained, not how it is used.
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(TruncationParams { max_length: LONGEST, ..Default::default() }))
            .map_err(no_tokenizer)?;
        Ok(Self(tokenizer))
    }

    /// A text's tokens, the marks at both ends included.
    pub(crate) fn of(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let encoding = self.0.encode_fast(text, true).map_err(|error| ModelError::Tokens(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }
}
