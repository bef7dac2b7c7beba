//! A vector as signed bytes with one scale.

use crate::kernels;

/// The largest code; -128 is never used, so that a code and its opposite are equally far from nothing.
const LARGEST: f32 = 127.0;

/// A vector as it lies in the store.
///
/// One scale a vector, not one for all: with a common scale the loudest vector decides how coarse all others are, and one
/// in twenty of the ten nearest is missed.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantized {
    /// What a code is multiplied by to have the dimension again. 0 for a vector without direction, which is never found.
    pub scale: f32,
    /// A code a dimension, -127 to 127.
    pub codes: Vec<i8>,
}

impl Quantized {
    /// The nearest such vector: each dimension is off by half a scale at most. One that has no direction, because it is all
    /// zeros or holds what is no finite number, gets the scale 0.
    #[must_use]
    pub fn of(vector: &[f32]) -> Self {
        let all_finite = vector.iter().all(|x| x.is_finite());
        let largest = vector.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        let scale = largest / LARGEST;
        // The smallest numbers of all have no reciprocal.
        if !all_finite || !(1.0 / scale).is_finite() {
            return Self { scale: 0.0, codes: vec![0; vector.len()] };
        }
        let per_scale = 1.0 / scale;
        #[expect(clippy::cast_possible_truncation, reason = "at most 127 by construction, and casts saturate")]
        let codes = vector.iter().map(|x| (x * per_scale).round().clamp(-LARGEST, LARGEST) as i8).collect();
        Self { scale, codes }
    }

    /// The vector again, as exactly as the codes have it.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        self.codes.iter().map(|&code| f32::from(code) * self.scale).collect()
    }
}

/// Codes as the bytes a database keeps, without copying.
#[must_use]
pub fn bytes(codes: &[i8]) -> &[u8] {
    kernels::bytes(codes)
}

/// Bytes from a database as codes, without copying.
#[must_use]
pub fn codes(bytes: &[u8]) -> &[i8] {
    kernels::codes(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_dimension_is_off_by_half_a_scale_at_most(vector in proptest::collection::vec(-1e3_f32..1e3, 1..300)) {
            let quantized = Quantized::of(&vector);
            for (was, is) in vector.iter().zip(quantized.to_f32()) {
                prop_assert!((was - is).abs() <= quantized.scale * 0.5001);
            }
        }

        #[test]
        fn bytes_and_codes_are_the_same_in_both_directions(stored in proptest::collection::vec(any::<u8>(), 0..99)) {
            prop_assert_eq!(bytes(codes(&stored)), &stored[..]);
            let signed: Vec<i8> = stored.iter().map(|&byte| byte.cast_signed()).collect();
            prop_assert_eq!(codes(&stored), &signed[..]);
        }
    }

    #[test]
    fn what_has_no_direction_gets_the_scale_zero() {
        for vector in [[0.0, 0.0], [f32::NAN, 1.0], [1.0, f32::INFINITY], [1e-45, 0.0]] {
            assert_eq!(Quantized::of(&vector), Quantized { scale: 0.0, codes: vec![0, 0] }, "{vector:?}");
        }
    }
}
