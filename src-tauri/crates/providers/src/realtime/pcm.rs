//! Sound as realtime protocols carry it: 16-bit samples, low byte first, one channel, in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parlance_core::{AudioChunk, SampleRate};

/// A chunk as base64.
pub(crate) fn encode(chunk: &AudioChunk) -> String {
    let bytes: Vec<u8> = chunk.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    BASE64.encode(bytes)
}

/// The bytes of one piece; `None` for what is no base64.
pub(crate) fn bytes(base64: &str) -> Option<Vec<u8>> {
    BASE64.decode(base64).ok()
}

/// Puts samples together again; a server may cut between the two bytes of one.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The low byte of a sample whose high byte has not come.
    half: Option<u8>,
}

impl Decoder {
    /// The samples of one piece; `None` for what is no base64.
    pub(crate) fn decode(&mut self, base64: &str, rate: SampleRate) -> Option<AudioChunk> {
        Some(self.take(&bytes(base64)?, rate))
    }

    /// The samples of one piece that came as it is.
    pub(crate) fn take(&mut self, bytes: &[u8], rate: SampleRate) -> AudioChunk {
        let mut rest = bytes;
        let mut samples = Vec::with_capacity(bytes.len() / 2 + 1);
        if let (Some(low), [high, more @ ..]) = (self.half, bytes) {
            samples.push(i16::from_le_bytes([low, *high]));
            (self.half, rest) = (None, more);
        }
        let mut pairs = rest.chunks_exact(2);
        samples.extend(pairs.by_ref().map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
        self.half = pairs.remainder().first().copied().or(self.half);
        AudioChunk { samples, rate }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn samples_come_back_wherever_their_bytes_are_cut(
            samples in prop::collection::vec(any::<i16>(), 0..50),
            cut in 0usize..100,
        ) {
            let rate = SampleRate::HZ_24000;
            let bytes = BASE64.decode(encode(&AudioChunk { samples: samples.clone(), rate })).unwrap();
            let (one, other) = bytes.split_at(cut.min(bytes.len()));
            let mut decoder = Decoder::default();
            let mut back = Vec::new();
            for piece in [one, other] {
                back.extend(decoder.decode(&BASE64.encode(piece), rate).unwrap().samples);
            }
            prop_assert_eq!(back, samples);
        }
    }

    #[test]
    fn what_is_no_base64_is_no_sound() {
        assert_eq!(Decoder::default().decode("…", SampleRate::HZ_24000), None);
    }
}
