//! The kernels for processors of the 64-bit ARM family: the plain ones, compiled for what most of these processors have.

use super::plain::{ROUNDED_ONCE, compiled_for};
use super::{Packed, Write};

/// With sums of four products of bytes in one instruction, which the compiler finds by itself in the plain text.
pub(super) mod dot_product {
    use super::*;

    compiled_for!("neon,dotprod");

    #[target_feature(enable = "neon,dotprod")]
    pub(in super::super) fn multiply(a: Matrix<'_>, b: Matrix<'_>, inner: usize, columns: usize, out: MatrixMut<'_>) {
        super::super::plain::multiply::<ROUNDED_ONCE>(a, b, inner, columns, out);
    }

    #[target_feature(enable = "neon,dotprod")]
    pub(in super::super) fn dots(query: &[i8], rows: &[i8], out: &mut [i32]) {
        plain::dots(query, rows, out);
    }

    #[target_feature(enable = "neon,dotprod")]
    pub(in super::super) fn multiply_packed(
        activations: &Activations,
        weights: &Packed,
        write: Write,
        out: &mut [f32],
    ) {
        plain::multiply_packed::<ROUNDED_ONCE>(activations, weights, write, out);
    }
}
