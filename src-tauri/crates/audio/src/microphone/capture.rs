//! An open microphone: the device's callback, and the ring behind it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{ErrorKind, FromSample, Sample, SampleFormat, SizedSample, StreamConfig, SupportedStreamConfig};
use parlance_core::SampleRate;

use crate::buffer_size;
use crate::echo::{nanos_in, nanos_of};
use crate::line::{Faults, OPEN_WITHIN};

/// How much the ring holds: the longest pause of its reader that costs nothing.
const RING_SECONDS: u32 = 2;

/// Blocks of buffer to ask for. PulseAudio hands over half a buffer at a time and keeps no more than one: what a busy
/// server cannot hand over in time it drops without a word. Measured with all processors busy: a buffer of 2,048 frames
/// lost 21 ms in every second or third recording of four seconds, 8,192 in none of five.
const BUFFER_BLOCKS: u32 = 2;

pub(super) struct Capture {
    /// Dropping it closes the device.
    _stream: cpal::Stream,
    /// Interleaved, as the device gives it.
    ring: rtrb::Consumer<f32>,
    counts: Arc<Counts>,
    channels: usize,
    rate: SampleRate,
    mono: Vec<f32>,
}

/// Written by the callback.
#[derive(Default)]
struct Counts {
    frames: AtomicU64,
    /// Not held by the ring, not reported yet.
    lost: AtomicU64,
    /// When the first frame of all was captured, by the last block's report.
    origin: AtomicU64,
}

impl Capture {
    /// Opens a device at its own rate and starts it.
    pub(super) fn open(device: &cpal::Device, block_frames: u32, faults: Faults) -> Result<Self, cpal::Error> {
        let own = device.default_input_config()?;
        let rate = SampleRate::new(own.sample_rate()).unwrap_or(SampleRate::HZ_48000);
        let config = StreamConfig {
            channels: own.channels(),
            sample_rate: rate.hz(),
            buffer_size: buffer_size(&own, block_frames.saturating_mul(BUFFER_BLOCKS)),
        };
        let channels = usize::from(own.channels()).max(1);
        let (writer, ring) = rtrb::RingBuffer::new(channels * (rate.hz() * RING_SECONDS) as usize);
        let counts = Arc::new(Counts::default());
        let sink = Sink { ring: writer, counts: counts.clone(), channels, rate };
        let stream = build(device, config, &own, sink, faults)?;
        stream.play()?;
        Ok(Self { _stream: stream, ring, counts, channels, rate, mono: Vec::new() })
    }

    pub(super) fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Frames that came from the device, in all.
    pub(super) fn frames(&self) -> u64 {
        self.counts.frames.load(Ordering::Relaxed)
    }

    /// When the first frame of all was captured, in the nanoseconds of [`nanos_of`]. It wavers with each block.
    pub(super) fn origin(&self) -> i64 {
        self.counts.origin.load(Ordering::Relaxed).cast_signed()
    }

    /// Frames the ring had no room for since the last call.
    pub(super) fn take_lost(&self) -> u64 {
        self.counts.lost.swap(0, Ordering::Relaxed)
    }

    /// Empties the ring, mixed down to one channel. Says how many frames came.
    pub(super) fn read(&mut self, mut take: impl FnMut(&[f32])) -> usize {
        let whole = self.ring.slots() / self.channels * self.channels;
        let Ok(samples) = self.ring.read_chunk(whole) else { return 0 };
        self.mono.clear();
        // Channel by channel over the seam of the ring: a frame may lie across it.
        let mut sum = 0.0;
        for (n, sample) in samples.into_iter().enumerate() {
            sum += sample;
            if (n + 1) % self.channels == 0 {
                #[expect(clippy::cast_precision_loss, reason = "a handful of channels")]
                self.mono.push(sum / self.channels as f32);
                sum = 0.0;
            }
        }
        take(&self.mono);
        self.mono.len()
    }
}

/// The callback's end of the ring.
struct Sink {
    ring: rtrb::Producer<f32>,
    counts: Arc<Counts>,
    channels: usize,
    rate: SampleRate,
}

