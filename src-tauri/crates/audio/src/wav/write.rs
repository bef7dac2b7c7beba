//! Writing: 16 bit mono.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use parlance_core::AudioChunk;
use parlance_core::audio::AudioError;

/// Everything before the first sample.
const HEADER_BYTES: u32 = 44;

/// A recording as the bytes of a WAV file. What lies beyond the 4 GiB that the format can name (a day at 24 kHz) is
/// left out.
#[must_use]
pub fn encode(recording: &AudioChunk) -> Vec<u8> {
    let most = (u32::MAX - HEADER_BYTES) / 2;
    let samples = u32::try_from(recording.samples.len()).unwrap_or(u32::MAX).min(most);
    let data = samples * 2;
    let rate = recording.rate.hz();

    let mut bytes = Vec::with_capacity((HEADER_BYTES + data) as usize);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(data + HEADER_BYTES - 8).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16u32.to_le_bytes());
    bytes.extend_from_slice(&1u16.to_le_bytes()); // PCM
    bytes.extend_from_slice(&1u16.to_le_bytes()); // mono
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&(rate * 2).to_le_bytes());
    bytes.extend_from_slice(&2u16.to_le_bytes());
    bytes.extend_from_slice(&16u16.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data.to_le_bytes());
    for sample in &recording.samples[..samples as usize] {
        bytes.extend_from_slice(&sample.to_le_bytes());
    }
    bytes
}

/// Writes a recording to a file. An existing file is replaced only when the new one is whole.
///
/// # Errors
/// [`AudioError::File`] when the folder or the disk does not take it.
pub fn write(path: &Path, recording: &AudioChunk) -> Result<(), AudioError> {
    let failed = |error: std::io::Error| AudioError::File {
        path: path.display().to_string(),
        message: format!("the recording cannot be written: {error}"),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = fs::File::create(&part)
        .and_then(|mut file| file.write_all(&encode(recording)).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        // What is half-written is of no use to anyone; if it cannot be removed either, the first error says why.
        let _ = fs::remove_file(&part);
        failed(error)
    })
}
