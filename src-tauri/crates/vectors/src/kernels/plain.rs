//! Every kernel in plain Rust, written so that the compiler finds the vectors: the portable way, and the text that is compiled
//! once more for each kind of processor.

use super::linear::{GROUP, PANEL, STEP};
use super::{Activations, Matrix, MatrixMut, Packed, Write};

/// Whether `a * b + c` is rounded once, by an instruction that is certain to be there; without it that is slow.
pub(super) const ROUNDED_ONCE: bool = true;
pub(super) const ROUNDED_TWICE: bool = false;

/// Values a register or two: sums run side by side in so many lanes.
const LANES: usize = 16;
/// Rows whose products are counted at once, and no more than fit into registers with what they are multiplied by.
pub(super) const MOST_ROWS: usize = 8;

/// Compiles the float kernels and those that need no instruction by name for these features.
macro_rules! compiled_for {
    ($features:literal) => {
        use super::super::plain;
        use super::super::{Activations, Matrix, MatrixMut};

        const ONCE: bool = plain::ROUNDED_ONCE;

        #[target_feature(enable = $features)]
        pub(in super::super) fn distances(query: &[u64], rows: &[u64], out: &mut [u16]) {
            plain::distances::<ONCE>(query, rows, out);
        }
        #[target_feature(enable = $features)]
        pub(in super::super) fn dot(a: &[f32], b: &[f32]) -> f32 {
            plain::dot::<ONCE>(a, b)
        }
        #[target_feature(enable = $features)]
        pub(in super::super) fn dot_mixed(a: &[f32], codes: &[i8]) -> f32 {
            plain::dot_mixed::<ONCE>(a, codes)
        }
        #[target_feature(enable = $features)]
        pub(in super::super) fn layer_norm(rows: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
            plain::layer_norm::<ONCE>(rows, weight, bias, epsilon);
        }
        #[target_feature(enable = $features)]
        pub(in super::super) fn gelu(values: &mut [f32]) {
            plain::gelu::<ONCE>(values);
        }
        #[target_feature(enable = $features)]
        pub(in super::super) fn softmax(rows: &mut [f32], stride: usize, length: usize, scale: f32) {
            plain::softmax::<ONCE>(rows, stride, length, scale);
        }
        #[target_feature(enable = $features)]
        pub(in super::super) fn quantize(values: &[f32], width: usize, activations: &mut Activations) {
            plain::quantize::<ONCE>(values, width, activations);
        }
    };
}
pub(super) use compiled_for;

