//! Samples as numbers: 16 bit in the engine, floating point where rates change.

/// Full scale of 16 bit.
const FULL_SCALE: f32 = 32_768.0;

/// −1 to 1.
pub(crate) fn to_f32(sample: i16) -> f32 {
    f32::from(sample) / FULL_SCALE
}

/// Rounded; what is louder than full scale is cut off there.
#[expect(clippy::cast_possible_truncation, reason = "clamped to the range of i16 before")]
pub(crate) fn to_i16(sample: f32) -> i16 {
    (sample * FULL_SCALE).round().clamp(-FULL_SCALE, FULL_SCALE - 1.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_16_bit_sample_survives_the_way_through_floating_point() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(to_i16(to_f32(sample)), sample);
        }
    }

    #[test]
    fn what_is_too_loud_is_cut_off_and_does_not_wrap() {
        assert_eq!(to_i16(1.5), i16::MAX);
        assert_eq!(to_i16(-1.5), i16::MIN);
        assert_eq!(to_i16(f32::NAN), 0);
    }
}
