//! Reading: the sizes in the header are hints, the bytes that are there are the truth.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use parlance_core::audio::AudioError;
use parlance_core::{AudioChunk, SampleRate};

use crate::sample::to_i16;

/// The longest recording that is read, in seconds: three hours.
const LONGEST_SECONDS: u64 = 3 * 60 * 60;

/// Why bytes are no WAV that can be used.
#[derive(Debug, thiserror::Error)]
pub enum NotWav {
    /// It has no bytes.
    #[error("it is empty")]
    Empty,
    /// It does not begin as a WAV file does.
    #[error("it is not a WAV file")]
    NotRiff,
    /// It ends before any sound.
    #[error("it ends before its sound begins")]
    NoSound,
    /// The format is one that is not read.
    #[error("its sound is {0}; 8, 16, 24 and 32 bit PCM and 32 bit floating point can be read")]
    Format(String),
    /// Not 1 to 8 channels.
    #[error("it has {0} channels; 1 to 8 can be read")]
    Channels(u16),
    /// Not 8,000 to 192,000 Hz.
    #[error("it has {0} samples a second; 8000 to 192000 can be read")]
    Rate(u32),
    /// Over three hours.
    #[error("it is longer than three hours")]
    TooLong,
    /// The bytes cannot be had.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Reads a file, mixed down to one channel at its own rate. A file that breaks off gives what is there.
///
/// # Errors
/// [`AudioError::File`] with a [`NotWav`] in words.
pub fn read(path: &Path) -> Result<AudioChunk, AudioError> {
    File::open(path)
        .map_err(NotWav::from)
        .and_then(|file| decode(BufReader::new(file)))
        .map_err(|error| AudioError::File { path: path.display().to_string(), message: error.to_string() })
}

/// Reads WAV bytes, mixed down to one channel at their own rate. Memory grows with what was really read, whatever the
/// header promises.
///
/// # Errors
/// [`NotWav`] when there is no sound that can be read.
pub fn decode(mut bytes: impl Read) -> Result<AudioChunk, NotWav> {
    check_beginning(&mut bytes)?;
    let mut format = None;
    loop {
        let Some((id, size)) = chunk_header(&mut bytes)? else { return Err(NotWav::NoSound) };
        match (&id, format) {
            (b"fmt ", _) => format = Some(Format::read(&mut bytes, size)?),
            (b"data", Some(format)) => return sound(&mut bytes, format, size),
            (b"data", None) => return Err(NotWav::NoSound),
            _ => skip(&mut bytes, u64::from(size) + u64::from(size & 1))?,
        }
    }
}

fn check_beginning(bytes: &mut impl Read) -> Result<(), NotWav> {
    let mut head = Vec::new();
    bytes.by_ref().take(12).read_to_end(&mut head)?;
    match head.as_slice() {
        [] => Err(NotWav::Empty),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E']
        | [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E'] => Ok(()),
        _ => Err(NotWav::NotRiff),
    }
}

/// The next chunk's name and promised size, `None` where the file ends.
fn chunk_header(bytes: &mut impl Read) -> Result<Option<([u8; 4], u32)>, NotWav> {
    let mut head = Vec::new();
    bytes.by_ref().take(8).read_to_end(&mut head)?;
    let [a, b, c, d, s0, s1, s2, s3] = head[..] else { return Ok(None) };
    Ok(Some(([a, b, c, d], u32::from_le_bytes([s0, s1, s2, s3]))))
}

fn skip(bytes: &mut impl Read, count: u64) -> Result<(), NotWav> {
    io::copy(&mut bytes.by_ref().take(count), &mut io::sink())?;
    Ok(())
}

#[derive(Debug, Clone, Copy)]
struct Format {
    coding: Coding,
    channels: u16,
    rate: SampleRate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Pcm8,
    Pcm16,
    Pcm24,
    Pcm32,
    Float32,
}

impl Format {
    fn read(bytes: &mut impl Read, size: u32) -> Result<Self, NotWav> {
        // 40 bytes hold the longest form that is known; the rest of a longer one is skipped.
        let mut body = Vec::new();
        bytes.by_ref().take(u64::from(size.min(40))).read_to_end(&mut body)?;
        skip(bytes, u64::from(size.saturating_sub(40)) + u64::from(size & 1))?;

        let word = |at: usize| Some(u16::from_le_bytes([*body.get(at)?, *body.get(at + 1)?]));
        let (Some(tag), Some(channels), Some(low), Some(high), Some(bits)) =
            (word(0), word(2), word(4), word(6), word(14))
        else {
            return Err(NotWav::NoSound);
        };
        // The extensible form keeps the true tag at the start of a longer name.
        let tag = if tag == 0xFFFE { word(24).unwrap_or(tag) } else { tag };
        let coding = match (tag, bits) {
            (1, 8) => Coding::Pcm8,
            (1, 16) => Coding::Pcm16,
            (1, 24) => Coding::Pcm24,
            (1, 32) => Coding::Pcm32,
            (3, 32) => Coding::Float32,
            (1, _) => return Err(NotWav::Format(format!("{bits} bit PCM"))),
            (3, _) => return Err(NotWav::Format(format!("{bits} bit floating point"))),
            _ => return Err(NotWav::Format(format!("in a compressed format (number {tag})"))),
        };
        if !(1..=8).contains(&channels) {
            return Err(NotWav::Channels(channels));
        }
        let hz = u32::from(low) | u32::from(high) << 16;
        let rate = SampleRate::new(hz).ok_or(NotWav::Rate(hz))?;
        Ok(Self { coding, channels, rate })
    }

    fn frame_bytes(self) -> usize {
        usize::from(self.channels) * self.coding.bytes()
    }

    /// One frame as one sample.
    fn mix(self, frame: &[u8]) -> i16 {
        if self.channels == 1 && self.coding == Coding::Pcm16 {
            return i16::from_le_bytes([frame[0], frame[1]]);
        }
        let sum: f32 = frame.chunks_exact(self.coding.bytes()).map(|sample| self.coding.value(sample)).sum();
        to_i16(sum / f32::from(self.channels))
    }
}

impl Coding {
    fn bytes(self) -> usize {
        match self {
            Self::Pcm8 => 1,
            Self::Pcm16 => 2,
            Self::Pcm24 => 3,
            Self::Pcm32 | Self::Float32 => 4,
        }
    }

    /// −1 to 1, whatever the file says.
    fn value(self, sample: &[u8]) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "24 bits are all that f32 keeps, and 16 all that is needed")]
        match *sample {
            // 8 bit is the one unsigned form.
            [a] => (f32::from(a) - 128.0) / 128.0,
            [a, b] => f32::from(i16::from_le_bytes([a, b])) / 32_768.0,
            [a, b, c] => (i32::from_le_bytes([0, a, b, c]) as f32) / 2_147_483_648.0,
            [a, b, c, d] if self == Self::Float32 => {
                let value = f32::from_le_bytes([a, b, c, d]);
                if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 }
            }
            [a, b, c, d] => (i32::from_le_bytes([a, b, c, d]) as f32) / 2_147_483_648.0,
            _ => 0.0,
        }
    }
}

fn sound(bytes: &mut impl Read, format: Format, promised: u32) -> Result<AudioChunk, NotWav> {
    // Programs that write into a pipe cannot go back and leave one of these.
    let promised = if promised == 0 || promised == u32::MAX { u64::MAX } else { u64::from(promised) };
    let frame_bytes = format.frame_bytes();
    let most = LONGEST_SECONDS * u64::from(format.rate.hz());

    let mut samples = Vec::new();
    let mut bytes = bytes.take(promised);
    let mut block = vec![0u8; frame_bytes * 1_024];
    loop {
        let filled = fill(&mut bytes, &mut block)?;
        samples.extend(block[..filled].chunks_exact(frame_bytes).map(|frame| format.mix(frame)));
        if samples.len() as u64 > most {
            return Err(NotWav::TooLong);
        }
        if filled < block.len() {
            break;
        }
    }
    if samples.is_empty() {
        return Err(NotWav::NoSound);
    }
    Ok(AudioChunk { samples, rate: format.rate })
}

/// Fills a block as far as the bytes reach.
fn fill(bytes: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match bytes.read(&mut block[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
