//! The model in memory.

use std::fs;
use std::path::Path;

use parlance_vectors::kernels::Kernels;

use crate::error::ModelError;
use crate::network::{Desk, Network, WIDTH, Words};
use crate::packed::{self, TOKENIZER, WEIGHTS};
use crate::published::{Published, floats};
use crate::tokens::Tokens;

/// How long its vectors are.
pub const DIMENSIONS: usize = WIDTH;

/// The model in memory: some 40 MB. Counting is the caller's thread's work, some milliseconds to 60 a text; see
/// [`LocalModel`](crate::LocalModel) for one that has a thread of its own.
pub struct Embedder {
    tokens: Tokens,
    network: Network,
    desk: Desk,
    kernels: Kernels,
}

impl Embedder {
    /// Loads the model that [`pack`](crate::pack) put into `folder`.
    ///
    /// # Errors
    /// When a file is missing, unreadable, damaged, or of another form.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let (path, json) = read(folder, TOKENIZER)?;
        let tokens = Tokens::read(&path, &json)?;
        let (path, weights) = read(folder, WEIGHTS)?;
        Ok(Self::with(tokens, packed::read(&path, &weights, crc32fast::hash(&json))?))
    }

    /// Loads the weights in floats from a folder with `model.safetensors` and `tokenizer.json` as published: four times the
    /// memory and twice the time. What the packed ones are verified by.
    ///
    /// # Errors
    /// When a file is missing, unreadable or damaged.
    pub fn open_published(folder: &Path) -> Result<Self, ModelError> {
        let (path, json) = read(folder, TOKENIZER)?;
        let tokens = Tokens::read(&path, &json)?;
        let (path, weights) = read(folder, "model.safetensors")?;
        let published = Published::read(&path, &weights)?;
        let words = Words::Floats(published.words()?);
        Ok(Self::with(tokens, published.network(words, floats)?))
    }

    fn with(tokens: Tokens, network: Network) -> Self {
        Self { tokens, network, desk: Desk::default(), kernels: Kernels::best() }
    }

    /// The same model, counting by these kernels instead of the best. For tests and benches.
    #[must_use]
    pub fn counting_by(mut self, kernels: Kernels) -> Self {
        self.kernels = kernels;
        self
    }

    /// The vectors of texts, in their order, each of [`DIMENSIONS`] and of length one. What of a text is beyond
    /// [`LONGEST`](crate::LONGEST) tokens does not count.
    ///
    /// # Errors
    /// When a text cannot be cut into tokens.
    pub fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        texts.iter().map(|text| Ok(self.embed_one(text)?.0)).collect()
    }

    /// The vector of a text, and how many tokens were read.
    pub(crate) fn embed_one(&mut self, text: &str) -> Result<(Vec<f32>, usize), ModelError> {
        let tokens = self.tokens.of(text)?;
        Ok((self.network.vector(&tokens, self.kernels, &mut self.desk), tokens.len()))
    }
}

fn read(folder: &Path, name: &str) -> Result<(std::path::PathBuf, Vec<u8>), ModelError> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok((path, bytes)),
        Err(error) => Err(ModelError::reading(&path, error)),
    }
}
