//! The weights as Parlance keeps them: whole numbers in the order in which they are multiplied, so that loading is reading.
//!
//! A file is a head of 32 bytes and a body of 23 MB: the mark `PARLANCE`, the form, the CRC-32 of the tokenizer beside it, the
//! CRC-32 of the body, four bytes of nothing, its length; then word by word, position by position and layer by layer, always in one order, codes
//! as bytes and the rest as little-endian floats. There is one model, so nothing in it says its shape.

use std::fs;
use std::path::Path;

use parlance_vectors::kernels::Packed;
use parlance_vectors::{Quantized, bytes, codes};

use crate::error::ModelError;
use crate::network::{INNER, LAYERS, Layer, Linear, Network, Norm, WIDTH, Words};
use crate::published::Published;
use crate::tokens::LONGEST;

/// The file of the weights in a model's folder.
pub const WEIGHTS: &str = "weights.bin";
/// The file of the vocabulary beside it, as published.
pub const TOKENIZER: &str = "tokenizer.json";

const MARK: &[u8; 8] = b"PARLANCE";
/// Counted up when the order of anything changes.
const FORM: u32 = 1;
/// Tokens that the model knows.
const VOCABULARY: usize = 30_522;
/// The matrices of a layer: values in, values out.
const MATRICES: [(usize, usize); 4] = [(WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (WIDTH, INNER), (INNER, WIDTH)];

/// Packs the published weights at `weights`, with the vocabulary at `tokenizer`, into `folder`: writes [`WEIGHTS`] and
/// [`TOKENIZER`].
///
/// # Errors
/// When a file cannot be read or written, or is not what was published.
pub fn pack(weights: &Path, tokenizer: &Path, folder: &Path) -> Result<(), ModelError> {
    let read = |path: &Path| fs::read(path).map_err(|error| ModelError::reading(path, error));
    let (published, json) = (read(weights)?, read(tokenizer)?);
    let body = body(&Published::read(weights, &published)?)?;
    let mut file = Vec::with_capacity(32 + body.len());
    file.extend_from_slice(MARK);
    for number in [FORM, crc32fast::hash(&json), crc32fast::hash(&body), 0] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    file.extend_from_slice(&(body.len() as u64).to_le_bytes());
    file.extend_from_slice(&body);
    fs::create_dir_all(folder).map_err(|error| ModelError::reading(folder, error))?;
    // The weights come last, and whole: what was interrupted is done again.
    let write = |name: &str, bytes: &[u8]| {
        let (path, half) = (folder.join(name), folder.join(format!("{name}.half")));
        fs::write(&half, bytes)
            .and_then(|()| fs::rename(&half, &path))
            .map_err(|error| ModelError::reading(&path, error))
    };
    write(TOKENIZER, &json)?;
    write(WEIGHTS, &file)
}

fn body(published: &Published<'_>) -> Result<Vec<u8>, ModelError> {
    let mut body = Vec::new();
    let floats =
        |body: &mut Vec<u8>, values: &[f32]| values.iter().for_each(|x| body.extend_from_slice(&x.to_le_bytes()));
    let words: Vec<Quantized> = published.words()?.chunks(WIDTH).map(Quantized::of).collect();
    words.iter().for_each(|word| body.extend_from_slice(bytes(&word.codes)));
    floats(&mut body, &words.iter().map(|word| word.scale).collect::<Vec<_>>());
    let network = published.network(Words::Floats(Vec::new()), |weights, bias| {
        let rows: Vec<&[f32]> = weights.chunks(weights.len() / bias.len()).collect();
        Linear::Packed(Packed::of(&rows, &bias))
    })?;
    floats(&mut body, &network.positions);
    let norm = |body: &mut Vec<u8>, norm: &Norm| {
        floats(body, &norm.weight);
        floats(body, &norm.bias);
    };
    norm(&mut body, &network.norm);
    for layer in &network.layers {
        for linear in [&layer.attention, &layer.attended, &layer.widened, &layer.narrowed] {
            let Linear::Packed(packed) = linear else { continue };
            body.extend_from_slice(bytes(packed.codes()));
            floats(&mut body, packed.scales());
            floats(&mut body, packed.bias());
        }
        norm(&mut body, &layer.attended_norm);
        norm(&mut body, &layer.narrowed_norm);
    }
    Ok(body)
}

/// What [`pack`] wrote, from the file's bytes, for the tokenizer with this CRC-32; `path` is for errors.
pub(crate) fn read(path: &Path, file: &[u8], tokenizer: u32) -> Result<Network, ModelError> {
    let damaged = |what| ModelError::damaged(path, what);
    let mut head = Reader { path, left: file };
    if head.take(8)? != MARK {
        return Err(damaged("it does not begin as it should"));
    }
    let form = head.number()?;
    if form != FORM {
        return Err(ModelError::OtherForm { path: path.to_owned(), found: form, known: FORM });
    }
    let (its_tokenizer, crc, _) = (head.number()?, head.number()?, head.number()?);
    let length = u64::from(head.number()?) | u64::from(head.number()?) << 32;
    if head.left.len() as u64 != length {
        return Err(damaged("it has another length than it says"));
    }
    if crc32fast::hash(head.left) != crc {
        return Err(damaged("its checksum is another"));
    }
    if its_tokenizer != tokenizer {
        return Err(damaged("the vocabulary beside it belongs to other weights"));
    }
    network(&mut head)
}

fn network(body: &mut Reader<'_>) -> Result<Network, ModelError> {
    let words = Words::Packed { codes: body.codes(VOCABULARY * WIDTH)?, scales: body.floats(VOCABULARY)? };
    let positions = body.floats(LONGEST * WIDTH)?;
    let norm = body.norm()?;
    let mut layers = Vec::with_capacity(LAYERS);
    for _ in 0..LAYERS {
        let mut linears = Vec::with_capacity(MATRICES.len());
        for (inputs, outputs) in MATRICES {
            linears.push(body.linear(inputs, outputs)?);
        }
        let [attention, attended, widened, narrowed] =
            linears.try_into().map_err(|_| ModelError::damaged(body.path, "a layer lacks a matrix"))?;
        let (attended_norm, narrowed_norm) = (body.norm()?, body.norm()?);
        layers.push(Layer { attention, attended, attended_norm, widened, narrowed, narrowed_norm });
    }
    Ok(Network { words, positions, norm, layers })
}

/// Takes one thing after the other off the front.
struct Reader<'a> {
    path: &'a Path,
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, n_bytes: usize) -> Result<&'a [u8], ModelError> {
        let (taken, left) =
            self.left.split_at_checked(n_bytes).ok_or_else(|| ModelError::damaged(self.path, "it ends too early"))?;
        self.left = left;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, ModelError> {
        Ok(self.take(4)?.as_chunks::<4>().0.iter().fold(0, |_, bytes| u32::from_le_bytes(*bytes)))
    }

    fn codes(&mut self, n: usize) -> Result<Vec<i8>, ModelError> {
        Ok(codes(self.take(n)?).to_vec())
    }

    fn floats(&mut self, n: usize) -> Result<Vec<f32>, ModelError> {
        Ok(self.take(n * 4)?.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    fn norm(&mut self) -> Result<Norm, ModelError> {
        Ok(Norm { weight: self.floats(WIDTH)?, bias: self.floats(WIDTH)? })
    }

    fn linear(&mut self, inputs: usize, outputs: usize) -> Result<Linear, ModelError> {
        let (codes, scales, bias) = (self.codes(inputs * outputs)?, self.floats(outputs)?, self.floats(outputs)?);
        Packed::from_parts(inputs, codes, scales, bias)
            .map(Linear::Packed)
            .ok_or_else(|| ModelError::damaged(self.path, "a matrix has another shape"))
    }
}
