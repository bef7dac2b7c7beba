use proptest::prelude::*;

use super::*;
use crate::wav::{encode, write};

fn recording(samples: &[i16]) -> AudioChunk {
    AudioChunk { samples: samples.to_vec(), rate: SampleRate::HZ_24000 }
}

/// A file with the given format words and data.
fn wav(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let frame = channels.wrapping_mul(bits / 8);
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    for word in [tag, channels] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(rate.to_le_bytes());
    bytes.extend(rate.wrapping_mul(u32::from(frame)).to_le_bytes());
    for word in [frame, bits] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(b"data");
    bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    bytes.extend(data);
    bytes
}

fn refused(bytes: &[u8]) -> String {
    decode(bytes).unwrap_err().to_string()
}

#[test]
fn what_is_no_wav_is_told_in_a_sentence() {
    for (bytes, sentence) in [
        (b"".to_vec(), "it is empty"),
        (b"Dear diary, today".to_vec(), "it is not a WAV file"),
        (b"RIFF".to_vec(), "it is not a WAV file"),
        (b"RIFF\0\0\0\0WAVE".to_vec(), "it ends before its sound begins"),
        (wav(1, 1, 24_000, 16, b""), "it ends before its sound begins"),
        (wav(1, 1, 24_000, 16, b"\x01"), "it ends before its sound begins"),
        (wav(1, 0, 24_000, 16, b"\0\0"), "it has 0 channels; 1 to 8 can be read"),
        (wav(1, 9, 24_000, 16, b"\0\0"), "it has 9 channels; 1 to 8 can be read"),
        (wav(1, 1, 7_999, 16, b"\0\0"), "it has 7999 samples a second; 8000 to 192000 can be read"),
        (wav(1, 1, u32::MAX, 16, b"\0\0"), "it has 4294967295 samples a second; 8000 to 192000 can be read"),
        (
            wav(1, 1, 24_000, 12, b"\0\0"),
            "its sound is 12 bit PCM; 8, 16, 24 and 32 bit PCM and 32 bit floating point can be read",
        ),
        (
            wav(0x55, 1, 24_000, 0, b"\0\0"),
            "its sound is in a compressed format (number 85); 8, 16, 24 and 32 bit PCM and 32 bit floating point can \
             be read",
        ),
    ] {
        assert_eq!(refused(&bytes), sentence);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = read(Path::new("/nowhere/at/all.wav")).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/at/all.wav: it cannot be read: "), "{error}");
}

#[test]
fn sizes_in_the_header_may_lie() {
    let honest = wav(1, 1, 24_000, 16, &[1, 0, 2, 0, 3, 0]);
    for promised in [0u32, u32::MAX, 6, 7, 1_000_000_000] {
        let mut bytes = honest.clone();
        bytes[40..44].copy_from_slice(&promised.to_le_bytes());
        assert_eq!(decode(&bytes[..]).unwrap().samples, [1, 2, 3], "{promised} promised");
    }
    let mut short = honest;
    short[40..44].copy_from_slice(&4u32.to_le_bytes());
    assert_eq!(decode(&short[..]).unwrap().samples, [1, 2], "what follows the data is not sound");
}

#[test]
fn a_promise_of_gigabytes_costs_no_memory() {
    let mut bytes = wav(1, 8, 192_000, 32, &[0; 32]);
    bytes[40..44].copy_from_slice(&0xFFFF_FFF0u32.to_le_bytes());
    let decoded = decode(&bytes[..]).unwrap();
    assert_eq!(decoded.samples.len(), 1);
    assert!(decoded.samples.capacity() <= 1_024, "{}", decoded.samples.capacity());
}

#[test]
fn over_three_hours_is_refused() {
    let header = wav(1, 1, 8_000, 8, b"\x80");
    let header = &header[..44];
    let mut endless = header.to_vec();
    endless[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    let three_hours = 3 * 3_600 * 8_000;
    assert!(decode(endless.chain(io::repeat(0x80).take(three_hours))).is_ok());
    assert!(matches!(decode(endless.chain(io::repeat(0x80))), Err(NotWav::TooLong)));
}

#[test]
fn metadata_is_skipped_wherever_it_stands() {
    let plain = wav(1, 1, 24_000, 16, &[1, 0, 2, 0]);
    let mut bytes = plain[..12].to_vec();
    bytes.extend(b"LIST\x03\0\0\0abc\0"); // an odd size is padded
    bytes.extend(&plain[12..36]);
    bytes.extend(b"fact\x04\0\0\0\x02\0\0\0");
    bytes.extend(&plain[36..]);
    assert_eq!(decode(&bytes[..]).unwrap().samples, [1, 2]);
}

#[test]
fn every_coding_is_read_at_its_own_level() {
    let half = (0.5f32).to_le_bytes();
    for (tag, bits, data) in
        [(1, 8, &[192u8][..]), (1, 16, &[0, 0x40]), (1, 24, &[0, 0, 0x40]), (1, 32, &[0, 0, 0, 0x40]), (3, 32, &half)]
    {
        let decoded = decode(&wav(tag, 1, 48_000, bits, data)[..]).unwrap();
        assert_eq!(decoded, AudioChunk { samples: vec![16_384], rate: SampleRate::HZ_48000 }, "{tag} {bits}");
    }
    let strange: Vec<u8> = [f32::NAN, f32::INFINITY, 3.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(decode(&wav(3, 1, 48_000, 32, &strange)[..]).unwrap().samples, [0, 0, i16::MAX]);
}

#[test]
fn channels_are_mixed_down() {
    let data: Vec<u8> = [100i16, 300, -100, 100].iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert_eq!(decode(&wav(1, 2, 48_000, 16, &data)[..]).unwrap().samples, [200, 0]);
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    write(&path, &recording(&[1, 2])).unwrap();
    write(&path, &recording(&[3])).unwrap();
    assert_eq!(read(&path).unwrap(), recording(&[3]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");

    let error = write(&folder.path().join("none/a.wav"), &recording(&[1])).unwrap_err().to_string();
    assert!(error.contains("the recording cannot be written"), "{error}");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_and_others_read_it_too(samples in prop::collection::vec(any::<i16>(), 1..3_000)) {
        let bytes = encode(&recording(&samples));
        prop_assert_eq!(decode(&bytes[..]).unwrap(), recording(&samples));

        let mut other = hound::WavReader::new(&bytes[..]).unwrap();
        prop_assert_eq!(other.spec().sample_rate, 24_000);
        prop_assert_eq!(other.samples::<i16>().collect::<Result<Vec<_>, _>>().unwrap(), samples);
    }

    #[test]
    fn what_others_write_is_read(
        frames in prop::collection::vec(-8_388_608i32..8_388_608, 1..400),
        channels in 1u16..=8,
        bits in prop::sample::select(vec![8u16, 16, 24, 32]),
    ) {
        let spec = hound::WavSpec { channels, sample_rate: 44_100, bits_per_sample: bits, sample_format: hound::SampleFormat::Int };
        let mut bytes = io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for frame in &frames {
            for _ in 0..channels {
                writer.write_sample(if bits == 32 { frame << 8 } else { frame >> (24 - bits) }).unwrap();
            }
        }
        writer.finalize().unwrap();
        let decoded = decode(&bytes.get_ref()[..]).unwrap();
        prop_assert_eq!(decoded.rate.hz(), 44_100);
        prop_assert_eq!(decoded.samples.len(), frames.len());
        let tolerance = if bits == 8 { 256 } else { 1 };
        for (read, written) in decoded.samples.iter().zip(&frames) {
            prop_assert!((i32::from(*read) - (written >> 8)).abs() <= tolerance, "{read} for {written}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_grow(bytes in prop::collection::vec(any::<u8>(), 0..600), keep in 0usize..60) {
        let mut crafted = wav(1, 2, 48_000, 24, &bytes);
        crafted.truncate(keep + bytes.len());
        for input in [&bytes, &crafted] {
            if let Ok(decoded) = decode(&input[..]) {
                prop_assert!(decoded.samples.len() <= input.len());
            }
        }
    }

    #[test]
    fn a_broken_off_file_gives_its_beginning(samples in prop::collection::vec(any::<i16>(), 1..400), keep in 0.0f64..1.0) {
        let whole = encode(&recording(&samples));
        let cut = &whole[..(whole.len() as f64 * keep) as usize];
        match decode(cut) {
            Ok(decoded) => prop_assert_eq!(&decoded.samples[..], &samples[..decoded.samples.len()]),
            Err(_) => prop_assert!(cut.len() < 46, "sound was there"),
        }
    }
}