#[inline(always)]
fn multiply_add<const ONCE: bool>(a: f32, b: f32, c: f32) -> f32 {
    if ONCE { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
pub(super) fn dots(query: &[i8], rows: &[i8], out: &mut [i32]) {
    for (row, out) in rows.chunks_exact(query.len().max(1)).zip(out) {
        *out = query.iter().zip(row).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
    }
}

#[inline(always)]
pub(super) fn distances<const ONCE: bool>(query: &[u64], rows: &[u64], out: &mut [u16]) {
    for (row, out) in rows.chunks_exact(query.len().max(1)).zip(out) {
        let bits: u32 = query.iter().zip(row).map(|(a, b)| (a ^ b).count_ones()).sum();
        *out = u16::try_from(bits).unwrap_or(u16::MAX);
    }
}

#[inline(always)]
pub(super) fn dot<const ONCE: bool>(a: &[f32], b: &[f32]) -> f32 {
    let length = a.len().min(b.len());
    let ((a, a_rest), (b, b_rest)) = (a[..length].as_chunks::<LANES>(), b[..length].as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum = multiply_add::<ONCE>(*a, *b, *sum);
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

#[inline(always)]
pub(super) fn dot_mixed<const ONCE: bool>(a: &[f32], codes: &[i8]) -> f32 {
    let length = a.len().min(codes.len());
    let ((a, a_rest), (codes, codes_rest)) = (a[..length].as_chunks::<LANES>(), codes[..length].as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, codes) in a.iter().zip(codes) {
        for ((sum, a), &code) in sums.iter_mut().zip(a).zip(codes) {
            *sum = multiply_add::<ONCE>(*a, f32::from(code), *sum);
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(codes_rest).map(|(a, &code)| a * f32::from(code)).sum::<f32>()
}

#[inline(always)]
pub(super) fn multiply<const ONCE: bool>(
    a: Matrix<'_>,
    b: Matrix<'_>,
    inner: usize,
    columns: usize,
    out: MatrixMut<'_>,
) {
    let MatrixMut { values, stride, rows } = out;
    for column in (0..columns).step_by(LANES) {
        let b = Matrix { values: &b.values[column..], stride: b.stride };
        let mut row = 0;
        while row < rows {
            let a = Matrix { values: &a.values[row * a.stride..], stride: a.stride };
            let out = &mut values[row * stride + column..];
            row += match rows - row {
                1 => multiply_rows::<ONCE, 1>(a, b, inner, out, stride),
                2 => multiply_rows::<ONCE, 2>(a, b, inner, out, stride),
                3 => multiply_rows::<ONCE, 3>(a, b, inner, out, stride),
                _ => multiply_rows::<ONCE, 4>(a, b, inner, out, stride),
            };
        }
    }
}

/// `ROWS` rows of `LANES` columns, all sums in registers. Gives `ROWS`.
#[inline(always)]
fn multiply_rows<const ONCE: bool, const ROWS: usize>(
    a: Matrix<'_>,
    b: Matrix<'_>,
    inner: usize,
    out: &mut [f32],
    stride: usize,
) -> usize {
    let mut sums = [[0.0_f32; LANES]; ROWS];
    let a: [&[f32]; ROWS] = std::array::from_fn(|row| &a.values[row * a.stride..][..inner]);
    for (at, b) in b.values.chunks(b.stride).take(inner).enumerate() {
        let Some(b) = b.first_chunk::<LANES>() else { return ROWS };
        for (sums, a) in sums.iter_mut().zip(&a) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = multiply_add::<ONCE>(a[at], *b, *sum);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        out[row * stride..][..LANES].copy_from_slice(sums);
    }
    ROWS
}

/// The sum, lane by lane first.
#[inline(always)]
fn sum(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += value);
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// The largest of the values' sizes or of the values themselves, lane by lane first.
#[inline(always)]
fn largest(values: &[f32], of: impl Fn(f32) -> f32, least: f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    // A comparison, not `max`: that has to think of what is no number.
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let mut most = [least; LANES];
    for chunk in chunks {
        most.iter_mut().zip(chunk).for_each(|(most, &value)| *most = larger(of(value), *most));
    }
    most.into_iter().chain(rest.iter().map(|&value| of(value))).fold(least, |most, value| larger(value, most))
}

#[inline(always)]
pub(super) fn layer_norm<const ONCE: bool>(rows: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    #[expect(clippy::cast_precision_loss, reason = "a row is short")]
    let width = weight.len() as f32;
    for row in rows.chunks_exact_mut(weight.len().max(1)) {
        let mean = sum(row) / width;
        row.iter_mut().for_each(|value| *value -= mean);
        let variance = dot::<ONCE>(row, row) / width;
        let stretch = 1.0 / (variance + epsilon).sqrt();
        for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
            *value = multiply_add::<ONCE>(*value * stretch, *weight, *bias);
        }
    }
}

/// `e` to the power of `x`, for `x` up to 88, to the last two bits: whole powers of two by the exponent, the rest by a
/// polynomial of degree six (its coefficients are the series' own, 1 / n!, of `x ln 2`).
#[inline(always)]
fn exponential<const ONCE: bool>(x: f32) -> f32 {
    /// Adding it leaves no room for a fraction: 1.5 · 2^23.
    const ROUNDER: f32 = 12_582_912.0;
    let x = if x > -87.0 { x } else { -87.0 };
    let powers = x * std::f32::consts::LOG2_E;
    let rounded = powers + ROUNDER;
    let whole = rounded - ROUNDER;
    let rest = (powers - whole) * std::f32::consts::LN_2;
    let mut p = 1.0 / 720.0;
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = multiply_add::<ONCE>(p, rest, coefficient);
    }
    // The low bits of `rounded` are the whole number; shifted, they are an exponent.
    f32::from_bits(p.to_bits().wrapping_add(rounded.to_bits() << 23))
}

#[inline(always)]
pub(super) fn gelu<const ONCE: bool>(values: &mut [f32]) {
    for value in values {
        // The error function by Abramowitz and Stegun 7.1.26, exact to 1.5e-7.
        let x = *value;
        let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
        let t = 1.0 / multiply_add::<ONCE>(z, 0.327_591_1, 1.0);
        let mut p = 1.061_405_4;
        for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
            p = multiply_add::<ONCE>(p, t, coefficient);
        }
        let beyond = p * t * exponential::<ONCE>(-z * z);
        *value = 0.5 * x * (1.0 + (1.0 - beyond).copysign(x));
    }
}

#[inline(always)]
pub(super) fn softmax<const ONCE: bool>(rows: &mut [f32], stride: usize, length: usize, scale: f32) {
    for row in rows.chunks_exact_mut(stride) {
        let (row, rest) = row.split_at_mut(length);
        let most = largest(row, |value| value, f32::NEG_INFINITY);
        row.iter_mut().for_each(|value| *value = exponential::<ONCE>((*value - most) * scale));
        let share = 1.0 / sum(row);
        row.iter_mut().for_each(|value| *value *= share);
        rest.fill(0.0);
    }
}

#[inline(always)]
pub(super) fn quantize<const ONCE: bool>(values: &[f32], width: usize, activations: &mut Activations) {
    /// As above: rounding by losing the fraction. What is left are the low bits.
    const ROUNDER: f32 = 12_582_912.0;
    let Activations { codes, wide, scales, zeros, .. } = activations;
    let rows = values.chunks_exact(width).zip(codes.chunks_exact_mut(width)).zip(wide.chunks_exact_mut(width));
    for (((values, codes), wide), (scale, zero)) in rows.zip(scales.iter_mut().zip(zeros)) {
        let most = largest(values, |value| value, 0.0);
        let least = -largest(values, |value| -value, 0.0);
        let span = if most - least > 1e-20 { most - least } else { 1e-20 };
        *scale = span / 255.0;
        let per_scale = 255.0 / span;
        let shift = (-least * per_scale + ROUNDER) - ROUNDER - 128.0;
        #[expect(clippy::cast_possible_truncation, reason = "a whole number between -128 and 127")]
        let code_of_nothing = shift as i32;
        *zero = code_of_nothing;
        for ((&value, code), wide) in values.iter().zip(codes).zip(wide) {
            // Rounded twice everywhere: a value halfway between two codes goes the same way on every processor.
            let place = value * per_scale + shift;
            let place = if place < 127.0 { place } else { 127.0 };
            let place = if place > -128.0 { place } else { -128.0 };
            #[expect(clippy::cast_possible_truncation, reason = "the low byte is the code")]
            let rounded = (place + ROUNDER).to_bits() as i8;
            *code = rounded;
            *wide = i16::from(rounded);
        }
    }
}

#[inline(always)]
pub(super) fn multiply_packed<const ONCE: bool>(
    activations: &Activations,
    weights: &Packed,
    write: Write,
    out: &mut [f32],
) {
    by_panels::<ONCE>(activations, weights, write, out, Codes::Signed, 4, |first, rows, panel, sums| {
        for (sums, row) in sums.iter_mut().zip(first..first + rows) {
            *sums = [0; PANEL];
            for (inputs, step) in activations.row(row).iter().zip(panel) {
                for (sum, weights) in sums.iter_mut().zip(step.as_chunks::<GROUP>().0) {
                    *sum += inputs.iter().zip(weights).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum::<i32>();
                }
            }
        }
    });
}

/// What a kernel takes for the codes of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Codes {
    /// What they are.
    Signed,
    /// 128 more.
    Unsigned,
}

/// Goes through the weights a panel at a time, so that it stays in the cache while all rows, at most `together` at once, are
/// multiplied with it by `count`: first row, how many, the panel, and where the sums go. `codes` says what it has
/// multiplied.
#[inline(always)]
pub(super) fn by_panels<const ONCE: bool>(
    activations: &Activations,
    weights: &Packed,
    write: Write,
    out: &mut [f32],
    codes: Codes,
    together: usize,
    count: impl Fn(usize, usize, &[[i8; STEP]], &mut [[i32; PANEL]; MOST_ROWS]),
) {
    let outputs = weights.outputs();
    let mut sums = [[0; PANEL]; MOST_ROWS];
    for begin in (0..outputs).step_by(PANEL) {
        let panel = weights.panel(begin / PANEL);
        let of = |values: &'_ [f32]| values[begin..].first_chunk::<PANEL>().copied();
        let (Some(scales), Some(bias)) = (of(weights.scales()), of(weights.bias())) else { return };
        let Some(totals) = weights.totals()[begin..].first_chunk::<PANEL>() else { return };
        let mut first = 0;
        while first < activations.rows() {
            let rows = match activations.rows() - first {
                left if left >= together => together,
                left if left >= 4 => 4,
                left if left >= 2 => 2,
                _ => 1,
            };
            count(first, rows, panel, &mut sums);
            for (sums, row) in sums.iter().zip(first..first + rows) {
                let Some(out) = out[row * outputs + begin..].first_chunk_mut::<PANEL>() else { return };
                let zero = activations.zeros[row] + if codes == Codes::Unsigned { 128 } else { 0 };
                finish::<ONCE>(sums, totals, zero, activations.scales[row], &scales, &bias, write, out);
            }
            first += rows;
        }
    }
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "what one formula has")]
fn finish<const ONCE: bool>(
    sums: &[i32; PANEL],
    totals: &[i32; PANEL],
    zero: i32,
    row_scale: f32,
    scales: &[f32; PANEL],
    bias: &[f32; PANEL],
    write: Write,
    out: &mut [f32; PANEL],
) {
    for at in 0..PANEL {
        #[expect(
            clippy::cast_precision_loss,
            reason = "1,536 products of bytes are near 2^24; what is lost is less than a code"
        )]
        let sum = (sums[at] - zero * totals[at]) as f32;
        let value = multiply_add::<ONCE>(sum, row_scale * scales[at], bias[at]);
        out[at] = if write == Write::Add { out[at] + value } else { value };
    }
}
