//! Arithmetic in the widest instructions that this processor has.
//!
//! [`Kernels::best`] looks once what there is. Every way of counting gives the same whole numbers; floats differ in their last
//! bits, because some processors round once where others round twice. A way is used only after it has counted a sample here
//! as the portable one does: what no test has ever run on must not decide silently what people find.
//!
//! This module and what lies under it are the only place with `unsafe` in the house: to load registers, to call what is
//! compiled for instructions that were found to be there, and to read bytes as signed ones.

#[cfg(target_arch = "aarch64")]
mod arm;
mod linear;
mod plain;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

pub use linear::{Activations, Packed, Write};

/// A way of counting, of those that this processor can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernels(Way);

/// Only [`Kernels::available`] makes any but `Portable`, having asked the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Portable,
    /// 256 bits: products of 16-bit numbers, two at once.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// The same with products of bytes, four at once.
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    /// 512 bits, four at once.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 128 bits with products of bytes, four at once: the portable way, compiled for it.
    #[cfg(target_arch = "aarch64")]
    NeonDot,
}

/// Calls a function of the plain module in the form that was compiled for the way.
macro_rules! compiled {
    ($way:expr, $function:ident($($argument:expr),*)) => {
        match $way {
            Way::Portable => plain::$function::<{ plain::ROUNDED_TWICE }>($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Way::Avx2 | Way::AvxVnni => {
                // SAFETY: `available` found AVX2 and FMA, which is all that this form needs.
                unsafe { x86::avx2::$function($($argument),*) }
            }
            #[cfg(target_arch = "x86_64")]
            Way::Avx512 => {
                // SAFETY: `available` found every instruction set that this form needs.
                unsafe { x86::avx512::$function($($argument),*) }
            }
            #[cfg(target_arch = "aarch64")]
            Way::NeonDot => {
                // SAFETY: `available` found the dot product; NEON is part of every such processor.
                unsafe { arm::dot_product::$function($($argument),*) }
            }
        }
    };
}

impl Kernels {
    /// The fastest way that this processor can.
    #[must_use]
    pub fn best() -> Self {
        static BEST: OnceLock<Kernels> = OnceLock::new();
        *BEST.get_or_init(|| {
            Self::available().into_iter().rev().find(|kernels| kernels.count_as_the_portable()).unwrap_or(PORTABLE)
        })
    }

    /// All ways that this processor can, the portable one first, the fastest last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut ways = vec![Way::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            macro_rules! has {
                ($($feature:tt),*) => { $(std::arch::is_x86_feature_detected!($feature))&&* };
            }
            if has!("avx2", "fma", "popcnt") {
                ways.push(Way::Avx2);
                if has!("avxvnni") {
                    ways.push(Way::AvxVnni);
                }
                if has!("avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512vnni", "avx512vpopcntdq") {
                    ways.push(Way::Avx512);
                }
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("dotprod") {
            ways.push(Way::NeonDot);
        }
        ways.into_iter().map(Self).collect()
    }

    /// Its name, for figures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Way::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Way::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Way::AvxVnni => "AVX-VNNI",
            #[cfg(target_arch = "x86_64")]
            Way::Avx512 => "AVX-512 VNNI",
            #[cfg(target_arch = "aarch64")]
            Way::NeonDot => "NEON dot product",
        }
    }

    /// The product of `query` with each of `rows`, which lie one after the other.
    ///
    /// # Panics
    /// When the lengths do not fit, or a row is no multiple of 64 long.
    pub fn dots(self, query: &[i8], rows: &[i8], out: &mut [i32]) {
        assert!(query.len().is_multiple_of(64), "a row of {} is no multiple of 64", query.len());
        assert_eq!(rows.len(), query.len() * out.len(), "as many products as rows");
        match self.0 {
            Way::Portable => plain::dots(query, rows, out),
            #[cfg(target_arch = "x86_64")]
            Way::Avx2 => {
                // SAFETY: `available` found AVX2.
                unsafe { x86::avx2::dots(query, rows, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Way::AvxVnni => {
                // SAFETY: `available` found AVX2 and AVX-VNNI.
                unsafe { x86::vnni::dots(query, rows, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Way::Avx512 => {
                // SAFETY: `available` found AVX-512 with BW and VNNI.
                unsafe { x86::avx512::dots(query, rows, out) }
            }
            #[cfg(target_arch = "aarch64")]
            Way::NeonDot => {
                // SAFETY: `available` found the dot product.
                unsafe { arm::dot_product::dots(query, rows, out) }
            }
        }
    }

    /// In how many bits `query` differs from each of `rows`, which lie one after the other.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn distances(self, query: &[u64], rows: &[u64], out: &mut [u16]) {
        assert_eq!(rows.len(), query.len() * out.len(), "as many distances as rows");
        compiled!(self.0, distances(query, rows, out));
    }

    /// The product of two vectors; of the shorter's length if they differ.
    #[must_use]
    pub fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        compiled!(self.0, dot(a, b))
    }

    /// The product of a vector with codes, not yet scaled; of the shorter's length if they differ.
    #[must_use]
    pub fn dot_mixed(self, a: &[f32], codes: &[i8]) -> f32 {
        compiled!(self.0, dot_mixed(a, codes))
    }

    /// `out = a · b`, row by row: `a` has `inner` columns a row of `a_stride`, `b` has `inner` rows of `b_stride`, and `out`
    /// as many rows as fit into it, `columns` of each row of `out_stride` written.
    ///
    /// # Panics
    /// When `columns` is no multiple of 16, or a matrix is too short.
    pub fn multiply(self, a: Matrix<'_>, b: Matrix<'_>, inner: usize, columns: usize, out: MatrixMut<'_>) {
        assert!(columns.is_multiple_of(16), "{columns} columns are no multiple of 16");
        compiled!(self.0, multiply(a, b, inner, columns, out));
    }

    /// Each row moved to the mean 0, stretched to the variance 1, times `weight`, plus `bias`.
    pub fn layer_norm(self, rows: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
        compiled!(self.0, layer_norm(rows, weight, bias, epsilon));
    }

    /// The Gaussian error linear unit, exact to 2e-7.
    pub fn gelu(self, values: &mut [f32]) {
        compiled!(self.0, gelu(values));
    }

    /// In each row of `stride`, the first `length` times `scale` become shares of one by their exponentials; the rest becomes 0.
    pub fn softmax(self, rows: &mut [f32], stride: usize, length: usize, scale: f32) {
        compiled!(self.0, softmax(rows, stride, length, scale));
    }

    /// Rows of a network's values as whole numbers, a scale a row; `activations` keeps its memory from one call to the next.
    ///
    /// # Panics
    /// When `width` does not divide the values, or is no multiple of 16.
    pub fn quantize(self, values: &[f32], width: usize, activations: &mut Activations) {
        assert!(
            width.is_multiple_of(16) && values.len().is_multiple_of(width),
            "{} values, {width} a row",
            values.len()
        );
        activations.resize(values.len() / width, width);
        compiled!(self.0, quantize(values, width, activations));
    }

    /// Rows of whole numbers times a layer's weights, scaled, plus its bias.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn multiply_packed(self, activations: &Activations, weights: &Packed, write: Write, out: &mut [f32]) {
        assert_eq!(activations.width(), weights.inputs(), "a row has a value for each input");
        assert_eq!(out.len(), activations.rows() * weights.outputs(), "a value for each output of each row");
        match self.0 {
            Way::Portable => plain::multiply_packed::<{ plain::ROUNDED_TWICE }>(activations, weights, write, out),
            #[cfg(target_arch = "x86_64")]
            Way::Avx2 => {
                // SAFETY: `available` found AVX2 and FMA.
                unsafe { x86::avx2::multiply_packed(activations, weights, write, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Way::AvxVnni => {
                // SAFETY: `available` found AVX2, FMA and AVX-VNNI.
                unsafe { x86::vnni::multiply_packed(activations, weights, write, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Way::Avx512 => {
                // SAFETY: `available` found AVX-512 with BW, VL, DQ and VNNI.
                unsafe { x86::avx512::multiply_packed(activations, weights, write, out) }
            }
            #[cfg(target_arch = "aarch64")]
            Way::NeonDot => {
                // SAFETY: `available` found the dot product.
                unsafe { arm::dot_product::multiply_packed(activations, weights, write, out) }
            }
        }
    }

    /// Whether it counts a sample exactly as the portable way does. Some microseconds.
    fn count_as_the_portable(self) -> bool {
        // Codes of all sizes and both signs, the largest beside each other.
        #[expect(clippy::cast_possible_truncation, reason = "the low byte is what is wanted")]
        let codes: Vec<i8> = (0..384 * 7_u32).map(|at| ((at * at * 31 + at / 3) as i8).max(-127)).collect();
        let values: Vec<f32> = codes.iter().map(|&code| f32::from(code) / 64.0).collect();
        let bits: Vec<u64> = (1..=6 * 8).map(|at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        let rows: Vec<&[f32]> = values[..384 * 5].chunks(32).collect();
        let weights = Packed::of(&rows[..48], &[0.0; 48]);
        let count = |kernels: Self| {
            let (mut dots, mut distances, mut out) = ([0; 6], [0; 7], [0.0; 7 * 48]);
            kernels.dots(&codes[..384], &codes[384..], &mut dots);
            kernels.distances(&bits[..6], &bits[6..], &mut distances);
            let mut activations = Activations::default();
            kernels.quantize(&values[..7 * 32], 32, &mut activations);
            kernels.multiply_packed(&activations, &weights, Write::Set, &mut out);
            (dots, distances, out)
        };
        let ((dots, distances, out), by_portable) = (count(self), count(PORTABLE));
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-4 * b.abs().max(1.0);
        dots == by_portable.0 && distances == by_portable.1 && out.iter().zip(&by_portable.2).all(near)
    }
}

const PORTABLE: Kernels = Kernels(Way::Portable);

/// Rows of floats, `stride` from one to the next.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// From its first value on.
    pub values: &'a [f32],
    /// Values from one row to the next.
    pub stride: usize,
}

/// The same, to be written.
pub struct MatrixMut<'a> {
    /// From its first value on.
    pub values: &'a mut [f32],
    /// Values from one row to the next.
    pub stride: usize,
    /// How many rows are written.
    pub rows: usize,
}

/// Codes as bytes.
pub(crate) fn bytes(codes: &[i8]) -> &[u8] {
    // SAFETY: i8 and u8 have the same size and alignment, every pattern of bits is valid in both, and the lifetime stays.
    unsafe { std::slice::from_raw_parts(codes.as_ptr().cast(), codes.len()) }
}

/// Bytes as codes.
pub(crate) fn codes(bytes: &[u8]) -> &[i8] {
    // SAFETY: as in `bytes`, the other way round.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

#[cfg(test)]
mod tests;
