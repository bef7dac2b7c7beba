//! The network: tokens to a vector. Its shape is `BERT`'s, its size all-MiniLM-L6-v2's
//! (<https://arxiv.org/abs/1810.04805>, <https://arxiv.org/abs/2002.10957>).
//!
//! A text is counted by itself at its own length, without padding: from some sixty tokens on several at once would be slower,
//! because their values no longer fit into the cache.

use parlance_vectors::kernels::{Activations, Kernels, Matrix, MatrixMut, Packed, Write};

/// Values a token.
pub(crate) const WIDTH: usize = 384;
/// Values a token in the middle of a layer's second half.
pub(crate) const INNER: usize = 1_536;
pub(crate) const LAYERS: usize = 6;
const HEADS: usize = 12;
const HEAD: usize = WIDTH / HEADS;
/// Added to a variance, as the model's configuration says.
const EPSILON: f32 = 1e-12;

/// The weights.
pub(crate) struct Network {
    pub(crate) words: Words,
    /// A row a position, with what marks the first of two texts added: there is never a second.
    pub(crate) positions: Vec<f32>,
    pub(crate) norm: Norm,
    pub(crate) layers: Vec<Layer>,
}

/// A row a token of the vocabulary.
pub(crate) enum Words {
    Packed { codes: Vec<i8>, scales: Vec<f32> },
    Floats(Vec<f32>),
}

/// How values are brought back to a common measure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// One of the six.
pub(crate) struct Layer {
    /// What a token asks, offers and gives, one after the other.
    pub(crate) attention: Linear,
    pub(crate) attended: Linear,
    pub(crate) attended_norm: Norm,
    pub(crate) widened: Linear,
    pub(crate) narrowed: Linear,
    pub(crate) narrowed_norm: Norm,
}

/// A matrix and a summand.
pub(crate) enum Linear {
    /// As whole numbers: what is used.
    Packed(Packed),
    /// As published: what that is verified by.
    Floats {
        /// A row an input.
        weights: Vec<f32>,
        bias: Vec<f32>,
    },
}

/// Memory that one text after the other is counted in.
#[derive(Default)]
pub(crate) struct Desk {
    values: Vec<f32>,
    asked: Vec<f32>,
    keys: Vec<f32>,
    shares: Vec<f32>,
    attended: Vec<f32>,
    wide: Vec<f32>,
    activations: Activations,
}

impl Network {
    /// The vector of a text, of length one. Tokens beyond the vocabulary or the last position are passed over.
    pub(crate) fn vector(&self, tokens: &[u32], kernels: Kernels, desk: &mut Desk) -> Vec<f32> {
        self.begin(tokens, &mut desk.values);
        kernels.layer_norm(&mut desk.values, &self.norm.weight, &self.norm.bias, EPSILON);
        for layer in &self.layers {
            layer.step(kernels, desk);
        }
        mean_of_length_one(&desk.values)
    }

    fn begin(&self, tokens: &[u32], values: &mut Vec<f32>) {
        values.clear();
        for (&token, position) in tokens.iter().zip(self.positions.chunks_exact(WIDTH)) {
            let token = token as usize;
            match &self.words {
                Words::Packed { codes, scales } => {
                    let Some(codes) = codes.chunks_exact(WIDTH).nth(token) else { continue };
                    let scale = scales[token];
                    values.extend(codes.iter().zip(position).map(|(&code, place)| f32::from(code) * scale + place));
                }
                Words::Floats(words) => {
                    let Some(word) = words.chunks_exact(WIDTH).nth(token) else { continue };
                    values.extend(word.iter().zip(position).map(|(word, place)| word + place));
                }
            }
        }
    }
}

