//! Samples as a file, since services take files.

use std::time::Duration;

use parlance_core::SampleRate;
use parlance_core::transcription::Recording;

/// Mono samples of 16 bits as a WAV file.
pub(super) fn recording(samples: &[i16], rate: SampleRate) -> Recording {
    let length = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(44 + samples.len() * 2);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&length.saturating_add(36).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16u32.to_le_bytes());
    // Plain samples, one channel.
    bytes.extend_from_slice(&1u16.to_le_bytes());
    bytes.extend_from_slice(&1u16.to_le_bytes());
    bytes.extend_from_slice(&rate.hz().to_le_bytes());
    bytes.extend_from_slice(&(rate.hz() * 2).to_le_bytes());
    bytes.extend_from_slice(&2u16.to_le_bytes());
    bytes.extend_from_slice(&16u16.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    let duration: Duration = rate.duration_of(samples.len() as u64);
    Recording { bytes, media_type: "audio/wav".into(), duration: Some(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_programs_read_the_file() {
        let samples = [0, 1, -1, i16::MAX, i16::MIN];
        let file = recording(&samples, SampleRate::HZ_16000);
        let mut reader = hound::WavReader::new(file.bytes.as_slice()).unwrap();
        let spec = reader.spec();
        assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 16_000, 16));
        let read: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(read, samples);
    }
}