impl Sink {
    /// Runs in the device's callback: moves what fits, in whole frames, and counts the rest.
    fn take<T: Copy>(&mut self, data: &[T], captured_at: Instant)
    where
        f32: FromSample<T>,
    {
        let before = self.counts.frames.load(Ordering::Relaxed);
        let origin = nanos_of(captured_at) - nanos_in(before, self.rate);
        self.counts.origin.store(origin.cast_unsigned(), Ordering::Relaxed);
        let fits = data.len().min(self.ring.slots()) / self.channels * self.channels;
        if let Ok(chunk) = self.ring.write_chunk_uninit(fits) {
            chunk.fill_from_iter(data[..fits].iter().map(|&sample| f32::from_sample(sample)));
        }
        self.counts.frames.fetch_add((data.len() / self.channels) as u64, Ordering::Relaxed);
        let lost = (data.len() - fits) / self.channels;
        if lost > 0 {
            self.counts.lost.fetch_add(lost as u64, Ordering::Relaxed);
        }
    }
}

fn build(
    device: &cpal::Device,
    config: StreamConfig,
    own: &SupportedStreamConfig,
    sink: Sink,
    faults: Faults,
) -> Result<cpal::Stream, cpal::Error> {
    match own.sample_format() {
        SampleFormat::I8 => build_of::<i8>(device, config, sink, faults),
        SampleFormat::I16 => build_of::<i16>(device, config, sink, faults),
        SampleFormat::I24 => build_of::<cpal::I24>(device, config, sink, faults),
        SampleFormat::I32 => build_of::<i32>(device, config, sink, faults),
        SampleFormat::U8 => build_of::<u8>(device, config, sink, faults),
        SampleFormat::U16 => build_of::<u16>(device, config, sink, faults),
        SampleFormat::F32 => build_of::<f32>(device, config, sink, faults),
        other => Err(unsupported(other)),
    }
}

fn build_of<T>(
    device: &cpal::Device,
    config: StreamConfig,
    mut sink: Sink,
    faults: Faults,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    device.build_input_stream(
        config,
        move |data: &[T], info: &cpal::InputCallbackInfo| {
            let stamp = info.timestamp();
            let reported = stamp.callback.duration_since(stamp.capture);
            // Where the system reports nothing, the block's own length is what it is late at least.
            let late = match reported.is_zero() {
                true => sink.rate.duration_of((data.len() / sink.channels) as u64),
                false => reported,
            };
            let now = Instant::now();
            sink.take(data, now.checked_sub(late).unwrap_or(now));
        },
        move |error| {
            let _ = faults.try_send(error);
        },
        Some(OPEN_WITHIN),
    )
}

fn unsupported(format: SampleFormat) -> cpal::Error {
    cpal::Error::with_message(ErrorKind::UnsupportedConfig, format!("its samples are {format}, which is not supported"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(channels: usize, room: usize) -> (Sink, rtrb::Consumer<f32>) {
        let (ring, reader) = rtrb::RingBuffer::new(room);
        (Sink { ring, counts: Arc::default(), channels, rate: SampleRate::HZ_48000 }, reader)
    }

    #[test]
    fn what_the_ring_cannot_hold_is_counted_in_frames_and_no_frame_is_torn() {
        let (mut sink, mut reader) = sink(2, 5);
        sink.take(&[1i16, 2, 3, 4, 5, 6], Instant::now());
        assert_eq!(sink.counts.lost.load(Ordering::Relaxed), 1);
        assert_eq!(sink.counts.frames.load(Ordering::Relaxed), 3);
        let held: Vec<f32> = std::iter::from_fn(|| reader.pop().ok()).collect();
        assert_eq!(held, [1, 2, 3, 4].map(|sample| sample as f32 / 32_768.0));
        sink.take(&[7i16, 8], Instant::now());
        assert_eq!(reader.slots(), 2, "there is room again");
    }

    #[test]
    fn every_sample_format_keeps_its_level() {
        let (mut sink, mut reader) = sink(1, 8);
        sink.take(&[i16::MIN], Instant::now());
        sink.take(&[0.5f32], Instant::now());
        sink.take(&[192u8], Instant::now());
        sink.take(&[i32::MIN / 2], Instant::now());
        let held: Vec<f32> = std::iter::from_fn(|| reader.pop().ok()).collect();
        assert_eq!(held, [-1.0, 0.5, 0.5, -0.5]);
    }
}