impl Layer {
    /// The values of every token, having looked at all others.
    fn step(&self, kernels: Kernels, desk: &mut Desk) {
        let Desk { values, asked, attended, wide, activations, .. } = desk;
        let n_tokens = values.len() / WIDTH;
        asked.resize(n_tokens * 3 * WIDTH, 0.0);
        attended.resize(n_tokens * WIDTH, 0.0);
        wide.resize(n_tokens * INNER, 0.0);
        self.attention.multiply(values, WIDTH, kernels, activations, Write::Set, asked);
        attend(kernels, desk);
        let Desk { values, attended, wide, activations, .. } = desk;
        self.attended.multiply(attended, WIDTH, kernels, activations, Write::Add, values);
        kernels.layer_norm(values, &self.attended_norm.weight, &self.attended_norm.bias, EPSILON);
        self.widened.multiply(values, WIDTH, kernels, activations, Write::Set, wide);
        kernels.gelu(wide);
        self.narrowed.multiply(wide, INNER, kernels, activations, Write::Add, values);
        kernels.layer_norm(values, &self.narrowed_norm.weight, &self.narrowed_norm.bias, EPSILON);
    }
}

/// What each token takes from all, a head at a time: the closer its question is to what another offers, the more.
fn attend(kernels: Kernels, desk: &mut Desk) {
    let Desk { asked, keys, shares, attended, .. } = desk;
    let stride = 3 * WIDTH;
    let n_tokens = asked.len() / stride;
    // Filled up to whole registers.
    let padded = n_tokens.next_multiple_of(16);
    keys.clear();
    keys.resize(HEAD * padded, 0.0);
    shares.resize(n_tokens * padded, 0.0);
    #[expect(clippy::cast_precision_loss, reason = "32")]
    let scale = 1.0 / (HEAD as f32).sqrt();
    for head in (0..WIDTH).step_by(HEAD) {
        for (token, offered) in asked.chunks_exact(stride).enumerate() {
            for (at, &value) in offered[WIDTH + head..][..HEAD].iter().enumerate() {
                keys[at * padded + token] = value;
            }
        }
        let questions = Matrix { values: &asked[head..], stride };
        let offers = Matrix { values: keys, stride: padded };
        kernels.multiply(questions, offers, HEAD, padded, MatrixMut { values: shares, stride: padded, rows: n_tokens });
        kernels.softmax(shares, padded, n_tokens, scale);
        let shares = Matrix { values: shares, stride: padded };
        let given = Matrix { values: &asked[2 * WIDTH + head..], stride };
        let out = MatrixMut { values: &mut attended[head..], stride: WIDTH, rows: n_tokens };
        kernels.multiply(shares, given, n_tokens, HEAD, out);
    }
}

impl Linear {
    /// `values` has rows of `inputs`.
    fn multiply(
        &self,
        values: &[f32],
        inputs: usize,
        kernels: Kernels,
        activations: &mut Activations,
        write: Write,
        out: &mut [f32],
    ) {
        match self {
            Self::Packed(packed) => {
                kernels.quantize(values, inputs, activations);
                kernels.multiply_packed(activations, packed, write, out);
            }
            Self::Floats { weights, bias } => {
                let (rows, outputs) = (values.len() / inputs, bias.len());
                let mut products = vec![0.0; rows * outputs];
                let product = MatrixMut { values: &mut products, stride: outputs, rows };
                let weights = Matrix { values: weights, stride: outputs };
                kernels.multiply(Matrix { values, stride: inputs }, weights, inputs, outputs, product);
                for (out, products) in out.chunks_exact_mut(outputs).zip(products.chunks_exact(outputs)) {
                    for ((out, product), bias) in out.iter_mut().zip(products).zip(bias) {
                        let before = if write == Write::Add { *out } else { 0.0 };
                        *out = before + product + bias;
                    }
                }
            }
        }
    }
}

/// The mean of the tokens' values, made as long as one.
fn mean_of_length_one(values: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0; WIDTH];
    for row in values.chunks_exact(WIDTH) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
    sum.iter_mut().for_each(|x| *x /= length);
    sum
}
