//! What a layer of a network multiplies: weights packed once, values quantized each time.

use crate::quantized::Quantized;

/// Outputs whose weights lie together, and inputs of each: three registers of the widest kind, in which four bytes become one
/// sum.
pub(super) const PANEL: usize = 48;
pub(super) const GROUP: usize = 4;
/// Bytes a step: a group of inputs of every output of a panel.
pub(super) const STEP: usize = PANEL * GROUP;

/// A layer's weights as whole numbers with a scale an output.
///
/// Codes lie as `[outputs / 48][inputs / 4][48][4]`, so that every kernel reads them from the first to the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    inputs: usize,
    codes: Vec<i8>,
    scales: Vec<f32>,
    bias: Vec<f32>,
    /// The sum of an output's codes: what each step that the inputs' zero is off adds to a product.
    totals: Vec<i32>,
}

impl Packed {
    /// Packs weights, a row an output, all equally long.
    ///
    /// # Panics
    /// When the number of outputs is no multiple of 48 or that of inputs none of 4.
    #[must_use]
    pub fn of(rows: &[&[f32]], bias: &[f32]) -> Self {
        let inputs = rows.first().map_or(0, |row| row.len());
        let quantized: Vec<Quantized> = rows.iter().map(|row| Quantized::of(row)).collect();
        let mut codes = Vec::with_capacity(inputs * rows.len());
        for panel in quantized.chunks(PANEL) {
            for begin in (0..inputs).step_by(GROUP) {
                panel.iter().for_each(|row| codes.extend_from_slice(&row.codes[begin..begin + GROUP]));
            }
        }
        let scales = quantized.iter().map(|row| row.scale).collect();
        Self::from_parts(inputs, codes, scales, bias.to_vec()).expect("rows of one length, as the documentation asks")
    }

    /// What [`Self::codes`], [`Self::scales`] and [`Self::bias`] gave; `None` when their lengths do not fit each other.
    #[must_use]
    pub fn from_parts(inputs: usize, codes: Vec<i8>, scales: Vec<f32>, bias: Vec<f32>) -> Option<Self> {
        let outputs = scales.len();
        let fits = outputs.is_multiple_of(PANEL)
            && inputs.is_multiple_of(GROUP)
            && inputs > 0
            && codes.len() == inputs * outputs
            && bias.len() == outputs;
        if !fits {
            return None;
        }
        let mut totals = vec![0; outputs];
        for (panel, totals) in codes.chunks(PANEL * inputs).zip(totals.chunks_mut(PANEL)) {
            for step in panel.chunks(STEP) {
                for (total, group) in totals.iter_mut().zip(step.chunks(GROUP)) {
                    *total += group.iter().map(|&code| i32::from(code)).sum::<i32>();
                }
            }
        }
        Some(Self { inputs, codes, scales, bias, totals })
    }

    /// Values a row that is multiplied.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Values a row that comes out.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.scales.len()
    }

    /// The codes, in the order of the kernels.
    #[must_use]
    pub fn codes(&self) -> &[i8] {
        &self.codes
    }

    /// A scale an output.
    #[must_use]
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// A summand an output.
    #[must_use]
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// A panel's steps.
    pub(super) fn panel(&self, panel: usize) -> &[[i8; STEP]] {
        let codes = &self.codes[panel * PANEL * self.inputs..(panel + 1) * PANEL * self.inputs];
        codes.as_chunks().0
    }

    pub(super) fn totals(&self) -> &[i32] {
        &self.totals
    }
}

/// Whether a product replaces what is there or is added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It replaces it.
    Set,
    /// It is added.
    Add,
}

/// Rows of a network's values as whole numbers, a scale and a zero a row: what a row reaches below zero and what above is
/// seldom alike, and a code that is never used is precision lost.
#[derive(Debug, Clone, Default)]
pub struct Activations {
    width: usize,
    pub(super) codes: Vec<i8>,
    /// The same in sixteen bits, for kernels that multiply these.
    pub(super) wide: Vec<i16>,
    pub(super) scales: Vec<f32>,
    /// The code of nothing.
    pub(super) zeros: Vec<i32>,
}

impl Activations {
    /// Rows in it.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    /// Values a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    pub(super) fn resize(&mut self, rows: usize, width: usize) {
        self.width = width;
        self.codes.resize(rows * width, 0);
        self.wide.resize(rows * width, 0);
        self.scales.resize(rows, 0.0);
        self.zeros.resize(rows, 0);
    }

    /// A row's codes in groups of four.
    pub(super) fn row(&self, row: usize) -> &[[i8; GROUP]] {
        self.codes[row * self.width..(row + 1) * self.width].as_chunks().0
    }

    /// The same in sixteen bits.
    pub(super) fn wide_row(&self, row: usize) -> &[[i16; GROUP]] {
        self.wide[row * self.width..(row + 1) * self.width].as_chunks().0
    }
}
