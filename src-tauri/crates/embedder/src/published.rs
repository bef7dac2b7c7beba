//! The weights as the model's makers published them: a `safetensors` file, whose form is
//! <https://huggingface.co/docs/safetensors> (read 2026-11): the length of a JSON header, the header, the numbers.

use std::path::Path;

use serde_json::Value;

use crate::error::ModelError;
use crate::network::{LAYERS, Layer, Linear, Network, Norm, WIDTH, Words};
use crate::tokens::LONGEST;

/// Tensors by their names.
pub(crate) struct Published<'a> {
    path: &'a Path,
    header: Value,
    numbers: &'a [u8],
}

impl<'a> Published<'a> {
    /// From the file's bytes; `path` is for errors.
    pub(crate) fn read(path: &'a Path, bytes: &'a [u8]) -> Result<Self, ModelError> {
        let damaged = || ModelError::damaged(path, "its header cannot be read");
        let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(damaged)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
        let (header, numbers) = rest.split_at_checked(length).ok_or_else(damaged)?;
        let header = serde_json::from_slice(header).map_err(|_| damaged())?;
        Ok(Self { path, header, numbers })
    }

    /// A tensor of floats, whatever its shape.
    pub(crate) fn tensor(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        let damaged = || ModelError::damaged(self.path, "a tensor is missing or of another kind");
        let tensor = &self.header[name];
        let offset = |at: usize| tensor["data_offsets"][at].as_u64().and_then(|at| usize::try_from(at).ok());
        let (Some("F32"), Some(begin), Some(end)) = (tensor["dtype"].as_str(), offset(0), offset(1)) else {
            return Err(damaged());
        };
        let bytes = self.numbers.get(begin..end).ok_or_else(damaged)?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// Position by position, with what marks the first of two texts added.
    pub(crate) fn positions(&self) -> Result<Vec<f32>, ModelError> {
        let mut positions = self.tensor("embeddings.position_embeddings.weight")?;
        let first_text = self.tensor("embeddings.token_type_embeddings.weight")?;
        positions.truncate(LONGEST * WIDTH);
        for position in positions.chunks_mut(WIDTH) {
            position.iter_mut().zip(&first_text).for_each(|(value, mark)| *value += mark);
        }
        Ok(positions)
    }

    pub(crate) fn words(&self) -> Result<Vec<f32>, ModelError> {
        self.tensor("embeddings.word_embeddings.weight")
    }

    pub(crate) fn norm(&self, name: &str) -> Result<Norm, ModelError> {
        Ok(Norm {
            weight: self.tensor(&format!("{name}.LayerNorm.weight"))?,
            bias: self.tensor(&format!("{name}.LayerNorm.bias"))?,
        })
    }

    /// Weights, a row an output, and summands, of several matrices that are multiplied with the same.
    pub(crate) fn linear(&self, layer: usize, names: &[&str]) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(self.tensor(&format!("encoder.layer.{layer}.{name}.weight"))?);
            bias.extend(self.tensor(&format!("encoder.layer.{layer}.{name}.bias"))?);
        }
        Ok((weights, bias))
    }

    /// The whole network in floats, with every matrix made by `linear` from its weights, a row an output, and its summands.
    pub(crate) fn network(
        &self,
        words: Words,
        mut linear: impl FnMut(&[f32], Vec<f32>) -> Linear,
    ) -> Result<Network, ModelError> {
        let mut read = |layer, names: &[&str]| self.linear(layer, names).map(|(weights, bias)| linear(&weights, bias));
        let layers = (0..LAYERS)
            .map(|layer| {
                Ok(Layer {
                    attention: read(layer, &["attention.self.query", "attention.self.key", "attention.self.value"])?,
                    attended: read(layer, &["attention.output.dense"])?,
                    attended_norm: self.norm(&format!("encoder.layer.{layer}.attention.output"))?,
                    widened: read(layer, &["intermediate.dense"])?,
                    narrowed: read(layer, &["output.dense"])?,
                    narrowed_norm: self.norm(&format!("encoder.layer.{layer}.output"))?,
                })
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(Network { words, positions: self.positions()?, norm: self.norm("embeddings")?, layers })
    }
}

/// Weights turned over: a row an input.
pub(crate) fn floats(weights: &[f32], bias: Vec<f32>) -> Linear {
    let (outputs, inputs) = (bias.len(), weights.len() / bias.len().max(1));
    let turned = (0..inputs * outputs).map(|at| weights[at % outputs * inputs + at / outputs]).collect();
    Linear::Floats { weights: turned, bias }
}
