//! The kernels that need instructions by name, for processors of the x86-64 family. The others are the plain ones, compiled for
//! the same features.
//!
//! Every function here has the features it needs in its signature; only [`super::Kernels`] calls them, having asked.

use std::arch::x86_64::*;

use super::linear::{GROUP, PANEL, STEP};
use super::plain::{Codes, MOST_ROWS, ROUNDED_ONCE, by_panels, compiled_for};
use super::{Packed, Write};

/// Flips the sign bits of four bytes: from -128…127 to 0…255.
const TO_UNSIGNED: i32 = i32::from_ne_bytes([0x80; 4]);

/// Four codes as the bits of one number.
#[inline(always)]
fn together(codes: &[i8; GROUP]) -> i32 {
    i32::from_ne_bytes(codes.map(i8::cast_unsigned))
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_16(codes: &[i8; 16]) -> __m128i {
    // SAFETY: sixteen bytes are there, and the load asks for no alignment.
    unsafe { _mm_loadu_si128(codes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_32(codes: &[i8; 32]) -> __m256i {
    // SAFETY: thirty-two bytes are there, and the load asks for no alignment.
    unsafe { _mm256_loadu_si256(codes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_8(sums: __m256i, out: &mut [i32; 8]) {
    // SAFETY: eight numbers of four bytes have room there, and the store asks for no alignment.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), sums) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn total(sums: __m256i) -> i32 {
    let mut lanes = [0; 8];
    store_8(sums, &mut lanes);
    lanes.iter().sum()
}

/// 256 bits without products of bytes: codes are widened to sixteen bits.
pub(super) mod avx2 {
    use super::*;

    compiled_for!("avx2,fma,popcnt");

    #[target_feature(enable = "avx2,fma")]
    pub(in super::super) fn multiply(a: Matrix<'_>, b: Matrix<'_>, inner: usize, columns: usize, out: MatrixMut<'_>) {
        let MatrixMut { values, stride, rows } = out;
        for column in (0..columns).step_by(16) {
            let b = Matrix { values: &b.values[column..], stride: b.stride };
            for row in (0..rows).step_by(4) {
                let a = Matrix { values: &a.values[row * a.stride..], stride: a.stride };
                let out = &mut values[row * stride + column..];
                match rows - row {
                    1 => multiply_rows::<1>(a, b, inner, out, stride),
                    2 => multiply_rows::<2>(a, b, inner, out, stride),
                    3 => multiply_rows::<3>(a, b, inner, out, stride),
                    _ => multiply_rows::<4>(a, b, inner, out, stride),
                }
            }
        }
    }

    /// `ROWS` rows of sixteen columns: the compiler, left to itself, turns them about in the registers.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn multiply_rows<const ROWS: usize>(a: Matrix<'_>, b: Matrix<'_>, inner: usize, out: &mut [f32], stride: usize) {
        let a: [&[f32]; ROWS] = std::array::from_fn(|row| &a.values[row * a.stride..][..inner]);
        let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
        for (at, b) in b.values.chunks(b.stride).take(inner).enumerate() {
            let Some(b) = b.first_chunk::<16>() else { break };
            // SAFETY: sixteen numbers are there, eight for each load, and a load asks for no alignment.
            let b = unsafe { [_mm256_loadu_ps(b.as_ptr()), _mm256_loadu_ps(b.as_ptr().add(8))] };
            for row in 0..ROWS {
                // SAFETY: every row was cut to `inner`, and no more than so many are taken.
                let a = _mm256_set1_ps(unsafe { *a[row].get_unchecked(at) });
                sums[row][0] = _mm256_fmadd_ps(a, b[0], sums[row][0]);
                sums[row][1] = _mm256_fmadd_ps(a, b[1], sums[row][1]);
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            let Some(out) = out[row * stride..].first_chunk_mut::<16>() else { return };
            // SAFETY: sixteen numbers have room there, eight for each store, and a store asks for no alignment.
            unsafe {
                _mm256_storeu_ps(out.as_mut_ptr(), sums[0]);
                _mm256_storeu_ps(out.as_mut_ptr().add(8), sums[1]);
            }
        }
    }

    #[target_feature(enable = "avx2")]
    pub(in super::super) fn dots(query: &[i8], rows: &[i8], out: &mut [i32]) {
        let query = query.as_chunks::<32>().0;
        for (row, out) in rows.as_chunks::<32>().0.chunks_exact(query.len().max(1)).zip(out) {
            let mut sums = [_mm256_setzero_si256(); 2];
            for (a, b) in query.iter().zip(row) {
                for half in 0..2 {
                    let (Some(a), Some(b)) = (a[half * 16..].first_chunk(), b[half * 16..].first_chunk()) else {
                        continue;
                    };
                    let (a, b) = (_mm256_cvtepi8_epi16(load_16(a)), _mm256_cvtepi8_epi16(load_16(b)));
                    sums[half] = _mm256_add_epi32(sums[half], _mm256_madd_epi16(a, b));
                }
            }
            *out = total(_mm256_add_epi32(sums[0], sums[1]));
        }
    }

    #[target_feature(enable = "avx2,fma,popcnt")]
    pub(in super::super) fn multiply_packed(
        activations: &Activations,
        weights: &Packed,
        write: Write,
        out: &mut [f32],
    ) {
        by_panels::<ROUNDED_ONCE>(activations, weights, write, out, Codes::Signed, 6, |first, rows, panel, sums| {
            match rows {
                1 => count::<1>(activations, first, panel, sums),
                2 => count::<2>(activations, first, panel, sums),
                4 => count::<4>(activations, first, panel, sums),
                _ => count::<6>(activations, first, panel, sums),
            }
        });
    }

    /// `ROWS` rows with a panel, eight outputs at a time: twelve registers of sums at most, two of weights, one of inputs and
    /// one of a product, which is all there are.
    #[target_feature(enable = "avx2")]
    fn count<const ROWS: usize>(
        activations: &Activations,
        first: usize,
        panel: &[[i8; STEP]],
        sums: &mut [[i32; PANEL]; MOST_ROWS],
    ) {
        let rows: [&[[i16; GROUP]]; ROWS] =
            std::array::from_fn(|row| &activations.wide_row(first + row)[..panel.len()]);
        for begin in (0..PANEL).step_by(8) {
            let mut products = [[_mm256_setzero_si256(); 2]; ROWS];
            for (at, step) in panel.iter().enumerate() {
                let Some(weights) = step[begin * GROUP..].first_chunk::<32>() else { continue };
                let weights = weights.as_chunks::<16>().0;
                let weights = [_mm256_cvtepi8_epi16(load_16(&weights[0])), _mm256_cvtepi8_epi16(load_16(&weights[1]))];
                for row in 0..ROWS {
                    // SAFETY: every row was cut to the panel's length, so `at` is inside; four numbers of two bytes are
                    // there, as many as are read, at any address.
                    let inputs = unsafe { rows[row].as_ptr().add(at).cast::<i64>().read_unaligned() };
                    let inputs = _mm256_set1_epi64x(inputs);
                    for part in 0..2 {
                        let product = _mm256_madd_epi16(weights[part], inputs);
                        products[row][part] = _mm256_add_epi32(products[row][part], product);
                    }
                }
            }
            for (products, sums) in products.iter().zip(sums.iter_mut()) {
                // Each output has two sums beside each other; adding neighbours leaves them in the order 0 2 1 3 of pairs.
                let added = _mm256_hadd_epi32(products[0], products[1]);
                if let Some(out) = sums[begin..].first_chunk_mut() {
                    store_8(_mm256_permute4x64_epi64::<0b11_01_10_00>(added), out);
                }
            }
        }
    }
}

/// 256 bits with products of bytes. One factor is unsigned: 128 is added to it, and taken off the sum again.
pub(super) mod vnni {
    use super::super::Activations;
    use super::*;

    #[target_feature(enable = "avx2,avxvnni")]
    pub(in super::super) fn dots(query: &[i8], rows: &[i8], out: &mut [i32]) {
        let too_much = 128 * query.iter().map(|&code| i32::from(code)).sum::<i32>();
        let query = query.as_chunks::<32>().0;
        let flip = _mm256_set1_epi32(TO_UNSIGNED);
        for (row, out) in rows.as_chunks::<32>().0.chunks_exact(query.len().max(1)).zip(out) {
            let mut sums = _mm256_setzero_si256();
            for (a, b) in query.iter().zip(row) {
                sums = _mm256_dpbusd_avx_epi32(sums, _mm256_xor_si256(load_32(b), flip), load_32(a));
            }
            *out = total(sums) - too_much;
        }
    }

    #[target_feature(enable = "avx2,fma,avxvnni")]
    pub(in super::super) fn multiply_packed(
        activations: &Activations,
        weights: &Packed,
        write: Write,
        out: &mut [f32],
    ) {
        by_panels::<ROUNDED_ONCE>(activations, weights, write, out, Codes::Unsigned, 4, |first, rows, panel, sums| {
            match rows {
                1 => count::<1>(activations, first, panel, sums),
                2 => count::<2>(activations, first, panel, sums),
                _ => count::<4>(activations, first, panel, sums),
            }
        });
    }

    /// `ROWS` rows with a panel, twenty-four outputs at a time.
    #[target_feature(enable = "avx2,avxvnni")]
    fn count<const ROWS: usize>(
        activations: &Activations,
        first: usize,
        panel: &[[i8; STEP]],
        sums: &mut [[i32; PANEL]; MOST_ROWS],
    ) {
        let rows: [&[[i8; GROUP]]; ROWS] = std::array::from_fn(|row| &activations.row(first + row)[..panel.len()]);
        for begin in (0..PANEL).step_by(24) {
            let mut products = [[_mm256_setzero_si256(); 3]; ROWS];
            for (at, step) in panel.iter().enumerate() {
                let weights = step[begin * GROUP..(begin + 24) * GROUP].as_chunks::<32>().0;
                for row in 0..ROWS {
                    let inputs = _mm256_set1_epi32(together(&rows[row][at]) ^ TO_UNSIGNED);
                    for (product, weights) in products[row].iter_mut().zip(weights) {
                        *product = _mm256_dpbusd_avx_epi32(*product, inputs, load_32(weights));
                    }
                }
            }
            for (products, sums) in products.iter().zip(sums.iter_mut()) {
                for (product, out) in products.iter().zip(sums[begin..].as_chunks_mut::<8>().0) {
                    store_8(*product, out);
                }
            }
        }
    }
}

/// 512 bits with products of bytes.
pub(super) mod avx512 {
    use super::*;

    compiled_for!("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vpopcntdq,avx2,fma,popcnt");

    #[target_feature(enable = "avx512f,avx2,fma")]
    pub(in super::super) fn multiply(a: Matrix<'_>, b: Matrix<'_>, inner: usize, columns: usize, out: MatrixMut<'_>) {
        super::super::plain::multiply::<ROUNDED_ONCE>(a, b, inner, columns, out);
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load_64(codes: &[i8; 64]) -> __m512i {
        // SAFETY: sixty-four bytes are there, and the load asks for no alignment.
        unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn store_16(sums: __m512i, out: &mut [i32; 16]) {
        // SAFETY: sixteen numbers of four bytes have room there, and the store asks for no alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sums) }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub(in super::super) fn dots(query: &[i8], rows: &[i8], out: &mut [i32]) {
        let too_much = 128 * query.iter().map(|&code| i32::from(code)).sum::<i32>();
        let query = query.as_chunks::<64>().0;
        let flip = _mm512_set1_epi32(TO_UNSIGNED);
        for (row, out) in rows.as_chunks::<64>().0.chunks_exact(query.len().max(1)).zip(out) {
            let mut sums = _mm512_setzero_si512();
            for (a, b) in query.iter().zip(row) {
                sums = _mm512_dpbusd_epi32(sums, _mm512_xor_si512(load_64(b), flip), load_64(a));
            }
            *out = _mm512_reduce_add_epi32(sums) - too_much;
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")]
    pub(in super::super) fn multiply_packed(
        activations: &Activations,
        weights: &Packed,
        write: Write,
        out: &mut [f32],
    ) {
        by_panels::<ROUNDED_ONCE>(activations, weights, write, out, Codes::Unsigned, 8, |first, rows, panel, sums| {
            match rows {
                1 => count::<1>(activations, first, panel, sums),
                2 => count::<2>(activations, first, panel, sums),
                4 => count::<4>(activations, first, panel, sums),
                _ => count::<8>(activations, first, panel, sums),
            }
        });
    }

    /// `ROWS` rows with a panel: twenty-four registers of sums at most, three of weights and one of inputs.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn count<const ROWS: usize>(
        activations: &Activations,
        first: usize,
        panel: &[[i8; STEP]],
        sums: &mut [[i32; PANEL]; MOST_ROWS],
    ) {
        let rows: [&[[i8; GROUP]]; ROWS] = std::array::from_fn(|row| &activations.row(first + row)[..panel.len()]);
        let mut products = [[_mm512_setzero_si512(); 3]; ROWS];
        for (at, step) in panel.iter().enumerate() {
            let weights = step.as_chunks::<64>().0;
            let weights = [load_64(&weights[0]), load_64(&weights[1]), load_64(&weights[2])];
            for row in 0..ROWS {
                let inputs = _mm512_set1_epi32(together(&rows[row][at]) ^ TO_UNSIGNED);
                for part in 0..3 {
                    products[row][part] = _mm512_dpbusd_epi32(products[row][part], inputs, weights[part]);
                }
            }
        }
        for (products, sums) in products.iter().zip(sums.iter_mut()) {
            for (product, out) in products.iter().zip(sums.as_chunks_mut::<16>().0) {
                store_16(*product, out);
            }
        }
    }
}
